//! Addresses, URLs, origins and the other values of the file that have a form of their own.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::text::{Malformed, Text, text_value};

/// The address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listen(pub(super) SocketAddr);

/// The URL under which clients reach the server, without the endpoint's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicUrl(pub(super) Url);

/// The path of the MCP endpoint: `/` or `/a/b`, in exactly one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndpointPath(String);

/// An origin exactly as browsers send it: `https://app.example.com` (RFC 6454, section 6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExactOrigin(String);

/// One entry of `allowed_origins`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OriginRule {
    /// `*`, which the policy refuses.
    Any,
    /// This one.
    Exact(ExactOrigin),
}

/// What is logged: a level, or levels by target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

/// Where the server answers whether it is well, beside the endpoint.
const HEALTH_PATHS: [&str; 4] = ["/livez", "/readyz", "/healthz", "/health"];

text_value!(Listen);
text_value!(PublicUrl);
text_value!(EndpointPath);
text_value!(OriginRule);
text_value!(LogFilter);

impl EndpointPath {
    /// The path, beginning with `/`.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ExactOrigin {
    /// The origin, to be compared with the `Origin` header byte for byte.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl LogFilter {
    /// The filter in the syntax of `RUST_LOG`.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for Listen {
    const EXPECTED: &'static str = r#"an IP address and a port such as "127.0.0.1:8080" or "[::1]:8080""#;
}

impl Text for PublicUrl {
    const EXPECTED: &'static str = r#"a URL such as "https://mcp.example.com""#;
    const SCHEMA: &'static str = r#"{"type": "string", "format": "uri"}"#;
}

impl Text for EndpointPath {
    const EXPECTED: &'static str = r#"a path such as "/mcp""#;
    const SCHEMA: &'static str = r#"{"type": "string", "pattern": "^/"}"#;
}

impl Text for OriginRule {
    const EXPECTED: &'static str = r#"an origin as browsers send it, such as "https://app.example.com""#;
}

impl Text for LogFilter {
    const EXPECTED: &'static str = r#"a level ("off", "error", "warn", "info", "debug" or "trace"), or levels by target such as "info,hyper=warn""#;
}

impl FromStr for Listen {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse()
            .map(Self)
            .map_err(|_| Self::malformed("a host name, or an address without a port, is not accepted"))
    }
}

impl FromStr for PublicUrl {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let url = Url::parse(text).map_err(|_| Self::malformed("it is not a URL"))?;
        let problem = if !matches!(url.scheme(), "http" | "https") {
            "only http and https are served"
        } else if !url.username().is_empty() || url.password().is_some() {
            "it must not hold a user name or a password"
        } else if url.query().is_some() || url.fragment().is_some() {
            "it must not have a query or a fragment"
        } else {
            return Ok(Self(url));
        };
        Err(Self::malformed(problem))
    }
}

impl FromStr for EndpointPath {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        let problem = if !text.starts_with('/') {
            "a path begins with a slash"
        } else if !text.chars().all(plain) {
            "only letters, digits, `-`, `.`, `_`, `~` and `/` are the same for every client and proxy"
        } else if text.len() > 1 && text.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
            "an empty part, `.` and `..` are rewritten on the way"
        } else if text.starts_with("/.well-known") {
            "`/.well-known` is reserved for discovery (RFC 8615)"
        } else if HEALTH_PATHS.contains(&text) {
            "health checks are answered there"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Self::malformed(problem))
    }
}

impl FromStr for OriginRule {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text == "*" {
            return Ok(Self::Any);
        }
        exact_origin(text).map(|()| Self::Exact(ExactOrigin(text.to_owned()))).map_err(Self::malformed)
    }
}

impl FromStr for LogFilter {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let level = |text: &str| matches!(text, "off" | "error" | "warn" | "info" | "debug" | "trace");
        let target =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
        let known = |part: &str| match part.split_once('=') {
            Some((name, value)) => target(name) && level(value),
            None => level(part),
        };
        if text.split(',').all(known) {
            return Ok(Self(text.to_owned()));
        }
        Err(Self::malformed("a part of it is not a level"))
    }
}

/// Compares with how the browser writes the same origin, so that what is accepted can match.
fn exact_origin(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not an origin")?;
    let (Some(host), false) = (url.host(), text.contains('*')) else {
        return Err("it is not the origin of one host");
    };
    if matches!(host, Host::Domain("")) {
        return Err("it is not the origin of one host");
    }
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    if text == format!("{}://{host}{port}", url.scheme()) {
        return Ok(());
    }
    Err("browsers send scheme, host and port alone, in lower case and without a default port or a slash at the end")
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for EndpointPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for OriginRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(origin) => f.write_str(origin.as_str()),
        }
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl Default for EndpointPath {
    fn default() -> Self {
        Self("/mcp".to_owned())
    }
}
