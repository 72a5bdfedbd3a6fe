//! Where a request may go: a URL that has passed every check that needs no network, with its reach.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use url::{Host, Url};

use crate::address::SpecialUse;

/// How far a request may reach, decided by who chose its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet only: a URL that came from a message, a token or a document.
    PublicOnly,
    /// Any address, this machine's included: a URL that a person typed or that the config allows to be private.
    AnyAddress,
}

/// A URL that may be fetched, and how far its request may reach.
///
/// Its `Debug` and `Display` leave out path and query, which may carry secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    reach: Reach,
}

impl Target {
    /// Most bytes of a URL.
    pub const URL_BYTES_MAX: usize = 8 * 1024;

    /// Parses `url` (RFC 3986, as browsers read it: decimal and octal IPv4 forms become dotted, names become ASCII).
    ///
    /// # Errors
    ///
    /// [`TargetError`] for what is not a plain `http` or `https` URL, and for a special-use address in a URL
    /// that may only reach the public internet. Names are judged when they resolve, by [`crate::Fetcher::send`].
    pub fn parse(url: &str, reach: Reach) -> Result<Self, TargetError> {
        if url.len() > Self::URL_BYTES_MAX {
            return Err(TargetError::TooLong { bytes_max: Self::URL_BYTES_MAX });
        }
        let url = Url::parse(url).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => TargetError::NoScheme,
            url::ParseError::EmptyHost => TargetError::NoHost,
            _ => TargetError::Malformed,
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TargetError::Scheme { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        // What the HTTP client reads is a `Uri`, which is a little stricter.
        if url.as_str().parse::<Uri>().is_err() {
            return Err(TargetError::Malformed);
        }
        let target = Self { url, reach };
        if let (Reach::PublicOnly, Some(address)) = (reach, target.literal_address())
            && let Some(special_use) = SpecialUse::of(address)
        {
            return Err(TargetError::SpecialUse { address, special_use });
        }
        Ok(target)
    }

    /// The URL as it will be requested.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// How far the request may reach.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Host and port, as error messages name them.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    fn literal_address(&self) -> Option<IpAddr> {
        match self.url.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.authority())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self}, {:?})", self.reach)
    }
}

/// Why a text is not a URL that we fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Longer than [`Target::URL_BYTES_MAX`].
    #[error("the URL is longer than {bytes_max} bytes")]
    TooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// A relative URL.
    #[error("the URL has no scheme: write http:// or https:// in front of it")]
    NoScheme,
    /// No host behind the scheme.
    #[error("the URL names no host")]
    NoHost,
    /// Not a URL at all.
    #[error("this is not a URL")]
    Malformed,
    /// A scheme other than `http` and `https`.
    #[error("the URL's scheme is `{scheme}`: only http:// and https:// can be fetched")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// User name or password in the URL, where logs and error messages would show them.
    #[error("the URL contains a user name or password: send credentials in a header")]
    Credentials,
    /// A literal special-use address where only public ones are allowed.
    #[error("{address} is a {special_use} address, and this URL may only reach public ones")]
    SpecialUse {
        /// The address in the URL.
        address: IpAddr,
        /// What is special about it.
        special_use: SpecialUse,
    },
}

#[cfg(test)]
mod tests {
    use super::{Reach, Target, TargetError};
    use crate::address::SpecialUse;

    fn special(address: &str, special_use: SpecialUse) -> TargetError {
        TargetError::SpecialUse { address: address.parse().unwrap(), special_use }
    }

    #[test]
    fn only_plain_http_urls_to_public_addresses_are_targets() {
        use SpecialUse::{LinkLocal, Loopback, Unspecified};
        let scheme = |scheme: &str| TargetError::Scheme { scheme: scheme.to_owned() };
        let long = format!("https://a.example/{}", "x".repeat(Target::URL_BYTES_MAX));
        let table: &[(&str, Result<(), TargetError>)] = &[
            ("https://a.example/mcp?x=1", Ok(())),
            ("http://8.8.8.8:8080/", Ok(())),
            ("http://[2606:4700::1111]/", Ok(())),
            ("a.example/mcp", Err(TargetError::NoScheme)),
            ("localhost:8080/mcp", Err(scheme("localhost"))),
            ("file:///etc/passwd", Err(scheme("file"))),
            ("gopher://a.example/", Err(scheme("gopher"))),
            ("unix:/run/x.sock", Err(scheme("unix"))),
            ("ws://a.example/", Err(scheme("ws"))),
            ("http://", Err(TargetError::NoHost)),
            ("http://a b/", Err(TargetError::Malformed)),
            ("http://a.example:99999/", Err(TargetError::Malformed)),
            ("https://user@a.example/", Err(TargetError::Credentials)),
            ("https://user:pw@a.example/", Err(TargetError::Credentials)),
            ("https://:pw@a.example/", Err(TargetError::Credentials)),
            (&long, Err(TargetError::TooLong { bytes_max: Target::URL_BYTES_MAX })),
            ("http://127.0.0.1/", Err(special("127.0.0.1", Loopback))),
            ("http://127.1/", Err(special("127.0.0.1", Loopback))),
            ("http://2130706433/", Err(special("127.0.0.1", Loopback))),
            ("http://0x7f.0.0.1/", Err(special("127.0.0.1", Loopback))),
            ("http://0177.0.0.1/", Err(special("127.0.0.1", Loopback))),
            ("http://①②⑦.⓪.⓪.①/", Err(special("127.0.0.1", Loopback))),
            ("http://0/", Err(special("0.0.0.0", Unspecified))),
            ("http://[::]/", Err(special("::", Unspecified))),
            ("http://[::1]:80/", Err(special("::1", Loopback))),
            ("http://[::ffff:127.0.0.1]/", Err(special("::ffff:127.0.0.1", Loopback))),
            ("http://169.254.169.254/latest/", Err(special("169.254.169.254", LinkLocal))),
        ];
        for (url, expected) in table {
            let got = Target::parse(url, Reach::PublicOnly).map(|_| ());
            assert_eq!(&got, expected, "{url}");
        }
    }

    #[test]
    fn a_url_typed_by_a_person_may_name_any_address() {
        for url in ["http://127.0.0.1:8080/mcp", "http://[::1]/", "http://10.1.2.3/"] {
            assert!(Target::parse(url, Reach::AnyAddress).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_printed_of_a_target_has_no_path_and_no_query() {
        let target = Target::parse("https://a.example/p4th?key=s3cret", Reach::PublicOnly).unwrap();
        assert_eq!(target.to_string(), "https://a.example:443");
        assert_eq!(format!("{target:?}"), "Target(https://a.example:443, PublicOnly)");
    }
}
