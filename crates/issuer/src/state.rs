//! Everything that this server remembers. It is behind one lock, so that each change is whole.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::client::Client;
use crate::config::{Bounds, TestUser};
use crate::scopes::Scopes;
use crate::secret::Digest;
use crate::store::{Bounded, Rate};

/// Names a grant: the digest of the code that it came from.
pub(crate) type GrantId = Digest;

/// The memory of one issuer. Codes, tokens and session ids are kept as digests only.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) registrations: Rate,
    pub(crate) clients: Bounded<String, Arc<Client>>,
    pub(crate) documents: Bounded<String, Arc<Client>>,
    /// Where somebody has signed in. Apart from the others, which anybody can open, so that those never drive out these.
    pub(crate) signed_in: Sessions,
    pub(crate) anonymous: Sessions,
    pub(crate) codes: Bounded<Digest, Code>,
    pub(crate) grants: Bounded<GrantId, Arc<Authorization>>,
    pub(crate) access_tokens: Bounded<Digest, Access>,
    pub(crate) refresh_tokens: Bounded<Digest, Refresh>,
}

/// The sessions of one kind, and the requests that wait in them.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) open: Bounded<Digest, Session>,
    /// By the digest of the value that names each in its form.
    pub(crate) pending: Bounded<Digest, Pending>,
}

/// A browser: anonymous until somebody signs in.
#[derive(Debug)]
pub(crate) struct Session {
    /// What a form of this session's pages carries.
    pub(crate) csrf: String,
    pub(crate) user: Option<Arc<TestUser>>,
    /// The latest consents; the oldest goes first.
    pub(crate) consents: Vec<Consent>,
}

/// What a user has approved in this session.
#[derive(Debug)]
pub(crate) struct Consent {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) resource: String,
    pub(crate) scopes: Scopes,
}

/// An authorization request that waits for its user.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) session: Digest,
    pub(crate) request: AuthorizationRequest,
}

/// An authorization request of which nothing is wrong.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizationRequest {
    /// The query that it came as, by which a browser is led to it again.
    pub(crate) query: String,
    pub(crate) client: Arc<Client>,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    /// The S256 challenge: 43 characters of base64url.
    pub(crate) challenge: String,
    pub(crate) resource: String,
    pub(crate) scopes: Scopes,
}

/// What somebody has been allowed: for whom, through which client, where, and what.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) subject: String,
    /// The user's own claims.
    pub(crate) claims: Map<String, Value>,
    pub(crate) client_id: String,
    pub(crate) resource: String,
    pub(crate) scopes: Scopes,
}

/// Where a token comes from, so that it ends with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// A grant of a user.
    Grant(GrantId),
    /// The client itself.
    Client,
}

/// A code, and what became of it.
#[derive(Debug)]
pub(crate) enum Code {
    /// Nobody has presented it.
    Fresh(Box<FreshCode>),
    /// It was presented. If it gave a grant, that one ends when the code comes again.
    Spent,
}

#[derive(Debug)]
pub(crate) struct FreshCode {
    pub(crate) ends: Duration,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) authorization: Arc<Authorization>,
    pub(crate) refresh: Refreshing,
}

/// Whether a grant comes with refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refreshing {
    Yes,
    No,
}

/// An access token that was given out.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) origin: Origin,
    pub(crate) client_id: String,
    pub(crate) claims: Map<String, Value>,
}

/// A refresh token that was given out.
#[derive(Debug)]
pub(crate) struct Refresh {
    pub(crate) grant: GrantId,
    /// When the grant ends, which a rotation does not change.
    pub(crate) ends: Duration,
    pub(crate) client_id: String,
    pub(crate) use_: Use,
}

/// Whether a refresh token was replaced by its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Current,
    Rotated,
}

impl State {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self {
            registrations: Rate::new(bounds.registrations_per_minute),
            clients: Bounded::new(bounds.clients_max),
            documents: Bounded::new(bounds.documents_max),
            signed_in: Sessions::new(bounds),
            anonymous: Sessions::new(bounds),
            codes: Bounded::new(bounds.codes_max),
            grants: Bounded::new(bounds.tokens_max),
            access_tokens: Bounded::new(bounds.tokens_max),
            refresh_tokens: Bounded::new(bounds.tokens_max),
        }
    }

    /// The sessions of the kind that one with this user is of.
    pub(crate) fn sessions_with(&mut self, user: Option<&Arc<TestUser>>) -> &mut Sessions {
        if user.is_some() { &mut self.signed_in } else { &mut self.anonymous }
    }

    pub(crate) fn session(&self, now: Duration, key: &Digest) -> Option<&Session> {
        self.signed_in.open.get(now, key).or_else(|| self.anonymous.open.get(now, key))
    }

    pub(crate) fn session_mut(&mut self, now: Duration, key: &Digest) -> Option<&mut Session> {
        self.signed_in.open.get_mut(now, key).or_else(|| self.anonymous.open.get_mut(now, key))
    }
}

impl Sessions {
    fn new(bounds: &Bounds) -> Self {
        Self { open: Bounded::new(bounds.sessions_max), pending: Bounded::new(bounds.sessions_max) }
    }
}
