//! Certificates for servers and their clients.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

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
    /// When there is no room for files.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no name is none that is wrong");
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let authority = params.self_signed(&key).expect("a key can sign").pem();
        let issuer = Issuer::new(params, key);
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("these are names");
        // Another name than the authority's: what bears the name of its issuer is taken for one that signed itself.
        params.distinguished_name.push(DnType::CommonName, "server");
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &issuer).expect("a key can sign").pem();
        let folder = TempDir::new().expect("there is room for a folder");
        let made = Self { authority, certificate, key: key.serialize_pem(), folder };
        for (name, pem) in [("ca", &made.authority), ("certificate", &made.certificate), ("key", &made.key)] {
            fs::write(made.folder.path().join(name), pem).expect("there is room for a file");
        }
        made
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
