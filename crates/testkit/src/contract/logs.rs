//! The contract of [`Logs`].
//!
//! What is an adapter's own, such as where its bounds are and what happens when it is full, it tests itself.

mod bounds;
mod racing;
mod tail;

use std::{sync::Arc, time::Duration};

use outboard_store::{LogEntry, LogKey, LogLimits, LogPage, Logs, OwnerDigest, Sequence, StoreError};

use crate::clock::Timeline;

/// Runs the whole suite on what `make` makes: each time an empty store, and the time it goes by.
///
/// Take a runtime of several threads, else the races are none, and with its timer: what does not come within some
/// seconds is taken for lost.
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
    F: Future<Output = (Arc<dyn Logs>, Arc<dyn Timeline>)> + Send,
{
    let fresh = || async {
        let (logs, clock) = make().await;
        Fixture { logs, clock }
    };
    an_absent_log_has_nothing(fresh().await).await;
    entries_are_read_back_in_order(fresh().await).await;
    a_log_is_read_page_by_page(fresh().await).await;
    only_a_log_that_is_there_is_appended_to_if_present(fresh().await).await;
    a_deleted_log_is_absent_and_repeats_no_sequence(fresh().await).await;
    a_log_ends_with_its_ttl_and_repeats_no_sequence(fresh().await).await;
    a_position_of_the_future_is_told_of_a_gap(fresh().await).await;
    a_foreign_owner_sees_no_log(fresh().await).await;
    kinds_and_ids_are_logs_of_their_own(fresh().await).await;
    a_future_never_polled_does_nothing(fresh().await).await;
    bounds::all(&fresh).await;
    tail::all(&fresh).await;
    racing::all(&fresh).await;
}

struct Fixture {
    logs: Arc<dyn Logs>,
    clock: Arc<dyn Timeline>,
}

async fn an_absent_log_has_nothing(f: Fixture) {
    f.assert_absent(KEY, "in an empty store").await;
    assert!(!f.delete(KEY).await, "deleting what is absent tells so");
    f.assert_absent(KEY, "after it was deleted").await;
}

async fn entries_are_read_back_in_order(f: Fixture) {
    let mut expected = Vec::new();
    for bytes in [&b""[..], b"x", b"\0\xff binary", &[7; 1000]] {
        let sequence = f.append(KEY, bytes).await;
        expected.push(LogEntry { sequence, at: f.clock.now(), bytes: bytes.to_vec().into() });
        f.clock.advance(MILLI).await;
    }
    let sequences: Vec<_> = expected.iter().map(|entry: &LogEntry| entry.sequence.as_u64()).collect();
    assert!(!sequences.contains(&0), "zero is before all entries");
    assert!(sequences.is_sorted_by(|one, other| one + 1 == *other), "sequences grow by one: {sequences:?}");
    let mut after = Sequence::ZERO;
    let last = f.read(KEY, after).await.last;
    while let Some(first) = expected.first() {
        let next = first.sequence;
        let read = f.read(KEY, after).await;
        assert_eq!(read.position(), last, "a reader that took everything is at the end");
        assert_eq!(read, LogPage { entries: expected.clone(), gap: false, last }, "after {after:?}");
        after = next;
        expected.remove(0);
    }
    assert_eq!(f.read(KEY, after).await, LogPage { entries: expected, gap: false, last }, "at the end");
    assert_eq!(after, last, "the last is the last");
}

async fn a_log_is_read_page_by_page(f: Fixture) {
    for number in 0..5_u8 {
        f.append(KEY, &[number]).await;
    }
    let (mut position, mut pages) = (Sequence::ZERO, Vec::new());
    for _ in 0..4 {
        let page = f.logs.read(KEY, position, 2).await.expect(WORKS);
        assert!(!page.gap, "nothing is lost");
        position = page.position();
        pages.push(page.entries.iter().map(|entry| entry.bytes.to_vec()).collect::<Vec<_>>());
    }
    assert_eq!(
        pages,
        [vec![vec![0], vec![1]], vec![vec![2], vec![3]], vec![vec![4]], vec![]],
        "pages are cut after the oldest entries"
    );
    let none = f.logs.read(KEY, Sequence::ZERO, 0).await.expect(WORKS);
    assert_eq!((none.entries.len(), none.gap, none.last), (0, false, position), "a page of none tells the end");
}

