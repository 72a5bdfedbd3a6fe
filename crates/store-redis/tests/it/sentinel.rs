//! A master that Sentinels watch: what holds when another takes over.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use outboard_store::{Bus, BusLimits, Sequence, Store};
use outboard_testkit::redis::{FrozenTime, Sentinel, Settings, until};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::support::{
    TIMEOUTS, cell, connect, in_time, is_unavailable, keeps_the_contracts, put, replica, ring, sentinels,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sentinels_keep_the_contracts_before_and_after_a_failover() {
    let time = Arc::new(FrozenTime::new());
    let settings = Settings { time: Some(Arc::clone(&time)), ..Settings::default() };
    let mut sentinel = Sentinel::start_with(settings).await;
    let config = sentinels(&sentinel);
    keeps_the_contracts(&config, &time).await;
    let store = connect(&config).await.store(ring(), time.clone());
    sentinel.fail_over().await;
    until(async || put(&store, 1, b"x").await.is_ok()).await;
    keeps_the_contracts(&config, &time).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_master_that_was_stopped_and_comes_back_is_not_written_to() {
    let mut sentinel = Sentinel::start().await;
    let store = replica(&sentinels(&sentinel)).await;
    put(&store, 1, b"before").await.unwrap();
    let former = sentinel.fail_over_by_pause().await;
    until(async || put(&store, 2, b"after").await.is_ok()).await;
    sentinel.servers()[former].resume();
    until(async || sentinel.servers()[former].is_replica().await).await;
    until(async || store.cells.get(cell(2)).await.is_ok_and(|cell| cell.is_some())).await;
    put(&store, 3, b"later").await.unwrap();
    let next = &sentinel.servers()[sentinel.master().await];
    let keys: Vec<Vec<u8>> = redis::from_redis_value(next.command("KEYS *").await).unwrap();
    assert!(keys.len() >= 2, "both are on the new master: {keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn during_a_failover_nothing_hangs_and_a_reader_of_the_bus_misses_nothing_untold() {
    let mut sentinel = Sentinel::start().await;
    let config = sentinels(&sentinel);
    let (stop, stopped) = watch::channel(false);
    let mut reader = JoinSet::new();
    reader.spawn(read(replica(&config).await, stopped.clone()));
    let mut writers = JoinSet::new();
    for writer in 0..3_u8 {
        writers.spawn(write(replica(&config).await, writer, stopped.clone()));
    }
    let store = replica(&config).await;
    until(async || bus(&store).last().await.unwrap() != Sequence::ZERO).await;
    sentinel.fail_over().await;
    // Everybody works again, and for a while.
    until(async || put(&store, 1, b"x").await.is_ok()).await;
    let last = bus(&store).last().await.unwrap();
    until(async || bus(&store).last().await.is_ok_and(|now| now.as_u64() > last.as_u64() + 20)).await;
    stop.send(true).unwrap();
    let mut acknowledged = Vec::new();
    for written in in_time(writers.join_all()).await {
        acknowledged.extend(written);
    }
    bus(&store).publish(b"the end").await.unwrap();
    let (seen, told) = in_time(reader.join_next()).await.unwrap().unwrap();
    let missed = acknowledged.iter().filter(|message| !seen.contains_key(*message)).count();
    assert!(told || missed == 0, "{missed} of {} were acknowledged and missed without a word", acknowledged.len());
    assert!(acknowledged.len() > 40, "they wrote before and after: {}", acknowledged.len());
}

/// Publishes until it is stopped, each call within its time. Returns what was acknowledged.
async fn write(store: Store, writer: u8, stopped: watch::Receiver<bool>) -> Vec<Vec<u8>> {
    let (bus, mut acknowledged) = (bus(&store), Vec::new());
    for number in 0_u32.. {
        if *stopped.borrow() {
            break;
        }
        let message = [&[writer][..], &number.to_be_bytes()].concat();
        let begin = Instant::now();
        let published = bus.publish(&message).await;
        assert!(begin.elapsed() < TIMEOUTS.response + SLACK, "a call took {:?}", begin.elapsed());
        match published {
            Ok(_) => acknowledged.push(message),
            refused => assert!(is_unavailable(&refused), "{refused:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    acknowledged
}

/// Reads until the end is published. Returns what it saw, and whether it was told that it may have missed something.
async fn read(store: Store, stopped: watch::Receiver<bool>) -> (BTreeMap<Vec<u8>, Sequence>, bool) {
    let (bus, mut position, mut seen, mut told) = (bus(&store), Sequence::ZERO, BTreeMap::new(), false);
    loop {
        if bus.tail(position).await.is_err() {
            told = true;
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        let Ok(page) = bus.read_after(position, 100).await else {
            told = true;
            continue;
        };
        told |= page.gap;
        position = page.entries.last().map_or(page.last, |entry| entry.sequence);
        for entry in page.entries {
            if entry.payload == "the end" {
                assert!(*stopped.borrow(), "the end is the last");
                return (seen, told);
            }
            seen.insert(entry.payload.to_vec(), entry.sequence);
        }
    }
}

fn bus(store: &Store) -> Bus {
    Bus::new(store, BusLimits::default())
}

/// What a busy machine may add.
const SLACK: Duration = Duration::from_millis(700);
