//! The time of a server, standing still.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use outboard_store::{BoxFuture, Clock, UnixMillis};
use tempfile::TempDir;

use super::process::fail;
use crate::clock::{FakeClock, Timeline};

/// A time that servers go by instead of the machine's, through `libfaketime`: to the millisecond, and it never moves by
/// itself. Hand one `Arc` to all servers of a test.
#[derive(Debug)]
pub struct FrozenTime {
    millis: AtomicU64,
    writing: Mutex<()>,
    folder: TempDir,
    library: PathBuf,
}

impl FrozenTime {
    /// A time that stands at noon of 2026-07-28 UTC, as that of a [`FakeClock`].
    ///
    /// # Panics
    ///
    /// When `libfaketime` is not installed.
    #[must_use]
    pub fn new() -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        let library = library().unwrap_or_else(|| fail("libfaketimeMT.so.1 is not installed"));
        let time = Self { millis: AtomicU64::new(0), writing: Mutex::new(()), folder, library };
        time.set(FakeClock::default().now());
        time
    }

    /// Sets the time, also to one in its past. Servers go by it from their next command on.
    ///
    /// # Panics
    ///
    /// When it cannot be written down.
    pub fn set(&self, time: UnixMillis) {
        let _writing = self.writing.lock().expect("nobody panics while writing");
        let millis = time.as_u64();
        let next = self.folder.path().join("next");
        fs::write(&next, format!("{}.{:03}\n", millis / 1000, millis % 1000)).expect("there is room for a file");
        // A rename, so that no server ever reads half of it.
        fs::rename(next, self.file()).expect("the folder is ours");
        self.millis.store(millis, Ordering::SeqCst);
    }

    /// What a server finds in its environment.
    pub(super) fn environment(&self) -> Vec<String> {
        vec![
            // The C library once more, so that malloc is its own: the one that Debian's Redis brings asks for the time
            // while libfaketime starts, which then gives up.
            format!("LD_PRELOAD={} libc.so.6", self.library.display()),
            format!("FAKETIME_TIMESTAMP_FILE={}", self.file().display()),
            "FAKETIME_FMT=%s".to_owned(),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
            "TZ=UTC".to_owned(),
        ]
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("now")
    }
}

impl Default for FrozenTime {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FrozenTime {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.millis.load(Ordering::SeqCst))
    }
}

impl Timeline for FrozenTime {
    fn set_to(&self, time: UnixMillis) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.set(time) })
    }

    fn pass(&self) -> BoxFuture<'_, ()> {
        self.advance(Duration::from_millis(1))
    }
}

/// Where Debian puts it: `/usr/lib/<machine>/faketime`.
fn library() -> Option<PathBuf> {
    let machines = fs::read_dir(Path::new("/usr/lib")).ok()?.flatten();
    let mut libraries = machines.map(|machine| machine.path().join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.exists())
}
