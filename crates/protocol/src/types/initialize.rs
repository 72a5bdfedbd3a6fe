//! How a client learns what the server is: `server/discover`, and `initialize` before it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::capabilities::ServerCapabilities;
use super::implementation::Implementation;
use crate::raw::read_from_objects;

/// The params of a legacy `initialize`. `capabilities` is read as
/// [`ClientCapabilities`](super::ClientCapabilities) from its JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct InitializeParams {
    /// What the client would like to speak.
    pub protocol_version: String,
    /// What it can be asked for.
    pub capabilities: Map<String, Value>,
    /// Who it says it is.
    pub client_info: Implementation,
}

/// The result of a legacy `initialize`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct InitializeResult {
    /// What is spoken from now on.
    pub protocol_version: String,
    /// What the server offers.
    pub capabilities: ServerCapabilities,
    /// Who it says it is.
    pub server_info: Implementation,
    /// How to use it, for models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
}

/// The result of `server/discover`. The server's name goes into `_meta`, as in every modern result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct DiscoverResult {
    /// What the server speaks, best first.
    pub supported_versions: Vec<String>,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// How to use it, for models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
}

read_from_objects!(InitializeParams, InitializeResult, DiscoverResult);
