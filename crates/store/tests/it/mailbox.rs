//! Mailboxes: one message for one who waits, from the same owner and nobody else.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use outboard_store::{Address, LogKey, Mailbox, MailboxLimits, NotAnAddress, Posted, StoreError};

use crate::support::{MILLI, MINUTE, alice, append_raw, bob, bytes_of, down, memory, raw_entries};

#[tokio::test]
async fn a_message_reaches_the_replica_that_waits_for_it() {
    let (store, _) = memory();
    let [one, other] = [(); 2].map(|()| Mailbox::new(&store, MailboxLimits::default()));
    for message in [&b"yes"[..], b"", b"\0\xff"] {
        let address = one.address();
        let inbox = one.open(alice(), address).await.unwrap();
        let mut waiting = pin!(inbox.receive());
        assert!(!is_ready(&mut waiting).await, "nothing was posted");
        assert_eq!(other.post(alice(), address, message).await.unwrap(), Posted::Delivered);
        assert_eq!(in_time(waiting).await.unwrap().unwrap(), message);
    }
}

#[tokio::test]
async fn a_message_that_came_before_is_waiting() {
    let (store, _) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits::default());
    let inbox = mailbox.open(alice(), mailbox.address()).await.unwrap();
    drop(inbox.receive());
    let address = mailbox.address();
    let inbox = mailbox.open(alice(), address).await.unwrap();
    assert_eq!(mailbox.post(alice(), address, b"yes").await.unwrap(), Posted::Delivered);
    assert_eq!(inbox.receive().await.unwrap().unwrap(), "yes");
}

#[tokio::test]
async fn the_first_message_wins_and_closes_the_mailbox() {
    let (store, _) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits::default());
    let address = mailbox.address();
    let inbox = mailbox.open(alice(), address).await.unwrap();
    for message in [b"first", b"other"] {
        assert_eq!(mailbox.post(alice(), address, message).await.unwrap(), Posted::Delivered);
    }
    assert_eq!(inbox.receive().await.unwrap().unwrap(), "first");
    assert_eq!(inbox.receive().await.unwrap(), None, "it is taken once");
    assert_eq!(mailbox.post(alice(), address, b"late").await.unwrap(), Posted::Unknown);
    assert!(format!("{:?}", store.logs).contains("logs: 0"), "nothing is left: {:?}", store.logs);
}

#[tokio::test]
async fn a_receive_that_is_dropped_has_taken_nothing() {
    let (store, _) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits::default());
    let address = mailbox.address();
    let inbox = mailbox.open(alice(), address).await.unwrap();
    for _ in 0..2 {
        let mut waiting = Box::pin(inbox.receive());
        assert!(!is_ready(&mut waiting).await);
        drop(waiting);
    }
    let mut waiting = Box::pin(inbox.receive());
    assert!(!is_ready(&mut waiting).await);
    assert_eq!(mailbox.post(alice(), address, b"yes").await.unwrap(), Posted::Delivered);
    drop(waiting);
    assert_eq!(inbox.receive().await.unwrap().unwrap(), "yes");
}

#[tokio::test]
async fn nobody_else_and_nowhere_else_is_there_a_mailbox() {
    let (store, _) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits::default());
    let address = mailbox.address();
    assert_eq!(mailbox.post(alice(), address, b"early").await.unwrap(), Posted::Unknown, "it is not open yet");
    assert!(format!("{:?}", store.logs).contains("logs: 0"), "that costs nothing: {:?}", store.logs);
    let inbox = mailbox.open(alice(), address).await.unwrap();
    assert_eq!(mailbox.post(bob(), address, b"forged").await.unwrap(), Posted::Unknown);
    assert_eq!(mailbox.post(alice(), mailbox.address(), b"astray").await.unwrap(), Posted::Unknown);
    let foreign = mailbox.open(bob(), address).await.unwrap();
    assert_eq!(mailbox.post(bob(), address, b"own").await.unwrap(), Posted::Delivered);
    assert_eq!(mailbox.post(alice(), address, b"yes").await.unwrap(), Posted::Delivered);
    assert_eq!(inbox.receive().await.unwrap().unwrap(), "yes");
    assert_eq!(foreign.receive().await.unwrap().unwrap(), "own");
}

#[tokio::test]
async fn a_mailbox_ends_with_its_time_and_when_it_is_closed() {
    let (store, clock) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits { ttl: MINUTE, ..MailboxLimits::default() });
    let [ended, closed] = [(); 2].map(|()| mailbox.address());
    let [ending, closing] = [mailbox.open(alice(), ended).await.unwrap(), mailbox.open(alice(), closed).await.unwrap()];
    clock.advance(MINUTE - MILLI);
    assert_eq!(mailbox.post(alice(), closed, b"yes").await.unwrap(), Posted::Delivered);
    let mut waiting = Box::pin(ending.receive());
    assert!(!is_ready(&mut waiting).await);
    closing.close().await.unwrap();
    clock.advance(MILLI);
    for (inbox, address) in [(&ending, ended), (&closing, closed)] {
        assert_eq!(mailbox.post(alice(), address, b"late").await.unwrap(), Posted::Unknown);
        assert_eq!(inbox.receive().await.unwrap(), None);
    }
}

