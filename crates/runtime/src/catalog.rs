//! All that can be called, as one list: native tools, and what providers offer under their prefixes.

use std::collections::HashMap;
use std::sync::Arc;

use outboard_protocol::encode::ToolList;
use outboard_protocol::headers::{AnnotationError, HeaderParameters};
use outboard_protocol::types::{
    CacheScope, CachingHints, Implementation, ListCapability, ListToolsResult, ServerCapabilities, Tool,
};
use serde_json::Value;
use thiserror::Error;

use crate::native::NativeTool;
use crate::outcome::Description;
use crate::provider::{Handler, OfferedTool, Provider};
use crate::schema::{ArgumentSchema, SchemaError, SchemaLimits};

/// The longest name of a tool, prefix included (specification: *Tool Names*).
pub(crate) const NAME_BYTES_MAX: usize = 128;

/// How long a list may be kept, in milliseconds. Short, because clients are not yet told of changes.
const LIST_TTL_MS: u64 = 60_000;

/// What a server offers, in the order in which it is listed.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) server: Implementation,
    pub(crate) instructions: Option<String>,
    pub(crate) native: Vec<OfferedTool>,
    pub(crate) mounted: Vec<Mounted>,
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

/// Why a tool cannot be in a catalog.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CatalogError {
    /// The name is empty, too long, or has characters that names do not have.
    #[error("the tool name '{name}' is not 1 to 128 characters of A-Z a-z 0-9 _ - .")]
    Name {
        /// The name, with its prefix.
        name: Box<str>,
    },
    /// Two tools have one name.
    #[error("there are two tools '{name}': give a backend a prefix, or rename one")]
    Duplicate {
        /// The name, with its prefix.
        name: Box<str>,
    },
    /// The schema of the arguments cannot be used.
    #[error("the tool '{name}' cannot be offered: {error}")]
    Schema {
        /// The name, with its prefix.
        name: Box<str>,
        /// What is wrong with it.
        error: SchemaError,
    },
    /// One of the `x-mcp-header` annotations in the schema breaks their rules (2026-07-28 Streamable HTTP: *Schema
    /// Extension*). Clients would leave the tool out.
    #[error("the tool '{name}' cannot be offered: {error}")]
    Annotation {
        /// The name, with its prefix.
        name: Box<str>,
        /// What is wrong with it.
        error: AnnotationError,
    },
}

impl Catalog {
    /// An empty catalog of a server with this name and version.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { server: Implementation::new(name, version), instructions: None, native: Vec::new(), mounted: Vec::new() }
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

    /// Adds a native tool: a function with [`#[tool]`](macro@crate::tool), or a [`DynamicTool`](crate::DynamicTool).
    #[must_use]
    pub fn tool(mut self, tool: impl NativeTool) -> Self {
        self.native.push(tool.offered());
        self
    }

    /// Adds all tools of a provider under their own names.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.mounted.push(Mounted { provider, prefix: None });
        self
    }

    /// Adds all tools of a provider under the names `prefix_name`.
    #[must_use]
    pub fn provider_with_prefix(mut self, prefix: &str, provider: Arc<dyn Provider>) -> Self {
        self.mounted.push(Mounted { provider, prefix: Some(prefix.into()) });
        self
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

/// A tool of the catalog, ready to be called.
pub(crate) struct CatalogTool {
    pub(crate) tool: Tool,
    pub(crate) arguments: ArgumentSchema,
    /// The arguments that headers repeat; `None` where there are none.
    pub(crate) header_parameters: Option<Arc<HeaderParameters>>,
    pub(crate) handler: Arc<dyn Handler>,
}

impl std::fmt::Debug for CatalogTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CatalogTool").field(&self.tool.name).finish()
    }
}

/// The catalog at one time: what calls are answered from. Rebuilt as a whole when a provider's offer changes.
#[derive(Debug)]
pub(crate) struct Snapshot {
    by_name: HashMap<Box<str>, Arc<CatalogTool>>,
    pub(crate) list: ToolList,
    pub(crate) description: Arc<Description>,
}

impl Snapshot {
    /// Takes the catalog as it is now. What cannot be offered is left out and returned beside.
    pub(crate) fn take(catalog: &Catalog, limits: &SchemaLimits) -> (Self, Withheld) {
        let mut building = Building {
            limits,
            compile: ArgumentSchema::compile,
            by_name: HashMap::new(),
            order: Vec::new(),
            withheld: Vec::new(),
        };
        for offered in &catalog.native {
            building.add(None, offered);
        }
        let native = std::mem::take(&mut building.withheld);
        // A server behind us checks its arguments itself; a native tool has no other check.
        building.compile = ArgumentSchema::compile_leniently;
        for mounted in &catalog.mounted {
            let offer = mounted.provider.offers().borrow().clone();
            for offered in &offer.tools {
                building.add(mounted.prefix.as_deref(), offered);
            }
        }
        let hints = CachingHints { ttl_ms: LIST_TTL_MS, cache_scope: CacheScope::Public };
        let description = Arc::new(Description {
            capabilities: ServerCapabilities { tools: Some(ListCapability::default()) },
            instructions: catalog.instructions.clone(),
            hints,
        });
        let list = ToolList::new(ListToolsResult { tools: building.order, next_cursor: None }, hints);
        let withheld = Withheld { native, provided: building.withheld };
        (Self { by_name: building.by_name, list, description }, withheld)
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<CatalogTool>> {
        self.by_name.get(name)
    }
}

/// The faults of tools that are not offered, by whose they are.
pub(crate) struct Withheld {
    /// Of those who wrote the program.
    pub(crate) native: Vec<CatalogError>,
    /// Of servers behind us.
    pub(crate) provided: Vec<CatalogError>,
}

struct Building<'a> {
    limits: &'a SchemaLimits,
    compile: fn(&Value, &SchemaLimits) -> Result<ArgumentSchema, SchemaError>,
    by_name: HashMap<Box<str>, Arc<CatalogTool>>,
    order: Vec<Tool>,
    withheld: Vec<CatalogError>,
}

impl Building<'_> {
    fn add(&mut self, prefix: Option<&str>, offered: &OfferedTool) {
        if let Err(error) = self.try_add(prefix, offered) {
            self.withheld.push(error);
        }
    }

    fn try_add(&mut self, prefix: Option<&str>, offered: &OfferedTool) -> Result<(), CatalogError> {
        let own = &offered.tool.name;
        let name: Box<str> = prefix.map_or_else(|| own.as_str().into(), |prefix| format!("{prefix}_{own}").into());
        if own.is_empty() || !is_tool_name(&name) {
            return Err(CatalogError::Name { name });
        }
        if self.by_name.contains_key(&name) {
            return Err(CatalogError::Duplicate { name });
        }
        let arguments = (self.compile)(&offered.tool.input_schema, self.limits)
            .map_err(|error| CatalogError::Schema { name: name.clone(), error })?;
        let parameters = HeaderParameters::read(&offered.tool.input_schema)
            .map_err(|error| CatalogError::Annotation { name: name.clone(), error })?;
        let header_parameters = (!parameters.is_empty()).then(|| Arc::new(parameters));
        let tool = Tool { name: name.to_string(), ..offered.tool.clone() };
        self.order.push(tool.clone());
        let tool = CatalogTool { tool, arguments, header_parameters, handler: Arc::clone(&offered.handler) };
        self.by_name.insert(name, Arc::new(tool));
        Ok(())
    }
}

fn is_tool_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
