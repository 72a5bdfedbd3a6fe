//! The file with the keys that replicas seal with.

use std::{fs, os::unix::fs::OpenOptionsExt as _, path::Path};

/// Replaces the file in this folder. A key is named by its place in a list of good ones.
pub(super) fn write(folder: &Path, keys: &[usize]) {
    let keys: Vec<&str> = keys.iter().map(|key| *KEYS.get(*key).expect("there is such a key")).collect();
    let (new, path) = (folder.join("keys.new"), folder.join("keys"));
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new);
    std::io::Write::write_all(&mut file.expect("there is room for a file"), keys.join("\n").as_bytes())
        .expect("there is room for a file");
    // As a whole: whoever reads it sees the old keys or the new ones.
    fs::rename(new, path).expect("a file can be renamed");
}

/// By these words a replica says that it has taken other keys.
pub(super) const TAKEN: &str = "the keys were replaced";

/// Keys that nobody uses for anything else.
const KEYS: [&str; 3] = [
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
    "YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=",
];
