//! Patterns of names and URIs, as the config writes them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::spelling::plain;

/// The longest pattern, in bytes.
const GLOB_BYTES_MAX: usize = 512;

/// A pattern of a whole name or URI: `*` stands for any run of characters, slashes and nothing included, `?` for any one
/// character, and everything else for itself. Neither can be written to stand for itself alone; `?` matches a `?` too.
///
/// A match takes at most as many steps as the text has characters times those of the pattern.
///
/// ```
/// use outboard_runtime::Glob;
///
/// let notes: Glob = "notes_*".parse()?;
/// assert!(notes.matches("notes_delete") && !notes.matches("my_notes_delete"));
/// # Ok::<(), outboard_runtime::GlobError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Box<str>);

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GlobError {
    /// It would match nothing that has a name.
    #[error("a pattern is not empty: '*' matches everything")]
    Empty,
    /// It is too long.
    #[error("a pattern has at most {GLOB_BYTES_MAX} bytes")]
    TooLong,
}

impl Glob {
    /// The pattern of everything.
    #[must_use]
    pub fn everything() -> Self {
        Self("*".into())
    }

    /// The pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pattern of URIs in plain form.
    pub(super) fn plain(&self) -> Self {
        Self(plain(&self.0).into())
    }

    /// Whether it matches the whole text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), text.chars());
        // Behind the last star, and where the text goes on if that takes one character more. No earlier star needs to be
        // tried again: what it took less, the last one can take more.
        let mut star = None;
        loop {
            let (mut next_pattern, mut next_rest) = (pattern.clone(), rest.clone());
            match (next_pattern.next(), next_rest.next()) {
                (Some('*'), _) => {
                    star = Some((next_pattern.clone(), rest.clone()));
                    pattern = next_pattern;
                    continue;
                }
                (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                    (pattern, rest) = (next_pattern, next_rest);
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            let Some((behind, from)) = &mut star else { return false };
            if from.next().is_none() {
                return false;
            }
            (pattern, rest) = (behind.clone(), from.clone());
        }
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        match text.len() {
            0 => Err(GlobError::Empty),
            1..=GLOB_BYTES_MAX => Ok(Self(text.into())),
            _ => Err(GlobError::TooLong),
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_of_a_text() {
        let cases = [
            ("a", "a", true),
            ("a", "A", false),
            ("a", "ab", false),
            ("a", "ba", false),
            ("a", "", false),
            ("?", "", false),
            ("?", "a", true),
            ("?", "ä", true),
            ("?", "?", true),
            ("?", "ab", false),
            ("*", "", true),
            ("*", "a/b", true),
            ("**", "x", true),
            ("a*", "a", true),
            ("a*", "ab/c", true),
            ("a*", "ba", false),
            ("*a", "bca", true),
            ("*a", "bac", false),
            ("*a*", "bac", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*ab", "aab", true),
            ("a?c*", "abcd", true),
            ("*?", "", false),
            ("file:///a/*", "file:///a/../b", true),
            ("[ab]", "a", false),
            ("[ab]", "[ab]", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(pattern.parse::<Glob>().unwrap().matches(text), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!("".parse::<Glob>(), Err(GlobError::Empty));
        assert!("a".repeat(GLOB_BYTES_MAX).parse::<Glob>().is_ok());
        assert_eq!("a".repeat(GLOB_BYTES_MAX + 1).parse::<Glob>(), Err(GlobError::TooLong));
    }

    /// The definition, as it is written down.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', behind)), None) => defined(behind, text),
            (Some(('*', behind)), Some((_, rest))) => defined(behind, text) || defined(pattern, rest),
            (Some((wanted, behind)), Some((found, rest))) if *wanted == '?' || wanted == found => defined(behind, rest),
            _ => false,
        }
    }

    /// All texts of at most this length.
    fn texts(characters: &[char], length_max: usize) -> Vec<Vec<char>> {
        let mut all = vec![Vec::new()];
        let mut longest = all.clone();
        for _ in 0..length_max {
            let longer = |text: &Vec<char>| characters.iter().map(|next| [&text[..], &[*next]].concat()).collect();
            longest = longest.iter().flat_map(|text| -> Vec<Vec<char>> { longer(text) }).collect();
            all.extend(longest.clone());
        }
        all
    }

    #[test]
    fn matching_is_as_defined() {
        let of = |text: &[char]| text.iter().collect::<String>();
        let texts_to_match = texts(&['a', 'b'], 5);
        for pattern in texts(&['a', 'b', '?', '*'], 4).iter().filter(|pattern| !pattern.is_empty()) {
            let glob: Glob = of(pattern).parse().unwrap();
            for text in &texts_to_match {
                assert_eq!(glob.matches(&of(text)), defined(pattern, text), "{glob} of {}", of(text));
            }
        }
    }

    #[test]
    fn no_pattern_is_slow() {
        let glob: Glob = "*a".repeat(GLOB_BYTES_MAX / 2).parse().unwrap();
        assert!(!glob.matches(&format!("{}b", "a".repeat(4_096))));
    }
}
