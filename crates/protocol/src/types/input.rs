//! What a server asks of a client: the user, the model, the roots.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::capabilities::{Capability, ClientCapabilities};
use super::prompt::Role;
use crate::method::Method;
use crate::raw::read_from_objects;

/// One question of a server to a client (specification: `InputRequest`), as `{method, params}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum InputRequest {
    /// Asks the user.
    #[serde(rename = "elicitation/create")]
    Elicit(ElicitParams),
    /// Asks the client's model.
    #[serde(rename = "sampling/createMessage")]
    CreateMessage(Box<CreateMessageParams>),
    /// Asks for the roots.
    #[serde(rename = "roots/list")]
    ListRoots(ListRootsParams),
}

impl InputRequest {
    /// The method by which it is asked.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Elicit(_) => Method::Elicit,
            Self::CreateMessage(_) => Method::CreateMessage,
            Self::ListRoots(_) => Method::RootsList,
        }
    }

    /// What a client must have declared to be asked this.
    #[must_use]
    pub fn required(&self) -> ClientCapabilities {
        let none = ClientCapabilities::NONE;
        match self {
            Self::Elicit(ElicitParams::Form { .. }) => none.with(Capability::ElicitationForm),
            Self::Elicit(ElicitParams::Url { .. }) => none.with(Capability::ElicitationUrl),
            Self::CreateMessage(params) => {
                let needs = none.with(Capability::Sampling);
                if params.uses_tools() { needs.with(Capability::SamplingTools) } else { needs }
            }
            Self::ListRoots(_) => none.with(Capability::Roots),
        }
    }
}

/// The params of `elicitation/create`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ElicitParams {
    /// A page that the user visits; the answer only says whether they agreed to. Since 2025-11-25.
    Url {
        /// Always [`UrlMode::Url`].
        mode: UrlMode,
        /// For the user: why.
        message: String,
        /// Where.
        url: String,
        /// Names the elicitation in 2025-11-25.
        #[serde(default, rename = "elicitationId", skip_serializing_if = "Option::is_none")]
        elicitation_id: Option<String>,
    },
    /// A form. `mode` is left out, which all revisions take for a form.
    #[serde(rename_all = "camelCase")]
    Form {
        /// For the user: what is asked, and why.
        message: String,
        /// JSON Schema of an object whose members are flat: texts, numbers, booleans, choices.
        requested_schema: Value,
    },
}

/// The word that tells a URL from a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UrlMode {
    /// `url`.
    #[default]
    Url,
}

/// What the user answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ElicitResult {
    /// Whether they answered at all.
    pub action: ElicitAction,
    /// The form, filled in; with [`ElicitAction::Accept`] of a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Map<String, Value>>,
}

/// Whether the user answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElicitAction {
    /// They did.
    Accept,
    /// They said no.
    Decline,
    /// They closed the form.
    Cancel,
}

/// The params of `sampling/createMessage`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateMessageParams {
    /// The conversation so far.
    pub messages: Vec<SamplingMessage>,
    /// Most tokens of the answer.
    pub max_tokens: u64,
    /// What the model is told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// How random the answer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<String>,
    /// Further members: `modelPreferences`, `includeContext`, `metadata`, `tools`, `toolChoice`.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CreateMessageParams {
    /// One text from the user.
    #[must_use]
    pub fn text(prompt: impl Into<String>, max_tokens: u64) -> Self {
        Self { messages: vec![SamplingMessage::text(Role::User, prompt)], max_tokens, ..Self::default() }
    }

    fn uses_tools(&self) -> bool {
        self.extra.contains_key("tools") || self.extra.contains_key("toolChoice")
    }
}

/// One message of a conversation with a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingMessage {
    /// Who says it.
    pub role: Role,
    /// One item of content or several: `text`, `image`, `audio`, `tool_use`, `tool_result`.
    pub content: Value,
    /// Further members.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl SamplingMessage {
    /// A text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        let content = serde_json::json!({ "type": "text", "text": text.into() });
        Self { role, content, extra: Map::new() }
    }

    /// The texts in it, joined.
    #[must_use]
    pub fn as_text(&self) -> String {
        let texts = |value: &Value| value.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        match &self.content {
            Value::Array(items) => items.iter().map(texts).collect::<Vec<_>>().concat(),
            item => texts(item),
        }
    }
}

/// What the model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateMessageResult {
    /// The answer.
    #[serde(flatten)]
    pub message: SamplingMessage,
    /// Which model.
    pub model: String,
    /// Why it stopped, for example `endTurn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<String>,
}

/// The params of `roots/list`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ListRootsParams {}

/// The roots that the client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ListRootsResult {
    /// Each a directory or file.
    pub roots: Vec<Root>,
}

/// A directory or file that the client offers to work on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Root {
    /// `file://…`.
    pub uri: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The answer to a request that needs more from the client first (specification: *Multi Round-Trip Requests*).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputRequiredResult {
    /// The questions, by their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub input_requests: BTreeMap<String, InputRequest>,
    /// What the client gives back with the answers, unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_state: Option<String>,
}

read_from_objects!(ElicitResult, ListRootsParams, ListRootsResult, Root);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn questions_are_read_back_as_they_are_written() {
        let cases = [
            json!({"method": "elicitation/create", "params": {"message": "m", "requestedSchema": {"type": "object"}}}),
            json!({"method": "elicitation/create", "params": {"mode": "url", "message": "m", "url": "https://a"}}),
            json!({"method": "sampling/createMessage", "params": {
                "messages": [{"role": "user", "content": {"type": "text", "text": "t"}}],
                "maxTokens": 5, "toolChoice": {"mode": "auto"}
            }}),
            json!({"method": "roots/list", "params": {}}),
        ];
        let needs =
            [Capability::ElicitationForm, Capability::ElicitationUrl, Capability::SamplingTools, Capability::Roots];
        for (case, needed) in cases.into_iter().zip(needs) {
            let read: InputRequest = serde_json::from_value(case.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), case);
            assert!(read.required().has(needed), "{case}");
            assert_eq!(case["method"], read.method().as_str());
        }
    }

    #[test]
    fn a_form_may_say_that_it_is_one() {
        let form = json!({"mode": "form", "message": "m", "requestedSchema": {}});
        let read: ElicitParams = serde_json::from_value(form).unwrap();
        assert!(matches!(read, ElicitParams::Form { .. }));
    }

    #[test]
    fn the_text_of_a_message_is_that_of_all_its_parts() {
        let message =
            json!({"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}]});
        let message: SamplingMessage = serde_json::from_value(message).unwrap();
        assert_eq!(message.as_text(), "ab");
    }
}
