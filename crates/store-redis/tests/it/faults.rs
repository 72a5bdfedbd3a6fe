//! A single server that fails: nothing hangs, and everything works again without a restart.

use std::{sync::Arc, time::Duration};

use outboard_store::{Sequence, Store, StoreError, SystemClock};
use outboard_store_redis::{RedisStore, StoreCondition};
use outboard_testkit::redis::{Redis, Settings, until};
use tokio::{task::JoinSet, time::Instant};

use crate::support::{LIMITS, TIMEOUTS, cell, connect, in_time, is_unavailable, log, put, replica, ring, single};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_found_when_it_comes() {
    let mut redis = Redis::start().await;
    redis.kill();
    let connected = connect(&single(&redis)).await;
    let store = of(&connected);
    assert!(matches!(connected.condition(), StoreCondition::Down { .. }));
    assert!(is_unavailable(&put(&store, 1, b"x").await));
    redis.restart().await;
    assert!(back(&store).await < BACK);
    assert_eq!(connected.condition(), StoreCondition::Up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_costs_one_timeout_and_then_nothing() {
    let redis = Redis::start().await;
    let connected = connect(&single(&redis)).await;
    let store = of(&connected);
    put(&store, 1, b"x").await.unwrap();
    redis.pause();
    let begin = Instant::now();
    let mut several = JoinSet::new();
    for id in 0..20 {
        let store = store.clone();
        several.spawn(async move { store.cells.get(cell(id)).await });
    }
    for one in several.join_all().await {
        assert!(is_unavailable(&one));
    }
    assert!(begin.elapsed() < TIMEOUTS.response + SLACK, "it took {:?}", begin.elapsed());
    let begin = Instant::now();
    for _ in 0..100 {
        assert!(is_unavailable(&store.cells.get(cell(1)).await));
    }
    assert!(begin.elapsed() < SLACK, "while it is down, calls fail at once: {:?}", begin.elapsed());
    redis.resume();
    assert!(back(&store).await < BACK);
    assert_eq!(store.cells.get(cell(1)).await.unwrap().unwrap().value, "x");
    assert_eq!(connected.condition(), StoreCondition::Up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_again_empty_is_used_at_once() {
    let mut redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    put(&store, 1, b"x").await.unwrap();
    let before = store.logs.append(log(1), b"x", LIMITS).await.unwrap();
    redis.restart().await;
    assert!(back(&store).await < BACK);
    assert_eq!(store.cells.get(cell(1)).await.unwrap(), None);
    assert!(store.logs.read(log(1), before, 10).await.unwrap().gap, "who was there before is told");
    let after = store.logs.append(log(1), b"y", LIMITS).await.unwrap();
    assert!(after > before, "no sequence comes back");
}

#[tokio::test]
async fn scripts_that_are_gone_are_loaded_again() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    for id in 0..3 {
        put(&store, id, b"x").await.unwrap();
        store.logs.append(log(1), b"x", LIMITS).await.unwrap();
        redis.command("SCRIPT FLUSH").await;
    }
    assert_eq!(store.logs.read(log(1), Sequence::ZERO, 10).await.unwrap().entries.len(), 3);
}

#[tokio::test]
async fn a_full_server_refuses_what_is_new_and_serves_the_rest() {
    let lines = ["maxmemory 4mb", "maxmemory-policy noeviction"].map(str::to_owned).to_vec();
    let redis = Redis::start_with(Settings { lines, ..Settings::default() }).await;
    let connected = connect(&single(&redis)).await;
    let store = of(&connected);
    let mut refused = None;
    for id in 0..1000 {
        refused = put(&store, id, &[7; 60_000]).await.err();
        if refused.is_some() {
            break;
        }
    }
    assert!(matches!(refused, Some(StoreError::Unavailable { .. })), "{refused:?}");
    assert_eq!(store.cells.get(cell(0)).await.unwrap().unwrap().value.len(), 60_000, "what is there is read");
    // It is not down, and not well either.
    assert_eq!(connected.condition(), StoreCondition::Refusing { code: "OOM".into() });
    for id in 0..10 {
        store.cells.delete(cell(id)).await.unwrap();
    }
    put(&store, 2000, b"there is room again").await.unwrap();
}

#[tokio::test]
async fn what_a_server_evicts_is_absent_and_nothing_worse() {
    let lines = ["maxmemory 4mb", "maxmemory-policy allkeys-lru"].map(str::to_owned).to_vec();
    let redis = Redis::start_with(Settings { lines, ..Settings::default() }).await;
    let store = replica(&single(&redis)).await;
    let mut position = Sequence::ZERO;
    for id in 0..300 {
        put(&store, id, &[7; 60_000]).await.unwrap();
        let appended = store.logs.append(log(1), b"x", LIMITS).await.unwrap();
        assert!(appended > position, "a log that was evicted repeats no sequence");
        position = appended;
    }
    let mut left = 0;
    for id in 0..300 {
        left += usize::from(store.cells.get(cell(id)).await.unwrap().is_some());
    }
    assert!((1..300).contains(&left), "{left} are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_becomes_a_replica_is_unavailable_until_it_is_a_master() {
    let [redis, master] = [Redis::start().await, Redis::start().await];
    let store = replica(&single(&redis)).await;
    put(&store, 1, b"x").await.unwrap();
    redis.command(&format!("REPLICAOF 127.0.0.1 {}", master.port())).await;
    assert!(is_unavailable(&put(&store, 2, b"x").await));
    redis.command("REPLICAOF NO ONE").await;
    assert!(back(&store).await < BACK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_enough_replicas_refuses_writes_and_serves_the_rest() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    put(&store, 1, b"x").await.unwrap();
    redis.command("CONFIG SET min-replicas-to-write 1").await;
    assert!(is_unavailable(&put(&store, 2, b"x").await));
    redis.command("CONFIG SET min-replicas-to-write 0").await;
    assert!(back(&store).await < BACK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_are_made_anew() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    for id in 0..5 {
        redis.command("CLIENT KILL TYPE normal").await;
        assert!(back(&store).await < BACK);
        until(async || put(&store, id, b"x").await.is_ok()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_misses_nothing_when_the_subscription_is_cut() {
    let redis = Redis::start().await;
    let config = single(&redis);
    let [writer, reader] = [replica(&config).await, replica(&config).await];
    writer.logs.append(log(1), b"0", LIMITS).await.unwrap();
    let mut reading = JoinSet::new();
    reading.spawn(async move {
        let (mut position, mut seen) = (Sequence::ZERO, Vec::new());
        while seen.len() < 21 {
            reader.logs.tail(log(1), position).await.unwrap();
            let page = reader.logs.read(log(1), position, 100).await.unwrap();
            assert!(!page.gap);
            position = page.position();
            seen.extend(page.entries.iter().map(|entry| entry.bytes.to_vec()));
        }
        seen
    });
    // It waits when it is subscribed.
    until(async || !redis.text("CLIENT LIST TYPE pubsub").await.is_empty()).await;
    for number in 1..=20_u8 {
        redis.command("CLIENT KILL TYPE pubsub").await;
        writer.logs.append(log(1), &[number], LIMITS).await.unwrap();
    }
    let seen = in_time(reading.join_next()).await.unwrap().unwrap();
    let mut expected = vec![b"0".to_vec()];
    expected.extend((1..=20_u8).map(|number| vec![number]));
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_when_the_last_store_is_dropped() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    put(&store, 1, b"x").await.unwrap();
    drop(tokio::time::timeout(Duration::from_millis(50), store.logs.tail(log(1), Sequence::ZERO)).await);
    drop(store);
    until(async || redis.text("CLIENT LIST").await.lines().count() == 1).await;
}

/// Waits until it can be written again. Returns how long that took.
async fn back(store: &Store) -> Duration {
    let begin = Instant::now();
    until(async || store.logs.append(log(77), b"x", LIMITS).await.is_ok()).await;
    begin.elapsed()
}

fn of(connected: &RedisStore) -> Store {
    connected.store(ring(), Arc::new(SystemClock))
}

/// A second is promised; the rest is for a busy machine.
const BACK: Duration = Duration::from_millis(1700);
const SLACK: Duration = Duration::from_millis(700);
