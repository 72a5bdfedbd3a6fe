//! Scopes, URLs of issuers, digests: the values of `[auth]` that have a form of their own.

use std::fmt;
use std::str::FromStr;

use outboard_auth::{ResourceUri, ResourceUriError, ScopeError, ScopeSet};
use url::Url;

use super::super::text::{Malformed, Text, text_value};

/// Scopes with one space between them, or none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::config) struct Scopes(pub(in crate::config) ScopeSet);

/// What tokens must be meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Resource(pub(in crate::config) ResourceUri);

/// The name of an issuer, kept as it was written: tokens are compared with it character by character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct IssuerName {
    text: String,
    url: Url,
}

/// A URL of http or https without credentials and fragment, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct HttpUrl {
    text: String,
    url: Url,
}

/// A host, as URLs have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct JwksHost(pub(in crate::config) String);

/// The digest of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct KeyDigest(pub(in crate::config) [u8; 32]);

text_value!(Scopes);
text_value!(Resource);
text_value!(IssuerName);
text_value!(HttpUrl);
text_value!(JwksHost);
text_value!(KeyDigest);

impl IssuerName {
    /// As it was written.
    pub(in crate::config) fn as_str(&self) -> &str {
        &self.text
    }

    /// In parts.
    pub(in crate::config) const fn url(&self) -> &Url {
        &self.url
    }
}

impl HttpUrl {
    /// As it was written.
    pub(in crate::config) fn as_str(&self) -> &str {
        &self.text
    }

    /// In parts.
    pub(in crate::config) const fn url(&self) -> &Url {
        &self.url
    }
}

impl Text for Scopes {
    const EXPECTED: &'static str =
        r#"scopes with one space between them, such as "notes:read notes:write", or "" for none"#;
}

impl Text for Resource {
    const EXPECTED: &'static str = r#"a URL such as "https://mcp.example.com/mcp""#;
    const SCHEMA: &'static str = r#"{"type": "string", "format": "uri"}"#;
}

impl Text for IssuerName {
    const EXPECTED: &'static str = r#"a URL such as "https://login.example.com""#;
    const SCHEMA: &'static str = r#"{"type": "string", "format": "uri"}"#;
}

impl Text for HttpUrl {
    const EXPECTED: &'static str = r#"a URL such as "https://login.example.com/keys""#;
    const SCHEMA: &'static str = r#"{"type": "string", "format": "uri"}"#;
}

impl Text for JwksHost {
    const EXPECTED: &'static str = r#"a host such as "keys.example.com""#;
}

impl Text for KeyDigest {
    const EXPECTED: &'static str = r#""sha256:" and 64 hexadecimal digits in lower case"#;
    const SCHEMA: &'static str = r#"{"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}"#;
}

impl FromStr for Scopes {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.parse().map(Self).map_err(|error| {
            Self::malformed(match error {
                ScopeError::Empty { .. } => "a space is first, last or doubled",
                ScopeError::ForbiddenCharacter { .. } => "it has a character that no scope may have",
            })
        })
    }
}

impl FromStr for Resource {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(Self).map_err(|error| {
            Self::malformed(match error {
                ResourceUriError::Malformed => "it is not a URL with a host",
                ResourceUriError::Scheme => "only http and https are served",
                ResourceUriError::Extra => "it must not have a query, a fragment or credentials",
            })
        })
    }
}

impl FromStr for IssuerName {
    type Err = Malformed;

    /// RFC 8414 §2: no query, no fragment.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let url = http_url(text).map_err(Self::malformed)?;
        if url.query().is_some() {
            return Err(Self::malformed("the name of an issuer has no query"));
        }
        Ok(Self { text: text.to_owned(), url })
    }
}

impl FromStr for HttpUrl {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let url = http_url(text).map_err(Self::malformed)?;
        Ok(Self { text: text.to_owned(), url })
    }
}

impl FromStr for JwksHost {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let url = Url::parse(&format!("https://{text}")).map_err(|_| Self::malformed("it is not a host"))?;
        if url.host_str() != Some(text) {
            return Err(Self::malformed("only a host is compared, in lower case and without scheme, port and path"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for KeyDigest {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let hex = text.strip_prefix("sha256:").ok_or_else(|| Self::malformed("it does not begin with `sha256:`"))?;
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != 64 || !hex.bytes().all(digits) {
            return Err(Self::malformed("behind `sha256:` it is not 64 hexadecimal digits in lower case"));
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
            *byte = digits.unwrap_or_default();
        }
        Ok(Self(digest))
    }
}

fn http_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        Err("only http and https are asked")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("it must not hold a user name or a password")
    } else if url.fragment().is_some() {
        Err("it must not have a fragment")
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        // URLs are read without them, and compared with them.
        Err("it has a space or a control character")
    } else {
        Ok(url)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for JwksHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
