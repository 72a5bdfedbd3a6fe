//! What this replica shares with the others: the store and the keys.

use std::sync::Arc;

use anyhow::Context as _;
use outboard_store::{Store, SystemClock};
use outboard_store_redis::{ConnectError, RedisConfig, RedisStore, ServerAddress, Topology};

use crate::config::{Config, SessionKeys, Transport};
use crate::keys::{self, WatchedKeys};
use crate::program::Failure;

/// What is shared. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    /// The ports, the keys and the clock.
    pub(crate) store: Store,
    /// Redis, where the ports are on it; `None`: they are in the memory of this process.
    pub(crate) redis: Option<RedisStore>,
    /// The keys of the store, which change with their file.
    pub(crate) keys: WatchedKeys,
}

impl Shared {
    /// Reads the keys and opens the store that the config names. Over stdio that is one in memory: the one client has no
    /// other replica.
    ///
    /// # Errors
    ///
    /// When there are no keys, or Redis will not have us. A Redis that does not answer is no error.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let keys = keys_of(config).map_err(Failure::Unavailable)?;
        let ring = keys.ring();
        let ids = keys::list(&ring.key_ids());
        let clock = Arc::new(SystemClock);
        let redis = match config.redis.as_ref().filter(|_| config.transport == Transport::Http) {
            None => None,
            Some(redis) => {
                let opened =
                    Box::pin(RedisStore::connect(redis.clone())).await.map_err(|error| failure(error, redis))?;
                tracing::info!(store = told(redis), prefix = redis.prefix, keys = ids, "the store is open");
                Some(opened)
            }
        };
        tracing::debug!(replicas = config.replicas, "as many are said to run");
        let store = match &redis {
            Some(redis) => redis.store(ring, clock),
            None => {
                tracing::info!(store = "memory", keys = ids, "the store is open");
                Store::in_memory_within(ring, clock, config.store)
            }
        };
        #[cfg(debug_assertions)]
        let store = sabotaged(store)?;
        Ok(Self { store, redis, keys })
    }
}

/// The store, with the fault that a test asks for.
#[cfg(debug_assertions)]
fn sabotaged(store: Store) -> Result<Store, Failure> {
    use crate::config::{ProcessEnvironment, sabotage};
    use crate::sabotage::Sabotage;

    match sabotage(&ProcessEnvironment) {
        None => Ok(store),
        Some(word) => {
            let fault: Sabotage = word.parse().map_err(|error| Failure::Usage(anyhow::Error::new(error)))?;
            Ok(fault.begin(store))
        }
    }
}

fn keys_of(config: &Config) -> anyhow::Result<WatchedKeys> {
    match &config.session_keys {
        SessionKeys::Generated => Ok(WatchedKeys::generated_in(&config.state_dir)?),
        SessionKeys::Listed(texts) => WatchedKeys::of_list(texts).context("session.keys cannot be used"),
        SessionKeys::File(path) => WatchedKeys::of_file(path.clone())
            .with_context(|| format!("the file of keys {} cannot be used", path.display())),
    }
}

fn failure(error: ConnectError, redis: &RedisConfig) -> Failure {
    let is_ours = matches!(error, ConnectError::Config(_));
    let error = anyhow::Error::new(error).context(format!("the store {} cannot be opened", told(redis)));
    if is_ours { Failure::Usage(error) } else { Failure::Unavailable(error) }
}

/// Where Redis is, in a few words.
fn told(config: &RedisConfig) -> String {
    let list = |addresses: &[ServerAddress]| {
        let addresses = addresses.iter().map(|ServerAddress { host, port }| match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        });
        addresses.collect::<Vec<_>>().join(", ")
    };
    match &config.topology {
        Topology::Single { address, database } => {
            format!("redis single {}, database {database}", list(std::slice::from_ref(address)))
        }
        Topology::Sentinel { master, sentinels, database, .. } => {
            format!("redis master {master} of sentinels {}, database {database}", list(sentinels))
        }
        Topology::Cluster { nodes } => format!("redis cluster {}", list(nodes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_told_by_where_it_is_and_never_by_how_one_gets_in() {
        let at = |host: &str, port| ServerAddress { host: host.to_owned(), port };
        let cases = [
            (Topology::Single { address: at("::1", 6379), database: 2 }, "redis single [::1]:6379, database 2"),
            (
                Topology::Sentinel {
                    master: "m".to_owned(),
                    sentinels: vec![at("a", 1), at("b", 2)],
                    username: Some("canary".to_owned()),
                    password: None,
                    database: 0,
                },
                "redis master m of sentinels a:1, b:2, database 0",
            ),
            (Topology::Cluster { nodes: vec![at("a", 1)] }, "redis cluster a:1"),
        ];
        for (topology, expected) in cases {
            let config = RedisConfig { username: Some("canary".to_owned()), ..RedisConfig::new(topology) };
            assert_eq!(told(&config), expected);
        }
    }
}
