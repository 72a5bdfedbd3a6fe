//! Outgoing HTTP with bounds: special-use addresses refused on the connected peer, no redirects, no
//! proxies from the environment, and a cap on every byte count and every wait.
//!
//! It knows nothing of MCP or OAuth, never retries, never decompresses and keeps no cookies.
//!
//! ```no_run
//! use outboard_fetch::{FetchConfig, Fetcher, Reach, Request, Target};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let fetcher = Fetcher::new(FetchConfig::default())?;
//! // A URL that a stranger sent: the public internet, and nothing of ours.
//! let target = Target::parse("https://client.example/metadata.json", Reach::PublicOnly)?;
//! let response = fetcher.send(Request::get(target)).await?;
//! let document = response.bytes().await?;
//! # let _ = document; Ok(())
//! # }
//! ```

mod address;
mod config;
mod error;
mod fetcher;
mod request;
mod resolve;
mod response;
mod single_flight;
mod target;

pub use crate::address::SpecialUse;
pub use crate::config::{FetchConfig, Limits};
pub use crate::error::{BuildError, Cause, FetchError, Phase};
pub use crate::fetcher::Fetcher;
pub use crate::request::Request;
pub use crate::response::Response;
pub use crate::single_flight::{Flight, SingleFlight};
pub use crate::target::{Reach, Target, TargetError};
