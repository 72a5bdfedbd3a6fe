//! The events of a stream: read again by who may, to the end, and losses are told.

use outboard_store::{EventLog, EventLogLimits, EventPage, LogKey, Sequence, StoreError, StreamEvent};

use crate::support::{MILLI, MINUTE, alice, append_raw, bob, bytes_of, down, memory, raw_entries};

#[tokio::test]
async fn a_stream_is_resumed_on_another_replica() {
    let (store, _) = memory();
    let [one, other] = [(); 2].map(|()| EventLog::new(&store, EventLogLimits::default()).stream(alice(), 7, 1));
    let mut events = Vec::new();
    for bytes in [&b"one"[..], b"", b"\0\xff"] {
        let sequence = one.append(bytes).await.unwrap();
        events.push(StreamEvent { sequence, bytes: bytes.to_vec().into() });
    }
    let last = events[2].sequence;
    let page = EventPage { events: events.clone(), finished: false, gap: false, position: last, skipped: 0 };
    assert_eq!(other.read_after(Sequence::ZERO, 10).await.unwrap(), page);
    assert_eq!(other.read_after(events[0].sequence, 10).await.unwrap().events, events[1..]);
    let page = other.read_after(Sequence::ZERO, 2).await.unwrap();
    assert_eq!((page.events.len(), page.finished, page.position), (2, false, events[1].sequence));

    let end = one.finish().await.unwrap();
    other.tail(last).await.unwrap();
    let page = EventPage { events: Vec::new(), finished: true, gap: false, position: end, skipped: 0 };
    assert_eq!(other.read_after(last, 10).await.unwrap(), page);
    let page = other.read_after(Sequence::ZERO, 3).await.unwrap();
    assert_eq!((page.events.len(), page.finished), (3, false), "the end is a page further");
}

#[tokio::test]
async fn no_other_owner_session_or_stream_reads_it() {
    let (store, _) = memory();
    let log = EventLog::new(&store, EventLogLimits::default());
    let last = log.stream(alice(), 7, 1).append(b"secret").await.unwrap();
    let others = [
        log.stream(bob(), 7, 1),
        log.stream(alice(), 8, 1),
        log.stream(alice(), 7, 2),
        log.stream(alice(), 1, 7),
        log.stream(alice(), 7 << 64, 1),
    ];
    for other in others {
        let page = other.read_after(Sequence::ZERO, 10).await.unwrap();
        assert_eq!((page.events.len(), page.gap, page.position), (0, false, Sequence::ZERO), "{other:?}");
        assert!(other.read_after(last, 10).await.unwrap().gap, "{other:?}");
        assert!(!other.delete().await.unwrap(), "{other:?}");
    }
    assert!(log.stream(alice(), 7, 1).delete().await.unwrap());
    assert!(log.stream(alice(), 7, 1).read_after(last, 10).await.unwrap().gap, "a deleted stream is gone");
}

#[tokio::test]
async fn a_reader_that_fell_behind_is_told_by_each_bound() {
    for limits in [EventLogLimits { events_max: 2, ..TEN_BYTES }, EventLogLimits { bytes_max: 20, ..TEN_BYTES }] {
        let (store, _) = memory();
        let stream = EventLog::new(&store, limits).stream(alice(), 7, 1);
        let first = stream.append(&[0; 10]).await.unwrap();
        for number in 1..4 {
            stream.append(&[number; 10]).await.unwrap();
        }
        stream.finish().await.unwrap();
        let page = stream.read_after(first, 10).await.unwrap();
        assert!(page.gap && page.finished, "{page:?} within {limits:?}");
        assert_eq!(page.events.last().unwrap().bytes, [3; 10].as_slice(), "{limits:?}");
    }
}

