//! The rules that bind HTTP headers to the message in the body (specification: *Request Metadata*).
//!
//! Names and values are plain text here: whoever speaks HTTP brings the headers as it received them.

mod parameters;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::error::shortened;
use crate::method::Method;
use crate::params::{Params, ParamsError};

pub use parameters::{AnnotationError, HeaderParameters};

/// Which revision the request speaks. Header names are written in lower case, as HTTP libraries keep them.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The method, as in the body.
pub const METHOD: &str = "mcp-method";
/// The tool, prompt or resource, as in the body.
pub const NAME: &str = "mcp-name";
/// Legacy: the session.
pub const SESSION_ID: &str = "mcp-session-id";
/// Legacy: the last event that was read, to resume from.
pub const LAST_EVENT_ID: &str = "last-event-id";

const SENTINEL_START: &str = "=?base64?";
const SENTINEL_END: &str = "?=";

/// The headers of a modern request that repeat something in the body, as they were received.
#[derive(Clone, Copy, Debug, Default)]
pub struct MirroredHeaders<'a> {
    /// All values of `MCP-Protocol-Version`.
    pub protocol_version: Values<'a>,
    /// All values of `Mcp-Method`.
    pub method: Values<'a>,
    /// All values of `Mcp-Name`.
    pub name: Values<'a>,
}

/// How often a header stands in a request, and its value where it stands once.
#[derive(Clone, Copy, Debug, Default)]
pub enum Values<'a> {
    /// It is absent.
    #[default]
    None,
    /// It stands once.
    One(&'a [u8]),
    /// It stands more than once.
    Many,
}

impl<'a> Values<'a> {
    /// Takes all values of a header.
    pub fn of(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => Self::One(value),
            (Some(_), Some(_)) => Self::Many,
        }
    }
}

/// Why the headers do not fit the body: the client broke the protocol (-32020).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderMismatch {
    /// A required header is missing.
    #[error("the header {header} is required for {method}")]
    Missing {
        /// The header.
        header: Box<str>,
        /// The method that requires it.
        method: Box<str>,
    },
    /// A header stands more than once.
    #[error("the header {header} stands more than once")]
    Repeated {
        /// The header.
        header: Box<str>,
    },
    /// A value has characters that may not stand in a header, or is not what its Base64 markers promise.
    #[error("the header {header} has an invalid value")]
    InvalidValue {
        /// The header.
        header: Box<str>,
    },
    /// A header stands for an argument that the body does not have, or that is `null` there.
    #[error("the header {header} is there, the argument that it repeats is not")]
    Unexpected {
        /// The header.
        header: Box<str>,
    },
    /// The arguments that headers repeat cannot be read, for example for an escape that is no character.
    #[error("the arguments, which the headers must repeat, cannot be read")]
    UnreadableArguments,
    /// Header and body differ.
    #[error("the header {header} is '{in_header}', the body says '{in_body}'")]
    Differs {
        /// The header.
        header: Box<str>,
        /// Its value, decoded.
        in_header: Box<str>,
        /// The value in the body.
        in_body: Box<str>,
    },
    /// The body is that of a modern request, the header is not.
    #[error("the body names a protocol version in _meta, the header mcp-protocol-version names a legacy one or none")]
    EraMismatch,
}

/// Why a modern request is refused before its version is looked at.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum HeaderCheckError {
    /// The headers do not fit the body.
    #[error(transparent)]
    Mismatch(#[from] HeaderMismatch),
    /// The body lacks what the header would repeat.
    #[error(transparent)]
    Params(#[from] ParamsError),
}

/// Checks `Mcp-Method` against the method of the body.
///
/// # Errors
///
/// [`HeaderMismatch`] when it is missing, repeated, or another one.
pub fn check_method(headers: &MirroredHeaders<'_>, method: &Method) -> Result<(), HeaderMismatch> {
    let Some(value) = single(headers.method, METHOD)? else {
        return Err(HeaderMismatch::Missing { header: METHOD.into(), method: shortened(method.as_str()) });
    };
    compare(METHOD, printable(METHOD, value)?, method.as_str())
}

/// Checks `MCP-Protocol-Version` against the version that `_meta` names.
///
/// # Errors
///
/// [`HeaderMismatch`] when it is another one.
pub fn check_version(headers: &MirroredHeaders<'_>, in_body: &str) -> Result<(), HeaderMismatch> {
    let Some(value) = single(headers.protocol_version, PROTOCOL_VERSION)? else {
        return Err(HeaderMismatch::EraMismatch);
    };
    compare(PROTOCOL_VERSION, printable(PROTOCOL_VERSION, value)?, in_body)
}

/// Checks `Mcp-Name` against the tool, prompt or resource that the body names.
///
/// # Errors
///
/// [`HeaderCheckError::Mismatch`] when it is missing, repeated, wrongly encoded or another one;
/// [`HeaderCheckError::Params`] when the body does not name what the method is about.
pub fn check_name(headers: &MirroredHeaders<'_>, method: &Method, params: &Params<'_>) -> Result<(), HeaderCheckError> {
    let Some(source) = NameSource::of(method) else { return Ok(()) };
    let in_body = match source {
        NameSource::Name => params.name(),
        NameSource::Uri => params.uri(),
    }?;
    let Some(value) = single(headers.name, NAME)? else {
        return Err(HeaderMismatch::Missing { header: NAME.into(), method: shortened(method.as_str()) }.into());
    };
    let value = decode(printable(NAME, value)?).ok_or_else(|| HeaderMismatch::InvalidValue { header: NAME.into() })?;
    Ok(compare(NAME, &value, &in_body)?)
}

/// The member of `params` that `Mcp-Name` repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// `params.name`.
    Name,
    /// `params.uri`.
    Uri,
}

