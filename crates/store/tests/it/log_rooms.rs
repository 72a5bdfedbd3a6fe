//! [`MemoryLogs`]: what one owner's streams take is never taken from the bus, from mailboxes, or from another's streams.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use outboard_store::{
    Bus, BusLimits, EventLog, EventLogLimits, KeyRing, LogKey, LogLimits, Logs, Mailbox, MailboxLimits,
    MemoryLogLimits, MemoryLogs, MemoryStoreLimits, OwnerDigest, Posted, Sequence, Store, StoreError, StreamLog,
};
use outboard_testkit::clock::FakeClock;

use crate::support::{MINUTE, alice, bob, ring};

#[tokio::test]
async fn the_streams_of_one_owner_never_stop_the_bus_or_a_mailbox() {
    let store = small();
    let events = EventLog::new(&store, EventLogLimits::default());
    let bus = Bus::new(&store, BusLimits::default());
    let mailbox = Mailbox::new(&store, MailboxLimits { message_bytes_max: 100, ..MailboxLimits::default() });
    for stream in 0..1000 {
        let stream = events.stream(alice(), 7, stream);
        stream.append(&[0; 1000]).await.unwrap();
        stream.finish().await.unwrap();
        let before = bus.last().await.unwrap();
        bus.publish(b"the tools have changed").await.unwrap();
        assert_eq!(bus.read_after(before, 10).await.unwrap().entries.len(), 1);
        for owner in [alice(), bob()] {
            let address = mailbox.address();
            let inbox = mailbox.open(owner, address).await.unwrap();
            assert_eq!(mailbox.post(owner, address, b"yes").await.unwrap(), Posted::Delivered);
            assert_eq!(inbox.receive().await.unwrap().unwrap(), "yes");
        }
    }
}

#[tokio::test]
async fn the_mailboxes_of_one_owner_never_stop_those_of_another_or_the_bus() {
    let store = small();
    let mailbox = Mailbox::new(&store, MailboxLimits { message_bytes_max: 1000, ..MailboxLimits::default() });
    let refused = loop {
        let address = mailbox.address();
        let posted = match mailbox.open(alice(), address).await {
            Ok(_) => mailbox.post(alice(), address, &[0; 1000]).await,
            Err(refused) => break refused,
        };
        if let Err(refused) = posted {
            break refused;
        }
    };
    assert!(matches!(refused, StoreError::Full { bytes_max: 8192, .. }), "a half of what there is: {refused:?}");
    let address = mailbox.address();
    let inbox = mailbox.open(bob(), address).await.unwrap();
    assert_eq!(mailbox.post(bob(), address, &[1; 1000]).await.unwrap(), Posted::Delivered);
    assert_eq!(inbox.receive().await.unwrap().unwrap(), [1; 1000].as_slice());
    Bus::new(&store, BusLimits::default()).publish(b"x").await.unwrap();
}

