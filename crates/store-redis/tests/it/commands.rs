//! What the store asks of Redis: which commands, and how many for each operation.

use std::{collections::BTreeSet, num::NonZeroU32, time::Duration};

use outboard_store::{CounterKey, Put, Rate, Sequence, Store};
use outboard_testkit::redis::{Cluster, Redis, Watch};

use crate::support::{HOUR, LIMITS, alice, cell, log, nodes, put, replica, single};

#[tokio::test]
async fn every_operation_is_one_command() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    // The first of each loads its script.
    everything(&store, 1).await;
    let mut watch = Watch::begin(&redis).await;
    let version = put(&store, 2, b"x").await.unwrap();
    one(&mut watch, "put_if_absent").await;
    let replaced = store.cells.put_if_version(cell(2), version, b"y", HOUR).await.unwrap();
    assert!(matches!(replaced, Put::Stored(_)));
    one(&mut watch, "put_if_version").await;
    store.cells.get(cell(2)).await.unwrap();
    one(&mut watch, "get").await;
    store.cells.get_both(cell(2), cell(3)).await.unwrap();
    one(&mut watch, "get_both").await;
    store.cells.delete(cell(2)).await.unwrap();
    one(&mut watch, "delete").await;
    store.logs.append(log(2), b"x", LIMITS).await.unwrap();
    one(&mut watch, "append").await;
    store.logs.append_if_present(log(2), b"x", LIMITS).await.unwrap();
    one(&mut watch, "append_if_present").await;
    store.logs.read(log(2), Sequence::ZERO, 10).await.unwrap();
    one(&mut watch, "read").await;
    store.logs.delete(log(2)).await.unwrap();
    one(&mut watch, "delete of a log").await;
    assert!(store.counters.take(counter(2), RATE, 1).await.unwrap().allowed);
    one(&mut watch, "take").await;
    assert_eq!(store.counters.lease(counter(2), RATE, 1).await.unwrap(), 1);
    one(&mut watch, "lease").await;
}

#[tokio::test]
async fn only_commands_that_old_servers_have_are_used() {
    let listed: BTreeSet<&str> =
        include_str!("commands.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let single_server = Redis::start().await;
    everything(&replica(&single(&single_server)).await, 1).await;
    let cluster = Cluster::start().await;
    for node in cluster.nodes() {
        node.command("CONFIG RESETSTAT").await;
    }
    let store = replica(&nodes(&cluster)).await;
    for id in 0..20 {
        everything(&store, id).await;
    }
    let mut used = BTreeSet::new();
    for server in cluster.nodes().iter().chain([&single_server]) {
        used.extend(server.calls().await.into_keys());
    }
    // What this test itself asks for.
    for own in ["info", "config|resetstat"] {
        used.remove(own);
    }
    let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
    let unlisted: Vec<_> = used.difference(&listed).collect();
    assert!(unlisted.is_empty(), "used and not in commands.txt: {unlisted:?}");
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "in commands.txt and not used: {unused:?}");
}

/// Each operation of each port.
async fn everything(store: &Store, id: u128) {
    let version = put(store, id, b"x").await.unwrap();
    let replaced = store.cells.put_if_version(cell(id), version, b"y", HOUR).await.unwrap();
    assert!(matches!(replaced, Put::Stored(_)));
    store.cells.get(cell(id)).await.unwrap();
    store.cells.get_both(cell(id), cell(id + 1)).await.unwrap();
    store.cells.delete(cell(id)).await.unwrap();
    assert!(store.counters.take(counter(id), RATE, 1).await.unwrap().allowed);
    assert_eq!(store.counters.lease(counter(id), RATE, 1).await.unwrap(), 1);
    let last = store.logs.append(log(id), b"x", LIMITS).await.unwrap();
    store.logs.append_if_present(log(id), b"x", LIMITS).await.unwrap();
    store.logs.read(log(id), Sequence::ZERO, 10).await.unwrap();
    store.logs.tail(log(id), last).await.unwrap();
    let end = Sequence::from_u64(last.as_u64() + 1);
    drop(tokio::time::timeout(Duration::from_millis(50), store.logs.tail(log(id), end)).await);
    store.logs.delete(log(id)).await.unwrap();
}

async fn one(watch: &mut Watch<'_>, operation: &str) {
    let commands = watch.commands().await;
    assert_eq!(commands.len(), 1, "{operation} is one command: {commands:?}");
}

fn counter(id: u128) -> CounterKey {
    CounterKey { owner: alice(), kind: "test", id }
}

const RATE: Rate = Rate::new(Duration::from_secs(1), NonZeroU32::new(5).unwrap());
