//! Every way in which a request is refused for its token, sorted by whose fault it is.

use std::time::Duration;

use thiserror::Error;

/// Why a request is not let through. The answer to the client says no more than the kind; the reason is for the log.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The client brought no token.
    #[error("no bearer token")]
    NoToken,
    /// The client brought something else than exactly one token in the `Authorization` header.
    #[error(transparent)]
    Malformed(#[from] MalformedRequest),
    /// The client's token is not good.
    #[error(transparent)]
    Invalid(#[from] InvalidToken),
    /// Whether the token is good cannot be found out now: its issuer does not answer.
    #[error("the issuer {issuer} cannot be asked now")]
    Unavailable {
        /// The issuer, as the config names it.
        issuer: Box<str>,
        /// When to try again.
        retry_after: Duration,
    },
}

/// What is wrong with how a token was brought (RFC 6750 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MalformedRequest {
    /// There are several `Authorization` headers.
    #[error("the Authorization header stands more than once")]
    Repeated,
    /// What follows `Bearer` is not one token (RFC 6750 §2.1, `b64token`).
    #[error("the Authorization header does not hold exactly one token")]
    NotOneToken,
    /// A token is in the header and in the URL.
    #[error("there is a token in the header and another in the URL")]
    Twice,
}

/// Why a token is not good. The client is told none of this; `doctor token` and the log are.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidToken {
    /// It is longer than is looked at.
    #[error("the token is longer than {bytes_max} bytes")]
    TooLong {
        /// The bound.
        bytes_max: usize,
    },
    /// It is no JWT in the compact form, spelled as RFC 7515 has it.
    #[error("the token is not a signed JWT in compact form: {fault}")]
    NotCompact {
        /// What is wrong.
        fault: &'static str,
    },
    /// It is encrypted.
    #[error("the token is encrypted (JWE)")]
    Encrypted,
    /// Its header is not one that can be accepted.
    #[error("the header of the token cannot be accepted: {fault}")]
    Header {
        /// What is wrong.
        fault: &'static str,
    },
    /// It is signed by an algorithm that is not accepted of this issuer.
    #[error("the algorithm of the token is not one that is accepted of its issuer")]
    Algorithm,
    /// Its `typ` is not one of an access token of this issuer.
    #[error("the typ of the token is not that of an access token of its issuer")]
    Type,
    /// No key of the issuer has its `kid`, or there is no `kid` and several keys.
    #[error("no key of the issuer goes with the kid of the token")]
    UnknownKey,
    /// No key verifies it.
    #[error("the signature of the token is not one of its issuer")]
    Signature,
    /// Its claims cannot be read.
    #[error("the claims of the token cannot be read: {fault}")]
    Claims {
        /// What is wrong.
        fault: &'static str,
    },
    /// Nobody whose tokens are accepted issued it.
    #[error("the issuer of the token is not one whose tokens are accepted")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the token is not meant for this resource")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// It was issued in the future.
    #[error("the token was issued in the future")]
    IssuedAhead,
    /// It lives longer than is accepted.
    #[error("the token lives longer than is accepted")]
    Lifetime,
    /// A claim that it needs is missing or has another form than it must.
    #[error("the claim {claim} of the token is missing or has the wrong form")]
    Claim {
        /// Which.
        claim: Box<str>,
    },
    /// It is bound to a key or certificate of the client and was brought as if it were not (RFC 9449 §7.1, RFC 8705 §3).
    #[error("the token is bound to its client (cnf) and was sent as a plain bearer token")]
    Bound,
    /// Its issuer says that it is not good, or no longer.
    #[error("the issuer says that the token is not active")]
    Inactive,
    /// It is no API key that the config has.
    #[error("the token is of no known form, and no API key")]
    Unknown,
}
