//! What is wrong with what the operator wrote: where, what, why and how to fix it, for people and for programs.
//!
//! It does not find mistakes; whoever finds one adds it to a report here. It prints nothing itself.

mod code;
mod machine;
mod text;

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

pub(crate) use code::{Code, Severity};
pub(crate) use text::Style;

/// One mistake, or one warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// Which kind of mistake; stable between versions.
    pub(crate) code: Code,
    /// Where it was written.
    pub(crate) place: Place,
    /// What is wrong, in one line.
    pub(crate) what: String,
    /// Why that is not accepted, where it is not plain from `what`.
    pub(crate) why: Option<String>,
    /// What to write or to do instead.
    pub(crate) fix: String,
}

/// Where a value comes from. A layer that wins over another is greater; in the file, what comes later is greater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: the built-in default, or the surroundings as a whole.
    Default,
    /// These bytes of the configuration file.
    File(Range<usize>),
    /// An environment variable, by name.
    Variable(&'static str),
    /// A flag of the command line, as it is typed.
    Flag(&'static str),
}

impl Place {
    fn order(&self) -> (u8, usize, usize, &str) {
        match self {
            Self::Default => (0, 0, 0, ""),
            Self::File(span) => (1, span.start, span.end, ""),
            Self::Variable(name) => (2, 0, 0, name),
            Self::Flag(name) => (3, 0, 0, name),
        }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A line and a column, both counted from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The line.
    pub(crate) line: usize,
    /// The character in the line.
    pub(crate) column: usize,
}

/// All mistakes and warnings about one configuration, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Diagnostics {
    source: Option<Source>,
    items: Vec<Diagnostic>,
}

/// The file as it may be shown: secrets in it are already masked, every character at its old place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    name: String,
    text: String,
}

impl Diagnostics {
    /// Makes an empty report about a file. `text` is shown in excerpts: it must not hold secrets.
    #[must_use]
    pub(crate) fn about(name: impl Into<String>, text: impl Into<String>) -> Self {
        let source = Source { name: name.into(), text: text.into() };
        Self { source: Some(source), items: Vec::new() }
    }

    /// Adds one; the report keeps itself in the order of the places.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        let at = self.items.partition_point(|known| known.place <= diagnostic.place);
        self.items.insert(at, diagnostic);
    }

    /// Whether one of them is an error and not only a warning.
    #[must_use]
    pub(crate) fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.code.severity() == Severity::Error)
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The single ones, in the order of the places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }

    /// The name of the file, if there is one.
    #[must_use]
    pub(crate) fn file(&self) -> Option<&str> {
        self.source.as_ref().map(|source| source.name.as_str())
    }

    /// Where a diagnostic begins and ends in the file, if it points into the file.
    #[must_use]
    pub(crate) fn position(&self, diagnostic: &Diagnostic) -> Option<(Position, Position)> {
        let (source, span) = self.excerpt(diagnostic)?;
        Some((position(&source.text, span.start), position(&source.text, span.end)))
    }

    /// Renders all of them for people, with an excerpt of the file and a caret. Ends with a line feed if there is any.
    #[must_use]
    pub(crate) fn to_text(&self, style: Style) -> String {
        text::render(self, style)
    }

    /// Renders one JSON object per line: `severity`, `code`, `file`, `line`, `column`, `end_line`, `end_column`,
    /// `variable`, `flag`, `meaning` of the code, `what`, `why`, `fix`; what does not apply is `null`.
    #[must_use]
    pub(crate) fn to_json_lines(&self) -> String {
        machine::json_lines(self)
    }

    /// Renders the workflow commands that GitHub Actions turns into annotations of a pull request.
    #[must_use]
    pub(crate) fn to_github(&self) -> String {
        machine::github(self)
    }

    /// The file and the bytes to point at, cut to what the file has.
    fn excerpt(&self, diagnostic: &Diagnostic) -> Option<(&Source, Range<usize>)> {
        let source = self.source.as_ref()?;
        let Place::File(span) = &diagnostic.place else { return None };
        let start = source.text.floor_char_boundary(span.start);
        let end = source.text.ceil_char_boundary(span.end).max(start);
        Some((source, start..end))
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_text(Style::Plain).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |line_feed| line_feed + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).map_or(0, |part| part.chars().count()) + 1;
    Position { line, column }
}
