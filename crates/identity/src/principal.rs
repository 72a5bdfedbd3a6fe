//! The authenticated party, [`Principal`], and what it was granted.

use std::{sync::Arc, time::SystemTime};

use crate::{
    claims::Claims,
    owner::{Owner, SubjectKey},
    requirement::{Denied, Requirement},
    scope::ScopeSet,
};

/// A party that has been authenticated; to hold one is the proof.
///
/// It is made in named ways only, one per kind of proof, and it never carries the credential that proved it.
/// Cloning is cheap.
///
/// ```
/// use outboard_identity::Principal;
///
/// let principal = Principal::local();
/// assert_eq!(principal.clone(), principal);
/// assert_eq!(principal.owner().subject_key(), principal.subject_key());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    parts: Arc<Parts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    owner: Owner,
    granted: GrantedScopes,
    claims: Claims,
    valid_until: Option<SystemTime>,
}

/// The scopes that a [`Principal`] was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantedScopes {
    /// Every scope there is: nobody stands between this party and the server who could have granted less.
    All,
    /// These and no other.
    Only(ScopeSet),
}

impl Principal {
    /// The person at the machine: the caller over stdio, and over loopback when no authentication is configured.
    ///
    /// Every local caller is the same party. It is granted [all scopes](GrantedScopes::All).
    #[must_use]
    pub fn local() -> Self {
        Self::new(LOCAL_ISSUER, "local", "", GrantedScopes::All)
    }

    /// The holder of an API key that the config has under this name.
    #[must_use]
    pub fn api_key(name: &str, granted: GrantedScopes) -> Self {
        Self::new(API_KEY_ISSUER, name, "", granted)
    }

    /// The party that a verified token speaks of: who calls this has checked its signature or asked its issuer, and its
    /// issuer, audience and times.
    ///
    /// `issuer` and `subject` are its `iss` and `sub` (RFC 7519 §4.1), `client_id` is the client that it was issued to
    /// (RFC 9068 §2.2), and `granted` what it grants, for a token `GrantedScopes::Only(…)` as a rule. The token itself is
    /// no part of it.
    ///
    /// ```
    /// use outboard_identity::{GrantedScopes, Principal};
    ///
    /// let granted = GrantedScopes::Only("files:read".parse()?);
    /// let alice = Principal::verified("https://issuer.example", "alice", "editor", granted);
    /// assert_eq!(alice.subject_key().subject(), "alice");
    /// # Ok::<(), outboard_identity::ScopeError>(())
    /// ```
    #[must_use]
    pub fn verified(issuer: &str, subject: &str, client_id: &str, granted: GrantedScopes) -> Self {
        Self::new(issuer, subject, client_id, granted)
    }

    fn new(issuer: &str, subject: &str, client_id: &str, granted: GrantedScopes) -> Self {
        let owner = Owner::new(SubjectKey::new(issuer, subject), client_id);
        Self { parts: Arc::new(Parts { owner, granted, claims: Claims::default(), valid_until: None }) }
    }

    /// The same party with what else is known of it.
    #[must_use]
    pub fn with_claims(mut self, claims: Claims) -> Self {
        Arc::make_mut(&mut self.parts).claims = claims;
        self
    }

    /// The same party, whose proof is good until then: what stays open for it ends at that time.
    #[must_use]
    pub fn with_valid_until(mut self, time: SystemTime) -> Self {
        Arc::make_mut(&mut self.parts).valid_until = Some(time);
        self
    }

    /// Issuer, subject and client: to whom sessions, state, cursors, streams and parked calls belong.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.parts.owner
    }

    /// Issuer and subject: what budgets, children and audit go by.
    #[must_use]
    pub fn subject_key(&self) -> &SubjectKey {
        self.parts.owner.subject_key()
    }

    /// What the party was granted.
    #[must_use]
    pub fn granted(&self) -> &GrantedScopes {
        &self.parts.granted
    }

    /// What else is known of the party, as far as the config asks for it.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.parts.claims
    }

    /// Until when the proof is good: the expiry of the token with the skew that is allowed. `None`: for ever.
    #[must_use]
    pub fn valid_until(&self) -> Option<SystemTime> {
        self.parts.valid_until
    }
}

impl GrantedScopes {
    /// Decides whether a call that needs `requirement` may go on.
    ///
    /// # Errors
    ///
    /// [`Denied`] when a required scope is absent; it names all that the call needs, not only the absent ones.
    pub fn satisfy(&self, requirement: &Requirement) -> Result<(), Denied> {
        match self {
            Self::All => Ok(()),
            Self::Only(held) => requirement.check(held),
        }
    }
}

/// A URN, so that no issuer of tokens can have it: theirs are https URLs (RFC 8414 §2).
const LOCAL_ISSUER: &str = "urn:outboard:local";

/// A URN, for the same reason.
const API_KEY_ISSUER: &str = "urn:outboard:api-key";
