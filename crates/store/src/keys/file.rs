//! The one generated key of a process without configured keys, kept in its state directory.
//!
//! It is for one process on one machine: replicas do not share a directory, and whoever runs several configures keys.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use thiserror::Error;
use zeroize::Zeroizing;

use super::{KeyRing, RootKey, RootKeyError, fill_random};

/// The name of the file in the state directory that holds the generated root key, in base64.
pub const KEY_FILE_NAME: &str = "seal.key";

/// The reasons why there is no generated key to work with. Each names the path.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The state directory does not exist and cannot be made.
    #[error("the state directory {} cannot be created", directory.display())]
    CreateDirectory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file cannot be written.
    #[error("the key file {} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file cannot be read.
    #[error("the key file {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is something else in the place of the key file.
    #[error("{} is not a regular file; remove it, and a new key file is made", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else than the file's owner can read or change the key.
    #[error(
        "the key file {} is open to others (mode {mode:03o}); run `chmod 600 {}`, or delete it if others may have read it: \
         a new one is made and open sessions end",
        path.display(), path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold a root key.
    #[error("the key file {} is malformed; restore it, or delete it: a new one is made and open sessions end", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with the key.
        source: RootKeyError,
    },
}

impl KeyRing {
    /// The ring of the one key kept in `directory`; makes the directory (mode 0700) and the key (mode 0600) if there is
    /// none. Processes that race to make it end up with the same key.
    ///
    /// Blocks on the file system: call it when the program starts.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] when the file cannot be read or made, is open to others, or does not hold a key.
    pub fn generated_in(directory: &Path) -> Result<Self, KeyFileError> {
        let path = directory.join(KEY_FILE_NAME);
        let root = match read(&path)? {
            Some(root) => root,
            None => make(directory, &path)?,
        };
        Ok(Self::of_one(&root))
    }
}

/// Reads the key file; `None` when there is no such file.
fn read(path: &Path) -> Result<Option<RootKey>, KeyFileError> {
    let read_error = |source| KeyFileError::Read { path: path.to_owned(), source };
    // Looked at before it is opened: to open a named pipe would wait for a writer.
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(KeyFileError::NotAFile { path: path.to_owned() }),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(error)),
    }
    let file = File::open(path).map_err(read_error)?;
    let mode = file.metadata().map_err(read_error)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::OpenToOthers { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX));
    file.take(KEY_FILE_BYTES_MAX as u64).read_to_end(&mut text).map_err(read_error)?;
    let root = std::str::from_utf8(&text).map_err(|_| RootKeyError::NotBase64).and_then(RootKey::from_base64);
    root.map(Some).map_err(|source| KeyFileError::Malformed { path: path.to_owned(), source })
}

/// Makes the key file, or takes the one that another process made meanwhile.
fn make(directory: &Path, path: &Path) -> Result<RootKey, KeyFileError> {
    let write_error = |source| KeyFileError::Write { path: path.to_owned(), source };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| KeyFileError::CreateDirectory { directory: directory.to_owned(), source })?;
    let temporary = directory.join(temporary_name());
    let written = write_new(&temporary, &RootKey::generate())
        // A link, not a rename: it appears whole, as a rename does, but never replaces the key of who came first.
        .and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(write_error(error)),
        _ => removed.map_err(write_error)?,
    }
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(write_error)?;
    read(path)?.ok_or_else(|| write_error(ErrorKind::NotFound.into()))
}

fn write_new(path: &Path, root: &RootKey) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(root.to_base64().as_bytes())?;
    file.write_all(b"\n")?;
    // On the disk before it has its name: a key that is lost in a power cut would end every session.
    file.sync_all()
}

fn temporary_name() -> String {
    let mut random = [0; 16];
    fill_random(&mut random);
    format!(".{KEY_FILE_NAME}.{:032x}", u128::from_be_bytes(random))
}

/// Far more than a key takes; a longer file is cut, and what is left is not a key.
const KEY_FILE_BYTES_MAX: usize = 1024;
