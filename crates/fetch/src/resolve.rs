//! Name lookup that hands only allowed addresses to the connector, so that what was judged is what is connected.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::SpecialUse;
use crate::target::Reach;

/// The operating system's resolver behind the address policy of one reach.
#[derive(Debug)]
pub(crate) struct SystemResolver {
    pub(crate) reach: Reach,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            // Port 0 is replaced by the URL's.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = allowed(name.as_str(), found, reach)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A name all of whose addresses are special-use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} has no public address")]
pub(crate) struct RefusedAddress {
    pub(crate) host: String,
    pub(crate) address: IpAddr,
    pub(crate) special_use: SpecialUse,
}

/// The addresses that may be connected.
fn allowed(host: &str, mut found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, RefusedAddress> {
    if reach == Reach::AnyAddress {
        return Ok(found);
    }
    let mut refused = None;
    found.retain(|address| match SpecialUse::of(address.ip()) {
        Some(special_use) => {
            refused.get_or_insert_with(|| (address.ip(), special_use));
            false
        }
        None => true,
    });
    match refused {
        Some((address, special_use)) if found.is_empty() => {
            Err(RefusedAddress { host: host.to_owned(), address, special_use })
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{RefusedAddress, allowed};
    use crate::address::SpecialUse;
    use crate::target::Reach;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn only_the_public_addresses_of_a_name_are_connected() {
        let mixed = addresses(&["127.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "10.0.0.1"]);
        let public = addresses(&["8.8.8.8", "2606:4700::1111"]);
        assert_eq!(allowed("mixed.example", mixed, Reach::PublicOnly), Ok(public));
    }

    #[test]
    fn a_name_with_special_addresses_only_is_refused_with_the_first() {
        let refused = RefusedAddress {
            host: "inside.example".to_owned(),
            address: "169.254.169.254".parse().unwrap(),
            special_use: SpecialUse::LinkLocal,
        };
        let found = addresses(&["169.254.169.254", "::1"]);
        assert_eq!(allowed("inside.example", found, Reach::PublicOnly), Err(refused));
    }

    #[test]
    fn any_address_passes_where_it_is_allowed() {
        let found = addresses(&["127.0.0.1", "::1"]);
        assert_eq!(allowed("localhost", found.clone(), Reach::AnyAddress), Ok(found));
    }
}
