//! Sessions: what opens for whom and for how long, and the golden file.

use std::{sync::Arc, time::Duration};

use outboard_store::{
    Clock, CreateSessionError, NewSession, OwnerDigest, Purpose, REVISION_BYTES_MAX, SESSION_ID_CHARS_MAX,
    SessionErrorKind, Sessions, Store, UnixMillis,
};
use outboard_testkit::{clock::FakeClock, down};

use crate::support::{changed, ring};

#[test]
fn a_session_opens_as_it_was_created_on_any_replica_with_the_key() {
    let clock = Arc::new(FakeClock::default());
    let (one, other) = (sessions(&[1, 2], &clock), sessions(&[2, 1], &clock));
    let (id, session) = one.create(new()).unwrap();
    assert_eq!(session.revision, "2025-11-25");
    assert_eq!(session.capabilities, 0xdead_beef);
    assert_eq!((&*session.client_name, &*session.client_version), ("naïve client", "1.2.3"));
    assert_eq!(session.owner, alice());
    assert_eq!((session.issued, session.expires), (clock.now(), clock.now().saturating_add(MAX_AGE)));
    assert_eq!(other.open(id.as_str(), alice()).unwrap(), session);
}

#[test]
fn every_session_is_another() {
    let sessions = sessions(&[1], &Arc::default());
    let (one, first) = sessions.create(new()).unwrap();
    let (other, second) = sessions.create(new()).unwrap();
    assert_ne!(one, other);
    assert_ne!(first.number, second.number);
    assert_eq!(format!("{one:?}"), "SessionId(..)");
}

