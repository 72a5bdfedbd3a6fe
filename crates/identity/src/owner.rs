//! The two keys under which things are kept for a caller: [`Owner`] and [`SubjectKey`].

use std::sync::Arc;

/// The party at an issuer, whatever client it comes through: budgets, children and audit go by it.
///
/// Equal for two clients of one user, so that a second client does not double what the user may spend.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectKey {
    issuer: Arc<str>,
    subject: Arc<str>,
}

/// The party at an issuer through one client: sessions, state, cursors, streams and parked calls belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    subject_key: SubjectKey,
    client_id: Arc<str>,
}

impl SubjectKey {
    pub(crate) fn new(issuer: &str, subject: &str) -> Self {
        Self { issuer: issuer.into(), subject: subject.into() }
    }

    /// The issuer that vouches for the subject (`iss` of RFC 7519 §4.1.1).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject, unique at its issuer only (`sub` of RFC 7519 §4.1.2).
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the bytes to feed to a digest; no two keys, and no key and [`Owner`], have the same.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        length_prefixed(&[&self.issuer, &self.subject])
    }
}

impl Owner {
    pub(crate) fn new(subject_key: SubjectKey, client_id: &str) -> Self {
        Self { subject_key, client_id: client_id.into() }
    }

    /// The same party, whatever client it comes through.
    #[must_use]
    pub fn subject_key(&self) -> &SubjectKey {
        &self.subject_key
    }

    /// The client that acts for the subject (`client_id` of RFC 8693 §4.3).
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the bytes to feed to a digest; no two owners, and no owner and [`SubjectKey`], have the same.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        length_prefixed(&[&self.subject_key.issuer, &self.subject_key.subject, &self.client_id])
    }
}

/// The number of parts, then each part behind its length: so that `("ab", "c")` and `("a", "bc")` differ.
fn length_prefixed(parts: &[&str]) -> Vec<u8> {
    let length = |n: usize| u64::try_from(n).expect("a usize has at most 64 bits").to_be_bytes();
    let mut bytes = Vec::with_capacity(8 + parts.iter().map(|part| 8 + part.len()).sum::<usize>());
    bytes.extend_from_slice(&length(parts.len()));
    for part in parts {
        bytes.extend_from_slice(&length(part.len()));
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    fn owner(issuer: &str, subject: &str, client_id: &str) -> Owner {
        Owner::new(SubjectKey::new(issuer, subject), client_id)
    }

    #[test]
    fn owners_that_join_to_the_same_text_stay_apart() {
        let owners = [
            owner("ab", "c", "d"),
            owner("a", "bc", "d"),
            owner("a", "b", "cd"),
            owner("abcd", "", ""),
            owner("", "abcd", ""),
            owner("", "", "abcd"),
            owner("a\0", "b", "cd"),
            owner("a", "\0b", "cd"),
        ];
        let bytes: HashSet<_> = owners.iter().map(Owner::to_bytes).collect();
        let keys: BTreeSet<_> = owners.iter().collect();
        assert_eq!(bytes.len(), owners.len());
        assert_eq!(keys.len(), owners.len());
    }

    #[test]
    fn a_subject_key_is_never_an_owner_without_client() {
        let owner = owner("i", "s", "");
        assert_ne!(owner.to_bytes(), owner.subject_key().to_bytes());
    }

    #[test]
    fn the_bytes_are_the_documented_ones() {
        let bytes = SubjectKey::new("i", "su").to_bytes();
        assert_eq!(bytes, b"\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x01i\0\0\0\0\0\0\0\x02su");
    }

    #[test]
    fn two_clients_of_one_subject_share_its_key_and_nothing_else() {
        let (one, other) = (owner("i", "s", "one"), owner("i", "s", "other"));
        assert_ne!(one, other);
        assert_ne!(one.to_bytes(), other.to_bytes());
        assert_eq!(one.subject_key(), other.subject_key());
        assert_eq!((one.subject_key().issuer(), one.subject_key().subject(), one.client_id()), ("i", "s", "one"));
    }
}