#[tokio::test]
async fn the_end_pushes_out_no_event() {
    let (store, _) = memory();
    let stream = EventLog::new(&store, EventLogLimits { events_max: 3, ..TEN_BYTES }).stream(alice(), 7, 1);
    for number in 0..3 {
        stream.append(&[number]).await.unwrap();
    }
    stream.finish().await.unwrap();
    let page = stream.read_after(Sequence::ZERO, 10).await.unwrap();
    assert_eq!((page.events.len(), page.finished, page.gap), (3, true, false));
}

#[tokio::test]
async fn an_event_has_a_bound() {
    let (store, _) = memory();
    let stream = EventLog::new(&store, EventLogLimits { bytes_max: 10, ..TEN_BYTES }).stream(alice(), 7, 1);
    stream.append(&[0; 10]).await.unwrap();
    stream.finish().await.unwrap();
    assert_eq!(stream.read_after(Sequence::ZERO, 10).await.unwrap().events.len(), 1, "the end needs no room");
    let refused = stream.append(&[0; 11]).await;
    assert!(matches!(refused, Err(StoreError::ValueTooLarge { bytes: 11, bytes_max: 10 })), "{refused:?}");
}

#[tokio::test]
async fn a_stream_is_gone_after_its_time() {
    let (store, clock) = memory();
    let stream = EventLog::new(&store, EventLogLimits::default()).stream(alice(), 7, 1);
    let first = stream.append(b"x").await.unwrap();
    clock.advance(10 * MINUTE - MILLI);
    assert!(!stream.read_after(first, 10).await.unwrap().gap);
    clock.advance(MILLI);
    let page = stream.read_after(first, 10).await.unwrap();
    assert_eq!((page.gap, page.position), (true, Sequence::ZERO));
}

#[tokio::test]
async fn an_event_of_an_unknown_format_is_passed_over_and_counted() {
    let (store, _) = memory();
    let stream = EventLog::new(&store, EventLogLimits::default()).stream(alice(), 7, 1);
    for unknown in [&b""[..], &[1], &[2, 0], &[1, 2], &[0, 0]] {
        append_raw(&store, key(), unknown).await;
    }
    let known = stream.append(b"x").await.unwrap();
    let page = stream.read_after(Sequence::ZERO, 10).await.unwrap();
    assert_eq!((page.events.len(), page.skipped, page.position, page.finished), (1, 5, known, false));
    let page = stream.read_after(Sequence::ZERO, 3).await.unwrap();
    assert_eq!((page.events.len(), page.skipped), (0, 3));
    assert_eq!(stream.read_after(page.position, 10).await.unwrap().events[0].sequence, known);
}

#[tokio::test]
async fn the_golden_events_are_still_read_and_written() {
    let (store, _) = memory();
    let stream = EventLog::new(&store, EventLogLimits::default()).stream(alice(), 7, 1);
    let golden: Vec<_> = include_str!("golden/event-log-1.txt").lines().map(bytes_of).collect();
    for entry in &golden {
        append_raw(&store, key(), entry).await;
    }
    let page = stream.read_after(Sequence::ZERO, 10).await.unwrap();
    assert_eq!((&page.events[0].bytes[..], page.finished), (&b"event"[..], true));
    assert!(stream.delete().await.unwrap());
    stream.append(b"event").await.unwrap();
    stream.finish().await.unwrap();
    assert_eq!(raw_entries(&store, key()).await, golden);
}

#[tokio::test]
async fn a_store_that_is_down_is_told() {
    let stream = EventLog::new(&down(), EventLogLimits::default()).stream(alice(), 7, 1);
    assert!(matches!(stream.append(b"x").await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(stream.finish().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(stream.read_after(Sequence::ZERO, 1).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(stream.tail(Sequence::ZERO).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(stream.delete().await, Err(StoreError::Unavailable { .. })));
}

const TEN_BYTES: EventLogLimits = EventLogLimits { events_max: 100, bytes_max: 1000, age_max: MINUTE };

/// The stream 1 of the session 7 of alice. The digest is a part of the format.
fn key() -> LogKey {
    LogKey { owner: alice(), kind: "event-log", id: 0x40e3_da1f_1b4a_3aea_c200_2f58_8dd5_de32 }
}
