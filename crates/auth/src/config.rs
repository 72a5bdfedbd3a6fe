//! What a resource server accepts, from whom, and its bounds, with their defaults and reasons.

use std::time::Duration;

use outboard_fetch::Reach;
use outboard_identity::{ScopeHierarchy, ScopeSet};
use url::Url;

use crate::api_key::ApiKey;
use crate::clock::Clock;
use crate::mapping::{ClaimPath, ClaimRules};
use crate::resource::{Audience, ResourceUri};

/// What a [`ResourceServer`](crate::ResourceServer) is built from.
#[derive(Clone, Debug)]
pub struct ResourceServerConfig {
    /// What is protected. Tokens must be meant for it (`aud`, RFC 8707 §2), and clients are told its name (RFC 9728 §2).
    pub resource: ResourceUri,
    /// Whose tokens are accepted. No two have the same name.
    pub issuers: Vec<IssuerConfig>,
    /// Keys that are accepted as bearer tokens.
    pub api_keys: Vec<ApiKey>,
    /// The scopes that a client should ask for first: what a challenge without token names. Empty: none is named.
    pub initial_scopes: ScopeSet,
    /// All scopes that there are, as clients are told (RFC 9728 §2, `scopes_supported`). Empty: not told.
    pub scopes_supported: ScopeSet,
    /// Which scopes stand for others.
    pub hierarchy: ScopeHierarchy,
    /// What a person is told the resource is called (RFC 9728 §2, `resource_name`).
    pub resource_name: Option<String>,
    /// Bounds and times.
    pub limits: AuthLimits,
    /// Tells the time by which claims are judged.
    pub clock: Clock,
}

/// An issuer whose tokens are accepted.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// Its name, compared character by character with `iss` and with its metadata (RFC 8414 §3.3, RFC 9068 §4).
    pub issuer: Box<str>,
    /// What its tokens are. It is written here and never guessed.
    pub tokens: TokenKind,
    /// What its tokens may name as their audience beside the resource itself. Default: nothing.
    pub audiences: Vec<Audience>,
    /// Where its tokens say who the subject is, through which client, and with which scopes.
    pub claims: ClaimRules,
    /// How far requests to it may reach. Default: the public internet.
    pub reach: Reach,
}

/// What the tokens of an issuer are.
#[derive(Clone, Debug)]
pub enum TokenKind {
    /// Signed JWTs, verified here by the issuer's keys (RFC 9068).
    Jwt(JwtRules),
    /// Texts that mean something to the issuer alone: it is asked about each.
    Opaque(IntrospectionRules),
}

/// How the JWTs of an issuer must be made.
#[derive(Clone, Debug)]
pub struct JwtRules {
    /// The algorithms that are accepted. Default: RS256, PS256, ES256 and `EdDSA`.
    pub algorithms: Vec<Algorithm>,
    /// The `typ` that is accepted, without regard to case and to a leading `application/`. Default: `at+jwt` (RFC 9068 §4).
    pub types: Vec<TokenType>,
    /// What else all of its access tokens have, and no other tokens of it. Default: nothing.
    ///
    /// Where this is empty, a token with another `typ` than `at+jwt` has to name its client, and an audience that is not the
    /// client: an ID token is meant for its client alone (`OpenID` Connect Core 1.0 §2).
    pub marks: Vec<AccessMark>,
    /// Claims that its ID tokens have and its access tokens have not: they are refused where the `typ` is another than
    /// `at+jwt`. Default: `nonce`, `at_hash`, `c_hash` and `s_hash` (`OpenID` Connect Core 1.0 §2, §3.3.2.11).
    pub id_token_claims: Vec<ClaimPath>,
    /// Where its keys are. Default: its metadata says.
    pub keys: KeySource,
    /// Hosts beside the issuer's own at which its metadata may say that its keys are. Default: none.
    pub jwks_hosts: Vec<Box<str>>,
}

/// A `typ` of the JOSE header (RFC 7515 §4.1.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// This one.
    Named(Box<str>),
    /// A header without `typ`.
    Absent,
}

/// Something that shows that a token is an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessMark {
    /// One of these claims is there.
    Present(Vec<ClaimPath>),
    /// This claim is this text.
    Text(ClaimPath, Box<str>),
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Where its metadata says, which is found by its name (RFC 8414 §3, `OpenID` Connect Discovery 1.0 §4).
    Discovered,
    /// Where the metadata at this URL says.
    Metadata(Url),
    /// At this URL (RFC 7517 §5).
    Jwks(Url),
}

/// An algorithm of signatures with a public key (RFC 7518 §3.1, RFC 8037 §3.1). There are no others here: with a shared
/// secret, whoever verifies could sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// `EdDSA` on Ed25519.
    EdDsa,
}

/// How an issuer is asked about its opaque tokens.
#[derive(Clone, Debug)]
pub struct IntrospectionRules {
    /// Where.
    pub endpoint: Url,
    /// In which way.
    pub form: IntrospectionForm,
    /// As whom we ask.
    pub credentials: Option<ClientCredentials>,
    /// How its tokens begin. Needed for all but one of several such issuers, so that no token is shown to an issuer that it
    /// is not of.
    pub token_prefix: Option<Box<str>>,
}

