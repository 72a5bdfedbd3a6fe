//! Who is asking: an OAuth 2.1 resource server for any `tower` or `axum` service.
//!
//! [`ResourceServer`] turns a bearer token into a verified [`Principal`]: a JWT by its issuer's keys (RFC 9068), an opaque
//! token by asking its issuer (RFC 7662), an API key by its digest. [`AuthLayer`] puts that in front of a service, answers
//! who brings no good token with the right challenge (RFC 6750), and puts the `Principal` into the request's extensions.
//! [`ProtectedResourceMetadata`] tells clients where to get a token (RFC 9728).
//!
//! It knows nothing of MCP. What a caller may do is decided behind it: a service that refuses for want of scopes puts
//! [`Denied`] into its response's extensions, and the layer writes the challenge.

mod api_key;
mod bearer;
mod cache;
mod challenge;
mod clock;
mod config;
mod explain;
#[doc(hidden)]
pub mod fuzzing;
mod introspection;
mod issuer;
mod json;
mod jwk;
mod jwt;
mod keys;
mod layer;
mod mapping;
mod metadata;
mod preset;
mod refusal;
mod resource;
mod resource_server;

pub use api_key::{ApiKey, ApiKeyError};
pub use clock::Clock;
pub use config::{
    AccessMark, Algorithm, AuthLimits, ClientCredentials, IntrospectionForm, IntrospectionRules, IssuerConfig,
    JwtRules, KeySource, ResourceServerConfig, TokenKind, TokenType,
};
pub use explain::{ExplainedCheck, ExplainedKind, ExplainedOutcome, Explanation};
pub use jwt::{Check, CheckOutcome};
pub use keys::{KeysFault, KeysState};
pub use layer::{AuthFuture, AuthLayer, AuthService, RefusalBody, RequireLayer, RequireService, denied_response};
pub use mapping::{ClaimPath, ClaimRules, ScopeForm, ScopeSource};
pub use metadata::{MetadataLayer, MetadataService, ProtectedResourceMetadata};
pub use preset::{Preset, PresetError, PresetOptions, RoleUse};
pub use refusal::{InvalidToken, MalformedRequest, Refusal};
pub use resource::{Audience, ResourceUri, ResourceUriError};
pub use resource_server::{ConfigError, IssuerState, ResourceServer};

pub use outboard_fetch::{FetchConfig, Fetcher, Reach};
pub use outboard_identity::{
    Claim, Claims, Denied, GrantedScopes, InboundToken, Owner, Principal, Requirement, Scope, ScopeError,
    ScopeHierarchy, ScopeSet, SubjectKey,
};

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
