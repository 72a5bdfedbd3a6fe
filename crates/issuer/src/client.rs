//! Clients: those of the configuration, those that registered, and those that are a document.

use std::fmt;

use crate::redirect::RedirectUri;
use crate::scopes::Scopes;
use crate::secret::{self, Digest};

/// A client of the configuration.
#[derive(Debug, Clone)]
pub struct StaticClient {
    /// Its `client_id`; not a URL.
    pub id: String,
    /// What the consent page calls it.
    pub name: String,
    /// Its secret; `None` for a public client.
    pub secret: Option<ClientSecret>,
    /// What it may do at the token endpoint.
    pub grants: Vec<GrantType>,
    /// Where its codes may go: URIs of this machine, or of `allow_redirect`.
    pub redirect_uris: Vec<String>,
    /// The scopes that it may ask for; `None` is every configured one.
    pub scopes: Option<Vec<String>>,
}

/// A secret of a client. Only its digest is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientSecret(Digest);

impl ClientSecret {
    /// Takes the secret as the client sends it.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret::digest(secret))
    }

    /// A secret that nobody has: no text has this digest.
    pub(crate) const NOBODYS: Self = Self([0; 32]);

    /// Makes one that nobody guesses: the secret itself, of 256 random bits, and what is kept of it.
    #[must_use]
    pub fn generate() -> (String, Self) {
        let secret = secret::random_token();
        let kept = Self::new(&secret);
        (secret, kept)
    }

    /// Whether `presented` is this secret, in constant time.
    pub(crate) fn is(&self, presented: &str) -> bool {
        secret::is_same(&self.0, &secret::digest(presented))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

/// The grants of this server (RFC 6749 §4.1, §6, §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// A code that a user approved.
    AuthorizationCode,
    /// A new access token for a grant that there is already.
    RefreshToken,
    /// A token for the client itself; confidential clients of the configuration only.
    ClientCredentials,
}

impl GrantType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials]
            .into_iter()
            .find(|grant| grant.as_str() == text)
    }
}

/// A client, wherever it came from.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) secret: Option<ClientSecret>,
    pub(crate) grants: Vec<GrantType>,
    pub(crate) redirects: Vec<RedirectUri>,
    /// The scopes that it may ask for.
    pub(crate) scopes: Scopes,
}

/// How a client is known, which decides how far it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// By the person who wrote the configuration.
    Static,
    /// By its own word.
    Registered,
    /// By a document at its id.
    Document,
}

impl Client {
    pub(crate) fn may(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    pub(crate) fn has_redirect(&self, presented: &str) -> bool {
        self.redirects.iter().any(|registered| registered.matches(presented))
    }
}