#[test]
fn the_largest_session_fits_its_id() {
    let sessions = sessions(&[1], &Arc::new(FakeClock::at(UnixMillis::MAX)));
    let (revision, text) = ("r".repeat(REVISION_BYTES_MAX), "x".repeat(100_000));
    let largest = NewSession { revision: &revision, client_name: &text, client_version: &text, ..new() };
    let (id, session) = sessions.create(largest).unwrap();
    assert!(id.as_str().len() <= SESSION_ID_CHARS_MAX, "{} characters", id.as_str().len());
    assert!(id.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!((session.client_name.len(), session.client_version.len()), (64, 64));

    let too_long = "r".repeat(REVISION_BYTES_MAX + 1);
    let refused = sessions.create(NewSession { revision: &too_long, ..new() }).unwrap_err();
    assert_eq!(refused, CreateSessionError::RevisionTooLong { bytes: REVISION_BYTES_MAX + 1 });
}

#[test]
fn name_and_version_are_cut_between_characters() {
    let sessions = sessions(&[1], &Arc::default());
    let cases = [
        (String::new(), 0),
        ("a".repeat(64), 64),
        ("a".repeat(65), 64),
        ("é".repeat(32), 64),
        (format!("a{}", "é".repeat(32)), 63),
        ("語".repeat(22), 63),
        ("🙂".repeat(17), 64),
        (format!("aaa{}", "🙂".repeat(16)), 63),
    ];
    for (text, kept) in cases {
        let (id, created) = sessions.create(NewSession { client_name: &text, client_version: &text, ..new() }).unwrap();
        let opened = sessions.open(id.as_str(), alice()).unwrap();
        assert_eq!(opened, created);
        assert_eq!((&*opened.client_name, &*opened.client_version), (&text[..kept], &text[..kept]));
    }
}

#[test]
fn a_session_ends_at_its_age_used_or_not() {
    let clock = Arc::new(FakeClock::default());
    let sessions = sessions(&[1], &clock);
    let (id, _) = sessions.create(new()).unwrap();
    clock.advance(MAX_AGE - MILLI);
    assert!(sessions.open(id.as_str(), alice()).is_ok());
    clock.advance(MILLI);
    assert_eq!(kind_of(&sessions, id.as_str()), SessionErrorKind::Expired);
}

#[test]
fn every_refusal_reads_alike_and_has_a_kind_for_the_metric() {
    let clock = Arc::new(FakeClock::default());
    let sessions = sessions(&[1], &clock);
    let (id, _) = sessions.create(new()).unwrap();
    let id = id.as_str();
    let foreign = sessions.create(NewSession { owner: OwnerDigest::of(b"bob"), ..new() }).unwrap().0;
    let unknown_key = self::sessions(&[2], &clock).create(new()).unwrap().0;
    let other_purpose = ring(&[1]).seal(Purpose::State, b"", b"x");
    let other_record = ring(&[1]).seal(Purpose::Session, b"", b"\x02later");
    let no_record = ring(&[1]).seal(Purpose::Session, b"", b"");
    let cases = [
        (String::new(), SessionErrorKind::Malformed, "malformed"),
        ("1868a90c-d2e5-4d4f-9f4e-b3a1c2d4e5f6".to_owned(), SessionErrorKind::UnknownFormat, "unknown_format"),
        ("no session".to_owned(), SessionErrorKind::Malformed, "malformed"),
        (id.repeat(4), SessionErrorKind::Malformed, "malformed"),
        ("A".repeat(SESSION_ID_CHARS_MAX), SessionErrorKind::UnknownFormat, "unknown_format"),
        ("A".repeat(SESSION_ID_CHARS_MAX + 1), SessionErrorKind::Malformed, "malformed"),
        ("A".repeat(SESSION_ID_CHARS_MAX + 4), SessionErrorKind::Malformed, "malformed"),
        (no_record, SessionErrorKind::Malformed, "malformed"),
        (other_record, SessionErrorKind::UnknownFormat, "unknown_format"),
        (unknown_key.as_str().to_owned(), SessionErrorKind::UnknownKey, "unknown_key"),
        (changed(id, |bytes| bytes[40] ^= 1), SessionErrorKind::Tampered, "tampered"),
        (other_purpose, SessionErrorKind::Tampered, "tampered"),
        (foreign.as_str().to_owned(), SessionErrorKind::ForeignOwner, "foreign_owner"),
    ];
    for (text, kind, name) in cases {
        let refused = sessions.open(&text, alice()).unwrap_err();
        assert_eq!((refused.kind(), refused.kind().as_str()), (kind, name), "{text}");
        assert_eq!(refused.to_string(), "no such session");
    }
    assert_eq!(SessionErrorKind::Expired.as_str(), "expired");
}

#[test]
fn no_cut_and_no_changed_bit_of_a_record_passes_for_another_layout() {
    let sessions = sessions(&[1], &Arc::default());
    let ring = ring(&[1]);
    let (id, created) = sessions.create(new()).unwrap();
    let record = ring.open(Purpose::Session, b"", id.as_str()).unwrap();
    let open = |record: &[u8]| sessions.open(&ring.seal(Purpose::Session, b"", record), alice());
    assert_eq!(open(&record).unwrap(), created);
    for kept in 0..record.len() {
        assert_eq!(open(&record[..kept]).unwrap_err().kind(), SessionErrorKind::Malformed, "{kept} bytes");
    }
    for extra in [&[0][..], &[0; 100]] {
        assert_eq!(open(&[&record, extra].concat()).unwrap_err().kind(), SessionErrorKind::Malformed);
    }
    for position in 0..record.len() {
        for bit in 0..8 {
            let mut other = record.clone();
            other[position] ^= 1 << bit;
            // The seal is ours, so the parser alone stands here: it says what it read, and never that it was the same.
            assert_ne!(open(&other).ok(), Some(created.clone()), "bit {bit} of byte {position}");
        }
    }
}

#[test]
fn the_texts_of_a_record_have_bounds_and_are_utf_8() {
    let sessions = sessions(&[1], &Arc::default());
    let ring = ring(&[1]);
    let (id, _) = sessions.create(new()).unwrap();
    let record = ring.open(Purpose::Session, b"", id.as_str()).unwrap();
    let fixed = &record[..1 + 16 + 4 + 8 + 8 + 32];
    let text = |length: usize, byte: u8| [&[length as u8][..], &vec![byte; length]].concat();
    let malformed = Some(SessionErrorKind::Malformed);
    let cases = [
        ([0, 0, 0], b'x', None),
        ([32, 64, 64], b'x', None),
        ([33, 0, 0], b'x', malformed),
        ([0, 65, 0], b'x', malformed),
        ([0, 0, 65], b'x', malformed),
        ([255, 0, 0], b'x', malformed),
        ([1, 0, 0], 0xff, malformed),
        ([0, 1, 0], 0xff, malformed),
        ([0, 0, 1], 0xff, malformed),
    ];
    for (lengths, byte, refused) in cases {
        let record = [fixed, &lengths.map(|length| text(length, byte)).concat()].concat();
        let opened = sessions.open(&ring.seal(Purpose::Session, b"", &record), alice());
        assert_eq!(opened.err().map(|error| error.kind()), refused, "{lengths:?} of {byte:#x}");
    }
}

#[test]
fn a_session_is_created_and_opened_without_the_store() {
    let down = Sessions::new(&down::store(Arc::new(ring(&[1])), Arc::new(FakeClock::default())), MAX_AGE);
    let (id, session) = down.create(new()).unwrap();
    assert_eq!(down.open(id.as_str(), alice()).unwrap(), session);
}

#[test]
fn the_golden_session_still_opens() {
    let clock = Arc::new(FakeClock::at(UnixMillis::new(1_785_240_000_000)));
    let sessions = sessions(&[0x42], &clock);
    let session = sessions.open(include_str!("golden/session-1.txt").trim_end(), alice()).unwrap();
    assert_eq!(session.number, 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    assert_eq!((&*session.revision, session.capabilities), ("2025-11-25", 0xdead_beef));
    assert_eq!((&*session.client_name, &*session.client_version), ("naïve client", "1.2.3"));
    assert_eq!(session.issued, UnixMillis::new(1_785_240_000_000));
    assert_eq!(session.expires, UnixMillis::new(1_785_844_800_000));
}

fn sessions(keys: &[u8], clock: &Arc<FakeClock>) -> Sessions {
    Sessions::new(&Store::in_memory(Arc::new(ring(keys)), clock.clone()), MAX_AGE)
}

fn new() -> NewSession<'static> {
    NewSession {
        owner: alice(),
        revision: "2025-11-25",
        capabilities: 0xdead_beef,
        client_name: "naïve client",
        client_version: "1.2.3",
    }
}

fn alice() -> OwnerDigest {
    OwnerDigest::of(b"alice")
}

fn kind_of(sessions: &Sessions, text: &str) -> SessionErrorKind {
    sessions.open(text, alice()).unwrap_err().kind()
}

const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MILLI: Duration = Duration::from_millis(1);
