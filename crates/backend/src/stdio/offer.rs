//! What a child lists, as the offer of a provider.

use std::sync::Arc;

use outboard_protocol::types::{ServerCapabilities, Tool};
use outboard_runtime::{Offer, OfferedPrompt, OfferedResource, OfferedTemplate, OfferedTool, SharedHandler};

use super::forward::ChildHandler;
use super::lists::Listed;
use super::provider::Backend;

impl Backend {
    /// Offers this from now on; nothing happens where it is what is offered already.
    pub(super) fn offer(self: &Arc<Self>, listed: &Listed, has: &ServerCapabilities) {
        self.offers.send_if_modified(|offer| {
            let changed = !is_offered(offer, listed, has);
            if changed {
                *offer = Arc::new(self.offer_of(listed, has));
            }
            changed
        });
    }

    fn offer_of(self: &Arc<Self>, listed: &Listed, has: &ServerCapabilities) -> Offer {
        let named = |name: &str| SharedHandler::from(ChildHandler::named(self, name));
        // For all resources and templates: who calls names them in the child's own words.
        let unnamed = SharedHandler::from(ChildHandler::unnamed(self));
        let completes = has.completions.is_some();
        let tool = |tool: &Tool| OfferedTool { handler: named(&tool.name), tool: tool.clone() };
        Offer {
            tools: listed.tools.iter().map(tool).collect(),
            resources: listed
                .resources
                .iter()
                .map(|resource| OfferedResource { resource: resource.clone(), handler: unnamed.clone() })
                .collect(),
            templates: listed
                .templates
                .iter()
                .map(|template| OfferedTemplate {
                    template: template.clone(),
                    handler: unnamed.clone(),
                    completer: completes.then(|| unnamed.clone()),
                })
                .collect(),
            prompts: listed
                .prompts
                .iter()
                .map(|prompt| {
                    let handler = named(&prompt.name);
                    let completer = completes.then(|| handler.clone());
                    OfferedPrompt { prompt: prompt.clone(), handler, completer }
                })
                .collect(),
            unlisted: has.resources.map(|_| unnamed.clone()),
            has_resources: has.resources.is_some(),
            has_prompts: has.prompts.is_some(),
            tells_updates: has.resources.is_some_and(|resources| resources.subscribe),
            logs: has.logging.is_some(),
        }
    }
}

fn is_offered(offer: &Offer, listed: &Listed, has: &ServerCapabilities) -> bool {
    let has_completer = offer.prompts.iter().map(|offered| offered.completer.is_some());
    let has_completer = has_completer.chain(offer.templates.iter().map(|offered| offered.completer.is_some()));
    offer.tools.iter().map(|offered| &offered.tool).eq(&listed.tools)
        && offer.resources.iter().map(|offered| &offered.resource).eq(&listed.resources)
        && offer.templates.iter().map(|offered| &offered.template).eq(&listed.templates)
        && offer.prompts.iter().map(|offered| &offered.prompt).eq(&listed.prompts)
        && has_completer.into_iter().all(|completes| completes == has.completions.is_some())
        && offer.has_resources == has.resources.is_some()
        && offer.has_prompts == has.prompts.is_some()
        && offer.tells_updates == has.resources.is_some_and(|resources| resources.subscribe)
        && offer.logs == has.logging.is_some()
}
