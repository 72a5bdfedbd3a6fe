//! URI templates of resources (RFC 6570): which URIs a template stands for, and with which values.
//!
//! [`UriTemplate::matches`] is the inverse that the RFC leaves open. A URI matches if it is the expansion of some values,
//! compared after percent-decoding: `{id}` also takes characters that an expansion would have encoded, as in `user@host`,
//! because clients and people write URIs by hand. A value is decoded text: `..%2F..` becomes `../..`, which
//! [`UriTemplate::check`] refuses. What follows symbolic links is for whoever opens a file to decide.
//!
//! No URI is normalised: scheme, host and dot segments are compared as they are written.

mod contained;
mod error;
mod expand;
mod matching;
mod overlap;
mod parse;
mod part;
mod symbol;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::str::FromStr;

use part::{Part, Variable};

pub use contained::{ValueError, ValueFault};
pub use error::TemplateError;
pub use symbol::first_illegal;
pub use values::{Value, Variables};

/// The longest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 2_048;
/// How many expressions (`{…}`) a template may have.
pub const EXPRESSIONS_MAX: usize = 32;
/// How many variables a template may have in all of its expressions, repetitions included.
pub const VARIABLES_MAX: usize = 64;
/// The longest URI that is compared with a template, in bytes. A longer one matches nothing.
pub const URI_BYTES_MAX: usize = 8_192;

/// A URI template, up to level 4 of RFC 6570.
///
/// ```
/// use outboard_protocol::uri_template::UriTemplate;
///
/// let template = UriTemplate::parse("notes://{user}/search{?text,limit}")?;
/// let variables = template.matches("notes://ada/search?limit=5&text=to%20do").unwrap();
/// assert_eq!(variables.text("user"), Some("ada"));
/// assert_eq!(variables.text("text"), Some("to do"));
/// assert_eq!(template.expand(&variables), "notes://ada/search?text=to%20do&limit=5");
/// # Ok::<(), outboard_protocol::uri_template::TemplateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UriTemplate {
    source: String,
    parts: Vec<Part>,
}

impl UriTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Where the text breaks the grammar of RFC 6570, section 2, or one of the bounds of this module.
    pub fn parse(template: &str) -> Result<Self, TemplateError> {
        Ok(Self { source: template.to_owned(), parts: parse::parts(template)? })
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The values with which this template stands for `uri`, percent-decoded; `None` if there are none.
    ///
    /// Where several readings are possible, every expression from left to right takes what it can and its values are as
    /// short as the rest allows; the values of `{;…}`, `{?…}` and `{&…}`, which end at a separator anyway, are as long as
    /// possible.
    ///
    /// - `{var}`, `{.var}` and `{/var}` never hold a bare `/`, `?` or `#`; `{+var}` and `{#var}` hold anything.
    /// - `{var}` and `{+var}` may be empty, and are then the empty text. An expression that begins with a character of its
    ///   own may be absent, and then sets nothing.
    /// - Members of `{;…}`, `{?…}` and `{&…}` come in any order, each at most once unless exploded, or not at all; an empty
    ///   one with or without its `=`. A member that the template does not name does not match.
    /// - `{var:3}` takes at most three characters. `{var*}` gives a list; in `{?var*}` it is every member of that name.
    /// - A variable that stands in several places has the same value in all, or is absent in all, or nothing matches.
    ///
    /// Only one reading is tried for the last rule and for members given twice. The work grows with the length of the URI
    /// times the length of the template, whatever they contain. A URI of more than [`URI_BYTES_MAX`] bytes, with a character
    /// that no URI has ([`first_illegal`]), or with percent-encoding that is broken or not UTF-8, matches nothing.
    pub fn matches(&self, uri: &str) -> Option<Variables> {
        matching::variables(&self.parts, uri)
    }

    /// Whether `uri` is one of those that this template stands for.
    pub fn overlaps_uri(&self, uri: &str) -> bool {
        self.matches(uri).is_some()
    }

    /// The URI for these values (RFC 6570, section 3). A variable without a value is left out.
    pub fn expand(&self, variables: &Variables) -> String {
        expand::uri(&self.parts, variables)
    }

    /// Whether one URI could match both templates.
    ///
    /// Exact where both use only `{var}`, each name once. Elsewhere it may be true for templates that share no URI; it is
    /// never false for two that do.
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap::possible(&self.parts, &other.parts)
    }

    /// The names of the variables in the order of their first appearance, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for name in self.all_variables().map(|variable| variable.name.as_str()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How many characters stand outside of expressions: of several templates that match, the one with most of them is the
    /// most specific.
    pub fn literal_len(&self) -> usize {
        let lengths = self.parts.iter().map(|part| match part {
            Part::Literal(literal) => literal.symbols.len(),
            Part::Expression(_) => 0,
        });
        lengths.sum()
    }

    fn all_variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().flat_map(Part::variables)
    }
}

impl PartialEq for UriTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for UriTemplate {}

impl fmt::Display for UriTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl FromStr for UriTemplate {
    type Err = TemplateError;

    fn from_str(template: &str) -> Result<Self, Self::Err> {
        Self::parse(template)
    }
}
