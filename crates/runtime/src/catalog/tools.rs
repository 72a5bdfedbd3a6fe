//! The tools of a catalog, by name.

use std::collections::HashMap;
use std::sync::Arc;

use outboard_protocol::headers::HeaderParameters;
use outboard_protocol::types::Tool;

use super::Catalog;
use super::error::{CatalogError, Item};
use super::names::listed_name;
use super::permitted::Permitted;
use super::snapshot::SnapshotLimits;
use super::source::{Source, Withheld};
use crate::access::Policy;
use crate::provider::{OfferedTool, SharedHandler};
use crate::schema::Schema;

/// A tool of the catalog, ready to be called.
#[derive(Debug)]
pub(crate) struct CatalogTool {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Schema,
    /// What its structured content has to fit; `None` where it promises nothing.
    pub(crate) output: Option<Schema>,
    /// Whether it is written in this program: its faults are ours.
    pub(crate) is_native: bool,
    /// The arguments that headers repeat; `None` where there are none.
    pub(crate) header_parameters: Option<Arc<HeaderParameters>>,
    /// What is required of who calls it; `None` where nothing is.
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) handler: SharedHandler,
}

/// All tools.
#[derive(Debug)]
pub(crate) struct Tools {
    by_name: HashMap<Box<str>, Arc<CatalogTool>>,
    pub(crate) listed: Permitted<Tool>,
}

impl Tools {
    pub(super) fn collect(
        catalog: &Catalog,
        sources: &[Source<'_>],
        limits: &SnapshotLimits,
        withheld: &mut Withheld,
    ) -> Self {
        let (mut by_name, mut order) = (HashMap::new(), Vec::new());
        for source in sources {
            for offered in &source.offer.tools {
                match prepare(source, offered, limits, &by_name) {
                    Ok(mut tool) => {
                        let rules = catalog.scope_rules.of_tool(source.backend, &tool.name);
                        tool.policy = Policy::of(offered.handler.0.access(), rules);
                        let listed = Tool { name: tool.name.to_string(), ..offered.tool.clone() };
                        order.push((listed, tool.policy.clone()));
                        by_name.insert(tool.name.clone(), Arc::new(tool));
                    }
                    Err(error) => withheld.push(source.place, error),
                }
            }
        }
        Self { by_name, listed: Permitted::new(order, limits) }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<CatalogTool>> {
        self.by_name.get(name)
    }

    /// As they are listed.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Tool> {
        self.listed.all().all()
    }
}

fn prepare(
    source: &Source<'_>,
    offered: &OfferedTool,
    limits: &SnapshotLimits,
    taken: &HashMap<Box<str>, Arc<CatalogTool>>,
) -> Result<CatalogTool, CatalogError> {
    let OfferedTool { tool, handler } = offered;
    let name = listed_name(Item::Tool, source.prefix, &tool.name)?;
    if taken.contains_key(&name) {
        return Err(CatalogError::Duplicate { item: Item::Tool, name });
    }
    let is_native = source.place.is_none();
    // A server behind us checks its arguments itself; a native tool has no other check.
    let compile = if is_native { Schema::of_arguments } else { Schema::of_arguments_leniently };
    let arguments = compile(&tool.input_schema, &limits.schema)
        .map_err(|error| CatalogError::Schema { name: name.clone(), error })?;
    let output = match tool.output_schema.as_ref().map(|schema| Schema::of_output(schema, &limits.schema)) {
        None => None,
        Some(Ok(schema)) => Some(schema),
        Some(Err(error)) if is_native => return Err(CatalogError::OutputSchema { name, error }),
        // It is for the clients of that server to make something of it.
        Some(Err(_)) => None,
    };
    let parameters = HeaderParameters::read(&tool.input_schema)
        .map_err(|error| CatalogError::Annotation { name: name.clone(), error })?;
    let header_parameters = (!parameters.is_empty()).then(|| Arc::new(parameters));
    Ok(CatalogTool { name, arguments, output, is_native, header_parameters, policy: None, handler: handler.clone() })
}
