//! The catalog at one time: what calls are answered from.

use std::sync::Arc;

use outboard_identity::ScopeSet;
use outboard_protocol::Method;

use super::prompts::Prompts;
use super::resources::Resources;
use super::source::{Withheld, offers_of, sources};
use super::tools::Tools;
use super::{Catalog, CatalogError, describe};
use crate::access::Listing;
use crate::notify::Change;
use crate::outcome::Description;
use crate::schema::SchemaLimits;

/// Bounds on what is in a catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotLimits {
    pub(crate) schema: SchemaLimits,
    pub(crate) page_items_max: usize,
    pub(crate) listing: Listing,
}

/// The catalog at one time. Rebuilt as a whole when a provider's offer changes.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) tools: Tools,
    pub(crate) prompts: Prompts,
    pub(crate) resources: Resources,
    pub(crate) description: Arc<Description>,
    /// What is withheld because several providers have it.
    pub(crate) conflicts: Vec<CatalogError>,
}

/// How much a server offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tools.
    pub tools: usize,
    /// Resources that are listed.
    pub resources: usize,
    /// Templates of resources.
    pub templates: usize,
    /// Prompts.
    pub prompts: usize,
}

impl Snapshot {
    /// Takes the catalog as it is now. What cannot be offered is left out and returned beside.
    pub(crate) fn take(catalog: &Catalog, limits: &SnapshotLimits) -> (Self, Withheld) {
        let offers = offers_of(catalog);
        let sources = sources(catalog, &offers);
        let mut withheld = Withheld::default();
        if let Some(number) = catalog.scope_rules.first_without_arguments() {
            withheld.native.push(CatalogError::ScopeRule { number });
        }
        let tools = Tools::collect(catalog, &sources, limits, &mut withheld);
        let prompts = Prompts::collect(catalog, &sources, limits, &mut withheld);
        let resources = Resources::collect(catalog, &sources, limits, &mut withheld);
        let conflicts = withheld.provided.iter().filter(|error| error.is_conflict()).cloned().collect();
        let description = Arc::new(describe::describe(catalog, &sources));
        (Self { tools, prompts, resources, description, conflicts }, withheld)
    }

    /// Which lists another one has that are not the same as here.
    pub(crate) fn changes_to(&self, after: &Self) -> impl Iterator<Item = Change> {
        let resources_are_same = self.resources.listed.all().is_same(after.resources.listed.all())
            && self.resources.listed_templates.all().is_same(after.resources.listed_templates.all());
        let lists = [
            (self.tools.listed.all().is_same(after.tools.listed.all()), Change::Tools),
            (self.prompts.listed.all().is_same(after.prompts.listed.all()), Change::Prompts),
            (resources_are_same, Change::Resources),
        ];
        lists.into_iter().filter_map(|(is_same, change)| (!is_same).then_some(change))
    }

    /// The scopes that anything listed names, but for those that depend on arguments.
    pub(crate) fn scopes(&self) -> ScopeSet {
        let resources = self.resources.listed.named.union(&self.resources.listed_templates.named);
        self.tools.listed.named.union(&self.prompts.listed.named).union(&resources)
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            tools: self.tools.listed.all().len(),
            resources: self.resources.listed.all().len(),
            templates: self.resources.listed_templates.all().len(),
            prompts: self.prompts.listed.all().len(),
        }
    }

    /// Whether the server declares the feature that a method belongs to.
    pub(crate) fn serves(&self, method: &Method) -> bool {
        let declared = &self.description.capabilities;
        match method {
            Method::ToolsList | Method::ToolsCall => declared.tools.is_some(),
            Method::ResourcesList | Method::ResourceTemplatesList | Method::ResourcesRead => {
                declared.resources.is_some()
            }
            Method::PromptsList | Method::PromptsGet => declared.prompts.is_some(),
            Method::Complete => declared.completions.is_some(),
            _ => true,
        }
    }
}
