//! The keys that seal what clients keep for the server: those that all replicas get, which are read again when their file
//! changes, or else the generated one.

mod read;

use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use outboard_store::{KeyFileError, KeyId, KeyRing, RootKey};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::KeyText;
pub(crate) use read::{KeysError, read, root, told};

/// The ring, and the file that it is of.
#[derive(Debug, Clone)]
pub(crate) struct WatchedKeys {
    ring: Arc<KeyRing>,
    file: Option<PathBuf>,
}

/// Why the file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It may have changed.
    Time,
    /// Somebody asked for it, and wants to hear of it.
    Hangup,
}

/// What stood in the file.
struct Look {
    /// Differs when what is in the file differs, or why there is nothing.
    print: u64,
    found: Result<Vec<RootKey>, KeysError>,
}

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl WatchedKeys {
    /// The keys of a file.
    pub(crate) fn of_file(path: PathBuf) -> Result<Self, KeysError> {
        let ring = Arc::new(KeyRing::new(read(&path)?)?);
        Ok(Self { ring, file: Some(path) })
    }

    /// The keys in these texts, which never change.
    pub(crate) fn of_list(texts: &[KeyText]) -> Result<Self, KeysError> {
        let roots = texts.iter().map(|text| root(text.as_str())).collect::<Result<_, _>>()?;
        Ok(Self { ring: Arc::new(KeyRing::new(roots)?), file: None })
    }

    /// The generated key of a server that is alone, in its state directory.
    pub(crate) fn generated_in(directory: &Path) -> Result<Self, KeyFileError> {
        Ok(Self { ring: Arc::new(KeyRing::generated_in(directory)?), file: None })
    }

    /// The ring, whose keys change with the file.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring)
    }

    /// Reads the file again on SIGHUP and when it has changed. Never ends.
    ///
    /// # Errors
    ///
    /// When SIGHUP cannot be listened for.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the keys stay what they are.
    pub(crate) async fn run(&self) -> std::io::Result<Infallible> {
        // Listened for without a file, too: a server is not to end by it.
        let mut hangup = signal(SignalKind::hangup())?;
        let hasher = RandomState::new();
        // Nothing was seen yet: what changed since the start counts.
        let mut seen = None;
        loop {
            // Looked at, not watched: behind links that are swapped, as in Kubernetes, a file has no events of its own.
            let reason = tokio::select! {
                _ = hangup.recv() => Reason::Hangup,
                () = tokio::time::sleep(LOOK_EVERY) => Reason::Time,
            };
            let Some(path) = self.file.clone() else {
                if reason == Reason::Hangup {
                    tracing::info!("there is no file of keys to be read again");
                }
                continue;
            };
            let hasher = hasher.clone();
            // A file system may take its time, and this thread has others to serve.
            let Ok(look) = tokio::task::spawn_blocking(move || Look::at(&path, &hasher)).await else { continue };
            if reason == Reason::Hangup || seen != Some(look.print) {
                seen = Some(look.print);
                self.take(look.found, reason);
            }
        }
    }

    /// Goes on with what was found, if that are keys.
    fn take(&self, found: Result<Vec<RootKey>, KeysError>, reason: Reason) {
        let before = self.ring.key_ids();
        if let Err(error) = found.and_then(|roots| Ok(self.ring.replace(roots)?)) {
            let path = self.file.as_deref().map(Path::to_string_lossy);
            tracing::error!(
                file = path.as_deref(),
                keys = list(&before),
                error = told(&error),
                "the file of keys cannot be used: the keys stay what they are"
            );
            return;
        }
        let now = self.ring.key_ids();
        if now != before {
            tracing::info!(before = list(&before), now = list(&now), "the keys were replaced: the first one seals");
            if !before.iter().any(|id| now.contains(id)) {
                tracing::warn!("none of the keys is one of those before: what is open now ends");
            }
        } else if reason == Reason::Hangup {
            tracing::info!(keys = list(&now), "the keys were read again: they are the same");
        }
    }
}

impl Look {
    fn at(path: &Path, hasher: &RandomState) -> Self {
        match read::content(path) {
            Ok(content) => Self { print: content.print(hasher), found: content.roots() },
            Err(error) => Self { print: hasher.hash_one(told(&error)), found: Err(error) },
        }
    }
}

/// Ids as they are told: they say nothing about the keys.
pub(crate) fn list(ids: &[KeyId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
