//! Files of keys: which are refused and in what words, and what a changed one does to the ring.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

const A: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
const B: &str = "ASNFZ4mrze/+3LqYdlQyEAEjRWeJq83v/ty6mHZUMhA=";

/// A directory with a file of this text and mode.
fn file(text: &[u8], mode: u32) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    write(&path, text, mode);
    (directory, path)
}

fn write(path: &Path, text: &[u8], mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The ids of the ring that the file makes.
fn ids(path: &Path) -> Vec<KeyId> {
    KeyRing::new(read(path).unwrap()).unwrap().key_ids()
}

#[test]
fn the_first_line_with_a_key_seals_and_all_open() {
    let (_directory, path) =
        file(format!("# new\n\n {B} # since June\r\n{}\n", A.trim_end_matches('=')).as_bytes(), 0o400);
    let [(_a, a), (_b, b)] = [A, B].map(|key| file(key.as_bytes(), 0o600));
    assert_eq!(ids(&path), [ids(&b)[0], ids(&a)[0]]);
}

#[test]
fn what_is_no_file_of_keys_is_refused_by_its_line_and_never_shown() {
    const WEAK: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let (short, long) = ("c2hvcnQ=", format!("{A}AA"));
    let cases = [
        (String::new(), "a key ring needs at least one root key"),
        ("# nothing\n".to_owned(), "a key ring needs at least one root key"),
        (format!("{A}\n{short}\n"), "line 2 is no key: a root key has 32 bytes, this one 5"),
        (format!("\n\n{long}\n"), "line 3 is no key: a root key is written in base64"),
        ("canary".to_owned(), "line 1 is no key"),
        (format!("{A}\n{WEAK}\n"), "line 2 is no key: a root key is random"),
        (format!("{A}\n{B}\n{A}\n"), "root keys 1 and 3 of the key ring are the same"),
        ("#".repeat((64 << 10) + 1), "it is longer than 65536 bytes"),
    ];
    for (text, expected) in cases {
        let (_directory, path) = file(text.as_bytes(), 0o600);
        let said = told(&read(&path).unwrap_err());
        assert!(said.starts_with(expected), "{text}: {said}");
        assert!(![A, short, WEAK, "canary"].iter().any(|key| said.contains(key)), "{said}");
    }
    let (directory, path) = file(b"\xff", 0o600);
    assert_eq!(told(&read(&path).unwrap_err()), "it is not text");
    assert_eq!(told(&read(directory.path()).unwrap_err()), "it is not a regular file");
    let missing = told(&read(&directory.path().join("missing")).unwrap_err());
    assert!(missing.starts_with("it cannot be read: No such file"), "{missing}");
}

#[test]
fn a_file_that_everybody_reads_or_others_change_is_refused() {
    let (_directory, path) = file(A.as_bytes(), 0o600);
    for (mode, is_refused) in
        [(0o400, false), (0o600, false), (0o440, false), (0o640, false), (0o644, true), (0o660, true), (0o602, true)]
    {
        write(&path, A.as_bytes(), mode);
        let said = read(&path).map_err(|error| told(&error));
        assert_eq!(said.is_err(), is_refused, "{mode:o}");
        if let Err(said) = said {
            assert_eq!(said, format!("it is open to others (mode {mode:03o})"));
        }
    }
}

#[test]
fn links_that_are_swapped_are_followed() {
    let directory = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| directory.path().join(name));
    for (folder, key) in [(&old, A), (&new, B)] {
        std::fs::create_dir(folder).unwrap();
        write(&folder.join("keys"), key.as_bytes(), 0o440);
    }
    let (current, path) = (directory.path().join("..data"), directory.path().join("keys"));
    std::os::unix::fs::symlink(&old, &current).unwrap();
    std::os::unix::fs::symlink("..data/keys", &path).unwrap();
    let hasher = RandomState::new();
    let before = Look::at(&path, &hasher);
    assert_eq!(Look::at(&path, &hasher).print, before.print);
    let swapped = directory.path().join("..next");
    std::os::unix::fs::symlink(&new, &swapped).unwrap();
    std::fs::rename(swapped, &current).unwrap();
    let after = Look::at(&path, &hasher);
    assert_ne!(after.print, before.print);
    let keys = WatchedKeys { ring: Arc::new(KeyRing::new(before.found.unwrap()).unwrap()), file: Some(path.clone()) };
    keys.take(after.found, Reason::Time);
    assert_eq!(keys.ring().key_ids(), ids(&path));
}

#[test]
fn what_is_wrong_with_the_file_changes_nothing_and_is_seen_anew_when_it_changes() {
    let (_directory, path) = file(A.as_bytes(), 0o600);
    let keys = WatchedKeys::of_file(path.clone()).unwrap();
    let (hasher, of_a) = (RandomState::new(), keys.ring().key_ids());
    let mut prints = vec![Look::at(&path, &hasher).print];
    let mut next = |expected: &[KeyId]| {
        let Look { print, found } = Look::at(&path, &hasher);
        assert!(!prints.contains(&print), "each is another");
        prints.push(print);
        keys.take(found, Reason::Time);
        assert_eq!(keys.ring().key_ids(), expected);
    };
    write(&path, b"nonsense", 0o600);
    next(&of_a);
    write(&path, B.as_bytes(), 0o604);
    next(&of_a);
    std::fs::remove_file(&path).unwrap();
    next(&of_a);
    // The same text as before, which was refused for its mode alone.
    write(&path, B.as_bytes(), 0o600);
    next(&ids(&path));
}