#[tokio::test]
async fn the_stream_that_was_silent_longest_goes_first() {
    let store = small();
    let streams = streams(&store, alice(), 9);
    // A half of 16 KiB holds seven with 1064 bytes each.
    for stream in &streams[..7] {
        stream.append(&[0; 998]).await.unwrap();
    }
    streams[0].append(b"").await.unwrap();
    assert_eq!(held(&streams).await, [2, 1, 1, 1, 1, 1, 1, 0, 0]);
    streams[7].append(&[0; 998]).await.unwrap();
    assert_eq!(held(&streams).await, [2, 0, 1, 1, 1, 1, 1, 1, 0], "the second has been silent longest");
    streams[8].append(&[0; 998]).await.unwrap();
    assert_eq!(held(&streams).await, [2, 0, 0, 1, 1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn a_stream_alone_loses_its_oldest_events_and_its_readers_are_told() {
    let store = small();
    let stream = &streams(&store, alice(), 1)[0];
    let first = stream.append(&[0; 998]).await.unwrap();
    for _ in 0..20 {
        stream.append(&[1; 998]).await.unwrap();
    }
    let page = stream.read_after(first, 100).await.unwrap();
    assert_eq!((page.events.len(), page.gap), (7, true), "a half of 16 KiB holds seven");
}

#[tokio::test]
async fn the_owner_that_holds_most_gives_way_to_one_that_holds_less_and_never_the_other_way_round() {
    let store = small();
    let large = streams(&store, alice(), 7);
    for stream in &large {
        stream.append(&[0; 998]).await.unwrap();
    }
    // Bob may take a half of what alice leaves, which is four; then alice loses her oldest.
    let small = &streams(&store, bob(), 1)[0];
    for number in 1..=4 {
        small.append(&[0; 998]).await.unwrap();
        assert_eq!(held(&large).await.iter().sum::<usize>(), 7, "{number}");
    }
    small.append(&[0; 998]).await.unwrap();
    assert_eq!((held(&large).await, len(small).await), (vec![0, 0, 1, 1, 1, 1, 1], 5));
    // Alice holds as much as she may beside bob: what she appends costs her own.
    large[0].append(&[0; 998]).await.unwrap();
    assert_eq!((held(&large).await, len(small).await), (vec![1, 0, 0, 1, 1, 1, 1], 5));
}

#[tokio::test]
async fn a_reader_that_waits_for_a_stream_hears_that_it_gave_way() {
    let store = small();
    let streams = streams(&store, alice(), 8);
    let last = streams[0].append(&[0; 998]).await.unwrap();
    let mut waiting = pin!(streams[0].tail(last));
    assert!(!is_ready(&mut waiting).await);
    for stream in &streams[1..] {
        stream.append(&[0; 998]).await.unwrap();
    }
    assert!(is_ready(&mut waiting).await);
    let page = streams[0].read_after(last, 10).await.unwrap();
    assert_eq!((page.gap, page.position), (true, Sequence::ZERO));
    let again = streams[0].append(b"x").await.unwrap();
    assert!(again > last, "it goes on above what it had");
}

#[tokio::test]
async fn so_many_streams_as_there_may_be_give_way_too() {
    let limits = MemoryLogLimits { logs_max: 8, ..MemoryLogLimits::default() };
    let store = store(limits);
    let streams = streams(&store, alice(), 10);
    for stream in &streams {
        stream.append(b"x").await.unwrap();
    }
    assert_eq!(held(&streams).await, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1], "a half of eight");
}

#[tokio::test]
async fn an_event_that_would_not_fit_alone_is_refused_and_nothing_gives_way_to_it() {
    let store = small();
    let streams = streams(&store, alice(), 2);
    streams[0].append(&[0; 998]).await.unwrap();
    let refused = streams[1].append(&[0; 8192]).await;
    assert!(matches!(refused, Err(StoreError::Full { bytes_max: 8192, .. })), "{refused:?}");
    assert_eq!(held(&streams).await, [1, 0]);
    streams[1].append(&[0; 8192 - 64 - 2]).await.unwrap();
    assert_eq!(held(&streams).await, [0, 1]);
}

#[tokio::test]
async fn room_does_not_leak_when_streams_give_way() {
    let clock = Arc::new(FakeClock::default());
    let logs = MemoryLogs::new(clock.clone(), LIMITS);
    let limits = LogLimits { entries_max: 100, bytes_max: 100_000, age_max: MINUTE, ttl: MINUTE };
    for round in 0..1000_u128 {
        for owner in [alice(), bob()] {
            let key = LogKey { owner, kind: "event-log", id: round % 13 };
            logs.append(key, &vec![0; 500 * (round % 7) as usize], limits).await.unwrap();
        }
        clock.advance(Duration::from_secs(1));
    }
    clock.advance(MINUTE);
    let key = LogKey { owner: alice(), kind: "event-log", id: 1 };
    logs.append(key, &[0; 36], limits).await.unwrap();
    let shown = format!("{logs:?}");
    assert!(shown.contains("logs: 1, bytes: 100"), "{shown}");
}

fn small() -> Store {
    store(LIMITS)
}

fn store(logs: MemoryLogLimits) -> Store {
    let keys: Arc<KeyRing> = Arc::new(ring(&[1]));
    let limits = MemoryStoreLimits { logs, ..MemoryStoreLimits::default() };
    Store::in_memory_within(keys, Arc::new(FakeClock::default()), limits)
}

fn streams(store: &Store, owner: OwnerDigest, number: u64) -> Vec<StreamLog> {
    let log = EventLog::new(store, EventLogLimits::default());
    (0..number).map(|stream| log.stream(owner, 7, stream)).collect()
}

/// How many events each stream has.
async fn held(streams: &[StreamLog]) -> Vec<usize> {
    let mut held = Vec::new();
    for stream in streams {
        held.push(len(stream).await);
    }
    held
}

async fn len(stream: &StreamLog) -> usize {
    stream.read_after(Sequence::ZERO, 100).await.unwrap().events.len()
}

async fn is_ready(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(pin!(&mut *future).poll(context).is_ready())).await
}

const LIMITS: MemoryLogLimits = MemoryLogLimits {
    logs_max: 1000,
    bytes_max: 16 << 10,
    event_bytes_max: 16 << 10,
    owner_percent: 50,
    entry_bytes_max: 16 << 10,
};
