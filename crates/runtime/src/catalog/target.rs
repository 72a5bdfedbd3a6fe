//! Who answers a call, once the catalog was asked.

use std::sync::Arc;

use super::prompts::CatalogPrompt;
use super::tools::CatalogTool;
use crate::access::Policy;
use crate::provider::SharedHandler;

/// Who answers a call.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A tool.
    Tool(Arc<CatalogTool>),
    /// Who reads a resource, and what is required of who wants it.
    Resource { handler: SharedHandler, policy: Option<Arc<Policy>> },
    /// A prompt.
    Prompt(Arc<CatalogPrompt>),
    /// Who suggests values of an argument, if anybody does, and what is required of who uses what the argument is of.
    Completer { handler: Option<SharedHandler>, policy: Option<Arc<Policy>> },
}

impl Target {
    /// What is required of the caller; `None` where nothing is.
    pub(crate) fn policy(&self) -> Option<&Arc<Policy>> {
        match self {
            Self::Tool(tool) => tool.policy.as_ref(),
            Self::Prompt(prompt) => prompt.policy.as_ref(),
            Self::Resource { policy, .. } | Self::Completer { policy, .. } => policy.as_ref(),
        }
    }
}
