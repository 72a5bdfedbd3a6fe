//! Reads what must not stand in a command line: from a file, from standard input, or from the environment.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use zeroize::Zeroizing;

use crate::config::{ProcessEnvironment, client_secret};

/// The secret of a client: from the file (`-`: standard input), else from `OUTBOARD_CLIENT_SECRET`.
pub(super) fn of_client(file: Option<&Path>) -> Result<Zeroizing<String>> {
    match (file, client_secret(&ProcessEnvironment)) {
        (Some(file), _) => from_file(file),
        (None, Some(secret)) => Ok(Zeroizing::new(secret)),
        (None, None) => {
            bail!("the client has no secret: name a file by --client-secret-file, or set OUTBOARD_CLIENT_SECRET")
        }
    }
}

/// One line from a file, or from standard input.
fn from_file(path: &Path) -> Result<Zeroizing<String>> {
    if path == Path::new("-") {
        return line(std::io::stdin().lock()).context("standard input holds no secret");
    }
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    line(file).with_context(|| format!("{} holds no secret", path.display()))
}

/// One line of text, without its end.
pub(super) fn line(source: impl Read) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    source.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= BYTES_MAX, "it is longer than {BYTES_MAX} bytes");
    let line = text.trim();
    ensure!(!line.is_empty(), "it is empty");
    ensure!(!line.contains(['\n', '\r']), "it has more than one line");
    Ok(Zeroizing::new(line.to_owned()))
}

/// Longer than any token or secret that a server would look at.
const BYTES_MAX: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line() {
        assert_eq!(*line(&b"secret\n"[..]).unwrap(), "secret");
        assert_eq!(*line(&b"  secret"[..]).unwrap(), "secret");
        let long = vec![b'x'; 65 * 1024];
        for (wrong, told) in [(&b""[..], "empty"), (b"\n", "empty"), (b"a\nb", "more than one"), (&long, "longer")] {
            let error = line(wrong).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        assert!(line(&b"\xff"[..]).is_err());
    }
}
