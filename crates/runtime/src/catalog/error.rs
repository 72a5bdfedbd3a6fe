//! Why something cannot be in a catalog.

use std::fmt;

use outboard_protocol::headers::AnnotationError;
use outboard_protocol::uri_template::{TemplateError, URI_BYTES_MAX};
use thiserror::Error;

use super::names::NAME_BYTES_MAX;
use crate::schema::SchemaError;

/// Why something cannot be in a catalog. Names are those of the catalog, with their prefix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CatalogError {
    /// The name is empty, too long, or has characters that names do not have.
    #[error("the name '{name}' of a {item} is not 1 to {NAME_BYTES_MAX} {}", item.characters())]
    Name {
        /// What it names.
        item: Item,
        /// The name.
        name: Box<str>,
    },
    /// Two have one name.
    #[error("there are two {item}s '{name}': give a backend a prefix, or rename one")]
    Duplicate {
        /// What it names.
        item: Item,
        /// The name.
        name: Box<str>,
    },
    /// The schema of the arguments cannot be used.
    #[error("the tool '{name}' cannot be offered: {error}")]
    Schema {
        /// The tool.
        name: Box<str>,
        /// What is wrong with it.
        error: SchemaError,
    },
    /// The schema of the structured content cannot be used.
    #[error("the tool '{name}' cannot be offered: of its output {error}")]
    OutputSchema {
        /// The tool.
        name: Box<str>,
        /// What is wrong with it.
        error: SchemaError,
    },
    /// One of the `x-mcp-header` annotations in the schema breaks their rules (2026-07-28 Streamable HTTP: *Schema
    /// Extension*). Clients would leave the tool out.
    #[error("the tool '{name}' cannot be offered: {error}")]
    Annotation {
        /// The tool.
        name: Box<str>,
        /// What is wrong with it.
        error: AnnotationError,
    },
    /// What shall be a URI is empty, too long, or has characters that no text on a line has.
    #[error("the resource '{uri}' cannot be offered: a URI is 1 to {URI_BYTES_MAX} bytes without control characters")]
    Uri {
        /// Its beginning.
        uri: Box<str>,
    },
    /// What shall be a template of URIs is none (RFC 6570).
    #[error("the template '{template}' cannot be offered: {error}")]
    Template {
        /// Its beginning.
        template: Box<str>,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// One provider offers the same resource, or the same template, twice.
    #[error("there are two {item}s '{uri}' of {whose}: the first is taken")]
    Repeated {
        /// What it is.
        item: Item,
        /// The URI or the template.
        uri: Box<str>,
        /// Whose they are.
        whose: Whose,
    },
    /// Two offer the same resource, or templates of the same resources, and nobody said whose is taken.
    #[error(
        "the {item} '{uri}' of {second} is also the {first_item} '{first_uri}' of {first}: {}",
        Fix { first, second }
    )]
    Conflict {
        /// What is withheld.
        item: Item,
        /// Its URI or template.
        uri: Box<str>,
        /// What is taken.
        first_item: Item,
        /// Its URI or template.
        first_uri: Box<str>,
        /// Whose is taken.
        first: Whose,
        /// Whose is withheld.
        second: Whose,
    },
    /// A resource decides by arguments which scopes it requires, and has none.
    #[error("the {item} '{uri}' cannot be offered: its scopes cannot depend on arguments, because it has none")]
    ScopesForNothing {
        /// What it is.
        item: Item,
        /// Its URI or template; `*` for what reads resources that are not listed.
        uri: Box<str>,
    },
    /// A rule for scopes wants an argument of what may be a resource, and resources have none.
    #[error(
        "the scope rule {number} names an argument, and governs resources, which have none: have it govern tools or prompts"
    )]
    ScopeRule {
        /// Its place in the list of rules, counted from one.
        number: usize,
    },
}

impl CatalogError {
    /// Whether it is a conflict of two that offer the same resource: for who wrote the config to decide.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

/// What stands in a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource.
    Resource,
    /// A template of resources.
    Template,
}

impl Item {
    const fn characters(self) -> &'static str {
        match self {
            Self::Tool => "characters of A-Z a-z 0-9 _ - .",
            Self::Prompt | Self::Resource | Self::Template => "bytes without control characters",
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "template",
        })
    }
}

/// Who offers something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The program itself.
    Native,
    /// The provider of this name.
    Provider(Box<str>),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("the program itself"),
            Self::Provider(name) => write!(f, "'{name}'"),
        }
    }
}

/// What to write into the config.
struct Fix<'a> {
    first: &'a Whose,
    second: &'a Whose,
}

impl fmt::Display for Fix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            Whose::Native => write!(f, "name {} in resource_order, and the program's own is taken", self.second),
            Whose::Provider(_) => {
                write!(f, "name {} and {} in resource_order, first the one whose is taken", self.first, self.second)
            }
        }
    }
}
