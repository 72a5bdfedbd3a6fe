//! Why an issuer is not built, and why it has no new key.

use url::Url;

/// Why an [`crate::Issuer`] is not built: each is a mistake in the configuration, but the last.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// Tokens of this server are worth nothing, so it is not reachable from anywhere else.
    #[error("{issuer} is not a plain http URL of a loopback address: the development issuer serves nobody else")]
    NotLoopback {
        /// The issuer URL as configured.
        issuer: Url,
    },
    /// A query, a fragment, credentials, or a path that is not plain segments.
    #[error("{issuer} is not an issuer: it has a query, a fragment, credentials or an odd path")]
    NotAnIssuer {
        /// The issuer URL as configured.
        issuer: Url,
    },
    /// There is nothing to issue tokens for.
    #[error("no resource is configured")]
    NoResource,
    /// Not an absolute URI without a fragment (RFC 8707 §2).
    #[error("{resource:?} is not a resource: it takes an absolute http or https URL without a fragment")]
    NotAResource {
        /// The text as configured.
        resource: String,
    },
    /// Not a word that a `scope` parameter can carry (RFC 6749 §3.3).
    #[error("{scope:?} is not a scope")]
    NotAScope {
        /// The text as configured.
        scope: String,
    },
    /// Nobody could sign in.
    #[error("no test user is configured")]
    NoUser,
    /// Two test users have one name or one subject, or one has none.
    #[error("the test user {name:?} has no name or subject of its own")]
    NotAUser {
        /// The user's name.
        name: String,
    },
    /// A claim that the issuer writes itself.
    #[error("the claim {claim:?} of test user {name:?} is written by the issuer")]
    ReservedClaim {
        /// The user's name.
        name: String,
        /// The claim.
        claim: String,
    },
    /// The user that is to approve everything is not one of the test users.
    #[error("{name:?} cannot approve: there is no such test user")]
    UnknownUser {
        /// The name as configured.
        name: String,
    },
    /// Two clients with one id, an empty id, or one that looks like a metadata document's URL.
    #[error("{id:?} is not an id of its own for a client")]
    NotAClientId {
        /// The id as configured.
        id: String,
    },
    /// `client_credentials` is for clients that can keep a secret.
    #[error("the client {id:?} uses client_credentials and has no secret")]
    NoSecret {
        /// The client's id.
        id: String,
    },
    /// Neither a loopback `http` URI nor one of `allow_redirect`.
    #[error("{uri:?} is not a redirect URI that the client {id:?} may have")]
    NotARedirectUri {
        /// The client's id.
        id: String,
        /// The text as configured.
        uri: String,
    },
    /// No client could have it, whatever the configuration allows.
    #[error(
        "{uri:?} cannot be allowed as a redirect URI: it takes an https URL without credentials and fragment; \
         those of this machine need no leave"
    )]
    NotAllowable {
        /// The text as configured.
        uri: String,
    },
    /// Not an origin as browsers send it.
    #[error("{origin:?} is not an origin: write scheme and host, with the port if it is not the usual one")]
    NotAnOrigin {
        /// The text as configured.
        origin: String,
    },
    /// The first signing key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What goes wrong with signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The crypto library could not make one.
    #[error("the crypto library made no signing key")]
    Generation,
    /// The crypto library could not sign with the one it made.
    #[error("the crypto library did not sign")]
    Signing,
}
