//! What stands in a file of keys, and what is refused as a key.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use outboard_store::{KeyRing, KeyRingError, RootKey, RootKeyError};
use zeroize::Zeroizing;

/// Why keys cannot be used. Never says what they are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Unreadable {
        /// What the system said.
        source: io::Error,
    },
    /// There is something else in its place.
    #[error("it is not a regular file")]
    NotAFile,
    /// Everybody may read the keys, or others than its owner may change them.
    #[error("it is open to others (mode {mode:03o})")]
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// It is longer than any ring.
    #[error("it is longer than {FILE_BYTES_MAX} bytes")]
    TooLong,
    /// It is not text.
    #[error("it is not text")]
    NotText,
    /// A line is no key.
    #[error("line {line} is no key")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: NotAKey,
    },
    /// A text is no key.
    #[error(transparent)]
    Text(#[from] NotAKey),
    /// They are no ring.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
}

/// Why a text is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAKey {
    /// It has not the form.
    #[error(transparent)]
    Form(#[from] RootKeyError),
    /// Somebody typed it.
    #[error("a root key is random, and all bytes of this one are the same; `openssl rand -base64 32` makes one")]
    Uniform,
}

/// A file as it was read.
pub(super) struct Content {
    mode: u32,
    bytes: Zeroizing<Vec<u8>>,
}

/// Far more than a ring takes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What others may not do: everybody to read or to write, the group to write. That the group reads is how Kubernetes gives
/// secrets to a process that is not root.
const OPEN: u32 = 0o026;

/// Reads a file of keys: one in base64 on each line, the one that seals first. Empty lines and what stands behind `#` are
/// passed over.
///
/// # Errors
///
/// [`KeysError`], for the first mistake.
pub(crate) fn read(path: &Path) -> Result<Vec<RootKey>, KeysError> {
    content(path)?.roots()
}

/// Reads one key in base64.
///
/// # Errors
///
/// [`NotAKey`].
pub(crate) fn root(text: &str) -> Result<RootKey, NotAKey> {
    let root = RootKey::from_base64(text)?;
    if root.is_uniform() { Err(NotAKey::Uniform) } else { Ok(root) }
}

/// An error with its reasons, on one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text = format!("{text}: {reason}");
        source = reason.source();
    }
    text
}

pub(super) fn content(path: &Path) -> Result<Content, KeysError> {
    let unreadable = |source| KeysError::Unreadable { source };
    // Looked at before it is opened: to open a named pipe would wait for a writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(KeysError::NotAFile);
    }
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Content { mode, bytes })
}

impl Content {
    /// Differs when anything about the file differs.
    pub(super) fn print(&self, hasher: &RandomState) -> u64 {
        hasher.hash_one((self.mode, self.bytes.as_slice()))
    }

    pub(super) fn roots(&self) -> Result<Vec<RootKey>, KeysError> {
        if self.mode & OPEN != 0 {
            return Err(KeysError::OpenToOthers { mode: self.mode });
        }
        if self.bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(KeysError::TooLong);
        }
        let text = std::str::from_utf8(&self.bytes).map_err(|_| KeysError::NotText)?;
        let mut roots = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let text = line.split('#').next().unwrap_or_default().trim();
            if !text.is_empty() {
                roots.push(root(text).map_err(|source| KeysError::Line { line: index + 1, source })?);
            }
        }
        // So that an empty file, and one with a key twice, is refused here as well.
        KeyRing::check(&roots)?;
        Ok(roots)
    }
}
