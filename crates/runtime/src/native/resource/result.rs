//! What a resource's function may return, and what becomes of it.

use std::fmt::Display;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outboard_protocol::types::{CacheScope, CachingHints, ReadResourceResult, ResourceContents};

use crate::hints;
use crate::outcome::CallError;

/// What a resource's function may return.
pub trait IntoResourceResult {
    /// The result for the caller, who read `uri`; `mime_type` is what the resource was declared with.
    ///
    /// # Errors
    ///
    /// [`CallError`] when there is no such resource, or it cannot be read.
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError>;
}

/// A resource that was read, and how long it may be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// What is in it.
    pub result: ReadResourceResult,
    /// How long, and for whom.
    pub hints: CachingHints,
}

/// The contents of a resource that a client may keep. Without this wrapper it may not.
#[derive(Clone, Debug)]
pub struct Cached<T> {
    contents: T,
    hints: CachingHints,
}

impl<T> Cached<T> {
    /// May be kept for `ttl`, at most a year, and given to everyone: nothing in it depends on the caller.
    pub fn public(ttl: Duration, contents: T) -> Self {
        Self { contents, hints: hints::for_time(ttl, CacheScope::Public) }
    }

    /// May be kept for `ttl`, at most a year, for this caller.
    pub fn private(ttl: Duration, contents: T) -> Self {
        Self { contents, hints: hints::for_time(ttl, CacheScope::Private) }
    }
}

impl<T: IntoResourceResult> IntoResourceResult for Cached<T> {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        let Read { result, .. } = self.contents.into_resource_result(uri, mime_type)?;
        Ok(Read { result, hints: self.hints })
    }
}

impl IntoResourceResult for Read {
    fn into_resource_result(self, _: &str, _: Option<&str>) -> Result<Read, CallError> {
        Ok(self)
    }
}

impl IntoResourceResult for ReadResourceResult {
    fn into_resource_result(self, _: &str, _: Option<&str>) -> Result<Read, CallError> {
        Ok(Read { result: self, hints: hints::READ })
    }
}

impl IntoResourceResult for Vec<ResourceContents> {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        ReadResourceResult { contents: self, meta: None }.into_resource_result(uri, mime_type)
    }
}

impl IntoResourceResult for ResourceContents {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        vec![self].into_resource_result(uri, mime_type)
    }
}

/// Text.
impl IntoResourceResult for String {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        let contents = ResourceContents {
            uri: uri.to_owned(),
            mime_type: mime_type.map(str::to_owned),
            text: Some(self),
            ..ResourceContents::default()
        };
        contents.into_resource_result(uri, mime_type)
    }
}

/// Text.
impl IntoResourceResult for &'static str {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        self.to_owned().into_resource_result(uri, mime_type)
    }
}

/// Bytes, which are sent in Base64.
impl IntoResourceResult for Vec<u8> {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        let contents = ResourceContents {
            uri: uri.to_owned(),
            mime_type: mime_type.map(str::to_owned),
            blob: Some(STANDARD.encode(self)),
            ..ResourceContents::default()
        };
        contents.into_resource_result(uri, mime_type)
    }
}

/// `None`: there is no such resource.
impl<T: IntoResourceResult> IntoResourceResult for Option<T> {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        let unknown = || CallError::UnknownResource { uri: uri.into() };
        self.ok_or_else(unknown)?.into_resource_result(uri, mime_type)
    }
}

/// The text of an error goes to the caller, as an internal error (-32603): resources have no other way to fail.
impl<T: IntoResourceResult, E: Display> IntoResourceResult for Result<T, E> {
    fn into_resource_result(self, uri: &str, mime_type: Option<&str>) -> Result<Read, CallError> {
        match self {
            Ok(contents) => contents.into_resource_result(uri, mime_type),
            Err(error) => Err(CallError::Handler { reason: error.to_string().into() }),
        }
    }
}
