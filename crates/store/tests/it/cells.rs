//! [`MemoryCells`]: the contract of the port, and its own bounds.

use std::{sync::Arc, time::Duration};

use outboard_store::{CellKey, Cells, MemoryCells, MemoryLimits, OwnerDigest, Put, StoreError, Version};
use outboard_testkit::{
    clock::{FakeClock, Timeline},
    contract,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_cells_keep_the_contract() {
    contract::cells::all(async || {
        let clock = Arc::new(FakeClock::default());
        let cells: Arc<dyn Cells> = Arc::new(MemoryCells::new(clock.clone(), MemoryLimits::default()));
        (cells, clock as Arc<dyn Timeline>)
    })
    .await;
}

#[tokio::test]
async fn a_store_full_of_entries_refuses_another() {
    let store = Store::new(2, 10_000);
    stored(store.put(1, 10, MINUTE).await);
    stored(store.put(2, 10, MINUTE).await);
    assert_eq!(full(store.put(3, 10, MINUTE).await), (2, 2, 2 * OVERHEAD + 20, 10_000));
    assert_eq!(store.held(&[1, 2, 3]).await, [true, true, false]);
}

#[tokio::test]
async fn a_store_full_of_bytes_refuses_another() {
    let bytes_max = 2 * OVERHEAD + 100;
    let store = Store::new(10, bytes_max);
    stored(store.put(1, 60, MINUTE).await);
    assert_eq!(full(store.put(2, 41, MINUTE).await), (1, 10, OVERHEAD + 60, bytes_max));
    stored(store.put(2, 40, MINUTE).await);
    assert_eq!(full(store.put(3, 0, MINUTE).await), (2, 10, bytes_max, bytes_max), "an empty cell costs something too");
}

#[tokio::test]
async fn what_has_expired_makes_room() {
    for limits in [(2, 10_000), (10, 2 * (OVERHEAD + 10))] {
        let store = Store::new(limits.0, limits.1);
        stored(store.put(1, 10, MINUTE).await);
        stored(store.put(2, 10, 2 * MINUTE).await);
        full(store.put(3, 10, MINUTE).await);
        store.clock.advance(MINUTE);
        stored(store.put(3, 10, MINUTE).await);
        assert_eq!(store.held(&[1, 2, 3]).await, [false, true, true], "{limits:?}");
        full(store.put(4, 10, MINUTE).await);
    }
}

#[tokio::test]
async fn what_is_deleted_makes_room() {
    let store = Store::new(1, OVERHEAD + 10);
    stored(store.put(1, 10, MINUTE).await);
    full(store.put(2, 10, MINUTE).await);
    assert!(store.cells.delete(key(1)).await.unwrap());
    stored(store.put(2, 10, MINUTE).await);
}

#[tokio::test]
async fn a_replacement_in_a_full_store_needs_room_for_the_difference_only() {
    let store = Store::new(1, OVERHEAD + 10);
    let version = stored(store.put(1, 10, MINUTE).await);
    let version = stored(store.replace(1, version, 10).await);
    let shrunk = stored(store.replace(1, version, 4).await);
    let grown = stored(store.replace(1, shrunk, 10).await);
    assert_eq!(full(store.replace(1, grown, 11).await), (1, 1, OVERHEAD + 10, OVERHEAD + 10));
    let cell = store.cells.get(key(1)).await.unwrap().unwrap();
    assert_eq!((cell.value.len(), cell.version), (10, grown), "the refusal left the cell as it was");
}

#[tokio::test]
async fn a_condition_that_fails_is_told_before_a_full_store() {
    let store = Store::new(1, OVERHEAD + 10);
    let version = stored(store.put(1, 10, MINUTE).await);
    assert_eq!(store.put(1, 10, MINUTE).await.unwrap(), Put::Unchanged);
    assert_eq!(store.replace(2, version, 10).await.unwrap(), Put::Unchanged);
}

#[tokio::test]
async fn room_does_not_leak_over_many_lives() {
    let store = Store::new(3, OVERHEAD + 30);
    for round in 0..100 {
        let version = stored(store.put(round, 10, MINUTE).await);
        stored(store.replace(round, version, 30).await);
        match round % 2 {
            0 => store.clock.advance(2 * MINUTE),
            _ => assert!(store.cells.delete(key(round)).await.unwrap()),
        }
    }
    stored(store.put(1000, 30, MINUTE).await);
    assert!(format!("{:?}", store.cells).contains("entries: 1, bytes: 542"), "{:?}", store.cells);
}

#[tokio::test]
async fn what_one_owner_holds_leaves_room_for_another() {
    for limits in
        [MemoryLimits { entries_max: 128, ..LIMITS }, MemoryLimits { bytes_max: 128 * (OVERHEAD + 1), ..LIMITS }]
    {
        let cells = MemoryCells::new(Arc::new(FakeClock::default()), limits);
        let held = fill(&cells, "mallory").await;
        assert_eq!(held, 64, "a half of what there is, {limits:?}");
        assert_eq!(fill(&cells, "mallet").await, 32, "a half of the rest");
        assert_eq!(fill(&cells, "alice").await, 16, "and so on");
    }
}

#[tokio::test]
async fn a_larger_share_is_as_it_was_set() {
    for (owner_percent, most) in [(1, 1), (10, 10), (100, 100), (u8::MAX, 100)] {
        let limits = MemoryLimits { entries_max: 100, owner_percent, ..LIMITS };
        let cells = MemoryCells::new(Arc::new(FakeClock::default()), limits);
        assert_eq!(fill(&cells, "mallory").await, most, "{owner_percent} percent");
    }
}

#[tokio::test]
async fn a_replacement_that_does_not_grow_is_never_refused() {
    let limits = MemoryLimits { entries_max: 4, ..LIMITS };
    let cells = MemoryCells::new(Arc::new(FakeClock::default()), limits);
    let version = stored(cells.put_if_absent(key(1), b"x", MINUTE).await);
    stored(cells.put_if_absent(key(2), b"x", MINUTE).await);
    // Now alice has more than a half of what bob leaves.
    fill(&cells, "bob").await;
    full(cells.put_if_absent(key(3), b"x", MINUTE).await);
    stored(cells.put_if_version(key(1), version, b"y", MINUTE).await);
}

/// Puts cells of one byte until one is refused. Returns how many were not.
async fn fill(cells: &MemoryCells, owner: &str) -> usize {
    for id in 0.. {
        let key = CellKey { owner: OwnerDigest::of(owner.as_bytes()), kind: "test", id };
        if let Err(refused) = cells.put_if_absent(key, b"x", MINUTE).await {
            assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
            return usize::try_from(id).unwrap();
        }
    }
    unreachable!("the store is bounded")
}

struct Store {
    cells: MemoryCells,
    clock: Arc<FakeClock>,
}

impl Store {
    fn new(entries_max: usize, bytes_max: usize) -> Self {
        let clock = Arc::new(FakeClock::default());
        let limits = MemoryLimits { entries_max, bytes_max, owner_percent: 100, ..LIMITS };
        Self { cells: MemoryCells::new(clock.clone(), limits), clock }
    }

    async fn put(&self, id: u128, bytes: usize, ttl: Duration) -> Result<Put, StoreError> {
        self.cells.put_if_absent(key(id), &vec![0; bytes], ttl).await
    }

    async fn replace(&self, id: u128, version: Version, bytes: usize) -> Result<Put, StoreError> {
        self.cells.put_if_version(key(id), version, &vec![0; bytes], MINUTE).await
    }

    async fn held(&self, ids: &[u128]) -> Vec<bool> {
        let mut held = Vec::new();
        for id in ids {
            held.push(self.cells.get(key(*id)).await.unwrap().is_some());
        }
        held
    }
}

fn key(id: u128) -> CellKey {
    CellKey { owner: OwnerDigest::of(b"alice"), kind: "test", id }
}

fn stored(put: Result<Put, StoreError>) -> Version {
    match put.unwrap() {
        Put::Stored(version) => version,
        Put::Unchanged => panic!("the put was not stored"),
    }
}

/// The numbers of a refusal: entries, their bound, bytes, their bound.
fn full(put: Result<Put, StoreError>) -> (usize, usize, usize, usize) {
    match put.unwrap_err() {
        StoreError::Full { entries, entries_max, bytes, bytes_max } => (entries, entries_max, bytes, bytes_max),
        other => panic!("refused as {other:?}"),
    }
}

const LIMITS: MemoryLimits =
    MemoryLimits { entries_max: 10_000, bytes_max: 1 << 20, owner_percent: 50, value_bytes_max: 64 << 10 };

/// What each cell counts for besides its value.
const OVERHEAD: usize = 512;

const MINUTE: Duration = Duration::from_secs(60);
