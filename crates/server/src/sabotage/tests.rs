//! Each fault hits what it names, and nothing beside it.

use std::time::{Duration, SystemTime};

use outboard_auth::GrantedScopes;
use outboard_store::{
    Bus, BusLimits, KeyRing, Mailbox, MailboxLimits, NewSession, OwnerDigest, Posted, RootKey, SessionState, Sessions,
    SystemClock,
};

use super::*;

fn store() -> Store {
    Store::in_memory(Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap()), Arc::new(SystemClock))
}

/// Whether a message posted to an open mailbox arrives, published on the bus arrives, and an ended session is seen.
async fn what_works(store: &Store) -> [bool; 3] {
    let owner = OwnerDigest::of(b"alice");
    let mailbox = Mailbox::new(store, MailboxLimits::default());
    let address = mailbox.address();
    let unopened = mailbox.post(owner, mailbox.address(), b"x").await.unwrap();
    assert_eq!(unopened, Posted::Unknown, "who has no mailbox gets nothing, whatever is broken");
    let inbox = mailbox.open(owner, address).await.unwrap();
    assert_eq!(mailbox.post(owner, address, b"x").await.unwrap(), Posted::Delivered);
    let arrived = tokio::time::timeout(Duration::from_secs(1), inbox.receive()).await.is_ok();

    let bus = Bus::new(store, BusLimits::default());
    let before = bus.last().await.unwrap();
    bus.publish(b"x").await.unwrap();
    let heard = !bus.read_after(before, 10).await.unwrap().entries.is_empty();

    let sessions = Sessions::new(store, Duration::from_secs(60));
    let new = NewSession { owner, revision: "2025-11-25", capabilities: 0, client_name: "t", client_version: "1" };
    let (_, session) = sessions.create(new).unwrap();
    sessions.terminate(&session).await.unwrap();
    let seen = !matches!(sessions.state(&session).await.unwrap(), SessionState::Living(_));
    [arrived, heard, seen]
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_one_alone() {
    assert_eq!(what_works(&store()).await, [true; 3]);
    for (fault, expected) in
        [("mailbox", [false, true, true]), ("bus", [true, false, true]), ("terminated", [true, true, false])]
    {
        let broken = fault.parse::<Sabotage>().unwrap().begin(store());
        assert_eq!(what_works(&broken).await, expected, "{fault}");
    }
}

#[test]
fn one_owner_keeps_what_each_caller_may() {
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(9);
    let callers = [("alice", "a"), ("bob", "b")].map(|(name, scope)| {
        Principal::verified("https://a.example", name, name, GrantedScopes::Only(scope.parse().unwrap()))
            .with_valid_until(until)
    });
    let [alice, bob] = &callers;
    assert_ne!(alice.owner(), bob.owner());
    let [one, other] = callers.each_ref().map(as_one_owner);
    assert_eq!(one.owner(), other.owner());
    assert_eq!((one.granted(), other.granted()), (alice.granted(), bob.granted()));
    assert_eq!(one.valid_until(), Some(until));
}

#[test]
fn other_words_are_refused() {
    for word in ["", "Mailbox", "mailbox,bus", "all"] {
        assert!(word.parse::<Sabotage>().is_err(), "{word}");
    }
}
