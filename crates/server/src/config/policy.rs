//! Unsafe by accident does not start: what the server refuses to do without authentication, as one pure function.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::value::OriginRule;
use crate::diagnostics::Code;

/// What the policy looks at.
pub(super) struct Facts<'a> {
    /// The address to listen on.
    pub(super) listen: SocketAddr,
    /// The URL that clients use, if it is not the address.
    pub(super) public_url: Option<&'a Url>,
    /// The origins that may call from browsers.
    pub(super) allowed_origins: Vec<&'a OriginRule>,
    /// Whether the operator asked to serve without authentication.
    pub(super) insecure_no_auth: bool,
}

/// What the policy objects to, or wants to have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    /// Others can reach the address.
    Listen,
    /// The URL leads others here.
    PublicUrl,
    /// This entry of `allowed_origins` allows every website.
    AllowedOrigin(usize),
    /// It is allowed because the operator asked for it; said at each start.
    NoAuthentication,
}

/// Judges the configuration. There is no authentication yet, so every caller is anonymous.
pub(super) fn judge(facts: &Facts<'_>) -> Vec<Objection> {
    let mut objections = Vec::new();
    if facts.insecure_no_auth {
        objections.push(Objection::NoAuthentication);
    } else {
        if !is_loopback(facts.listen.ip()) {
            objections.push(Objection::Listen);
        }
        if facts.public_url.is_some_and(|url| !leads_to_loopback(url)) {
            objections.push(Objection::PublicUrl);
        }
    }
    // Not even when asked for: with it, every web page that somebody here visits could call the tools.
    let wildcards = facts.allowed_origins.iter().enumerate().filter(|(_, rule)| ***rule == OriginRule::Any);
    objections.extend(wildcards.map(|(index, _)| Objection::AllowedOrigin(index)));
    objections
}

impl Objection {
    pub(super) fn code(self) -> Code {
        match self {
            Self::Listen => Code::ListenNotLoopback,
            Self::PublicUrl => Code::PublicUrlNotLoopback,
            Self::AllowedOrigin(_) => Code::WildcardOrigin,
            Self::NoAuthentication => Code::NoAuthentication,
        }
    }

    pub(super) fn what(self, facts: &Facts<'_>) -> String {
        match self {
            Self::Listen => format!("`listen`: {} can be reached from other machines", facts.listen),
            Self::PublicUrl => "`public_url`: the URL is not one of this machine alone".to_owned(),
            Self::AllowedOrigin(_) => "`allowed_origins`: `*` would allow every website".to_owned(),
            Self::NoAuthentication => {
                format!("no authentication: whoever reaches {} can call every tool", facts.listen)
            }
        }
    }

    pub(super) fn why(self) -> Option<&'static str> {
        match self {
            Self::Listen | Self::PublicUrl => {
                Some("this version has no authentication, so whoever reaches the server could call every tool")
            }
            Self::AllowedOrigin(_) => {
                Some("the pages that a person visits could call the tools in that person's place")
            }
            Self::NoAuthentication => None,
        }
    }

    pub(super) fn fix(self, facts: &Facts<'_>) -> String {
        const ACCEPT: &str = "or, if something in front of it lets in only the right callers, \
                              start with `--insecure-no-auth` (`insecure_no_auth = true`)";
        match self {
            Self::Listen => {
                let loopback = if facts.listen.is_ipv4() { "127.0.0.1" } else { "[::1]" };
                format!("stay on loopback with `{loopback}:{}`; {ACCEPT}", facts.listen.port())
            }
            Self::PublicUrl => format!("leave `public_url` out; {ACCEPT}"),
            Self::AllowedOrigin(_) => "list the exact origins, such as `https://app.example.com`".to_owned(),
            Self::NoAuthentication => {
                "remove `insecure_no_auth` unless something in front of the server lets in only the right callers"
                    .to_owned()
            }
        }
    }
}

fn leads_to_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_loopback(ip.into()),
        Some(Host::Ipv6(ip)) => is_loopback(ip.into()),
        // RFC 6761, section 6.3.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(listen: &str, public_url: &str, origins: &[&str], insecure_no_auth: bool) -> Vec<Objection> {
        let url = (!public_url.is_empty()).then(|| Url::parse(public_url).unwrap());
        let rules: Vec<OriginRule> = origins.iter().map(|rule| rule.parse().unwrap()).collect();
        judge(&Facts {
            listen: listen.parse().unwrap(),
            public_url: url.as_ref(),
            allowed_origins: rules.iter().collect(),
            insecure_no_auth,
        })
    }

    #[test]
    fn without_authentication_only_loopback_starts() {
        use Objection::{Listen, PublicUrl};
        let cases: [(&str, &str, &[Objection]); 17] = [
            ("127.0.0.1:8080", "", &[]),
            ("127.8.9.10:0", "", &[]),
            ("[::1]:8080", "", &[]),
            ("[::ffff:127.0.0.1]:8080", "", &[]),
            ("0.0.0.0:8080", "", &[Listen]),
            ("[::]:8080", "", &[Listen]),
            ("[::ffff:10.0.0.1]:8080", "", &[Listen]),
            ("192.168.1.7:8080", "", &[Listen]),
            ("127.0.0.1:8080", "http://localhost:8080", &[]),
            ("127.0.0.1:8080", "http://mcp.localhost", &[]),
            ("127.0.0.1:8080", "https://127.0.0.1", &[]),
            ("127.0.0.1:8080", "http://[::1]:8080", &[]),
            ("127.0.0.1:8080", "https://mcp.example.com", &[PublicUrl]),
            ("127.0.0.1:8080", "https://localhost.example.com", &[PublicUrl]),
            ("127.0.0.1:8080", "https://notlocalhost", &[PublicUrl]),
            ("127.0.0.1:8080", "http://0.0.0.0:8080", &[PublicUrl]),
            ("0.0.0.0:8080", "https://mcp.example.com", &[Listen, PublicUrl]),
        ];
        for (listen, public_url, expected) in cases {
            assert_eq!(judged(listen, public_url, &[], false), expected, "{listen} {public_url}");
        }
    }

    #[test]
    fn asking_for_no_authentication_lifts_the_refusals_and_is_said() {
        let said = [Objection::NoAuthentication];
        assert_eq!(judged("0.0.0.0:8080", "https://mcp.example.com", &[], true), said);
        assert_eq!(judged("127.0.0.1:8080", "", &[], true), said);
    }

    #[test]
    fn wildcard_origin_is_refused_whatever_was_asked_for() {
        let origins = ["https://app.example.com", "*"];
        assert_eq!(judged("127.0.0.1:8080", "", &origins, false), [Objection::AllowedOrigin(1)]);
        assert_eq!(
            judged("0.0.0.0:8080", "", &origins, true),
            [Objection::NoAuthentication, Objection::AllowedOrigin(1)]
        );
        assert_eq!(judged("127.0.0.1:8080", "", &origins[..1], false), []);
    }
}
