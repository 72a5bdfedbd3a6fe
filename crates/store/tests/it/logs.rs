//! [`MemoryLogs`]: the contract of the port, and its own bounds.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use outboard_store::{Clock, LogKey, LogLimits, Logs, MemoryLogLimits, MemoryLogs, OwnerDigest, Sequence, StoreError};
use outboard_testkit::{
    clock::{FakeClock, Timeline},
    contract,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_logs_keep_the_contract() {
    contract::logs::all(async || {
        let clock = Arc::new(FakeClock::default());
        let logs: Arc<dyn Logs> = Arc::new(MemoryLogs::new(clock.clone(), MemoryLogLimits::default()));
        (logs, clock as Arc<dyn Timeline>)
    })
    .await;
}

#[tokio::test]
async fn a_store_full_of_logs_refuses_another_and_goes_on_with_those_it_has() {
    let store = Store::new(2, 1000);
    store.append(1, 10, MINUTE).await.unwrap();
    store.append(2, 10, MINUTE).await.unwrap();
    assert_eq!(full(store.append(3, 10, MINUTE).await), (2, 2, 148, 1000));
    store.append(2, 10, MINUTE).await.unwrap();
    assert_eq!(store.held(&[1, 2, 3]).await, [1, 2, 0]);
}

#[tokio::test]
async fn a_store_full_of_bytes_refuses_another_entry() {
    let store = Store::new(10, 300);
    store.append(1, 100, MINUTE).await.unwrap();
    assert_eq!(full(store.append(2, 73, MINUTE).await), (1, 10, 164, 300));
    assert_eq!(full(store.append(1, 73, MINUTE).await), (1, 10, 164, 300));
    store.append(2, 72, MINUTE).await.unwrap();
    assert_eq!(full(store.append(1, 0, MINUTE).await), (2, 10, 300, 300), "an empty entry costs something too");
    assert_eq!(store.held(&[1, 2]).await, [1, 1]);
}

#[tokio::test]
async fn what_an_append_pushes_out_makes_room_for_it() {
    let store = Store::new(1, 200);
    let limits = LogLimits { entries_max: 2, ..limits(MINUTE) };
    for _ in 0..10 {
        store.logs.append(key(1), &[0; 36], limits).await.unwrap();
    }
    assert_eq!(store.held(&[1]).await, [2]);
    assert!(store.shown().contains("logs: 1, bytes: 200"), "{}", store.shown());
}

#[tokio::test]
async fn what_has_ended_makes_room() {
    for (logs_max, bytes_max) in [(2, 1000), (10, 148)] {
        let store = Store::new(logs_max, bytes_max);
        store.append(1, 10, MINUTE).await.unwrap();
        store.append(2, 10, 2 * MINUTE).await.unwrap();
        full(store.append(3, 10, MINUTE).await);
        store.clock.advance(MINUTE);
        store.append(3, 10, MINUTE).await.unwrap();
        assert_eq!(store.held(&[1, 2, 3]).await, [0, 1, 1], "{logs_max} logs, {bytes_max} bytes");
        full(store.append(4, 10, MINUTE).await);
    }
}

#[tokio::test]
async fn entries_that_are_too_old_make_room_in_every_log() {
    let store = Store::new(10, 148);
    let limits = LogLimits { age_max: MINUTE, ..limits(10 * MINUTE) };
    store.logs.append(key(1), &[0; 10], limits).await.unwrap();
    store.clock.advance(MINUTE / 2);
    store.logs.append(key(1), &[0; 10], limits).await.unwrap();
    full(store.append(2, 10, MINUTE).await);
    store.clock.advance(MINUTE / 2);
    store.append(2, 10, 10 * MINUTE).await.unwrap();
    full(store.append(2, 10, MINUTE).await);
    store.clock.advance(MINUTE / 2);
    store.append(2, 10, MINUTE).await.unwrap();
    assert!(store.shown().contains("logs: 2, bytes: 148"), "{}", store.shown());
}

#[tokio::test]
async fn what_is_deleted_makes_room() {
    let store = Store::new(1, 74);
    store.append(1, 10, MINUTE).await.unwrap();
    full(store.append(2, 10, MINUTE).await);
    assert!(store.logs.delete(key(1)).await.unwrap());
    store.append(2, 10, MINUTE).await.unwrap();
}

#[tokio::test]
async fn room_does_not_leak_over_many_lives() {
    let store = Store::new(3, 300);
    for round in 0..100 {
        store.append(round, 10, MINUTE).await.unwrap();
        store.append(round, 30, MINUTE).await.unwrap();
        match round % 3 {
            0 => store.clock.advance(2 * MINUTE),
            1 => assert!(store.logs.delete(key(round)).await.unwrap()),
            _ => {
                store.logs.append(key(round), b"", LogLimits { entries_max: 1, ..limits(MINUTE) }).await.unwrap();
                store.clock.advance(MINUTE);
            }
        }
    }
    store.append(1000, 236, MINUTE).await.unwrap();
    assert!(store.shown().contains("logs: 1, bytes: 300"), "{}", store.shown());
}

#[tokio::test]
async fn a_tail_that_is_dropped_or_ends_leaves_nothing_behind() {
    let store = Store::new(10, 1000);
    {
        let mut tails: Vec<_> = (0..3).map(|_| store.logs.tail(key(1), Sequence::ZERO)).collect();
        tails.push(store.logs.tail(key(2), Sequence::ZERO));
        for tail in &mut tails {
            assert!(!is_ready(tail).await);
        }
        assert!(store.shown().contains("waited_for: 2"), "{}", store.shown());
        tails.truncate(1);
        assert!(store.shown().contains("waited_for: 1"), "{}", store.shown());
        store.append(2, 10, MINUTE).await.unwrap();
        assert!(!is_ready(&mut tails[0]).await, "another log is nothing to it");
        store.append(1, 10, MINUTE).await.unwrap();
        assert!(is_ready(&mut tails[0]).await);
        assert!(store.shown().contains("waited_for: 0"), "{}", store.shown());
    }
}

#[tokio::test]
async fn another_process_that_starts_later_repeats_no_sequence() {
    let clock = Arc::new(FakeClock::default());
    let mut last = Sequence::ZERO;
    for _ in 0..3 {
        let logs = MemoryLogs::new(clock.clone(), MemoryLogLimits::default());
        let first = logs.append(key(1), b"", limits(MINUTE)).await.unwrap();
        assert!(first > last, "{first:?} after {last:?}");
        for _ in 0..999 {
            last = logs.append(key(1), b"", limits(MINUTE)).await.unwrap();
        }
        clock.advance(Duration::from_millis(1));
    }
    assert!(last.as_u64() < 1 << 53, "any reader of JSON can count so far: {last:?}");
}

#[tokio::test]
async fn logs_go_on_at_both_ends_of_time() {
    for millis in [0, u64::MAX] {
        let clock = Arc::new(FakeClock::at(outboard_store::UnixMillis::new(millis)));
        let logs = MemoryLogs::new(clock.clone(), MemoryLogLimits::default());
        let first = logs.append(key(1), b"1", limits(MINUTE)).await.unwrap();
        assert!(first > Sequence::ZERO);
        if millis == 0 {
            let page = logs.read(key(1), Sequence::ZERO, 10).await.unwrap();
            assert_eq!((page.entries[0].at, page.gap), (clock.now(), false));
        }
    }
}

struct Store {
    logs: MemoryLogs,
    clock: Arc<FakeClock>,
}

impl Store {
    fn new(logs_max: usize, bytes_max: usize) -> Self {
        let clock = Arc::new(FakeClock::default());
        let limits = MemoryLogLimits { logs_max, bytes_max, owner_percent: 100, ..MemoryLogLimits::default() };
        Self { logs: MemoryLogs::new(clock.clone(), limits), clock }
    }

    async fn append(&self, id: u128, bytes: usize, ttl: Duration) -> Result<Sequence, StoreError> {
        self.logs.append(key(id), &vec![0; bytes], limits(ttl)).await
    }

    /// How many entries each log has.
    async fn held(&self, ids: &[u128]) -> Vec<usize> {
        let mut held = Vec::new();
        for id in ids {
            held.push(self.logs.read(key(*id), Sequence::ZERO, 100).await.unwrap().entries.len());
        }
        held
    }

    fn shown(&self) -> String {
        format!("{:?}", self.logs)
    }
}

fn key(id: u128) -> LogKey {
    LogKey { owner: OwnerDigest::of(b"alice"), kind: "test", id }
}

fn limits(ttl: Duration) -> LogLimits {
    LogLimits { entries_max: 10_000, bytes_max: 10_000, age_max: ttl, ttl }
}

/// The numbers of a refusal: logs, their bound, bytes, their bound.
fn full(append: Result<Sequence, StoreError>) -> (usize, usize, usize, usize) {
    match append.unwrap_err() {
        StoreError::Full { entries, entries_max, bytes, bytes_max } => (entries, entries_max, bytes, bytes_max),
        other => panic!("refused as {other:?}"),
    }
}

async fn is_ready(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(pin!(&mut *future).poll(context).is_ready())).await
}

const MINUTE: Duration = Duration::from_secs(60);
