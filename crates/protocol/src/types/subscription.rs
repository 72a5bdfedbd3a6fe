//! What a client wants to be told of: `subscriptions/listen`.

use serde::{Deserialize, Serialize};

use crate::raw::read_from_objects;

/// What a client wants to be told of (specification: `SubscriptionFilter`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct SubscriptionFilter {
    /// When the list of tools changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tools_list_changed: bool,
    /// When the list of prompts changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompts_list_changed: bool,
    /// When the list of resources changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resources_list_changed: bool,
    /// When one of these resources changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_subscriptions: Vec<String>,
}

read_from_objects!(SubscriptionFilter);
