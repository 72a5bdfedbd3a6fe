//! What several modules of these tests need: stores on the servers of a test, and the suites run on them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use outboard_store::{
    CellKey, Cells, Clock, Counters, KeyRing, LogKey, LogLimits, Logs, OwnerDigest, Put, RootKey, Store, StoreError,
    SystemClock, Version,
};
use outboard_store_redis::{RedisConfig, RedisStore, RedisTimeouts, ServerAddress, Topology};
use outboard_testkit::{
    clock::{FakeClock, Timeline},
    contract,
    redis::{Cluster, FrozenTime, Redis, Sentinel},
};

/// How a test's server is reached.
pub(crate) fn single(redis: &Redis) -> RedisConfig {
    config(Topology::Single { address: address(redis.port()), database: 0 })
}

pub(crate) fn sentinels(sentinel: &Sentinel) -> RedisConfig {
    config(Topology::Sentinel {
        master: sentinel.name().to_owned(),
        sentinels: sentinel.ports().into_iter().map(address).collect(),
        username: None,
        password: None,
        database: 0,
    })
}

pub(crate) fn nodes(cluster: &Cluster) -> RedisConfig {
    config(Topology::Cluster { nodes: cluster.ports().into_iter().map(address).collect() })
}

pub(crate) fn config(topology: Topology) -> RedisConfig {
    RedisConfig { timeouts: TIMEOUTS, ..RedisConfig::new(topology) }
}

pub(crate) fn address(port: u16) -> ServerAddress {
    ServerAddress { host: "127.0.0.1".to_owned(), port }
}

/// A replica's store: connections of its own.
pub(crate) async fn replica(config: &RedisConfig) -> Store {
    connect(config).await.store(ring(), Arc::new(SystemClock))
}

pub(crate) async fn connect(config: &RedisConfig) -> RedisStore {
    RedisStore::connect(config.clone()).await.expect("the servers take us")
}

/// The same keys in each replica.
pub(crate) fn ring() -> Arc<KeyRing> {
    Arc::new(KeyRing::new(vec![RootKey::from_bytes(&[1; 32]).unwrap()]).unwrap())
}

/// Runs the contract suites of all ports, each of their parts under a prefix of its own.
pub(crate) async fn keeps_the_contracts(config: &RedisConfig, time: &Arc<FrozenTime>) {
    contract::cells::all(|| async {
        let store = empty(config, time).await;
        (store.cells, Arc::clone(time) as Arc<dyn Timeline>) as (Arc<dyn Cells>, _)
    })
    .await;
    contract::counters::all(|| async {
        let store = empty(config, time).await;
        (store.counters, Arc::clone(time) as Arc<dyn Timeline>) as (Arc<dyn Counters>, _)
    })
    .await;
    contract::logs::all(|| async {
        let store = empty(config, time).await;
        (store.logs, Arc::clone(time) as Arc<dyn Timeline>) as (Arc<dyn Logs>, _)
    })
    .await;
}

/// A store in which there is nothing, at the time at which all begin.
async fn empty(config: &RedisConfig, time: &Arc<FrozenTime>) -> Store {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    time.set(FakeClock::default().now());
    let prefix = format!("suite-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let config = RedisConfig { prefix, ..config.clone() };
    connect(&config).await.store(ring(), Arc::clone(time) as Arc<dyn Clock>)
}

/// Puts a cell where there is none. Returns its version, the one that is there if there is one.
pub(crate) async fn put(store: &Store, id: u128, value: &[u8]) -> Result<Version, StoreError> {
    match store.cells.put_if_absent(cell(id), value, HOUR).await? {
        Put::Stored(version) => Ok(version),
        Put::Unchanged => Ok(store.cells.get(cell(id)).await?.expect("nobody removes it").version),
    }
}

pub(crate) fn cell(id: u128) -> CellKey {
    CellKey { owner: alice(), kind: "test", id }
}

pub(crate) fn log(id: u128) -> LogKey {
    LogKey { owner: alice(), kind: "test", id }
}

pub(crate) fn alice() -> OwnerDigest {
    OwnerDigest::of(b"alice")
}

pub(crate) fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable { .. }))
}

/// Waits for what comes soon, or never.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it comes in time")
}

pub(crate) const LIMITS: LogLimits =
    LogLimits { entries_max: 100_000, bytes_max: 10_000_000, age_max: HOUR, ttl: HOUR };
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
/// Short, so that faults are noticed soon; long enough for a busy machine.
pub(crate) const TIMEOUTS: RedisTimeouts =
    RedisTimeouts { connect: Duration::from_secs(1), response: Duration::from_secs(1) };
