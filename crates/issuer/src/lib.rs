//! An OAuth 2.1 authorization server for development and tests: loopback only, all in memory, bounded everywhere.
//!
//! It shows the whole flow of MCP's authorization (metadata, registration, client ID metadata documents, PKCE, consent,
//! resource indicators, refresh, introspection, revocation) without an identity provider. It knows no MCP, keeps nothing
//! over a restart and asks for no password: whoever can reach the loopback interface may sign in as any of its test users.
//!
//! ```
//! use outboard_fetch::{FetchConfig, Fetcher};
//! use outboard_issuer::{Issuer, IssuerConfig};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = IssuerConfig::new("http://127.0.0.1:8080/dev-issuer".parse()?);
//! config.resources = vec!["http://127.0.0.1:8080/mcp".to_owned()];
//! config.scopes = vec!["files:read".to_owned()];
//! // A tower service for the paths that it `handles`.
//! let issuer = Issuer::new(config, Fetcher::new(FetchConfig::default())?)?;
//! assert!(issuer.handles("/dev-issuer/token"));
//! # Ok(())
//! # }
//! # example().unwrap();
//! ```

mod access_token;
mod authorize;
mod client;
mod client_metadata;
mod config;
mod document;
mod error;
mod html;
mod http;
mod inner;
mod introspect;
mod issuer;
mod keys;
mod metadata;
mod redirect;
mod refusal;
mod registration;
mod revoke;
mod route;
mod scopes;
mod secret;
mod settings;
mod state;
mod store;
mod token;

pub use crate::client::{ClientSecret, GrantType, StaticClient};
pub use crate::config::{Bounds, Clock, IssuerConfig, TestUser};
pub use crate::error::{IssuerError, KeyError};
pub use crate::issuer::Issuer;
pub use crate::keys::SigningAlgorithm;
