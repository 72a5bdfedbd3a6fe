//! What is protected, and what tokens may call it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::{Position, Url};

/// The canonical URI of what is protected (RFC 8707 §2; MCP *Authorization*, canonical server URI): http or https, without
/// fragment, query and credentials. Its text is kept as it was given, but for scheme and host, which are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUri {
    text: Box<str>,
    url: Url,
}

/// Something that a token may name as its audience (`aud`, RFC 7519 §4.1.3).
///
/// Of a URI, scheme and host are compared without regard to case, all else as it is written: a slash at the end counts. What
/// is no URI is compared as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Box<str>);

/// Why a text cannot be the URI of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResourceUriError {
    /// It is no URI, or one without a host.
    #[error("this is no URL: it needs a scheme and a host, such as https://mcp.example.com/mcp")]
    Malformed,
    /// Its scheme is neither http nor https.
    #[error("the URL must begin with https:// or http://")]
    Scheme,
    /// It has a fragment, a query or credentials.
    #[error("the URL must not have a fragment, a query or credentials")]
    Extra,
}

impl ResourceUri {
    /// The URI as text, as tokens name it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI in parts.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The URI as an audience.
    #[must_use]
    pub fn audience(&self) -> Audience {
        Audience::new(&self.text)
    }
}

impl Audience {
    /// An audience as the config or a token names it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(folded(text).into())
    }

    /// Whether this is what a token names.
    #[must_use]
    pub fn matches(&self, named: &str) -> bool {
        *self.0 == *named || *self.0 == *folded(named)
    }
}

impl FromStr for ResourceUri {
    type Err = ResourceUriError;

    fn from_str(text: &str) -> Result<Self, ResourceUriError> {
        // The parser takes these away, and the text would keep them.
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(ResourceUriError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| ResourceUriError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ResourceUriError::Scheme);
        }
        let has_credentials = !url[Position::BeforeUsername..Position::BeforeHost].is_empty();
        if has_credentials || url.query().is_some() || url.fragment().is_some() {
            return Err(ResourceUriError::Extra);
        }
        Ok(Self { text: folded(text).into(), url })
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text with scheme and authority in lower case, where it has both.
fn folded(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    format!("{}://{}{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_and_host_are_compared_without_regard_to_case_and_the_rest_as_written() {
        let ours: ResourceUri = "https://MCP.example.com/Mcp".parse().unwrap();
        assert_eq!(ours.as_str(), "https://mcp.example.com/Mcp");
        let cases = [
            ("https://mcp.example.com/Mcp", true),
            ("HTTPS://mcp.EXAMPLE.com/Mcp", true),
            ("https://mcp.example.com/mcp", false),
            ("https://mcp.example.com/Mcp/", false),
            ("https://mcp.example.com", false),
            ("https://mcp.example.com/", false),
            ("https://mcp.example.com/Mcp.evil.example", false),
            ("https://mcp.example.com.evil.example/Mcp", false),
            ("http://mcp.example.com/Mcp", false),
            ("https://mcp.example.com:443/Mcp", false),
            ("https://mcp.example.com/%4dcp", false),
            ("", false),
        ];
        for (named, expected) in cases {
            assert_eq!(ours.audience().matches(named), expected, "{named}");
        }
    }

    #[test]
    fn what_is_no_uri_is_compared_as_written() {
        let audience = Audience::new("Client-1");
        assert!(audience.matches("Client-1"));
        assert!(!audience.matches("client-1"));
    }

    #[test]
    fn what_cannot_be_a_resource_is_refused() {
        let cases = [
            ("mcp", ResourceUriError::Malformed),
            ("https://", ResourceUriError::Malformed),
            (" https://a.example/mcp", ResourceUriError::Malformed),
            ("https://a.example/mcp\n", ResourceUriError::Malformed),
            ("https://a.exa\tmple/mcp", ResourceUriError::Malformed),
            ("ftp://a.example/mcp", ResourceUriError::Scheme),
            ("https://a.example/mcp#f", ResourceUriError::Extra),
            ("https://a.example/mcp?q", ResourceUriError::Extra),
            ("https://u:p@a.example/mcp", ResourceUriError::Extra),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<ResourceUri>().unwrap_err(), error, "{text}");
        }
    }
}