impl NameSource {
    /// What `Mcp-Name` repeats for a method; `None` where the method has no such header.
    #[must_use]
    pub fn of(method: &Method) -> Option<Self> {
        match method {
            Method::ToolsCall | Method::PromptsGet => Some(Self::Name),
            Method::ResourcesRead => Some(Self::Uri),
            _ => None,
        }
    }
}

fn single<'a>(values: Values<'a>, header: &str) -> Result<Option<&'a [u8]>, HeaderMismatch> {
    match values {
        Values::None => Ok(None),
        Values::One(value) => Ok(Some(value)),
        Values::Many => Err(HeaderMismatch::Repeated { header: header.into() }),
    }
}

/// Visible ASCII, spaces and tabs, without those at the ends (RFC 9110 §5.5).
fn printable<'a>(header: &str, value: &'a [u8]) -> Result<&'a str, HeaderMismatch> {
    let text = std::str::from_utf8(value).map_err(|_| HeaderMismatch::InvalidValue { header: header.into() })?;
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e | b'\t')) {
        return Err(HeaderMismatch::InvalidValue { header: header.into() });
    }
    Ok(text.trim_matches([' ', '\t']))
}

fn compare(header: &str, in_header: &str, in_body: &str) -> Result<(), HeaderMismatch> {
    if in_header == in_body {
        return Ok(());
    }
    Err(differs(header, in_header, in_body))
}

fn differs(header: &str, in_header: &str, in_body: &str) -> HeaderMismatch {
    HeaderMismatch::Differs { header: header.into(), in_header: shortened(in_header), in_body: shortened(in_body) }
}

/// A header value in the form that the specification's *Value Encoding* asks for: as it is where it may stand in a
/// header, in Base64 between markers else.
#[must_use]
pub fn encode(value: &str) -> Cow<'_, str> {
    let plain = value.bytes().all(|byte| matches!(byte, 0x20..=0x7e | b'\t'))
        && value.trim_matches([' ', '\t']).len() == value.len()
        && !(value.starts_with(SENTINEL_START) && value.ends_with(SENTINEL_END));
    if plain {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("{SENTINEL_START}{}{SENTINEL_END}", STANDARD.encode(value)))
}

/// The value that a header carries; `None` when it has the Base64 markers and is not the Base64 of UTF-8 text.
#[must_use]
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    let encoded = value.strip_prefix(SENTINEL_START).and_then(|rest| rest.strip_suffix(SENTINEL_END));
    let Some(encoded) = encoded else { return Some(Cow::Borrowed(value)) };
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::raw::RawJson;

    #[test]
    fn what_is_encoded_comes_back() {
        let cases = [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
            ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
            ("=?BASE64?YQ==?=", "=?BASE64?YQ==?="),
        ];
        for (value, header) in cases {
            assert_eq!(encode(value), header);
            assert_eq!(decode(header).as_deref(), Some(value));
        }
        for broken in ["=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "=?base64?/w==?="] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn mcp_name_repeats_what_the_body_names() {
        let call = (Method::ToolsCall, r#"{"name":"add"}"#);
        let read = (Method::ResourcesRead, r#"{"uri":"file:///é","name":"other"}"#);
        let differs = |in_header: &str, in_body: &str| HeaderMismatch::Differs {
            header: NAME.into(),
            in_header: in_header.into(),
            in_body: in_body.into(),
        };
        let cases: [(_, Values<'_>, Result<(), HeaderCheckError>); 11] = [
            (&call, Values::One(b"add"), Ok(())),
            (&call, Values::One(b"  add "), Ok(())),
            (&call, Values::One(b"=?base64?YWRk?="), Ok(())),
            (&call, Values::One(b"echo"), Err(differs("echo", "add").into())),
            (&call, Values::One(b"Add"), Err(differs("Add", "add").into())),
            (&call, Values::One(b"=?base64?YWR?="), Err(HeaderMismatch::InvalidValue { header: NAME.into() }.into())),
            (&call, Values::One(b"add\xff"), Err(HeaderMismatch::InvalidValue { header: NAME.into() }.into())),
            (&call, Values::Many, Err(HeaderMismatch::Repeated { header: NAME.into() }.into())),
            (
                &call,
                Values::None,
                Err(HeaderMismatch::Missing { header: NAME.into(), method: "tools/call".into() }.into()),
            ),
            (&read, Values::One(b"=?base64?ZmlsZTovLy/DqQ==?="), Ok(())),
            (&(Method::ToolsCall, "{}"), Values::One(b"add"), Err(ParamsError::Missing { name: "name" }.into())),
        ];
        for ((method, params), name, expected) in cases {
            let params = RawJson::parse(Bytes::copy_from_slice(params.as_bytes())).unwrap();
            let params = Params::read(Some(&params)).unwrap();
            let headers = MirroredHeaders { name, ..MirroredHeaders::default() };
            assert_eq!(check_name(&headers, method, &params), expected, "{name:?}");
        }
        let listed = check_name(&MirroredHeaders::default(), &Method::ToolsList, &Params::default());
        assert_eq!(listed, Ok(()), "tools/list names nothing");
    }

    #[test]
    fn mcp_method_repeats_the_method_exactly() {
        let cases = [("tools/list", true), ("TOOLS/LIST", false), ("prompts/list", false)];
        for (value, accepted) in cases {
            let headers = MirroredHeaders { method: Values::One(value.as_bytes()), ..MirroredHeaders::default() };
            assert_eq!(check_method(&headers, &Method::ToolsList).is_ok(), accepted, "{value}");
        }
        assert!(check_method(&MirroredHeaders::default(), &Method::ToolsList).is_err());
    }
}
