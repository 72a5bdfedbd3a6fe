//! The client of the issuer for development that belongs to whoever may read the state directory: for scripts.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Who a script is at an issuer. There is no `Debug`, which would show the secret.
#[derive(Deserialize, Serialize)]
pub(crate) struct Credentials {
    /// The issuer, as its tokens name it.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Credentials {
    /// Writes them where only the owner of the process can read them, over those of an earlier start.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub(crate) fn save(&self, state_dir: &Path) -> io::Result<()> {
        fs::create_dir_all(state_dir)?;
        let path = state_dir.join(FILE);
        // Not written over: an open file of an earlier start, or a link, keeps what it has.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec(self)?)
    }

    /// Reads those of the issuer that started last with this state directory; `None` where none did.
    ///
    /// # Errors
    ///
    /// What the file system says, and a file that is not ours.
    pub(crate) fn load(state_dir: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(state_dir.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut text)?;
        Ok(Some(serde_json::from_slice(&text)?))
    }
}

/// Beside the key that sessions are sealed with.
const FILE: &str = "dev-issuer.json";

/// Ours is a few hundred bytes.
const BYTES_MAX: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_nobody_else_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        assert!(Credentials::load(&state).unwrap().is_none());
        for secret in ["first", "second"] {
            let own = Credentials {
                issuer: "http://127.0.0.1:1".to_owned(),
                client_id: "c".to_owned(),
                client_secret: secret.to_owned(),
            };
            own.save(&state).unwrap();
            assert_eq!(Credentials::load(&state).unwrap().unwrap().client_secret, secret);
            let mode = fs::metadata(state.join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(state.join(FILE), "{").unwrap();
        assert!(Credentials::load(&state).is_err());
    }
}