async fn only_a_log_that_is_there_is_appended_to_if_present(f: Fixture) {
    assert_eq!(f.append_if_present(KEY, b"x").await, None, "there is no log");
    f.assert_absent(KEY, "after an append that asked for one").await;
    let first = f.append(KEY, b"1").await;
    let second = f.append_if_present(KEY, b"2").await.expect("there is a log");
    assert_eq!(second.as_u64(), first.as_u64() + 1, "an append like any other");
    f.assert_holds(KEY, &[b"1", b"2"], "both appends").await;
    f.clock.advance(HOUR - MILLI).await;
    assert!(f.append_if_present(KEY, b"3").await.is_some(), "a log whose time is not over is there");
    f.clock.advance(HOUR - MILLI).await;
    assert_eq!(f.read(KEY, Sequence::ZERO).await.entries.len(), 1, "it lives from the last append on");
    f.clock.advance(MILLI).await;
    assert_eq!(f.append_if_present(KEY, b"x").await, None, "a log whose time is over is absent");
}

async fn a_deleted_log_is_absent_and_repeats_no_sequence(f: Fixture) {
    let mut before = Sequence::ZERO;
    for _ in 0..3 {
        before = f.append(KEY, b"before").await;
    }
    assert!(f.delete(KEY).await, "deleting what is there tells so");
    f.assert_absent(KEY, "after its deletion").await;
    assert_eq!(f.append_if_present(KEY, b"x").await, None, "a deleted log is not appended to");
    assert!(!f.delete(KEY).await, "nothing is there to delete");
    f.clock.pass().await;
    let after = f.append(KEY, b"after").await;
    assert!(after > before, "no former sequence comes back: {after:?} after {before:?}");
    f.assert_holds(KEY, &[b"after"], "what was appended anew").await;
}

async fn a_log_ends_with_its_ttl_and_repeats_no_sequence(f: Fixture) {
    // A log for each question, because the answer to one may remove what has ended.
    let [deleted, appended] = [2, 3].map(|id| LogKey { id, ..KEY });
    let first = f.append(KEY, b"1").await;
    for key in [KEY, deleted, appended] {
        f.append(key, b"before").await;
    }
    f.clock.advance(HOUR - MILLI).await;
    let read = f.read(KEY, first).await;
    assert_eq!(read.entries.len(), 1, "a millisecond before its end it is there");
    f.clock.advance(MILLI).await;
    f.assert_absent(KEY, "at its end").await;
    assert!(!f.delete(deleted).await, "a log that has ended cannot be deleted");
    assert_eq!(f.append_if_present(appended, b"x").await, None, "a log that has ended is not appended to");
    let after = f.append(KEY, b"after").await;
    assert!(after > read.last, "no former sequence comes back: {after:?} after {:?}", read.last);
    f.assert_holds(KEY, &[b"after"], "what was appended anew").await;
    let read = f.read(KEY, first).await;
    assert!(read.gap && read.entries.len() == 1, "a reader of before is told that it lost something: {read:?}");
}

async fn a_position_of_the_future_is_told_of_a_gap(f: Fixture) {
    let last = f.append(KEY, b"x").await;
    let future = Sequence::from_u64(last.as_u64() + 1);
    for position in [future, Sequence::from_u64(u64::MAX)] {
        let expected = LogPage { entries: Vec::new(), gap: true, last };
        assert_eq!(f.read(KEY, position).await, expected, "{position:?} is of no entry");
    }
    let past = Sequence::from_u64(1);
    let read = f.read(KEY, past).await;
    assert_eq!((read.entries.len(), read.gap), (1, last.as_u64() > 2), "a position of long ago is read from");
}

