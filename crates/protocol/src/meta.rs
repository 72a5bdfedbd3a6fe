//! What a modern request says about itself: `params._meta`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::params::Params;
use crate::raw::{Object, RawJson};
use crate::types::{ClientCapabilities, LoggingLevel, ProgressToken};

/// The revision of the request.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Name and version of the client; not verified.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// What the client can be asked for.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Name and version of the server, in results.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// From which level on the client wants log lines of this request.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The listen request that a notification, or the result of that request, belongs to.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Opts a request into progress notifications.
pub const PROGRESS_TOKEN: &str = "progressToken";

/// `_meta` as it stands in the text; nothing but its shape is judged yet.
#[derive(Debug, Default, Deserialize)]
pub struct Meta<'a> {
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion", deserialize_with = "present")]
    protocol_version: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientInfo")]
    client_info: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    client_capabilities: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<&'a RawValue>,
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

/// A key whose being there decides the era, so that `null` is a value like others, of the wrong type.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// What a modern request says about itself, checked.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// Name and version of the client, as sent. Only for display and logs.
    pub client_info: Option<RawJson>,
    /// What the client can be asked for.
    pub client_capabilities: ClientCapabilities,
    /// From which level on it wants log lines of this request; `None`: none at all.
    pub log_level: Option<LoggingLevel>,
}

/// Why `_meta` is not that of a modern request: the client broke the protocol (-32602).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetaError {
    /// `_meta` is missing or not an object.
    #[error("params._meta must be an object with the request's protocol fields")]
    Missing,
    /// A required key is missing.
    #[error("params._meta lacks the required key {key}")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A key of the specification has a value of the wrong type.
    #[error("params._meta has a value of the wrong type at {key}")]
    WrongType {
        /// The key.
        key: &'static str,
    },
    /// A key stands twice, or is no Unicode text.
    #[error("params._meta cannot be read: a key stands more than once, or is no text")]
    Malformed,
}

impl<'a> Meta<'a> {
    /// Reads the raw `_meta` of a request.
    ///
    /// # Errors
    ///
    /// [`MetaError::Missing`] when it is no object, [`MetaError::Malformed`] when one of our keys stands twice.
    pub fn read(raw: &'a RawValue) -> Result<Self, MetaError> {
        if !raw.get().starts_with('{') {
            return Err(MetaError::Missing);
        }
        serde_json::from_str(raw.get()).map_err(|_| MetaError::Malformed)
    }

    /// Whether this is modern `_meta`: it has the key of the protocol version.
    #[must_use]
    pub fn is_modern(&self) -> bool {
        self.protocol_version.is_some()
    }

    /// The revision that the body names.
    ///
    /// # Errors
    ///
    /// [`MetaError`] when it is missing or not a string.
    pub fn protocol_version(&self) -> Result<Cow<'a, str>, MetaError> {
        let key = PROTOCOL_VERSION;
        let raw = self.protocol_version.ok_or(MetaError::MissingKey { key })?;
        crate::jsonrpc::string(raw).ok_or(MetaError::WrongType { key })
    }

    /// The token under which the client wants to hear of progress.
    ///
    /// # Errors
    ///
    /// [`MetaError::WrongType`] when it is neither a string nor an integer.
    pub fn progress_token(&self) -> Result<Option<ProgressToken>, MetaError> {
        let Some(raw) = self.progress_token else { return Ok(None) };
        ProgressToken::from_json(raw.get()).map(Some).ok_or(MetaError::WrongType { key: PROGRESS_TOKEN })
    }

    /// Checks the fields that every modern request carries. `params` are what `_meta` was read from.
    ///
    /// # Errors
    ///
    /// [`MetaError`] when a required key is missing or one has the wrong type.
    pub fn request(&self, params: &Params<'_>) -> Result<RequestMeta, MetaError> {
        let key = CLIENT_CAPABILITIES;
        let raw = self.client_capabilities.ok_or(MetaError::MissingKey { key })?;
        let client_capabilities = ClientCapabilities::from_json(raw.get()).ok_or(MetaError::WrongType { key })?;
        if let Some(raw) = self.client_info {
            serde_json::from_str::<Object<BorrowedImplementation<'_>>>(raw.get())
                .map_err(|_| MetaError::WrongType { key: CLIENT_INFO })?;
        }
        let client_info = self.client_info.and_then(|raw| params.part(raw));
        let log_level = self.log_level.map(level).transpose()?;
        Ok(RequestMeta { client_info, client_capabilities, log_level })
    }
}

fn level(raw: &RawValue) -> Result<LoggingLevel, MetaError> {
    let word = crate::jsonrpc::string(raw);
    word.and_then(|word| LoggingLevel::parse(&word)).ok_or(MetaError::WrongType { key: LOG_LEVEL })
}

/// The required members of an `Implementation`, read without a copy: only to see that they are there.
#[derive(Deserialize)]
struct BorrowedImplementation<'a> {
    #[serde(borrow, rename = "name")]
    _name: Cow<'a, str>,
    #[serde(borrow, rename = "version")]
    _version: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(meta: &str) -> Result<(), MetaError> {
        let raw: &RawValue = serde_json::from_str(meta).unwrap();
        let meta = Meta::read(raw)?;
        meta.protocol_version()?;
        meta.progress_token()?;
        meta.request(&Params::default()).map(drop)
    }

    #[test]
    fn required_fields_are_required_and_typed() {
        let (v, c, i) = (PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO);
        let missing = |key| Err(MetaError::MissingKey { key });
        let wrong = |key| Err(MetaError::WrongType { key });
        let cases = [
            (format!(r#"{{"{v}":"x","{c}":{{}}}}"#), Ok(())),
            (format!(r#"{{"{v}":"x","{c}":{{}},"{i}":{{"name":"n","version":"1","more":{{}}}}}}"#), Ok(())),
            (format!(r#"{{"{v}":"x","{c}":{{"sampling":{{}}}},"progressToken":7,"com.example/x":[1]}}"#), Ok(())),
            (format!(r#"{{"{c}":{{}}}}"#), missing(v)),
            (format!(r#"{{"{v}":"x"}}"#), missing(c)),
            (format!(r#"{{"{v}":3,"{c}":{{}}}}"#), wrong(v)),
            (format!(r#"{{"{v}":null,"{c}":{{}}}}"#), wrong(v)),
            (format!(r#"{{"{v}":"x","{c}":[]}}"#), wrong(c)),
            (format!(r#"{{"{v}":"x","{c}":{{"sampling":true}}}}"#), wrong(c)),
            (format!(r#"{{"{v}":"x","{c}":{{}},"{i}":{{"name":"n"}}}}"#), wrong(i)),
            (format!(r#"{{"{v}":"x","{c}":{{}},"progressToken":1.5}}"#), wrong(PROGRESS_TOKEN)),
            (format!(r#"{{"{v}":"x","{v}":"y","{c}":{{}}}}"#), Err(MetaError::Malformed)),
            (format!(r#"{{"{v}":"x","{c}":{{}},"{LOG_LEVEL}":"notice"}}"#), Ok(())),
            (format!(r#"{{"{v}":"x","{c}":{{}},"{LOG_LEVEL}":"loud"}}"#), wrong(LOG_LEVEL)),
            ("[]".to_owned(), Err(MetaError::Missing)),
        ];
        for (meta, expected) in cases {
            assert_eq!(check(&meta), expected, "{meta}");
        }
    }
}