#[tokio::test]
async fn who_waits_is_told_when_the_mailbox_is_closed() {
    let (store, _) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits::default());
    let inbox = mailbox.open(alice(), mailbox.address()).await.unwrap();
    let mut waiting = pin!(inbox.receive());
    assert!(!is_ready(&mut waiting).await);
    inbox.close().await.unwrap();
    assert_eq!(in_time(waiting).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_has_a_bound_and_a_mailbox_holds_few() {
    let (store, _) = memory();
    let mailbox = Mailbox::new(&store, MailboxLimits { message_bytes_max: 10, ..MailboxLimits::default() });
    let address = mailbox.address();
    let inbox = mailbox.open(alice(), address).await.unwrap();
    let refused = mailbox.post(alice(), address, &[0; 11]).await;
    assert!(matches!(refused, Err(StoreError::ValueTooLarge { bytes: 11, bytes_max: 10 })), "{refused:?}");
    for number in 0..20_u8 {
        assert_eq!(mailbox.post(alice(), address, &[number; 10]).await.unwrap(), Posted::Delivered);
    }
    assert_eq!(inbox.receive().await.unwrap().unwrap(), [12; 10].as_slice(), "the first of the last eight");

    let mailbox = Mailbox::new(&store, MailboxLimits::default());
    let address = mailbox.address();
    let inbox = mailbox.open(alice(), address).await.unwrap();
    let largest = vec![1; MailboxLimits::default().message_bytes_max];
    assert_eq!(mailbox.post(alice(), address, &largest).await.unwrap(), Posted::Delivered);
    assert_eq!(inbox.receive().await.unwrap().unwrap(), largest, "every store has room for the largest");
}

#[test]
fn an_address_is_a_text_that_nobody_guesses() {
    let mailbox = Mailbox::new(&memory().0, MailboxLimits::default());
    let [one, other] = [(); 2].map(|()| mailbox.address());
    assert_ne!(one, other);
    let text = one.to_string();
    assert_eq!((text.len(), text.parse()), (22, Ok(one)));
    assert_eq!(format!("{one:?}"), "Address(..)");
    for text in ["", "7", "no address at all here", &text[1..], &format!("{text}A")] {
        assert_eq!(text.parse::<Address>(), Err(NotAnAddress), "{text:?}");
    }
}

#[tokio::test]
async fn an_entry_of_an_unknown_format_is_passed_over() {
    let (store, _) = memory();
    let (mailbox, address) = golden_mailbox(&store);
    let inbox = mailbox.open(alice(), address).await.unwrap();
    for unknown in [&b""[..], &[1], &[2, 1, 7], &[1, 2, 7]] {
        append_raw(&store, key(), unknown).await;
    }
    let mut waiting = pin!(inbox.receive());
    assert!(!is_ready(&mut waiting).await, "there is no message");
    assert_eq!(mailbox.post(alice(), address, b"yes").await.unwrap(), Posted::Delivered);
    assert_eq!(in_time(waiting).await.unwrap().unwrap(), "yes");
}

#[tokio::test]
async fn the_golden_entries_are_still_read_and_written() {
    let (store, _) = memory();
    let (mailbox, address) = golden_mailbox(&store);
    let golden: Vec<_> = include_str!("golden/mailbox-1.txt").lines().map(bytes_of).collect();
    mailbox.open(alice(), address).await.unwrap();
    assert_eq!(mailbox.post(alice(), address, b"yes").await.unwrap(), Posted::Delivered);
    assert_eq!(raw_entries(&store, key()).await, golden);
    let inbox = mailbox.open(alice(), address).await.unwrap();
    append_raw(&store, key(), &golden[1]).await;
    assert_eq!(inbox.receive().await.unwrap().unwrap(), "yes");
}

#[tokio::test]
async fn a_store_that_is_down_is_told() {
    let (store, _) = memory();
    let address = Mailbox::new(&store, MailboxLimits::default()).address();
    let mailbox = Mailbox::new(&down(), MailboxLimits::default());
    assert!(matches!(mailbox.open(alice(), address).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(mailbox.post(alice(), address, b"x").await, Err(StoreError::Unavailable { .. })));
}

/// The mailbox at the address that is 7.
fn golden_mailbox(store: &outboard_store::Store) -> (Mailbox, Address) {
    let address = "AAAAAAAAAAAAAAAAAAAABw".parse().unwrap();
    (Mailbox::new(store, MailboxLimits::default()), address)
}

fn key() -> LogKey {
    LogKey { owner: alice(), kind: "mailbox", id: 7 }
}

async fn is_ready(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(pin!(&mut *future).poll(context).is_ready())).await
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("who waits is woken")
}
