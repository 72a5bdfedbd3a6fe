//! Session ids: any text is refused in order, and a record of any bytes under the right seal is read to the last of them.
//!
//! The input is taken as a session id, as the record inside of one, and as the client's name and version.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use outboard_store::{
    Clock, KeyRing, NewSession, OwnerDigest, Purpose, REVISION_BYTES_MAX, RootKey, SESSION_ID_CHARS_MAX, Sessions,
    Store, UnixMillis,
};

use crate::input;

static KEYS: LazyLock<Arc<KeyRing>> = LazyLock::new(|| {
    let root = RootKey::from_bytes(&[7; 32]).expect("a root key has 32 bytes");
    Arc::new(KeyRing::new(vec![root]).expect("one key is a ring"))
});

static SESSIONS: LazyLock<Sessions> = LazyLock::new(|| {
    let store = Store::in_memory(Arc::clone(&KEYS), Arc::new(Standing));
    Sessions::new(&store, Duration::from_secs(60))
});

/// A clock that stands, so that every run of an input is the same.
#[derive(Debug)]
struct Standing;

const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        NOW
    }
}

pub(super) fn run(data: &[u8]) {
    let owner = OwnerDigest::of(b"owner");
    assert!(SESSIONS.open(&input::text(data), owner).is_err(), "an input without our key is a session");
    record_is_read_to_its_end(data);
    created_session_opens(data, owner);
}

/// Format number, number, capabilities, issued, expires.
const BEFORE_OWNER: usize = 1 + 16 + 4 + 8 + 8;
const OWNER: usize = 32;

/// What a later or an earlier build sealed, or we by mistake: refused, or a session whose parts make up all the bytes.
fn record_is_read_to_its_end(record: &[u8]) {
    let owner = record.get(BEFORE_OWNER..).and_then(|rest| rest.first_chunk::<OWNER>());
    let owner = OwnerDigest::from_bytes(owner.copied().unwrap_or_default());
    let Ok(session) = SESSIONS.open(&KEYS.seal(Purpose::Session, b"", record), owner) else { return };
    let texts = [&session.revision, &session.client_name, &session.client_version];
    let bytes: usize = texts.iter().map(|text| 1 + text.len()).sum();
    assert_eq!(record.len(), BEFORE_OWNER + OWNER + bytes, "bytes that belong to nothing");
    assert_eq!(record.first(), Some(&1), "another format");
    assert!(session.revision.len() <= REVISION_BYTES_MAX, "a revision beyond its bound");
    assert!(session.client_name.len() <= 64 && session.client_version.len() <= 64, "a text beyond its bound");
    assert_eq!(session.owner, owner);
    assert!(session.expires > NOW, "a session that is over");
}

fn created_session_opens(data: &[u8], owner: OwnerDigest) {
    let (name, version) = input::first_line(data);
    let (client_name, client_version) = (&*input::text(name), &*input::text(version));
    let new = NewSession { owner, revision: "2025-11-25", capabilities: 5, client_name, client_version };
    let (id, session) = SESSIONS.create(new).expect("this revision fits");
    assert!(id.as_str().len() <= SESSION_ID_CHARS_MAX && id.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(SESSIONS.open(id.as_str(), owner).as_ref(), Ok(&session));
    assert!(client_name.starts_with(&session.client_name) && client_version.starts_with(&session.client_version));
    assert!(SESSIONS.open(id.as_str(), OwnerDigest::of(b"other")).is_err(), "opened for another owner");
}
