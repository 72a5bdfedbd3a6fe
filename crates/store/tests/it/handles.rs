//! State between calls: for its owner only, bounded in every way, and unknown for one reason like for any other.

use std::{sync::Arc, time::Duration};

use outboard_store::{
    CellKey, Cells, CreateHandleError, Handle, HandleLimits, Handles, MemoryCells, MemoryLimits, NotAHandle, Store,
    StoreError, UnixMillis, UpdateHandleError, Updated, Version,
};
use outboard_testkit::clock::FakeClock;
use tokio::task::JoinSet;

use crate::support::{
    ATTEMPTS_MAX, HOUR, MILLI, MINUTE, alice, bob, bytes_of, contended, down, memory, put_raw, raw_value, ring,
};

#[tokio::test]
async fn a_value_is_found_again_by_its_handle_on_every_replica() {
    let (store, _) = memory();
    let [one, other] = [(); 2].map(|()| Handles::new(&store, HandleLimits::default()));
    for value in [&b"apples"[..], b"", b"\0\xff"] {
        let told = one.create(alice(), value, HOUR).await.unwrap().to_string();
        let handle: Handle = told.parse().unwrap();
        let (found, version) = other.get(alice(), &handle).await.unwrap().unwrap();
        assert_eq!(found, value);
        let updated = other.update(alice(), &handle, version, b"pears", HOUR).await.unwrap();
        let (found, version) = one.get(alice(), &handle).await.unwrap().unwrap();
        assert_eq!((&found[..], updated), (&b"pears"[..], Updated::Stored(version)));
        assert!(one.remove(alice(), &handle).await.unwrap());
        assert_eq!(other.get(alice(), &handle).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_update_that_comes_second_is_a_conflict() {
    let (store, _) = memory();
    let handles = Handles::new(&store, HandleLimits::default());
    let handle = handles.create(alice(), b"1", HOUR).await.unwrap();
    let (_, version) = handles.get(alice(), &handle).await.unwrap().unwrap();
    let updated = handles.update(alice(), &handle, version, b"2", HOUR).await.unwrap();
    assert!(matches!(updated, Updated::Stored(next) if next != version));
    assert_eq!(handles.update(alice(), &handle, version, b"3", HOUR).await.unwrap(), Updated::Conflict);
    assert_eq!(handles.get(alice(), &handle).await.unwrap().unwrap().0, "2");
}

#[tokio::test]
async fn unknown_foreign_expired_and_removed_are_answered_alike() {
    let (store, clock) = memory();
    let handles = Handles::new(&store, HandleLimits::default());
    let expired = handles.create(alice(), b"x", MINUTE).await.unwrap();
    let version = handles.get(alice(), &expired).await.unwrap().unwrap().1;
    clock.advance(MINUTE);
    let removed = handles.create(alice(), b"x", HOUR).await.unwrap();
    assert!(handles.remove(alice(), &removed).await.unwrap());
    let foreign = handles.create(bob(), b"x", HOUR).await.unwrap();
    let of_bob = handles.get(bob(), &foreign).await.unwrap().unwrap();
    let unknown = "AAAAAAAAAAAAAAAAAAAABw".parse().unwrap();
    for handle in [expired, removed, foreign, unknown] {
        assert_eq!(handles.get(alice(), &handle).await.unwrap(), None);
        for version in [version, of_bob.1, Version::from_u64(0)] {
            assert_eq!(handles.update(alice(), &handle, version, b"y", HOUR).await.unwrap(), Updated::Unknown);
        }
        assert!(!handles.remove(alice(), &handle).await.unwrap());
    }
    assert_eq!(handles.get(bob(), &foreign).await.unwrap().unwrap(), of_bob, "untouched");
    for text in ["", "basket-1", &unknown.to_string()[1..], &format!("{unknown}A")] {
        assert_eq!(text.parse::<Handle>(), Err(NotAHandle), "{text:?}");
    }
    assert_eq!(NotAHandle.to_string(), "no such handle");
}

#[tokio::test]
async fn a_value_lives_as_long_as_the_last_update_said() {
    let (store, clock) = memory();
    let handles = Handles::new(&store, HandleLimits::default());
    let handle = handles.create(alice(), b"1", MINUTE).await.unwrap();
    clock.advance(MINUTE - MILLI);
    let (_, version) = handles.get(alice(), &handle).await.unwrap().unwrap();
    assert!(matches!(handles.update(alice(), &handle, version, b"2", HOUR).await.unwrap(), Updated::Stored(_)));
    clock.advance(HOUR - MILLI);
    assert!(handles.get(alice(), &handle).await.unwrap().is_some());
    clock.advance(MILLI);
    assert_eq!(handles.get(alice(), &handle).await.unwrap(), None);
    assert!(format!("{:?}", store.cells).contains("entries: 2"), "{:?}", store.cells);
    handles.create(bob(), b"x", HOUR).await.unwrap();
    assert!(format!("{:?}", store.cells).contains("entries: 2"), "value and index are gone: {:?}", store.cells);
}

#[tokio::test]
async fn values_and_lives_are_bounded() {
    let (store, _) = memory();
    let handles = Handles::new(&store, HandleLimits { value_bytes_max: 10, ttl_max: HOUR, ..HandleLimits::default() });
    let handle = handles.create(alice(), &[0; 10], HOUR).await.unwrap();
    let (_, version) = handles.get(alice(), &handle).await.unwrap().unwrap();
    let (too_large, too_long) = (&[0; 11], HOUR + MILLI);
    let refused = handles.create(alice(), too_large, HOUR).await;
    assert!(matches!(refused, Err(CreateHandleError::TooLarge { bytes: 11, bytes_max: 10 })), "{refused:?}");
    let refused = handles.update(alice(), &handle, version, too_large, HOUR).await;
    assert!(matches!(refused, Err(UpdateHandleError::TooLarge { bytes: 11, bytes_max: 10 })), "{refused:?}");
    let refused = handles.create(alice(), b"x", too_long).await;
    assert!(matches!(refused, Err(CreateHandleError::TtlTooLong { ttl_max: HOUR, .. })), "{refused:?}");
    let refused = handles.update(alice(), &handle, version, b"x", too_long).await;
    assert!(matches!(refused, Err(UpdateHandleError::TtlTooLong { ttl_max: HOUR, .. })), "{refused:?}");
    assert_eq!(handles.get(alice(), &handle).await.unwrap().unwrap().1, version, "refusals changed nothing");
    assert_eq!(index(&store).await.len(), 1, "and count nothing");
}

#[tokio::test]
async fn an_owner_has_a_bounded_number_until_some_expire_or_are_removed() {
    let store = Few::new(3);
    let first = store.create(MINUTE).await.unwrap();
    let second = store.create(HOUR).await.unwrap();
    store.create(HOUR).await.unwrap();
    store.assert_full().await;
    assert!(store.handles.create(bob(), b"x", HOUR).await.is_ok(), "another owner has a number of his own");
    assert!(store.handles.remove(alice(), &second).await.unwrap());
    store.create(HOUR).await.unwrap();
    store.assert_full().await;
    store.clock.advance(MINUTE);
    assert_eq!(store.handles.get(alice(), &first).await.unwrap(), None);
    store.create(HOUR).await.unwrap();
    store.assert_full().await;
    store.clock.advance(HOUR);
    assert_eq!(raw_value(&store.store, index_key()).await, None, "an index without handles is gone");
}

#[tokio::test]
async fn an_updated_value_counts_as_long_as_it_lives() {
    let store = Few::new(2);
    let handle = store.create(MINUTE).await.unwrap();
    let (_, version) = store.handles.get(alice(), &handle).await.unwrap().unwrap();
    let updated = store.handles.update(alice(), &handle, version, b"y", HOUR).await.unwrap();
    assert!(matches!(updated, Updated::Stored(_)));
    store.clock.advance(MINUTE);
    store.create(HOUR).await.unwrap();
    store.assert_full().await;
    let (_, version) = store.handles.get(alice(), &handle).await.unwrap().unwrap();
    let updated = store.handles.update(alice(), &handle, version, b"z", MINUTE).await.unwrap();
    assert!(matches!(updated, Updated::Stored(_)));
    store.clock.advance(MINUTE);
    store.create(HOUR).await.unwrap();
    store.assert_full().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_bound_holds_for_many_at_once() {
    let store = Few::new(10);
    let mut creating = JoinSet::new();
    for _ in 0..8 {
        let handles = store.handles.clone();
        creating.spawn(async move {
            let mut created = Vec::new();
            for _ in 0..4 {
                match handles.create(alice(), b"x", HOUR).await {
                    Ok(handle) => created.push(handle),
                    Err(CreateHandleError::TooMany { .. } | CreateHandleError::Store(StoreError::Contended { .. })) => {
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
            created
        });
    }
    let created = creating.join_all().await.concat();
    assert!(created.len() <= 10 && !created.is_empty(), "{} were created", created.len());
    assert_eq!(index(&store.store).await.len(), created.len(), "each is counted once");
}

#[tokio::test]
async fn who_comes_second_tries_again_for_a_bounded_number_of_times() {
    let (store, _) = memory();
    let handles = |times| Handles::new(&contended(&store, times), HandleLimits::default());
    let refused = handles(ATTEMPTS_MAX).create(alice(), b"x", HOUR).await;
    assert!(matches!(refused, Err(CreateHandleError::Store(StoreError::Contended { .. }))), "{refused:?}");
    let handle = handles(ATTEMPTS_MAX - 1).create(alice(), b"x", HOUR).await.unwrap();
    let refused = handles(ATTEMPTS_MAX).remove(alice(), &handle).await;
    assert!(matches!(refused, Err(StoreError::Contended { .. })), "{refused:?}");
    assert_eq!(index(&store).await.len(), 1, "it is removed and counts until it would have expired");
}

#[tokio::test]
async fn the_largest_index_fits_a_cell() {
    let (store, _) = memory();
    let handles = Handles::new(&store, HandleLimits { handles_max: usize::MAX, ..HandleLimits::default() });
    for _ in 0..1000 {
        handles.create(alice(), b"", HOUR).await.unwrap();
    }
    let refused = handles.create(alice(), b"", HOUR).await;
    assert!(matches!(refused, Err(CreateHandleError::TooMany { handles_max: 1000 })), "{refused:?}");
}

#[tokio::test]
async fn a_value_that_finds_no_room_is_told_and_gives_no_handle() {
    let clock = Arc::new(FakeClock::default());
    let limits = MemoryLimits { entries_max: 1, ..MemoryLimits::default() };
    let cells: Arc<dyn Cells> = Arc::new(MemoryCells::new(clock.clone(), limits));
    let store = Store { cells, ..Store::in_memory(Arc::new(ring(&[1])), clock) };
    let refused = Handles::new(&store, HandleLimits::default()).create(alice(), b"x", HOUR).await;
    assert!(matches!(refused, Err(CreateHandleError::Store(StoreError::Full { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_value_of_an_unknown_format_is_unknown() {
    let (store, _) = memory();
    let handles = Handles::new(&store, HandleLimits::default());
    for unknown in [&b""[..], b"\x02later", b"\0"] {
        put_raw(&store, value_key(7), unknown).await;
        let version = store.cells.get(value_key(7)).await.unwrap().unwrap().version;
        assert_eq!(handles.get(alice(), &golden_handle()).await.unwrap(), None, "{unknown:?}");
        let other = Version::from_u64(version.as_u64() + 1);
        let updated = handles.update(alice(), &golden_handle(), other, b"x", HOUR).await.unwrap();
        assert_eq!(updated, Updated::Unknown, "{unknown:?}");
    }
}

#[tokio::test]
async fn the_golden_records_are_still_read_and_written() {
    let (store, clock) = memory();
    let handles = Handles::new(&store, HandleLimits { handles_max: 2, ..HandleLimits::default() });
    let golden = bytes_of(include_str!("golden/handle-1.txt"));
    put_raw(&store, value_key(7), &golden).await;
    assert_eq!(handles.get(alice(), &golden_handle()).await.unwrap().unwrap().0, "apples");

    let golden_index = bytes_of(include_str!("golden/handle-index-1.txt"));
    put_raw(&store, index_key(), &golden_index).await;
    let handle = handles.create(alice(), b"apples", MINUTE).await.unwrap();
    let refused = handles.create(alice(), b"x", MINUTE).await;
    assert!(matches!(refused, Err(CreateHandleError::TooMany { .. })), "the golden one counts: {refused:?}");
    let entries = index(&store).await;
    let number = entries[1].0;
    assert_eq!(entries[0], (0x0011_2233_4455_6677_8899_aabb_ccdd_eeff, GOLDEN_EXPIRY));
    assert_eq!(entries[1].1, outboard_store::Clock::now(&*clock).saturating_add(MINUTE));
    assert_eq!(raw_value(&store, value_key(number)).await.unwrap(), golden);
    assert!(handles.remove(alice(), &handle).await.unwrap());
    assert_eq!(raw_value(&store, index_key()).await.unwrap(), golden_index);
}

#[tokio::test]
async fn an_index_that_this_build_cannot_read_is_counted_anew() {
    let (store, _) = memory();
    let handles = Handles::new(&store, HandleLimits { handles_max: 1, ..HandleLimits::default() });
    for unknown in [&b""[..], &[2, 1, 1], &[1, 7, 7]] {
        put_raw(&store, index_key(), unknown).await;
        handles.create(alice(), b"x", HOUR).await.unwrap();
        assert_eq!(index(&store).await.len(), 1, "{unknown:?}");
    }
}

#[tokio::test]
async fn a_handle_does_not_show_itself() {
    assert_eq!(format!("{:?}", golden_handle()), "Handle(..)");
    assert_eq!(golden_handle().to_string(), "AAAAAAAAAAAAAAAAAAAABw");
}

#[tokio::test]
async fn a_store_that_is_down_is_told() {
    let handles = Handles::new(&down(), HandleLimits::default());
    let (handle, version) = (golden_handle(), Version::from_u64(1));
    let refused = handles.create(alice(), b"x", HOUR).await;
    assert!(matches!(refused, Err(CreateHandleError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    let refused = handles.update(alice(), &handle, version, b"x", HOUR).await;
    assert!(matches!(refused, Err(UpdateHandleError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    assert!(matches!(handles.get(alice(), &handle).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(handles.remove(alice(), &handle).await, Err(StoreError::Unavailable { .. })));
}

/// A store in which alice may have few handles.
struct Few {
    store: Store,
    clock: Arc<FakeClock>,
    handles: Handles,
}

impl Few {
    fn new(handles_max: usize) -> Self {
        let (store, clock) = memory();
        let handles = Handles::new(&store, HandleLimits { handles_max, ..HandleLimits::default() });
        Self { store, clock, handles }
    }

    async fn create(&self, ttl: Duration) -> Result<Handle, CreateHandleError> {
        self.handles.create(alice(), b"x", ttl).await
    }

    async fn assert_full(&self) {
        let refused = self.create(HOUR).await;
        assert!(matches!(refused, Err(CreateHandleError::TooMany { .. })), "{refused:?}");
    }
}

/// The entries of alice's index, as they are stored.
async fn index(store: &Store) -> Vec<(u128, UnixMillis)> {
    let bytes = raw_value(store, index_key()).await.unwrap();
    let entries = bytes[1..].chunks_exact(24).map(|entry| {
        let (id, expires) = entry.split_at(16);
        let expires = u64::from_be_bytes(expires.try_into().unwrap());
        (u128::from_be_bytes(id.try_into().unwrap()), UnixMillis::new(expires))
    });
    entries.collect()
}

fn index_key() -> CellKey {
    CellKey { owner: alice(), kind: "handles", id: 0 }
}

fn value_key(id: u128) -> CellKey {
    CellKey { owner: alice(), kind: "handle", id }
}

/// The handle that is 7.
fn golden_handle() -> Handle {
    "AAAAAAAAAAAAAAAAAAAABw".parse().unwrap()
}

/// An hour after the clock of the tests.
const GOLDEN_EXPIRY: UnixMillis = UnixMillis::new(1_785_243_600_000);
