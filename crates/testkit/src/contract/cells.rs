//! The contract of [`Cells`].
//!
//! What is an adapter's own, such as where its bounds are and what happens when it is full, it tests itself.

use std::{sync::Arc, time::Duration};

use outboard_store::{CellKey, Cells, OwnerDigest, Put, StoreError, Version};
use tokio::{sync::Barrier, task::JoinSet};

use crate::clock::Timeline;

/// Runs the whole suite on what `make` makes: each time an empty store, and the time it goes by.
///
/// Take a runtime of several threads, else the races are none.
///
/// # Panics
///
/// When the adapter breaks a promise of the port.
///
/// # Cancel safety
///
/// None: what is left in the store is the adapter's to clean up.
pub async fn all<F>(make: impl Fn() -> F + Send + Sync)
where
    F: Future<Output = (Arc<dyn Cells>, Arc<dyn Timeline>)> + Send,
{
    let fresh = || async {
        let (cells, clock) = make().await;
        Fixture { cells, clock }
    };
    absent_cells_stay_absent(fresh().await).await;
    a_stored_value_is_read_back(fresh().await).await;
    two_cells_are_read_together(fresh().await).await;
    only_the_first_put_if_absent_stores(fresh().await).await;
    a_version_replaces_what_it_stored_and_nothing_newer(fresh().await).await;
    a_deleted_cell_is_absent_and_its_versions_are_dead(fresh().await).await;
    a_cell_ends_with_its_ttl(fresh().await).await;
    an_expired_cell_is_absent_in_every_respect(fresh().await).await;
    a_replacement_gets_a_ttl_of_its_own(fresh().await).await;
    an_unchanged_cell_keeps_its_ttl(fresh().await).await;
    extreme_ttls_are_kept(fresh().await).await;
    a_foreign_owner_sees_no_cell(fresh().await).await;
    kinds_and_ids_are_cells_of_their_own(fresh().await).await;
    a_value_fills_its_bound_and_not_more(fresh().await).await;
    of_racing_puts_one_is_stored(fresh().await).await;
    a_future_never_polled_does_nothing(fresh().await).await;
}

struct Fixture {
    cells: Arc<dyn Cells>,
    clock: Arc<dyn Timeline>,
}

async fn absent_cells_stay_absent(f: Fixture) {
    f.assert_absent(KEY, "in an empty store").await;
    assert!(!f.delete(KEY).await, "deleting what is absent tells so");
    let replaced = f.replace(KEY, Version::from_u64(0), b"x").await;
    assert_eq!(replaced, Put::Unchanged, "no version replaces what is absent");
    f.assert_absent(KEY, "after a put that named a version").await;
}

async fn a_stored_value_is_read_back(f: Fixture) {
    for (id, value) in [&b""[..], b"x", b"\0\xff binary", &[7; 1000]].into_iter().enumerate() {
        let key = CellKey { id: id as u128, ..KEY };
        let version = f.create(key, value).await;
        f.assert_holds(key, value, version, "what was put").await;
        f.assert_holds(key, value, version, "reading changes nothing").await;
    }
}

async fn two_cells_are_read_together(f: Fixture) {
    let other = CellKey { kind: "other", ..KEY };
    let (one, two) = (Some(f.create(KEY, b"1").await), Some(f.create(other, b"2").await));
    let absent = CellKey { id: 2, ..KEY };
    let cases = [
        (KEY, other, [one, two]),
        (other, KEY, [two, one]),
        (absent, KEY, [None, one]),
        (other, absent, [two, None]),
        (KEY, KEY, [one, one]),
    ];
    for (first, second, expected) in cases {
        let found = f.cells.get_both(first, second).await.expect("the store under test works");
        let versions = found.map(|cell| cell.map(|cell| cell.version));
        assert_eq!(versions, expected, "each is its own: {first:?} and {second:?}");
    }
    f.clock.advance(MINUTE).await;
    let found = f.cells.get_both(KEY, other).await.expect("the store under test works");
    assert_eq!(found, [None, None], "what has expired is absent here too");
}

async fn only_the_first_put_if_absent_stores(f: Fixture) {
    let version = f.create(KEY, b"first").await;
    assert_eq!(f.put(KEY, b"second", MINUTE).await, Put::Unchanged, "the cell is there already");
    f.assert_holds(KEY, b"first", version, "the first put").await;
}

async fn a_version_replaces_what_it_stored_and_nothing_newer(f: Fixture) {
    let first = f.create(KEY, b"1").await;
    let second = stored(f.replace(KEY, first, b"2").await, "the version is the cell's");
    assert_ne!(first, second, "each put has a version of its own");
    f.assert_holds(KEY, b"2", second, "the replacement").await;
    assert_eq!(f.replace(KEY, first, b"3").await, Put::Unchanged, "the first version is gone");
    f.assert_holds(KEY, b"2", second, "the replacement").await;
}

