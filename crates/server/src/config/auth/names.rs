//! The values of `[auth]` that are one of a few words.

use outboard_auth::{Algorithm, IntrospectionForm, ScopeForm};
use outboard_runtime::Listing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What lists show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum Shown {
    #[default]
    Permitted,
    All,
}

/// What roles of a user count for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RolesName {
    Ignored,
    Scopes,
}

/// What the value of a claim that grants scopes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum ScopeFormName {
    #[default]
    Text,
    List,
}

/// In which way an issuer is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum Form {
    Introspection,
    TokenInfo,
}

/// An algorithm of signatures (RFC 7518 §3.1, RFC 8037 §3.1). Those with a shared secret are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::config) enum AlgorithmName {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl From<Shown> for Listing {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Permitted => Self::Permitted,
            Shown::All => Self::All,
        }
    }
}

impl From<ScopeFormName> for ScopeForm {
    fn from(name: ScopeFormName) -> Self {
        match name {
            ScopeFormName::Text => Self::Text,
            ScopeFormName::List => Self::List,
        }
    }
}

impl From<Form> for IntrospectionForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Introspection => Self::Introspection,
            Form::TokenInfo => Self::TokenInfo,
        }
    }
}

impl From<AlgorithmName> for Algorithm {
    fn from(name: AlgorithmName) -> Self {
        match name {
            AlgorithmName::Rs256 => Self::Rs256,
            AlgorithmName::Rs384 => Self::Rs384,
            AlgorithmName::Rs512 => Self::Rs512,
            AlgorithmName::Ps256 => Self::Ps256,
            AlgorithmName::Ps384 => Self::Ps384,
            AlgorithmName::Ps512 => Self::Ps512,
            AlgorithmName::Es256 => Self::Es256,
            AlgorithmName::Es384 => Self::Es384,
            AlgorithmName::EdDsa => Self::EdDsa,
        }
    }
}
