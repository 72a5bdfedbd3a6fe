//! Where a browser may be sent with a code: this machine, or what the configuration names.

use url::Url;

/// A redirect URI that may be registered. Its text is kept as it was given, because it is compared as text
/// (RFC 9700 §2.1, RFC 3986 §6.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedirectUri {
    text: String,
}

/// What is wrong with a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Not a plain URI, or of a scheme that is never used.
    Refused,
    /// A plain `https` URI that the configuration does not name.
    NotListed,
}

impl RedirectUri {
    /// Reads a redirect URI; `listed` are those that the configuration allows besides loopback ones.
    pub(crate) fn parse(text: &str, listed: &[String]) -> Result<Self, Unfit> {
        let is_plain = text.len() <= BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !is_plain || text.contains('#') {
            return Err(Unfit::Refused);
        }
        let url = Url::parse(text).map_err(|_| Unfit::Refused)?;
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(Unfit::Refused);
        }
        let is_listed = listed.iter().any(|listed| listed == text);
        let is_https = text.starts_with("https://");
        if Loopback::parse(text).is_some() || (is_https && is_listed) {
            return Ok(Self { text: text.to_owned() });
        }
        Err(if is_https { Unfit::NotListed } else { Unfit::Refused })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `presented` is this URI: the same text, but for the port of a loopback one (RFC 8252 §7.3).
    pub(crate) fn matches(&self, presented: &str) -> bool {
        if self.text == presented {
            return true;
        }
        match (Loopback::parse(&self.text), Loopback::parse(presented)) {
            (Some(registered), Some(presented)) => registered == presented,
            _ => false,
        }
    }
}

/// An `http` URI of this machine without its port.
#[derive(Debug, PartialEq, Eq)]
struct Loopback<'a> {
    host: &'a str,
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let after_scheme = text.strip_prefix("http://")?;
        // As text, so that no reading of ours can differ from the browser's: one of three spellings, or nothing.
        let host = LOOPBACK_HOSTS.into_iter().find(|host| after_scheme.starts_with(host))?;
        let (host, after_host) = after_scheme.split_at_checked(host.len())?;
        let rest = match after_host.strip_prefix(':') {
            None => after_host,
            Some(after_colon) => {
                let end = after_colon.find(['/', '?']).unwrap_or(after_colon.len());
                let (port, rest) = after_colon.split_at_checked(end)?;
                let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
                if !is_port {
                    return None;
                }
                rest
            }
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(Self { host, rest })
    }
}

/// `text` with the parameters of an authorization response added to its query.
pub(crate) fn with_parameters(text: &str, parameters: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if text.contains('?') { '&' } else { '?' };
    format!("{text}{separator}{query}")
}

/// Host and port, as the consent page shows them.
pub(crate) fn authority(text: &str) -> &str {
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    after_scheme.split(['/', '?']).next().unwrap_or(after_scheme)
}

/// Whether the browser is sent to a program on this machine, which no registration can identify.
pub(crate) fn is_loopback(text: &str) -> bool {
    Loopback::parse(text).is_some()
}

/// What a page's `form-action` has to list, so that a form's answer may redirect there.
pub(crate) fn form_action(text: &str) -> String {
    let scheme = if text.starts_with("https://") { "https" } else { "http" };
    let authority = authority(text);
    if authority.starts_with('[') {
        // A host-source cannot spell an IPv6 address (CSP 3 §2.3.1).
        return format!("{scheme}:");
    }
    format!("{scheme}://{authority}")
}

const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Longer ones are not redirect URIs of real clients.
const BYTES_MAX: usize = 2048;
