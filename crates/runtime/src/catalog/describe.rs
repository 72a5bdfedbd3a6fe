//! What the server says it can do: what the program itself and its providers can do together.

use outboard_protocol::types::{EmptyCapability, ListCapability, ResourcesCapability, ServerCapabilities};

use super::Catalog;
use super::source::Source;
use crate::hints;
use crate::outcome::Description;
use crate::provider::Offer;

/// The description of the whole.
pub(super) fn describe(catalog: &Catalog, sources: &[Source<'_>]) -> Description {
    Description {
        capabilities: capabilities(catalog, sources),
        instructions: catalog.instructions.clone(),
        hints: hints::SAME_FOR_ALL,
    }
}

/// A feature is declared only where somebody has it. Clients are told of every change of a list.
fn capabilities(catalog: &Catalog, sources: &[Source<'_>]) -> ServerCapabilities {
    let any = |has: fn(&Offer) -> bool| sources.iter().any(|source| has(source.offer));
    let native = &catalog.native;
    // A provider may come to have tools at any time, and a legacy client asks for capabilities but once.
    let has_tools = !native.tools.is_empty() || !catalog.mounted.is_empty();
    let has_own_resources = !native.resources.is_empty() || !native.templates.is_empty();
    let resources =
        ResourcesCapability { subscribe: has_own_resources || any(|offer| offer.tells_updates), list_changed: true };
    let list = ListCapability { list_changed: true };
    ServerCapabilities {
        tools: has_tools.then_some(list),
        resources: any(Offer::may_have_resources).then_some(resources),
        prompts: any(Offer::may_have_prompts).then_some(list),
        completions: any(Offer::completes).then_some(EmptyCapability {}),
        // What is native has a way to send log lines.
        logging: (!native.is_empty() || any(|offer| offer.logs)).then_some(EmptyCapability {}),
        extensions: catalog.extensions.clone(),
        experimental: catalog.experimental.clone(),
    }
}

impl Offer {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.resources.is_empty() && self.templates.is_empty() && self.prompts.is_empty()
    }

    fn may_have_resources(&self) -> bool {
        self.has_resources || self.unlisted.is_some() || !self.resources.is_empty() || !self.templates.is_empty()
    }

    fn may_have_prompts(&self) -> bool {
        self.has_prompts || !self.prompts.is_empty()
    }

    fn completes(&self) -> bool {
        self.prompts.iter().any(|offered| offered.completer.is_some())
            || self.templates.iter().any(|offered| offered.completer.is_some())
    }
}