/// In which way an issuer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntrospectionForm {
    /// As RFC 7662 has it.
    Introspection,
    /// As Google has it (`tokeninfo`): no client authentication, no `active` and no `iss` in the answer, an error status for
    /// what is not valid.
    TokenInfo,
}

/// As whom we ask an issuer. `Debug` does not show the secret.
#[derive(Clone)]
pub struct ClientCredentials {
    /// Our client id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: zeroize::Zeroizing<String>,
}

/// Bounds and times of verification.
#[derive(Clone, Debug)]
pub struct AuthLimits {
    /// The longest token, in bytes. Default: 16 KiB.
    pub token_bytes_max: usize,
    /// How far clocks may differ. Default: 30 s.
    pub skew: Duration,
    /// How long a token may live (`exp` − `iat`). Default: 24 h.
    pub lifetime_max: Duration,
    /// How far in the future `iat` may be. Default: 5 min.
    pub issued_ahead_max: Duration,
    /// The longest `sub` and client id, in bytes. Default: 1 KiB.
    pub identifier_bytes_max: usize,
    /// How many verified tokens are remembered. Default: 10,000.
    pub cached_tokens_max: usize,
    /// How long a verified JWT is remembered, at most. Default: 60 s.
    pub cached_for: Duration,
    /// How long an issuer's word that a token is good is remembered, at most. Default: 30 s.
    pub introspected_for: Duration,
    /// How long its word that a token is not good is remembered. Default: 10 s.
    pub inactive_for: Duration,
    /// How many questions to one issuer may be open at a time. Default: 32.
    pub introspections_max: usize,
    /// How long an issuer may take to answer. Default: 2.5 s.
    pub issuer_timeout: Duration,
    /// The longest document of an issuer, in bytes. Default: 256 KiB.
    pub document_bytes_max: usize,
    /// How many keys of one issuer are used. Default: 64.
    pub keys_max: usize,
    /// How long keys are used before they are fetched again, where the issuer says nothing (`Cache-Control`). Default:
    /// 10 min.
    pub keys_fresh_for: Duration,
    /// The least and the most that an issuer can say. Default: 30 s and 24 h.
    pub keys_fresh_min: Duration,
    /// See [`keys_fresh_min`](Self::keys_fresh_min).
    pub keys_fresh_max: Duration,
    /// How long keys are used while they cannot be fetched again. Default: 24 h.
    pub keys_stale_max: Duration,
    /// How long after a fetch for a token with an unknown key another such token causes none; regular fetches are as far
    /// apart at least. An issuer that has no answer is asked again
    /// after this at the latest while there are no keys, at first after 1 s. Default: 30 s.
    pub keys_cool_down: Duration,
}

impl IssuerConfig {
    /// An issuer of JWTs that follows RFC 9068.
    #[must_use]
    pub fn jwt(issuer: impl Into<Box<str>>) -> Self {
        Self::new(issuer, TokenKind::Jwt(JwtRules::default()))
    }

    /// An issuer with tokens of this kind.
    #[must_use]
    pub fn new(issuer: impl Into<Box<str>>, tokens: TokenKind) -> Self {
        Self {
            issuer: issuer.into(),
            tokens,
            audiences: Vec::new(),
            claims: ClaimRules::default(),
            reach: Reach::PublicOnly,
        }
    }
}

impl ResourceServerConfig {
    /// A resource server that accepts nobody's token yet.
    #[must_use]
    pub fn new(resource: ResourceUri) -> Self {
        Self {
            resource,
            issuers: Vec::new(),
            api_keys: Vec::new(),
            initial_scopes: ScopeSet::default(),
            scopes_supported: ScopeSet::default(),
            hierarchy: ScopeHierarchy::default(),
            resource_name: None,
            limits: AuthLimits::default(),
            clock: Clock::default(),
        }
    }

    /// Accepts the tokens of this issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: IssuerConfig) -> Self {
        self.issuers.push(issuer);
        self
    }
}

impl Default for JwtRules {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa],
            types: vec![TokenType::Named("at+jwt".into())],
            marks: Vec::new(),
            id_token_claims: ["nonce", "at_hash", "c_hash", "s_hash"].map(ClaimPath::new).to_vec(),
            keys: KeySource::Discovered,
            jwks_hosts: Vec::new(),
        }
    }
}

impl Default for AuthLimits {
    fn default() -> Self {
        Self {
            token_bytes_max: 16 * 1024,
            skew: Duration::from_secs(30),
            lifetime_max: Duration::from_secs(24 * 60 * 60),
            issued_ahead_max: Duration::from_secs(5 * 60),
            identifier_bytes_max: 1024,
            cached_tokens_max: 10_000,
            cached_for: Duration::from_secs(60),
            introspected_for: Duration::from_secs(30),
            inactive_for: Duration::from_secs(10),
            introspections_max: 32,
            issuer_timeout: Duration::from_millis(2_500),
            document_bytes_max: 256 * 1024,
            keys_max: 64,
            keys_fresh_for: Duration::from_secs(10 * 60),
            keys_fresh_min: Duration::from_secs(30),
            keys_fresh_max: Duration::from_secs(24 * 60 * 60),
            keys_stale_max: Duration::from_secs(24 * 60 * 60),
            keys_cool_down: Duration::from_secs(30),
        }
    }
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