async fn a_deleted_cell_is_absent_and_its_versions_are_dead(f: Fixture) {
    let before = f.create(KEY, b"before").await;
    assert!(f.delete(KEY).await, "deleting what is there tells so");
    f.assert_absent(KEY, "after its deletion").await;
    assert_eq!(f.replace(KEY, before, b"x").await, Put::Unchanged, "a deleted cell has no version");
    let after = f.create(KEY, b"after").await;
    assert_eq!(f.replace(KEY, before, b"x").await, Put::Unchanged, "no former version comes back");
    f.assert_holds(KEY, b"after", after, "what was created anew").await;
}

async fn a_cell_ends_with_its_ttl(f: Fixture) {
    let version = f.create(KEY, b"x").await;
    f.clock.advance(MINUTE - MILLI).await;
    f.assert_holds(KEY, b"x", version, "a millisecond before its end").await;
    f.clock.advance(MILLI).await;
    f.assert_absent(KEY, "at its end").await;
}

async fn an_expired_cell_is_absent_in_every_respect(f: Fixture) {
    // A cell for each question, because the answer to one may remove what has expired.
    let [deleted, replaced, created] = [1, 2, 3].map(|id| CellKey { id, ..KEY });
    f.create(deleted, b"before").await;
    let version = f.create(replaced, b"before").await;
    let before = f.create(created, b"before").await;
    f.clock.advance(MINUTE).await;
    assert!(!f.delete(deleted).await, "an expired cell cannot be deleted");
    assert_eq!(f.replace(replaced, version, b"x").await, Put::Unchanged, "an expired cell has no version");
    let after = f.create(created, b"after").await;
    assert_eq!(f.replace(created, before, b"x").await, Put::Unchanged, "no former version comes back");
    f.assert_holds(created, b"after", after, "what was created anew").await;
}

async fn a_replacement_gets_a_ttl_of_its_own(f: Fixture) {
    let first = f.create(KEY, b"1").await;
    f.clock.advance(MINUTE / 2).await;
    let second = stored(f.replace(KEY, first, b"2").await, "the version is the cell's");
    f.clock.advance(MINUTE - MILLI).await;
    f.assert_holds(KEY, b"2", second, "counted from its own put").await;
    f.clock.advance(MILLI).await;
    f.assert_absent(KEY, "at the end of the replacement").await;
}

async fn an_unchanged_cell_keeps_its_ttl(f: Fixture) {
    let version = f.create(KEY, b"x").await;
    let other = stored(f.replace(KEY, version, b"x").await, "the version is the cell's");
    f.clock.advance(MINUTE / 2).await;
    assert_eq!(f.put(KEY, b"y", MINUTE).await, Put::Unchanged, "the cell is there already");
    assert_eq!(f.replace(KEY, version, b"y").await, Put::Unchanged, "the version is an old one");
    f.clock.advance(MINUTE / 2 - MILLI).await;
    f.assert_holds(KEY, b"x", other, "a millisecond before its end").await;
    f.clock.advance(MILLI).await;
    f.assert_absent(KEY, "refused puts lengthen nothing").await;
}

async fn extreme_ttls_are_kept(f: Fixture) {
    for (id, ttl) in [(1, Duration::ZERO), (2, Duration::from_nanos(1)), (3, MILLI)] {
        let key = CellKey { id, ..KEY };
        let version = stored(f.put(key, b"x", ttl).await, "there is no such cell");
        f.assert_holds(key, b"x", version, "the shortest life is a millisecond").await;
        f.clock.advance(MILLI).await;
        f.assert_absent(key, "after a millisecond").await;
    }
    let version = stored(f.put(KEY, b"x", Duration::MAX).await, "there is no such cell");
    f.clock.advance(Duration::from_secs(100 * 365 * 24 * 60 * 60)).await;
    f.assert_holds(KEY, b"x", version, "for good").await;
}

async fn a_foreign_owner_sees_no_cell(f: Fixture) {
    let foreign = CellKey { owner: OwnerDigest::from_bytes([2; 32]), ..KEY };
    let version = f.create(KEY, b"mine").await;
    f.assert_absent(foreign, "for another owner").await;
    assert_eq!(f.replace(foreign, version, b"x").await, Put::Unchanged, "a version opens no foreign cell");
    assert!(!f.delete(foreign).await, "a foreign cell cannot be deleted");
    let theirs = f.create(foreign, b"theirs").await;
    f.assert_holds(KEY, b"mine", version, "untouched by the other owner").await;
    f.assert_holds(foreign, b"theirs", theirs, "a cell of its own").await;
}

