//! The catalog at one time: what calls are answered from.

use std::sync::Arc;

use outboard_protocol::Method;

use super::prompts::Prompts;
use super::resources::Resources;
use super::source::{Withheld, offers_of, sources};
use super::tools::Tools;
use super::{Catalog, CatalogError, describe};
use crate::notify::Change;
use crate::outcome::Description;
use crate::schema::SchemaLimits;

/// Bounds on what is in a catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotLimits {
    pub(crate) schema: SchemaLimits,
    pub(crate) page_items_max: usize,
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
        let tools = Tools::collect(&sources, limits, &mut withheld);
        let prompts = Prompts::collect(&sources, limits, &mut withheld);
        let resources = Resources::collect(catalog, &sources, limits, &mut withheld);
        let conflicts = withheld.provided.iter().filter(|error| error.is_conflict()).cloned().collect();
        let description = Arc::new(describe::describe(catalog, &sources));
        (Self { tools, prompts, resources, description, conflicts }, withheld)
    }

    /// Which lists another one has that are not the same as here.
    pub(crate) fn changes_to(&self, after: &Self) -> impl Iterator<Item = Change> {
        let resources_are_same = self.resources.listed.is_same(&after.resources.listed)
            && self.resources.listed_templates.is_same(&after.resources.listed_templates);
        let lists = [
            (self.tools.pages.is_same(&after.tools.pages), Change::Tools),
            (self.prompts.pages.is_same(&after.prompts.pages), Change::Prompts),
            (resources_are_same, Change::Resources),
        ];
        lists.into_iter().filter_map(|(is_same, change)| (!is_same).then_some(change))
    }

    pub(crate) const fn counts(&self) -> Counts {
        Counts {
            tools: self.tools.pages.len(),
            resources: self.resources.listed.len(),
            templates: self.resources.listed_templates.len(),
            prompts: self.prompts.pages.len(),
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
