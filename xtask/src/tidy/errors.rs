//! Error enums: no variant is a bare string, because a caller cannot decide anything from one.
//!
//! A reading of the text, not of the syntax tree: it knows how rustfmt lays an enum out.

use super::{Violation, tree::Tree};

/// What counts as a bare string when it is all that a variant holds. A `&'static str` does not: it is one of a few words that
/// the code has chosen.
const STRINGS: [&str; 4] = ["String", "Box<str>", "Cow<'static, str>", "Arc<str>"];

/// No enum that derives `Error` has a variant that is a bare string.
pub(super) fn no_bare_strings(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        let mut state = State::Outside;
        for (number, line) in file.numbered().take(file.lines_of_code()) {
            let bare = bare_variant(line);
            state = state.after(line);
            if let (State::Variants, Some(variant)) = (&state, bare) {
                let message =
                    format!("the error variant {variant} is a bare string: give it fields that a caller can match");
                violations.push(Violation::at(&*file.path, number, message));
            }
        }
    }
    violations
}

/// Where in a file the reader is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Outside,
    /// Behind `derive(…Error…)`, in front of the item.
    Derived,
    /// Within the enum, whose closing brace stands as far in as its `enum` does.
    Variants,
}

impl State {
    fn after(self, line: &str) -> Self {
        let text = line.trim();
        match self {
            Self::Outside if derives_error(text) => Self::Derived,
            Self::Derived if is_item(text, "enum") => Self::Variants,
            Self::Derived if is_item(text, "struct") => Self::Outside,
            Self::Variants if text == "}" && !is_deep(line) => Self::Outside,
            other => other,
        }
    }
}

fn derives_error(text: &str) -> bool {
    let Some(list) = text.strip_prefix("#[derive(").and_then(|rest| rest.split(')').next()) else { return false };
    list.split(',').any(|name| matches!(name.trim(), "Error" | "thiserror::Error"))
}

fn is_item(text: &str, keyword: &str) -> bool {
    !text.starts_with("#[") && !text.starts_with("//") && text.split_whitespace().any(|word| word == keyword)
}

/// Whether a line stands as far in as the fields of a variant do.
fn is_deep(line: &str) -> bool {
    line.starts_with("    ")
}

/// The name of a variant that holds one string and nothing else.
fn bare_variant(line: &str) -> Option<&str> {
    let (name, rest) = line.trim().split_once('(')?;
    let is_name = name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric);
    let fields = rest.trim_end_matches(',').strip_suffix(')')?;
    (is_name && STRINGS.contains(&fields.trim())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{super::tree::example::*, *};

    #[test]
    fn bare_string_in_an_error_enum_is_refused() {
        let text = "\
//! Errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file.
    #[error(\"cannot open {path}\")]
    Open {
        path: String,
    },
    #[error(\"other: {0}\")]
    Other(String),
    #[error(\"io\")]
    Io(#[from] io::Error),
    #[error(\"member {0}\")]
    Member(&'static str),
}

#[derive(Debug, Error)]
struct Plain(String);

#[derive(Debug)]
enum Message {
    Text(String),
}
";
        let expected = ["a.rs:11: the error variant Other is a bare string: give it fields that a caller can match"];
        assert_eq!(shown(&no_bare_strings(&files([("a.rs", text)]))), expected);
    }
}
