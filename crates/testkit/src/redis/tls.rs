//! Certificates for servers and their clients.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::process::fail;

/// An authority of its own, and a certificate of it for `127.0.0.1` and `localhost`, which serves and connects.
#[derive(Debug)]
pub struct Certificates {
    authority: String,
    certificate: String,
    key: String,
    folder: TempDir,
}

impl Certificates {
    /// Makes them: no other has the same authority.
    ///
    /// # Panics
    ///
    /// When `openssl` is not installed.
    #[must_use]
    pub fn new() -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        make(&folder, &format!("{new} -subj /CN=authority -keyout ca.key -out ca"));
        let names = "-addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE";
        make(&folder, &format!("{new} -subj /CN=server {names} -CA ca -CAkey ca.key -keyout key -out certificate"));
        let read = |name| fs::read_to_string(folder.path().join(name)).expect("openssl has written it");
        Self { authority: read("ca"), certificate: read("certificate"), key: read("key"), folder }
    }

    /// The authority, PEM.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority
    }

    /// A certificate that a client can show, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Its key, PEM.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key
    }

    /// Lines of a configuration: a client needs no certificate, unless a later line says so.
    pub(super) fn lines(&self) -> Vec<String> {
        let names = [("tls-ca-cert-file", "ca"), ("tls-cert-file", "certificate"), ("tls-key-file", "key")];
        let files = names.map(|(line, name)| format!("{line} {}", self.folder.path().join(name).display()));
        files.into_iter().chain(["tls-auth-clients optional".to_owned()]).collect()
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `openssl` with these words.
fn make(folder: &TempDir, words: &str) {
    let done = Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output();
    match done {
        Ok(done) if done.status.success() => {}
        Ok(done) => fail(&format!("openssl refuses: {}", String::from_utf8_lossy(&done.stderr))),
        Err(error) => fail(&format!("openssl cannot be started: {error}")),
    }
}
