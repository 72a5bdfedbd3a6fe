//! All that a server offers, as one list: what is native, and what providers offer under their prefixes.

mod describe;
mod error;
mod names;
mod pages;
mod permitted;
mod prompts;
mod resources;
mod snapshot;
mod source;
mod target;
mod tools;

use std::sync::Arc;

use outboard_protocol::types::Implementation;
use serde_json::{Map, Value};

use crate::access::{Listing, ScopeRule, ScopeRules};
use crate::native::{NativePrompt, NativeResource, NativeTool, ResourceOffer};
use crate::provider::{Offer, Provider};

pub use error::{CatalogError, Item, Whose};
pub(crate) use pages::CursorSeal;
pub(crate) use prompts::CatalogPrompt;
pub(crate) use resources::FoundCompleter;
pub use snapshot::Counts;
pub(crate) use snapshot::{Snapshot, SnapshotLimits};
pub(crate) use target::Target;
pub(crate) use tools::CatalogTool;

/// What a server offers, in the order in which it is listed.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) server: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) extensions: Map<String, Value>,
    pub(crate) experimental: Map<String, Value>,
    /// What is written in this program.
    pub(crate) native: Offer,
    pub(crate) mounted: Vec<Mounted>,
    /// Whose resource is taken where several providers have one, by their names.
    pub(crate) resource_order: Vec<Box<str>>,
    pub(crate) scope_rules: ScopeRules,
    pub(crate) listing: Listing,
}

/// A provider under its prefix.
pub(crate) struct Mounted {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) prefix: Option<Box<str>>,
}

impl std::fmt::Debug for Mounted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mounted").field("provider", &self.provider.name()).field("prefix", &self.prefix).finish()
    }
}

impl Catalog {
    /// An empty catalog of a server with this name and version.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            server: Implementation::new(name, version),
            instructions: None,
            extensions: Map::new(),
            experimental: Map::new(),
            native: Offer::default(),
            mounted: Vec::new(),
            resource_order: Vec::new(),
            scope_rules: ScopeRules::default(),
            listing: Listing::default(),
        }
    }

    /// Sets all that the server says about itself.
    #[must_use]
    pub fn server(self, server: Implementation) -> Self {
        Self { server, ..self }
    }

    /// Tells models how to use the server.
    #[must_use]
    pub fn instructions(self, instructions: impl Into<String>) -> Self {
        Self { instructions: Some(instructions.into()), ..self }
    }

    /// Declares an extension of the protocol (`vendor/name`), with its settings, an object.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>, settings: Value) -> Self {
        self.extensions.insert(name.into(), settings);
        self
    }

    /// Declares an experimental feature, with its settings, an object.
    #[must_use]
    pub fn experimental(mut self, name: impl Into<String>, settings: Value) -> Self {
        self.experimental.insert(name.into(), settings);
        self
    }

    /// Adds a native tool: a function with [`#[tool]`](macro@crate::tool), or a [`DynamicTool`](crate::DynamicTool).
    #[must_use]
    pub fn tool(mut self, tool: impl NativeTool) -> Self {
        self.native.tools.push(tool.offered());
        self
    }

    /// Adds a native prompt: a function with [`#[prompt]`](macro@crate::prompt), or a
    /// [`DynamicPrompt`](crate::DynamicPrompt).
    #[must_use]
    pub fn prompt(mut self, prompt: impl NativePrompt) -> Self {
        self.native.prompts.push(prompt.offered());
        self
    }

    /// Adds a native resource or template: a function with [`#[resource]`](macro@crate::resource), a
    /// [`DynamicResource`](crate::DynamicResource) or a [`DynamicTemplate`](crate::DynamicTemplate).
    #[must_use]
    pub fn resource(mut self, resource: impl NativeResource) -> Self {
        match resource.offered() {
            ResourceOffer::Resource(resource) => self.native.resources.push(resource),
            ResourceOffer::Template(template) => self.native.templates.push(template),
        }
        self
    }

    /// Adds all that a provider offers under its own names.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.mounted.push(Mounted { provider, prefix: None });
        self
    }

    /// Adds all that a provider offers, its tools and prompts under the names `prefix_name`. The URIs of resources stay as
    /// they are: a client may have them from elsewhere, and a tool may name them.
    #[must_use]
    pub fn provider_with_prefix(mut self, prefix: &str, provider: Arc<dyn Provider>) -> Self {
        self.mounted.push(Mounted { provider, prefix: Some(prefix.into()) });
        self
    }

    /// Says which provider's resource is taken where several have one: that of the one that stands first. Without it such a
    /// resource is withheld from all but the first in the catalog, and is [told](crate::Runtime::conflicts). The program's
    /// own resources go before those of every provider that is named here.
    #[must_use]
    pub fn resource_order(self, providers: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        Self { resource_order: providers.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets the rules that say which scopes which items require, beside what the items say of themselves.
    ///
    /// ```
    /// use outboard_runtime::{Catalog, Governed, RequirementTemplate, ScopeRule};
    ///
    /// let tenants = ScopeRule {
    ///     backend: Some("crm".parse()?),
    ///     governs: Governed::Tools("crm_*".parse()?),
    ///     requires: RequirementTemplate::all_of(["tenant:${args.tenant}".parse()?]),
    /// };
    /// let catalog = Catalog::new("gateway", "1.0.0").scope_rules(vec![tenants]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scope_rules(self, rules: Vec<ScopeRule>) -> Self {
        Self { scope_rules: ScopeRules(rules), ..self }
    }

    /// Sets what lists show. Default: [`Listing::Permitted`].
    #[must_use]
    pub fn listing(self, listing: Listing) -> Self {
        Self { listing, ..self }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.native.is_empty() && self.mounted.is_empty()
    }

    /// What the server says about itself.
    #[must_use]
    pub fn identity(&self) -> &Implementation {
        &self.server
    }
}