async fn a_foreign_owner_sees_no_log(f: Fixture) {
    let foreign = LogKey { owner: OwnerDigest::from_bytes([2; 32]), ..KEY };
    f.append(KEY, b"mine").await;
    f.assert_absent(foreign, "for another owner").await;
    assert!(!f.delete(foreign).await, "a foreign log cannot be deleted");
    assert_eq!(f.append_if_present(foreign, b"x").await, None, "a foreign log cannot be appended to");
    f.append(foreign, b"theirs").await;
    f.assert_holds(KEY, &[b"mine"], "untouched by the other owner").await;
    f.assert_holds(foreign, &[b"theirs"], "a log of its own").await;
}

async fn kinds_and_ids_are_logs_of_their_own(f: Fixture) {
    let keys = [KEY, LogKey { kind: "other", ..KEY }, LogKey { id: u128::MAX, ..KEY }, LogKey { id: 0, ..KEY }];
    for key in keys {
        f.append(key, format!("{key:?}").as_bytes()).await;
    }
    for key in keys {
        f.assert_holds(key, &[format!("{key:?}").as_bytes()], "its own entry").await;
        assert!(f.delete(key).await, "deleting one leaves the others");
    }
}

async fn a_future_never_polled_does_nothing(f: Fixture) {
    drop(f.logs.append(KEY, b"x", LIMITS));
    f.assert_absent(KEY, "after an append that was never polled").await;
    f.append(KEY, b"x").await;
    drop(f.logs.append_if_present(KEY, b"y", LIMITS));
    drop(f.logs.delete(KEY));
    drop(f.logs.tail(KEY, Sequence::ZERO));
    f.assert_holds(KEY, &[b"x"], "what was there before futures that were never polled").await;
}

impl Fixture {
    async fn append(&self, key: LogKey, entry: &[u8]) -> Sequence {
        self.append_within(key, entry, LIMITS).await
    }

    async fn append_within(&self, key: LogKey, entry: &[u8], limits: LogLimits) -> Sequence {
        self.logs.append(key, entry, limits).await.expect(WORKS)
    }

    async fn append_if_present(&self, key: LogKey, entry: &[u8]) -> Option<Sequence> {
        self.logs.append_if_present(key, entry, LIMITS).await.expect(WORKS)
    }

    async fn read(&self, key: LogKey, after: Sequence) -> LogPage {
        self.logs.read(key, after, usize::MAX).await.expect(WORKS)
    }

    async fn delete(&self, key: LogKey) -> bool {
        self.logs.delete(key).await.expect(WORKS)
    }

    async fn assert_absent(&self, key: LogKey, when: &str) {
        let absent = |gap| LogPage { entries: Vec::new(), gap, last: Sequence::ZERO };
        assert_eq!(self.read(key, Sequence::ZERO).await, absent(false), "{when}, a log has nothing");
        assert_eq!(self.read(key, Sequence::from_u64(1)).await, absent(true), "{when}, a position is of no log");
    }

    async fn assert_holds(&self, key: LogKey, entries: &[&[u8]], what: &str) {
        let read = self.read(key, Sequence::ZERO).await;
        let found: Vec<_> = read.entries.iter().map(|entry| &entry.bytes[..]).collect();
        assert_eq!(found, entries, "the log holds: {what}");
        assert_eq!(Some(read.last), read.entries.last().map(|entry| entry.sequence), "the last is the last");
    }
}

/// The length and the bound of an entry that was refused for its length.
fn too_large<T>(refused: &Result<T, StoreError>) -> Option<(usize, usize)> {
    match refused {
        Err(StoreError::ValueTooLarge { bytes, bytes_max }) => Some((*bytes, *bytes_max)),
        _ => None,
    }
}

const KEY: LogKey = LogKey { owner: OwnerDigest::from_bytes([1; 32]), kind: "contract", id: 1 };
const LIMITS: LogLimits = LogLimits { entries_max: 10_000, bytes_max: 1_000_000, age_max: HOUR, ttl: HOUR };
const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
const MILLI: Duration = Duration::from_millis(1);
const WORKS: &str = "the store under test works";
