//! What can go wrong when keys are fetched, sorted by who has to mend it.

use outboard_fetch::{FetchError, TargetError};
use thiserror::Error;

/// Why the keys of an issuer could not be fetched. Its text names hosts: it is for the operator, never for a caller.
#[derive(Debug, Error)]
pub enum KeysFault {
    // The config: it leads to a place that may not be asked.
    /// A URL that may not be asked.
    #[error("{host} may not be asked: {cause}")]
    Target {
        /// The host, as far as there is one.
        host: Box<str>,
        /// Why not.
        cause: TargetError,
    },

    // The network, or an issuer that is down.
    /// There is no answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The answer is not 200.
    #[error("{host} answered {status}")]
    Status {
        /// Host and port.
        host: Box<str>,
        /// What was answered.
        status: http::StatusCode,
    },

    // The issuer: it answers, but not with what can be used.
    /// Its metadata cannot be read (RFC 8414 §3.2).
    #[error("the metadata at {host} cannot be read")]
    Metadata {
        /// Host and port.
        host: Box<str>,
    },
    /// Its metadata is that of another issuer (RFC 8414 §3.3).
    #[error("the metadata at {host} is that of another issuer")]
    OtherIssuer {
        /// Host and port.
        host: Box<str>,
    },
    /// Its metadata says that its keys are where they may not be.
    #[error("the keys are said to be at {host}, which is not the issuer's own host: allow it if they really are")]
    OtherHost {
        /// Host and port.
        host: Box<str>,
    },
    /// Its metadata says that its keys are at a URL without TLS.
    #[error("the keys are said to be at {host} without https")]
    NotHttps {
        /// Host and port.
        host: Box<str>,
    },
    /// Its keys cannot be read (RFC 7517 §5).
    #[error("the keys at {host} cannot be read: {fault}")]
    Keys {
        /// Host and port.
        host: Box<str>,
        /// What is wrong.
        fault: &'static str,
    },
    /// It has no key that can be used.
    #[error("there is no usable key at {host}")]
    Empty {
        /// Host and port.
        host: Box<str>,
    },
}

impl KeysFault {
    /// Whether the issuer was asked and had an answer that is to be believed, so that a key which is not in it is none.
    pub(crate) const fn is_answer(&self) -> bool {
        matches!(self, Self::Empty { .. })
    }

    /// Whether the issuer, asked for its metadata, said what must not be adopted, instead of nothing.
    pub(crate) const fn is_contradiction(&self) -> bool {
        matches!(self, Self::OtherIssuer { .. } | Self::OtherHost { .. } | Self::NotHttps { .. } | Self::Target { .. })
    }

    /// Whether another URL of the same issuer could have what is asked for: this one answered, but has it not.
    pub(crate) const fn is_elsewhere(&self) -> bool {
        match self {
            Self::Fetch(error) => matches!(error, FetchError::Redirect { .. } | FetchError::BodyTooLarge { .. }),
            Self::Status { .. } | Self::Metadata { .. } | Self::OtherIssuer { .. } => true,
            Self::Target { .. }
            | Self::OtherHost { .. }
            | Self::NotHttps { .. }
            | Self::Keys { .. }
            | Self::Empty { .. } => false,
        }
    }

    /// Whether this says more than another of what is wrong, when one issuer was asked at several URLs.
    pub(crate) fn is_nearer_than(&self, other: &Self) -> bool {
        self.nearness() >= other.nearness()
    }

    const fn nearness(&self) -> u8 {
        match self {
            Self::Status { .. } => 0,
            Self::Fetch(_) => 1,
            Self::Metadata { .. } => 2,
            Self::OtherIssuer { .. }
            | Self::OtherHost { .. }
            | Self::NotHttps { .. }
            | Self::Target { .. }
            | Self::Keys { .. }
            | Self::Empty { .. } => 3,
        }
    }
}
