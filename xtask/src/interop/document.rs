//! The metadata document of the clients, over https, as an authorization server fetches it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use super::place::Place;
use crate::say::say;

/// A running server of the document; it ends when this is dropped.
pub(super) struct Document {
    child: Child,
    /// Where the document is, which is the id of the clients.
    pub(super) url: String,
    /// The file with the certificate of the authority to trust.
    pub(super) authority: PathBuf,
}

impl Document {
    /// The environment of Python, locked for a client, that can make certificates.
    pub(super) const ENVIRONMENT: &str = "mcp-1";

    /// Starts it, with a certificate that is made anew.
    pub(super) fn serve(place: &Place) -> Result<Self> {
        let authority = place.folder.join("document-authority.pem");
        let log = place.folder.join("document-server.log");
        let log = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = place
            .python(Self::ENVIRONMENT, "document.py")
            .arg(&authority)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the server of the document")?;
        let lines = child.stdout.take();
        // From here on the process is ended, whatever happens next.
        let mut document = Self { child, url: String::new(), authority };
        BufReader::new(lines.context("its stdout is not a pipe")?).read_line(&mut document.url)?;
        document.url.truncate(document.url.trim_end().len());
        ensure!(document.url.starts_with("https://"), "the server of the document ended, see document-server.log");
        Ok(document)
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        // Its stdin ends with it, and waiting closes that first.
        if let Err(error) = self.child.wait() {
            say!("the server of the document: {error}");
        }
    }
}