async fn kinds_and_ids_are_cells_of_their_own(f: Fixture) {
    let keys = [KEY, CellKey { kind: "other", ..KEY }, CellKey { id: u128::MAX, ..KEY }, CellKey { id: 0, ..KEY }];
    let mut versions = Vec::new();
    for key in keys {
        versions.push(f.create(key, format!("{key:?}").as_bytes()).await);
    }
    for (key, version) in keys.into_iter().zip(versions) {
        f.assert_holds(key, format!("{key:?}").as_bytes(), version, "its own value").await;
        assert!(f.delete(key).await, "deleting one leaves the others");
    }
}

async fn a_value_fills_its_bound_and_not_more(f: Fixture) {
    let bytes_max = f.cells.value_bytes_max();
    let (full, over) = (vec![1; bytes_max], vec![2; bytes_max + 1]);
    let too_large = |refused: Result<Put, StoreError>| {
        let sizes = match refused {
            Err(StoreError::ValueTooLarge { bytes, bytes_max }) => Some((bytes, bytes_max)),
            _ => None,
        };
        assert_eq!(sizes, Some((bytes_max + 1, bytes_max)), "a value over the bound is refused with its size");
    };
    too_large(f.cells.put_if_absent(KEY, &over, MINUTE).await);
    f.assert_absent(KEY, "after the refusal").await;
    let version = f.create(KEY, &full).await;
    too_large(f.cells.put_if_version(KEY, version, &over, MINUTE).await);
    f.assert_holds(KEY, &full, version, "what was there before the refusal").await;
}

async fn of_racing_puts_one_is_stored(f: Fixture) {
    let created = race(&f.cells, |cells| async move { cells.put_if_absent(KEY, b"x", MINUTE).await }).await;
    let version = exactly_one(&created, "of racing puts if absent");
    let replaced =
        race(&f.cells, move |cells| async move { cells.put_if_version(KEY, version, b"y", MINUTE).await }).await;
    let version = exactly_one(&replaced, "of racing puts of one version");
    f.assert_holds(KEY, b"y", version, "the winner's").await;
}

async fn a_future_never_polled_does_nothing(f: Fixture) {
    drop(f.cells.put_if_absent(KEY, b"x", MINUTE));
    f.assert_absent(KEY, "after a put that was never polled").await;
    let version = f.create(KEY, b"x").await;
    drop(f.cells.put_if_version(KEY, version, b"y", MINUTE));
    drop(f.cells.delete(KEY));
    f.assert_holds(KEY, b"x", version, "after futures that were never polled").await;
}

impl Fixture {
    async fn put(&self, key: CellKey, value: &[u8], ttl: Duration) -> Put {
        self.cells.put_if_absent(key, value, ttl).await.expect("the store under test works")
    }

    async fn create(&self, key: CellKey, value: &[u8]) -> Version {
        stored(self.put(key, value, MINUTE).await, "there is no such cell")
    }

    async fn replace(&self, key: CellKey, version: Version, value: &[u8]) -> Put {
        self.cells.put_if_version(key, version, value, MINUTE).await.expect("the store under test works")
    }

    async fn delete(&self, key: CellKey) -> bool {
        self.cells.delete(key).await.expect("the store under test works")
    }

    async fn assert_absent(&self, key: CellKey, when: &str) {
        let found = self.cells.get(key).await.expect("the store under test works");
        assert_eq!(found, None, "{when}, a cell is absent");
    }

    async fn assert_holds(&self, key: CellKey, value: &[u8], version: Version, what: &str) {
        let found = self.cells.get(key).await.expect("the store under test works");
        let found = found.as_ref().map(|cell| (&cell.value[..], cell.version));
        assert_eq!(found, Some((value, version)), "the cell holds: {what}");
    }
}

fn stored(put: Put, because: &str) -> Version {
    exactly_one(&[put], because)
}

fn exactly_one(puts: &[Put], of: &str) -> Version {
    let mut stored = puts.iter().filter_map(|put| match put {
        Put::Stored(version) => Some(*version),
        Put::Unchanged => None,
    });
    let version = stored.next();
    assert_eq!(stored.next(), None, "{of}: only one is stored");
    version.expect(of)
}

/// Runs `put` several times at once and returns what came of each.
async fn race<F>(cells: &Arc<dyn Cells>, put: impl Fn(Arc<dyn Cells>) -> F) -> Vec<Put>
where
    F: Future<Output = Result<Put, StoreError>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(RACERS));
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let (start, put) = (start.clone(), put(cells.clone()));
        racers.spawn(async move {
            start.wait().await;
            put.await.expect("the store under test works")
        });
    }
    racers.join_all().await
}

const KEY: CellKey = CellKey { owner: OwnerDigest::from_bytes([1; 32]), kind: "contract", id: 1 };
const MINUTE: Duration = Duration::from_secs(60);
const MILLI: Duration = Duration::from_millis(1);
const RACERS: usize = 8;
