//! Suggestions for the values of arguments: `completion/complete`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::raw::read_from_objects;

/// Most values of one completion (specification: *Completion*).
pub const COMPLETION_VALUES_MAX: usize = 100;

/// The params of `completion/complete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CompleteParams {
    /// Of what the argument is one.
    #[serde(rename = "ref")]
    pub reference: CompletionReference,
    /// The argument, as far as it has been typed.
    pub argument: CompletionArgument,
    /// What has been filled in already. Since 2025-06-18.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<CompletionContext>,
}

/// Of what an argument is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum CompletionReference {
    /// Of a prompt.
    #[serde(rename = "ref/prompt")]
    Prompt {
        /// Its name.
        name: String,
    },
    /// Of the template of a resource.
    #[serde(rename = "ref/resource")]
    Resource {
        /// The template, or a URI.
        uri: String,
    },
}

/// An argument, as far as it has been typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CompletionArgument {
    /// Which.
    pub name: String,
    /// So far.
    pub value: String,
}

/// What has been filled in already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CompletionContext {
    /// Other arguments.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
}

/// The result of `completion/complete`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CompleteResult {
    /// The suggestions.
    pub completion: Completion,
}

/// Suggested values, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct Completion {
    /// At most [`COMPLETION_VALUES_MAX`].
    pub values: Vec<String>,
    /// How many there are in all, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// There are more than these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
}

impl Completion {
    /// The values that fit into one completion; what is cut off is told by `total` and `has_more`.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.into_iter().collect();
        let total = values.len();
        values.truncate(COMPLETION_VALUES_MAX);
        Self { has_more: total > values.len(), total: u64::try_from(total).ok(), values }
    }
}

read_from_objects!(CompleteParams, CompletionArgument, CompletionContext, CompleteResult, Completion);
