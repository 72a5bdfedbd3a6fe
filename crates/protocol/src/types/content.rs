//! What a tool or prompt says: text, pictures, sound, resources.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One item of content (specification: `ContentBlock`).
///
/// `extra` holds `annotations`, `_meta` and members that a later revision adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Further members.
        #[serde(flatten)]
        extra: Map<String, Value>,
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// Base64.
        data: String,
        /// For example `image/png`.
        mime_type: String,
        /// Further members.
        #[serde(flatten)]
        extra: Map<String, Value>,
    },
    /// Sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// Base64.
        data: String,
        /// For example `audio/wav`.
        mime_type: String,
        /// Further members.
        #[serde(flatten)]
        extra: Map<String, Value>,
    },
    /// A resource, whole.
    Resource {
        /// The resource.
        resource: ResourceContents,
        /// Further members.
        #[serde(flatten)]
        extra: Map<String, Value>,
    },
    /// A resource, to be read by its URI. Since 2025-06-18.
    ResourceLink {
        /// Where it is.
        uri: String,
        /// For programs.
        name: String,
        /// Further members: `title`, `description`, `mimeType`, `size`, …
        #[serde(flatten)]
        extra: Map<String, Value>,
    },
}

/// The contents of a resource: text or bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceContents {
    /// Where it is.
    pub uri: String,
    /// For example `text/plain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The contents, if they are text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The contents in Base64, if they are not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Further members: `_meta`, and what a later revision adds.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Content {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), extra: Map::new() }
    }

    /// A picture, already in Base64.
    #[must_use]
    pub fn image(base64: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Image { data: base64.into(), mime_type: mime_type.into(), extra: Map::new() }
    }

    /// Sound, already in Base64.
    #[must_use]
    pub fn audio(base64: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Audio { data: base64.into(), mime_type: mime_type.into(), extra: Map::new() }
    }

    /// A resource, whole.
    #[must_use]
    pub fn resource(resource: ResourceContents) -> Self {
        Self::Resource { resource, extra: Map::new() }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl ResourceContents {
    /// A resource whose contents are text.
    #[must_use]
    pub fn text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), text: Some(text.into()), ..Self::default() }
    }

    /// A resource whose contents are not text, already in Base64.
    #[must_use]
    pub fn blob(uri: impl Into<String>, mime_type: impl Into<String>, base64: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), blob: Some(base64.into()), ..Self::default() }
    }
}
