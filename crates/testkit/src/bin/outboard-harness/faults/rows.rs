//! The faults, by their numbers in the list of attacks and faults.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use outboard_testkit::fault_proxy::Fault;
use outboard_testkit::redis::Redis;
use outboard_testkit::replicas::{Running, Store, Topology};

/// A fault.
pub(crate) struct Row {
    /// Its number and name.
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    /// Breaks it.
    pub(crate) begin: Step,
    /// Mends it. Without it, the fault is over when `begin` is done.
    pub(crate) end: Option<Step>,
}

/// Something that is done to the replicas.
type Step = for<'a> fn(&'a mut Topology) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

pub(crate) const ROWS: &[Row] = &[
    single("301 refused", |t| Box::pin(kill(t)), |t| Box::pin(restart(t))),
    single("302 hung", |t| Box::pin(pause(t)), |t| Box::pin(resume(t))),
    single("303 black hole", |t| Box::pin(link(t, Fault::BlackHole)), |t| Box::pin(link(t, Fault::None))),
    single("304 reset", |t| Box::pin(link(t, Fault::Reset)), |t| Box::pin(link(t, Fault::None))),
    single("305 loss", |t| Box::pin(link(t, Fault::Loss { one_in: 5 })), |t| Box::pin(link(t, Fault::None))),
    Row {
        name: "306 client pause",
        store: Store::Single,
        // The second is answered when the pause is over.
        begin: |t| Box::pin(told(t, &["CLIENT PAUSE 500 ALL", "PING"])),
        end: None,
    },
    single(
        "307 out of memory",
        |t| Box::pin(told(t, &["CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1"])),
        |t| Box::pin(told(t, &["CONFIG SET maxmemory 0"])),
    ),
    single("308 eviction", |t| Box::pin(crowd(t)), |t| Box::pin(told(t, &["CONFIG SET maxmemory 0"]))),
    single(
        "309 read only",
        |t| Box::pin(told(t, &["REPLICAOF 127.0.0.1 1"])),
        |t| Box::pin(told(t, &["REPLICAOF NO ONE"])),
    ),
    Row { name: "310 failover", store: Store::Sentinel, begin: |t| Box::pin(fail_over(t)), end: None },
    Row {
        name: "310 failover of a hung one",
        store: Store::Sentinel,
        begin: |t| Box::pin(fail_over_by_pause(t)),
        end: None,
    },
    Row {
        name: "311 former master returns",
        store: Store::Sentinel,
        begin: |t| Box::pin(fail_over_by_pause(t)),
        end: Some(|t| Box::pin(resume_all(t))),
    },
    single(
        "311 too few replicas",
        |t| Box::pin(told(t, &["CONFIG SET min-replicas-to-write 1"])),
        |t| Box::pin(told(t, &["CONFIG SET min-replicas-to-write 0"])),
    ),
    Row { name: "312 slots moved", store: Store::Cluster, begin: |t| Box::pin(move_slots(t)), end: None },
    single("313 emptied", |t| Box::pin(told(t, &["FLUSHALL", "SCRIPT FLUSH"])), |t| Box::pin(told(t, &["FLUSHALL"]))),
    single(
        "314 subscriptions lost",
        |t| Box::pin(told(t, &["CLIENT KILL TYPE pubsub"])),
        |t| Box::pin(told(t, &["CLIENT KILL TYPE pubsub"])),
    ),
    single(
        "315 rate",
        |t| Box::pin(link(t, Fault::Rate { bytes_per_second: 200_000 })),
        |t| Box::pin(link(t, Fault::None)),
    ),
    single("316 corrupted", |t| Box::pin(link(t, Fault::Corrupt)), |t| Box::pin(link(t, Fault::None))),
    single(
        "317 slow",
        |t| Box::pin(link(t, Fault::Latency { delay: Duration::from_millis(100), jitter: Duration::from_millis(20) })),
        |t| Box::pin(link(t, Fault::None)),
    ),
    single("326 one replica cut off", |t| Box::pin(cut_off(t)), |t| Box::pin(link(t, Fault::None))),
];

const fn single(name: &'static str, begin: Step, end: Step) -> Row {
    Row { name, store: Store::Single, begin, end: Some(end) }
}

/// What there is besides what is used when it gets crowded, in bytes: more than connections take by turns.
const ROOM: u64 = 512 << 10;

/// Only one of the replicas does not reach the store any more.
async fn cut_off(topology: &Topology) {
    if let Some(first) = topology.links.first() {
        first.set(Fault::BlackHole);
    }
}

async fn link(topology: &Topology, fault: Fault) {
    topology.links.iter().for_each(|link| link.set(fault));
}

fn server(topology: &mut Topology) -> &mut Redis {
    match &mut topology.store {
        Running::Single(redis) => redis,
        _ => unreachable!("the fault is one of a single server"),
    }
}

async fn kill(topology: &mut Topology) {
    server(topology).kill();
}

async fn restart(topology: &mut Topology) {
    server(topology).restart().await;
}

async fn pause(topology: &mut Topology) {
    server(topology).pause();
}

async fn resume(topology: &mut Topology) {
    server(topology).resume();
}

/// Says something to a single server.
async fn told(topology: &mut Topology, commands: &[&str]) {
    for command in commands {
        // One that is refused, such as with nobody to be killed, changes nothing.
        drop(server(topology).try_command(command).await);
    }
}

/// Others write more than there is room for: what was used least goes.
async fn crowd(topology: &mut Topology) {
    let redis = server(topology);
    let used = number(redis, "memory", "used_memory").await;
    redis.command("CONFIG SET maxmemory-policy allkeys-lru").await;
    redis.command(&format!("CONFIG SET maxmemory {}", used + ROOM)).await;
    let value = "x".repeat(16 << 10);
    for key in 0..128 {
        redis.command(&format!("SET crowd:{key} {value}")).await;
    }
    assert!(number(redis, "stats", "evicted_keys").await > 0, "something had to go");
}

/// A number of those that a server knows of itself.
async fn number(redis: &Redis, section: &str, name: &str) -> u64 {
    let info = redis.text(&format!("INFO {section}")).await;
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.and_then(|value| value.trim().parse().ok()).expect("a server knows it of itself")
}

/// The master is gone, and found again as another server, within the time of the fault.
async fn fail_over(topology: &mut Topology) {
    if let Running::Sentinel(sentinel) = &mut topology.store {
        sentinel.fail_over().await;
    }
}

/// The master hangs, and another server is found in its stead.
async fn fail_over_by_pause(topology: &mut Topology) {
    if let Running::Sentinel(sentinel) = &mut topology.store {
        sentinel.fail_over_by_pause().await;
    }
}

/// Whoever hangs goes on, and takes itself for what it was.
async fn resume_all(topology: &Topology) {
    if let Running::Sentinel(sentinel) = &topology.store {
        sentinel.servers().iter().for_each(Redis::resume);
    }
}

/// A part of the slots goes to another node while there is work.
async fn move_slots(topology: &mut Topology) {
    if let Running::Cluster(cluster) = &mut topology.store {
        cluster.migrate(0..2000, 1).await;
    }
}
