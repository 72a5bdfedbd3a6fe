//! The store on Redis, and how it is doing.

use std::{sync::Arc, time::Duration};

use outboard_store::{Clock, KeyRing, Store};
use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::{
    cells::RedisCells,
    config::RedisConfig,
    connector::Connector,
    counters::RedisCounters,
    error::{ConfigError, ConnectError},
    keys::Names,
    link::Link,
    logs::{Connections, RedisLogs},
    subscriptions::Subscriptions,
};

/// The ports on Redis. Clones are the same one. Its connections are kept until the last clone and the last [`Store`] made of
/// it are dropped.
#[derive(Clone, Debug)]
pub struct RedisStore {
    link: Link,
    subscriptions: Subscriptions,
    names: Names,
    connections: Connections,
    value_bytes_max: usize,
    entry_bytes_max: usize,
}

/// How the store is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreCondition {
    /// It answers.
    Up,
    /// It answers, and has lately refused what it was asked, such as for want of memory or of a permission.
    Refusing {
        /// The word that it had for that, such as `OOM`.
        code: Arc<str>,
    },
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
        config.check()?;
        let RedisConfig { timeouts, value_bytes_max, entry_bytes_max, .. } = config;
        let connector = Connector::new(&config).map_err(|error| ConfigError::Unusable { reason: error.to_string() })?;
        let connector = Arc::new(connector);
        let first = connector.connect().await;
        if let Err(error) = &first
            && refuses(error)
        {
            return Err(ConnectError::Refused { reason: error.to_string() });
        }
        Ok(Self {
            link: Link::keep(Arc::clone(&connector), timeouts, first),
            subscriptions: Subscriptions::keep(connector, timeouts),
            names: Names::new(&config.prefix),
            connections: Connections::default(),
            value_bytes_max,
            entry_bytes_max,
        })
    }

    /// The three ports on it, with these keys and this clock.
    #[must_use]
    pub fn store(&self, keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Store {
        let Self { link, subscriptions, names, connections, value_bytes_max, entry_bytes_max } = self.clone();
        Store {
            keys,
            clock,
            cells: Arc::new(RedisCells { link: link.clone(), names: names.clone(), value_bytes_max }),
            counters: Arc::new(RedisCounters { link: link.clone(), names: names.clone() }),
            logs: Arc::new(RedisLogs { link, names, subscriptions, entry_bytes_max, connections }),
        }
    }

    /// How it is doing. Asks nothing of it: a probe of its own keeps this fresh while the store lives.
    #[must_use]
    pub fn condition(&self) -> StoreCondition {
        self.link.condition()
    }
}

/// Whether the server does not want us, rather than not being there.
fn refuses(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm))
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}
