//! What a token says about its subject beside who it is, as far as the config asks for it.

use std::collections::BTreeMap;

/// The claims of a [`Principal`](crate::Principal) that were asked for, by their names (RFC 7519 §4).
///
/// Who makes them bounds them; here they are plain values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<Box<str>, Claim>);

/// The value of a claim. What has no such form, an object above all, cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A text.
    Text(Box<str>),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Bool(bool),
    /// Several texts, such as groups.
    Texts(Box<[Box<str>]>),
}

impl Claims {
    /// The claim of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Claim> {
        self.0.get(name)
    }

    /// All claims, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Claim)> {
        self.0.iter().map(|(name, claim)| (&**name, claim))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Box<str>, Claim)> for Claims {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Claim)>>(claims: I) -> Self {
        Self(claims.into_iter().collect())
    }
}
