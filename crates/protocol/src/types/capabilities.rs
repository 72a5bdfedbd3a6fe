//! What a client can be asked for, and what a server offers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::raw::{object, read_from_objects};

/// One thing that a client can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Capability {
    /// `sampling`.
    Sampling = 1,
    /// `sampling.context`.
    SamplingContext = 1 << 1,
    /// `sampling.tools`.
    SamplingTools = 1 << 2,
    /// `elicitation` in form mode: declared as `form`, or by an empty object.
    ElicitationForm = 1 << 3,
    /// `elicitation.url`.
    ElicitationUrl = 1 << 4,
    /// `roots`.
    Roots = 1 << 5,
    /// `roots.listChanged`. Legacy.
    RootsListChanged = 1 << 6,
}

/// What a client declared that it can be asked for.
///
/// Kept as bits: they cost nothing per request and fit into a sealed session id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities(u32);

impl ClientCapabilities {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// Reads the JSON object; `None` when it is none, or a member has the wrong type. Unknown members are left aside.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        let declared: Declared = text.starts_with('{').then(|| serde_json::from_str(text).ok())??;
        let mut bits = Self::NONE;
        if let Some(sampling) = declared.sampling {
            bits = bits.with(Capability::Sampling);
            bits = bits.with_if(sampling.context.is_some(), Capability::SamplingContext);
            bits = bits.with_if(sampling.tools.is_some(), Capability::SamplingTools);
        }
        if let Some(elicitation) = declared.elicitation {
            let form = elicitation.form.is_some() || elicitation.url.is_none();
            bits = bits.with_if(form, Capability::ElicitationForm);
            bits = bits.with_if(elicitation.url.is_some(), Capability::ElicitationUrl);
        }
        if let Some(roots) = declared.roots {
            bits = bits.with(Capability::Roots);
            bits = bits.with_if(roots.list_changed == Some(true), Capability::RootsListChanged);
        }
        Some(bits)
    }

    /// The same with one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | capability as u32)
    }

    fn with_if(self, condition: bool, capability: Capability) -> Self {
        if condition { self.with(capability) } else { self }
    }

    /// Whether the client declared it.
    #[must_use]
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & capability as u32 != 0
    }

    /// As bits, for a sealed session.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From the bits of a sealed session.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl Serialize for ClientCapabilities {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let member = |capability| self.has(capability).then_some(EMPTY);
        Declared {
            sampling: self.has(Capability::Sampling).then(|| DeclaredSampling {
                context: member(Capability::SamplingContext),
                tools: member(Capability::SamplingTools),
            }),
            elicitation: (self.has(Capability::ElicitationForm) || self.has(Capability::ElicitationUrl)).then(|| {
                DeclaredElicitation {
                    form: member(Capability::ElicitationForm),
                    url: member(Capability::ElicitationUrl),
                }
            }),
            roots: self
                .has(Capability::Roots)
                .then(|| DeclaredRoots { list_changed: self.has(Capability::RootsListChanged).then_some(true) }),
        }
        .serialize(serializer)
    }
}

/// An object whose members do not matter here.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Empty {}
const EMPTY: Empty = Empty {};

#[derive(Serialize, Deserialize)]
struct Declared {
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    sampling: Option<DeclaredSampling>,
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    elicitation: Option<DeclaredElicitation>,
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    roots: Option<DeclaredRoots>,
}

#[derive(Serialize, Deserialize)]
struct DeclaredSampling {
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    context: Option<Empty>,
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    tools: Option<Empty>,
}

#[derive(Serialize, Deserialize)]
struct DeclaredElicitation {
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    form: Option<Empty>,
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    url: Option<Empty>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeclaredRoots {
    #[serde(skip_serializing_if = "Option::is_none")]
    list_changed: Option<bool>,
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct ServerCapabilities {
    /// It has tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ListCapability>,
    /// It has resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesCapability>,
    /// It has prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<ListCapability>,
    /// It suggests values of arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<EmptyCapability>,
    /// It sends log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<EmptyCapability>,
    /// Extensions of the protocol, by their names (`vendor/name`), with their settings. Since 2026-07-28.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extensions: Map<String, Value>,
    /// Experimental features, by their names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub experimental: Map<String, Value>,
}

/// A capability without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct EmptyCapability {}

/// What a server offers about its resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct ResourcesCapability {
    /// It tells when a resource changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub subscribe: bool,
    /// It tells when the list changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list_changed: bool,
}

/// What a server offers about one of its lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct ListCapability {
    /// It tells when the list changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list_changed: bool,
}

read_from_objects!(ServerCapabilities, EmptyCapability, ResourcesCapability, ListCapability);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_is_read_and_written_back() {
        let cases = [
            ("{}", Some("{}")),
            (r#"{"sampling":{}}"#, Some(r#"{"sampling":{}}"#)),
            (r#"{"sampling":{"tools":{},"x":1}}"#, Some(r#"{"sampling":{"tools":{}}}"#)),
            (r#"{"elicitation":{}}"#, Some(r#"{"elicitation":{"form":{}}}"#)),
            (r#"{"elicitation":{"url":{}}}"#, Some(r#"{"elicitation":{"url":{}}}"#)),
            (r#"{"roots":{"listChanged":true},"tasks":{}}"#, Some(r#"{"roots":{"listChanged":true}}"#)),
            (r#"{"sampling":null}"#, Some("{}")),
            (r#"{"sampling":true}"#, None),
            (r#"{"roots":[]}"#, None),
            (r#"{"roots":[null]}"#, None),
            (r#"{"sampling":{"tools":[]}}"#, None),
            ("[]", None),
            ("null", None),
        ];
        for (text, expected) in cases {
            let read = ClientCapabilities::from_json(text);
            let written = read.map(|read| serde_json::to_string(&read).unwrap());
            assert_eq!(written.as_deref(), expected, "{text}");
            if let Some(read) = read {
                assert_eq!(ClientCapabilities::from_bits(read.bits()), read);
            }
        }
    }
}
