//! What several modules of these tests need: fixed keys, a store in memory, golden bytes, and things spoilt on purpose.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use outboard_store::{
    BoxFuture, Cell, CellKey, Cells, KeyRing, LogKey, LogLimits, OwnerDigest, Put, RootKey, Sequence, Store,
    StoreError, Version,
};
use outboard_testkit::{clock::FakeClock, down};

/// A key of one repeated byte: the same in every run, as golden files need it.
pub(crate) fn root(byte: u8) -> RootKey {
    RootKey::from_bytes(&[byte; 32]).unwrap()
}

/// A ring of the keys named by `bytes`, the first of which seals.
pub(crate) fn ring(bytes: &[u8]) -> KeyRing {
    KeyRing::new(bytes.iter().copied().map(root).collect()).unwrap()
}

/// The sealed text with its bytes changed by `change`.
pub(crate) fn changed(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    change(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A store in memory, and the clock that it goes by.
pub(crate) fn memory() -> (Store, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::default());
    (Store::in_memory(Arc::new(ring(&[1])), clock.clone()), clock)
}

/// A store that does not answer.
pub(crate) fn down() -> Store {
    down::store(Arc::new(ring(&[1])), Arc::new(FakeClock::default()))
}

pub(crate) fn alice() -> OwnerDigest {
    OwnerDigest::of(b"alice")
}

pub(crate) fn bob() -> OwnerDigest {
    OwnerDigest::of(b"bob")
}

/// The bytes of a golden file: hexadecimal, white space passed over.
pub(crate) fn bytes_of(golden: &str) -> Vec<u8> {
    let digits: Vec<u8> = golden.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// What a log holds, as it is stored.
pub(crate) async fn raw_entries(store: &Store, key: LogKey) -> Vec<Vec<u8>> {
    let page = store.logs.read(key, Sequence::ZERO, 100).await.unwrap();
    page.entries.iter().map(|entry| entry.bytes.to_vec()).collect()
}

/// Appends bytes to a log as they are.
pub(crate) async fn append_raw(store: &Store, key: LogKey, bytes: &[u8]) -> Sequence {
    let limits = LogLimits { entries_max: 1000, bytes_max: 1 << 20, age_max: HOUR, ttl: HOUR };
    store.logs.append(key, bytes, limits).await.unwrap()
}

/// Puts bytes in a cell as they are, whatever is there.
pub(crate) async fn put_raw(store: &Store, key: CellKey, bytes: &[u8]) {
    store.cells.delete(key).await.unwrap();
    let put = store.cells.put_if_absent(key, bytes, HOUR).await.unwrap();
    assert!(matches!(put, Put::Stored(_)));
}

/// What a cell holds, as it is stored.
pub(crate) async fn raw_value(store: &Store, key: CellKey) -> Option<Vec<u8>> {
    store.cells.get(key).await.unwrap().map(|cell| cell.value.to_vec())
}

/// The store with others that come first at the next puts, so many times.
pub(crate) fn contended(store: &Store, times: u32) -> Store {
    let cells = Contended { cells: store.cells.clone(), left: AtomicU32::new(times) };
    Store { cells: Arc::new(cells), ..store.clone() }
}

/// Cells whose next conditional puts find the condition not to hold.
#[derive(Debug)]
struct Contended {
    cells: Arc<dyn Cells>,
    left: AtomicU32,
}

impl Contended {
    fn others_come_first(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

impl Cells for Contended {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        self.cells.get(key)
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        match self.others_come_first() {
            true => Box::pin(async { Ok(Put::Unchanged) }),
            false => self.cells.put_if_absent(key, value, ttl),
        }
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        match self.others_come_first() {
            true => Box::pin(async { Ok(Put::Unchanged) }),
            false => self.cells.put_if_version(key, version, value, ttl),
        }
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.cells.delete(key)
    }

    fn value_bytes_max(&self) -> usize {
        self.cells.value_bytes_max()
    }
}

/// How often a word tries.
pub(crate) const ATTEMPTS_MAX: u32 = 16;

pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const MILLI: Duration = Duration::from_millis(1);
