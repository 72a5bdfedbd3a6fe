//! Scopes of RFC 6749 §3.3, alone and as sets.

use std::{collections::BTreeSet, error::Error, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

/// One scope, such as `files:read`: printable ASCII without space, `"` and `\` (RFC 6749 §3.3, `scope-token`).
///
/// Scopes are compared byte by byte; nothing is read into their spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Box<str>);

/// A set of scopes, in the order of their bytes, each once.
///
/// Its text form is that of RFC 6749 §3.3: scopes with one space between them. The empty set has no text form that
/// would parse; it is [`ScopeSet::default`].
///
/// ```
/// use outboard_identity::ScopeSet;
///
/// let set: ScopeSet = "files:write files:read files:write".parse()?;
/// assert_eq!(set.to_string(), "files:read files:write");
/// # Ok::<(), outboard_identity::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeSet(BTreeSet<Scope>);

/// A text that is not a scope or a set of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeError {
    /// A scope of no characters: the whole text is empty, or a space is first, last or doubled.
    Empty {
        /// Where the scope would have to begin, in bytes from the start of the text.
        at: usize,
    },
    /// A character that no scope may have.
    ForbiddenCharacter {
        /// The character.
        found: char,
        /// Where it is, in bytes from the start of the text.
        at: usize,
    },
}

impl Scope {
    /// The scope as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses `token`, which stands `offset` bytes into the text that errors speak of.
    fn parse_at(token: &str, offset: usize) -> Result<Self, ScopeError> {
        if token.is_empty() {
            return Err(ScopeError::Empty { at: offset });
        }
        match token.char_indices().find(|(_, c)| !is_scope_character(*c)) {
            Some((position, found)) => Err(ScopeError::ForbiddenCharacter { found, at: offset + position }),
            None => Ok(Self(token.into())),
        }
    }
}

impl ScopeSet {
    /// The scopes in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether the set has `scope`.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Whether the set has no scope.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes of both sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The scopes that the other set has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse_at(text, 0)
    }
}

impl FromStr for ScopeSet {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut offset = 0;
        let mut scopes = BTreeSet::new();
        for token in text.split(' ') {
            scopes.insert(Scope::parse_at(token, offset)?);
            offset += token.len() + 1;
        }
        Ok(Self(scopes))
    }
}

impl Extend<Scope> for ScopeSet {
    fn extend<I: IntoIterator<Item = Scope>>(&mut self, scopes: I) {
        self.0.extend(scopes);
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            scope.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { at } => write!(f, "empty scope at byte {at}"),
            Self::ForbiddenCharacter { found, at } => {
                write!(f, "{found:?} at byte {at} cannot stand in a scope")
            }
        }
    }
}

impl Error for ScopeError {}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

/// Reads a string by [`FromStr`], so that what comes from a config file is parsed like everything else.
struct FromText<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err = ScopeError>> de::Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes with one space between them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

fn is_scope_character(c: char) -> bool {
    matches!(c, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')
}
