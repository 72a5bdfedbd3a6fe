//! Who answers a call, once the catalog was asked.

use std::sync::Arc;

use super::prompts::CatalogPrompt;
use super::tools::CatalogTool;
use crate::provider::SharedHandler;

/// Who answers a call.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A tool.
    Tool(Arc<CatalogTool>),
    /// Who reads a resource.
    Resource(SharedHandler),
    /// A prompt.
    Prompt(Arc<CatalogPrompt>),
    /// Who suggests values of an argument, if anybody does.
    Completer(Option<SharedHandler>),
}
