//! How much a schema is with its references followed, as the library that compiles it follows them: by its own resolver,
//! so that no way of writing a reference (encoded, by `$id`, by anchor) is one thing in here and another one there.

use std::collections::HashMap;
use std::sync::Arc;

use referencing::{Draft, Registry, Resolver, Uri};
use serde_json::Value;

use super::keywords::{Applies, Parts};
use crate::schema::{SchemaError, SchemaLimits};

/// The base of a schema that has no `$id`, as in the library.
const BASE: &str = "json-schema:///";

/// How deep the guard itself follows a schema, whatever it applies to: it must not overflow the stack either.
const WALK_LEVELS_MAX: usize = 512;

/// The longest reference that an error repeats, in characters.
const TOLD_CHARS_MAX: usize = 100;

/// Checks that each reference leads somewhere, and what following them comes to.
pub(super) fn check(schema: &Value, limits: &SchemaLimits) -> Result<(), SchemaError> {
    let draft = Draft::default().detect(schema);
    let resource = draft.create_resource_ref(schema);
    let base = resource.id().unwrap_or(BASE);
    let registry = Registry::new().draft(draft).add(base, resource).and_then(|schemas| schemas.prepare());
    // A schema that is not in it is brought in from nowhere: nothing is ever fetched.
    let registry = registry.map_err(|error| SchemaError::Invalid { reason: cut(&error.to_string()) })?;
    let base = referencing::uri::from_str(base).map_err(|_| unresolved(base))?;
    let at = At { schema, resolver: registry.resolver(base), draft };
    let mut guard = Guard { base: at.resolver.base_uri(), limits, applied: HashMap::new(), expanded: HashMap::new() };
    guard.apply(&at, 1)?;
    guard.expand(&at, 1)?;
    Ok(())
}

/// A schema, and from where its references lead.
struct At<'r> {
    schema: &'r Value,
    resolver: Resolver<'r>,
    draft: Draft,
}

/// What tells one place from another: the same schema may be reached under several bases.
type Place = (*const Value, Arc<Uri<String>>);

impl<'r> At<'r> {
    fn place(&self) -> Place {
        (std::ptr::from_ref(self.schema), self.resolver.base_uri())
    }

    fn part(&self, schema: &'r Value) -> Result<Self, SchemaError> {
        let draft = self.draft.detect(schema);
        let resource = draft.create_resource_ref(schema);
        let resolver = self.resolver.in_subresource(resource);
        let resolver = resolver.map_err(|_| unresolved(resource.id().unwrap_or_default()))?;
        Ok(Self { schema, resolver, draft })
    }
}

/// What applies to one value.
#[derive(Clone, Copy, Debug)]
struct Applied {
    nodes: usize,
    levels: usize,
}

struct Guard<'a> {
    /// Of the whole schema.
    base: Arc<Uri<String>>,
    limits: &'a SchemaLimits,
    /// What applies together with the target of a reference; `None` while it is being found out.
    applied: HashMap<Place, Option<Applied>>,
    /// Nodes below a target; one that is still being counted stands as 0, so that a loop ends.
    expanded: HashMap<Place, usize>,
}

impl Guard<'_> {
    /// All that applies to a value together with this schema: each level of it takes stack, and each node time, whenever a
    /// value is checked. It ends, because a reference that leads back to where it stands is refused.
    fn apply(&mut self, at: &At<'_>, level: usize) -> Result<Applied, SchemaError> {
        if level > self.limits.levels_max {
            return Err(SchemaError::TooManyLevels { limit: self.limits.levels_max });
        }
        let parts = Parts::of(at.schema);
        let mut applied = Applied { nodes: parts.nodes, levels: 1 };
        for (_, schema) in parts.schemas.iter().filter(|(applies, _)| *applies == Applies::Here) {
            let part = self.apply(&at.part(schema)?, level + 1)?;
            self.add(&mut applied, part)?;
        }
        for (keyword, reference) in parts.references {
            if let Some(target) = self.target(at, keyword, reference)? {
                let part = self.apply_target(&target, reference, level + 1)?;
                self.add(&mut applied, part)?;
            }
        }
        Ok(applied)
    }

    fn apply_target(&mut self, at: &At<'_>, reference: &str, level: usize) -> Result<Applied, SchemaError> {
        match self.applied.get(&at.place()) {
            Some(Some(applied)) => return Ok(*applied),
            Some(None) => return Err(SchemaError::Endless { reference: cut(reference) }),
            None => {}
        }
        self.applied.insert(at.place(), None);
        let applied = self.apply(at, level)?;
        self.applied.insert(at.place(), Some(applied));
        Ok(applied)
    }

    fn add(&self, applied: &mut Applied, part: Applied) -> Result<(), SchemaError> {
        applied.nodes = self.sum(applied.nodes, part.nodes)?;
        applied.levels = applied.levels.max(part.levels + 1);
        if applied.levels > self.limits.levels_max {
            return Err(SchemaError::TooManyLevels { limit: self.limits.levels_max });
        }
        Ok(())
    }

    /// The nodes of a schema with all references in it followed, whatever they apply to; each target once.
    fn expand(&mut self, at: &At<'_>, level: usize) -> Result<usize, SchemaError> {
        if level > WALK_LEVELS_MAX {
            return Err(SchemaError::TooManyLevels { limit: WALK_LEVELS_MAX });
        }
        let parts = Parts::of(at.schema);
        let mut nodes = self.sum(parts.nodes, 0)?;
        for (applies, schema) in parts.schemas {
            let part = at.part(schema)?;
            if applies != Applies::Here {
                self.apply(&part, 1)?;
            }
            let more = self.expand(&part, level + 1)?;
            nodes = self.sum(nodes, more)?;
        }
        for (keyword, reference) in parts.references {
            if let Some(target) = self.target(at, keyword, reference)? {
                let more = self.expand_target(&target, level + 1)?;
                nodes = self.sum(nodes, more)?;
            }
        }
        Ok(nodes)
    }

    fn expand_target(&mut self, at: &At<'_>, level: usize) -> Result<usize, SchemaError> {
        if let Some(nodes) = self.expanded.get(&at.place()) {
            return Ok(*nodes);
        }
        self.expanded.insert(at.place(), 0);
        let nodes = self.expand(at, level)?;
        self.expanded.insert(at.place(), nodes);
        Ok(nodes)
    }

    fn sum(&self, nodes: usize, more: usize) -> Result<usize, SchemaError> {
        let limit = self.limits.expanded_nodes_max;
        nodes.checked_add(more).filter(|sum| *sum <= limit).ok_or(SchemaError::TooComplex { limit })
    }

    /// Where a reference leads; `None` for the empty one, which the library passes over.
    fn target<'r>(&self, at: &At<'r>, keyword: &str, reference: &str) -> Result<Option<At<'r>>, SchemaError> {
        if reference.is_empty() {
            return Ok(None);
        }
        let found = at.resolver.lookup(reference).map_err(|_| unresolved(reference))?;
        let (schema, resolver, draft) = found.into_inner();
        // Where the dynamic ones lead depends on the way there, but within one resource there is only one end.
        let is_of_one = at.resolver.base_uri() == self.base && resolver.base_uri() == self.base;
        if keyword != "$ref" && !is_of_one {
            return Err(unresolved(reference));
        }
        Ok(Some(At { schema, resolver, draft }))
    }
}

fn unresolved(reference: &str) -> SchemaError {
    SchemaError::Unresolved { reference: cut(reference) }
}

fn cut(text: &str) -> Box<str> {
    text.chars().take(TOLD_CHARS_MAX).collect::<String>().into()
}
