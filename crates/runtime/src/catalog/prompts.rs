//! The prompts of a catalog, by name.

use std::collections::HashMap;
use std::sync::Arc;

use outboard_protocol::types::{Prompt, PromptArgument};

use super::Catalog;
use super::error::{CatalogError, Item};
use super::names::listed_name;
use super::permitted::Permitted;
use super::snapshot::SnapshotLimits;
use super::source::{Source, Withheld};
use crate::access::Policy;
use crate::provider::SharedHandler;

/// A prompt of the catalog, ready to be filled in.
#[derive(Debug)]
pub(crate) struct CatalogPrompt {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<PromptArgument>,
    pub(crate) handler: SharedHandler,
    pub(crate) completer: Option<SharedHandler>,
    /// What is required of who uses it; `None` where nothing is.
    pub(crate) policy: Option<Arc<Policy>>,
}

/// All prompts.
#[derive(Debug)]
pub(crate) struct Prompts {
    by_name: HashMap<Box<str>, Arc<CatalogPrompt>>,
    pub(crate) listed: Permitted<Prompt>,
}

impl Prompts {
    pub(super) fn collect(
        catalog: &Catalog,
        sources: &[Source<'_>],
        limits: &SnapshotLimits,
        withheld: &mut Withheld,
    ) -> Self {
        let mut by_name: HashMap<Box<str>, Arc<CatalogPrompt>> = HashMap::new();
        let mut order = Vec::new();
        for source in sources {
            for offered in &source.offer.prompts {
                let name = match listed_name(Item::Prompt, source.prefix, &offered.prompt.name) {
                    Ok(name) if by_name.contains_key(&name) => {
                        Err(CatalogError::Duplicate { item: Item::Prompt, name })
                    }
                    named => named,
                };
                let name = match name {
                    Ok(name) => name,
                    Err(error) => {
                        withheld.push(source.place, error);
                        continue;
                    }
                };
                let rules = catalog.scope_rules.of_prompt(source.backend, &name);
                let policy = Policy::of(offered.handler.0.access(), rules);
                order.push((Prompt { name: name.to_string(), ..offered.prompt.clone() }, policy.clone()));
                let prompt = CatalogPrompt {
                    name: name.clone(),
                    arguments: offered.prompt.arguments.clone(),
                    handler: offered.handler.clone(),
                    completer: offered.completer.clone(),
                    policy,
                };
                by_name.insert(name, Arc::new(prompt));
            }
        }
        Self { by_name, listed: Permitted::new(order, limits) }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<CatalogPrompt>> {
        self.by_name.get(name)
    }
}
