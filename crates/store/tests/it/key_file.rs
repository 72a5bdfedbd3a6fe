//! The generated key in the state directory: made once, kept, and refused when it is not safe or not a key.

use std::{
    collections::HashSet,
    error::Error as _,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    sync::Barrier,
    thread,
};

use outboard_store::{KEY_FILE_NAME, KeyFileError, KeyRing, Purpose};
use tempfile::TempDir;

#[test]
fn a_key_is_made_once_and_kept() {
    let temporary = TempDir::new().unwrap();
    let directory = temporary.path().join("state/outboard");
    let text = KeyRing::generated_in(&directory).unwrap().seal(Purpose::Session, b"", b"x");
    let file = fs::read_to_string(directory.join(KEY_FILE_NAME)).unwrap();
    assert_eq!((mode(&directory), mode(&directory.join(KEY_FILE_NAME))), (0o700, 0o600));
    assert_eq!(mode(&temporary.path().join("state")), 0o700, "so are the directories on the way");

    let again = KeyRing::generated_in(&directory).unwrap();
    assert_eq!(again.open(Purpose::Session, b"", &text).unwrap(), b"x");
    assert_eq!(fs::read_to_string(directory.join(KEY_FILE_NAME)).unwrap(), file);
    assert_eq!(names(&directory), [KEY_FILE_NAME], "nothing is left over");
}

#[test]
fn two_directories_get_two_keys() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let ids = [one, other].map(|directory| KeyRing::generated_in(directory.path()).unwrap().sealing_key_id());
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn racing_makers_agree_on_one_key() {
    for _ in 0..20 {
        let temporary = TempDir::new().unwrap();
        let directory = temporary.path().join("state");
        let start = Barrier::new(8);
        let ids: HashSet<_> = thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        KeyRing::generated_in(&directory).unwrap().sealing_key_id()
                    })
                })
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert_eq!(ids.len(), 1);
        assert_eq!(names(&directory), [KEY_FILE_NAME]);
    }
}

#[test]
fn an_operator_may_put_a_key_there() {
    let directory = TempDir::new().unwrap();
    write(directory.path(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", 0o400);
    let ring = KeyRing::generated_in(directory.path()).unwrap();
    assert_eq!(ring.sealing_key_id(), crate::support::ring(&[7]).sealing_key_id());
}

#[test]
fn a_file_open_to_others_is_refused_with_the_fix() {
    for open in [0o640, 0o620, 0o604, 0o602, 0o610, 0o644, 0o777] {
        let directory = TempDir::new().unwrap();
        write(directory.path(), GOOD_KEY, open);
        let refused = KeyRing::generated_in(directory.path()).unwrap_err();
        assert!(matches!(refused, KeyFileError::OpenToOthers { mode, .. } if mode == open), "{refused:?}");
        let path = directory.path().join(KEY_FILE_NAME).display().to_string();
        let message = refused.to_string();
        assert!(message.contains(&format!("`chmod 600 {path}`")), "{message}");
        assert!(message.contains(&format!("mode {open:o}")), "{message}");
    }
}

#[test]
fn a_malformed_file_is_refused_and_left_alone() {
    let long = format!("{GOOD_KEY}{}", " ".repeat(5000)) + "x";
    let cut_short = GOOD_KEY[..20].to_owned();
    let twice = format!("{GOOD_KEY}\n{GOOD_KEY}");
    for content in [&b""[..], b"\n", b"\xff\xfe", b"not a key!", cut_short.as_bytes(), twice.as_bytes()] {
        let directory = TempDir::new().unwrap();
        write(directory.path(), content, 0o600);
        let refused = KeyRing::generated_in(directory.path()).unwrap_err();
        let path = directory.path().join(KEY_FILE_NAME);
        assert!(matches!(&refused, KeyFileError::Malformed { path: named, .. } if *named == path), "{refused:?}");
        assert!(refused.source().is_some(), "the cause is told");
        assert!(refused.to_string().contains(path.to_str().unwrap()), "{refused}");
        assert_eq!(fs::read(path).unwrap(), content);
    }
    // What is read has a bound: the rest of this file is never looked at.
    let directory = TempDir::new().unwrap();
    write(directory.path(), long, 0o600);
    assert!(KeyRing::generated_in(directory.path()).is_ok());
}

#[test]
fn what_is_not_a_file_is_refused() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join(KEY_FILE_NAME)).unwrap();
    let refused = KeyRing::generated_in(directory.path()).unwrap_err();
    assert!(matches!(refused, KeyFileError::NotAFile { .. }), "{refused:?}");
}

#[test]
fn a_dangling_link_is_refused_instead_of_made_into_a_key() {
    let directory = TempDir::new().unwrap();
    symlink("nowhere", directory.path().join(KEY_FILE_NAME)).unwrap();
    let refused = KeyRing::generated_in(directory.path()).unwrap_err();
    assert!(matches!(refused, KeyFileError::Write { .. }), "{refused:?}");
    assert_eq!(names(directory.path()), [KEY_FILE_NAME], "the key that was not kept is gone");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let temporary = TempDir::new().unwrap();
    let file = temporary.path().join("file");
    fs::write(&file, "").unwrap();
    let directory = file.join("state");
    let refused = KeyRing::generated_in(&directory).unwrap_err();
    assert!(refused.to_string().contains(directory.to_str().unwrap()), "{refused}");
    assert!(refused.source().is_some(), "the cause is told");
}

fn write(directory: &Path, content: impl AsRef<[u8]>, mode: u32) {
    let path = directory.join(KEY_FILE_NAME);
    fs::write(&path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(directory: &Path) -> Vec<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const GOOD_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
