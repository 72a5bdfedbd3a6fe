//! Where the authorization server is installed, and the command that starts it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::fail;

/// What to do when it is not there, or not as it stands in the tree.
const INSTALL: &str = "run `cargo xtask authserver`";

/// The scripts and the lock file as they stand in the tree.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../authserver");

/// The command that starts it.
pub(super) fn command() -> Command {
    let test = env::current_exe().expect("a test knows where it is");
    let place = place(&test).unwrap_or_else(|| fail(&format!("the authorization server is not installed: {INSTALL}")));
    if let Some(path) = stale(&place) {
        fail(&format!("{} is not as it was installed: {INSTALL}", path.display()));
    }
    let mut command = Command::new(node(&place));
    command.arg(place.join("server.mjs")).current_dir(&place);
    command
}

/// The folder that it is installed in: within the target folder in which this test was built.
fn place(test: &Path) -> Option<PathBuf> {
    let mut folders = test.ancestors().map(|folder| folder.join("authserver"));
    folders.find(|folder| folder.join("node_modules/.installed").exists())
}

/// A file of the tree that is not the same in the folder.
fn stale(place: &Path) -> Option<PathBuf> {
    let source = fs::read_dir(SOURCE).expect("the tree has the scripts").flatten().map(|entry| entry.path());
    let mut installed =
        source.filter(|path| path.extension().is_some_and(|end| end == "mjs") || path.ends_with("package-lock.json"));
    installed.find(|path| fs::read(path).ok() != fs::read(place.join(path.file_name().unwrap_or_default())).ok())
}

/// The Node.js that the lock file pins, where it was installed because the machine's own is too old.
fn node(place: &Path) -> PathBuf {
    let architecture = if env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    let pinned = place.join(format!("node_modules/node-{}-{architecture}/bin/node", env::consts::OS));
    if pinned.exists() { pinned } else { PathBuf::from("node") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_found_from_a_test_and_from_nowhere_else() {
        let installed = place(&env::current_exe().unwrap()).unwrap();
        assert_eq!(stale(&installed), None);
        assert_eq!(place(Path::new("/nowhere/debug/deps/test")), None);
    }

    #[test]
    fn what_is_not_installed_as_it_stands_in_the_tree_is_stale() {
        assert!(stale(Path::new("/nowhere")).is_some());
    }
}
