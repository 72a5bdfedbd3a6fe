//! URLs that strangers send: what may be fetched is plain HTTP to nothing but the public internet, and shows no secrets.
//!
//! The input is a URL; its first bytes are also taken as addresses of both families.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use outboard_fetch::{Reach, SpecialUse, Target, TargetError};
use url::Host;

pub(super) fn run(data: &[u8]) {
    if let Some(octets) = data.first_chunk() {
        carried_addresses_are_judged_alike(Ipv4Addr::from(*octets));
    }
    if let Some(octets) = data.first_chunk() {
        address_is_judged(Ipv6Addr::from(*octets).into());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (public, any) = (Target::parse(text, Reach::PublicOnly), Target::parse(text, Reach::AnyAddress));
    match (&public, &any) {
        (Ok(target), Ok(other)) => {
            assert_eq!(target.url(), other.url());
            is_plain(target);
            if let Some(address) = address(target) {
                assert!(!is_special(address), "{text} reaches {address}");
            }
        }
        (Err(TargetError::SpecialUse { address: refused, special_use }), Ok(target)) => {
            is_plain(target);
            assert_eq!(address(target), Some(*refused));
            assert_eq!(SpecialUse::of(*refused), Some(*special_use));
        }
        (public, any) => assert_eq!(public.as_ref().err(), any.as_ref().err(), "{text}"),
    }
}

fn is_plain(target: &Target) {
    let url = target.url();
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    assert_eq!(target.to_string(), format!("{}://{host}:{port}", url.scheme()), "path and query may be secret");
    // What is written out, with its percent-encoding, can be longer than what was read.
    if url.as_str().len() <= Target::URL_BYTES_MAX {
        assert_eq!(Target::parse(url.as_str(), target.reach()).as_ref(), Ok(target), "{url} has another form");
    }
}

fn address(target: &Target) -> Option<IpAddr> {
    match target.url().host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(name) => {
            assert!(name.parse::<IpAddr>().is_err(), "{name} is an address that was taken for a name");
            None
        }
    }
}

/// The same for an address by itself, and for the forms of IPv6 that end at it.
fn carried_addresses_are_judged_alike(address: Ipv4Addr) {
    address_is_judged(address.into());
    let [a, b, c, d] = address.octets();
    let mapped = address.to_ipv6_mapped();
    let translated = Ipv6Addr::from([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]);
    let tunnelled = Ipv6Addr::from([0x20, 0x02, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    for carrier in [mapped, translated, tunnelled] {
        assert_eq!(SpecialUse::of(carrier.into()), SpecialUse::of(address.into()), "{carrier}");
        address_is_judged(carrier.into());
    }
}

fn address_is_judged(address: IpAddr) {
    let judged = SpecialUse::of(address);
    assert!(judged.is_some() || !is_special(address), "{address} is taken for public");
    let url = match address {
        IpAddr::V4(address) => format!("http://{address}/"),
        IpAddr::V6(address) => format!("http://[{address}]/"),
    };
    assert_eq!(Target::parse(&url, Reach::PublicOnly).is_err(), judged.is_some(), "{url}");
}

/// What the standard library knows of, which is less.
fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_unspecified()
                || address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_multicast()
        }
        IpAddr::V6(address) => {
            address.to_ipv4_mapped().is_some_and(|address| is_special(address.into()))
                || address.is_unspecified()
                || address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_multicast()
        }
    }
}
