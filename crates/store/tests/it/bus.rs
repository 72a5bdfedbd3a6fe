//! The bus: what is published is read by all, in order, and losses are told.

use std::{sync::Arc, time::Duration};

use outboard_store::{
    Bus, BusEntry, BusLimits, BusPage, LogKey, MemoryLogLimits, MemoryLogs, OwnerDigest, Sequence, Store, StoreError,
};
use outboard_testkit::clock::FakeClock;

use crate::support::{MILLI, MINUTE, append_raw, bytes_of, down, memory, raw_entries};

#[tokio::test]
async fn what_one_replica_publishes_all_read_in_order() {
    let (store, clock) = memory();
    let [one, other] = [(); 2].map(|()| Bus::new(&store, BusLimits::default()));
    let start = other.last().await.unwrap();
    assert_eq!(start, Sequence::ZERO);
    let mut expected = Vec::new();
    for payload in [&b"one"[..], b"", b"\0\xff"] {
        let sequence = one.publish(payload).await.unwrap();
        let at = outboard_store::Clock::now(&*clock);
        expected.push(BusEntry { sequence, at, payload: payload.to_vec().into() });
        clock.advance(MILLI);
    }
    let last = expected[2].sequence;
    other.tail(start).await.unwrap();
    let page = BusPage { entries: expected.clone(), gap: false, last, skipped: 0 };
    assert_eq!(other.read_after(start, 100).await.unwrap(), page);
    assert_eq!(other.last().await.unwrap(), last);
    let page = other.read_after(start, 2).await.unwrap();
    assert_eq!((page.entries.len(), page.last), (2, expected[1].sequence), "a page tells how far it reaches");
    assert_eq!(other.read_after(page.last, 2).await.unwrap().entries, expected[2..]);
}

#[tokio::test]
async fn a_message_has_a_bound_and_always_fits_the_bus() {
    let (store, _) = memory();
    let bus = Bus::new(&store, BusLimits { message_bytes_max: 10, bytes_max: 0, ..BusLimits::default() });
    bus.publish(&[7; 10]).await.unwrap();
    let refused = bus.publish(&[7; 11]).await;
    assert!(matches!(refused, Err(StoreError::ValueTooLarge { bytes: 11, bytes_max: 10 })), "{refused:?}");
    assert_eq!(bus.read_after(Sequence::ZERO, 10).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn a_reader_that_fell_behind_is_told_by_each_bound() {
    let message = BusLimits { message_bytes_max: 10, ..BusLimits::default() };
    let cases = [
        (BusLimits { messages_max: 2, ..message }, Duration::ZERO, 2),
        (BusLimits { bytes_max: 25, ..message }, Duration::ZERO, 2),
        (BusLimits { age_max: MINUTE, ..message }, MINUTE, 0),
    ];
    for (limits, passes, kept) in cases {
        let (store, clock) = memory();
        let bus = Bus::new(&store, limits);
        let first = bus.publish(&[0; 10]).await.unwrap();
        let second = bus.publish(&[1; 10]).await.unwrap();
        let third = bus.publish(&[2; 10]).await.unwrap();
        bus.publish(&[3; 10]).await.unwrap();
        clock.advance(passes);
        let page = bus.read_after(first, 10).await.unwrap();
        assert_eq!((page.entries.len(), page.gap), (kept, true), "{limits:?}");
        let page = bus.read_after(second, 10).await.unwrap();
        assert_eq!((page.entries.len(), page.gap), (kept, kept == 0), "{limits:?}");
        assert_eq!(bus.read_after(third, 1).await.unwrap().entries.len(), kept.min(1), "{limits:?}");
    }
}

#[tokio::test]
async fn a_silent_bus_knows_for_30_days_how_far_it_came() {
    let (store, clock) = memory();
    let bus = Bus::new(&store, BusLimits::default());
    let last = bus.publish(b"x").await.unwrap();
    clock.advance(30 * 24 * 60 * MINUTE - MILLI);
    let page = BusPage { entries: Vec::new(), gap: false, last, skipped: 0 };
    assert_eq!(bus.read_after(last, 10).await.unwrap(), page);
    clock.advance(MILLI);
    let page = BusPage { entries: Vec::new(), gap: true, last: Sequence::ZERO, skipped: 0 };
    assert_eq!(bus.read_after(last, 10).await.unwrap(), page, "then everything may have changed");
}

#[tokio::test]
async fn what_is_recent_is_found_without_a_position() {
    let bus = Published::with(BusLimits { age_max: 2 * MINUTE, ..BusLimits::default() }).await;
    assert_eq!(bus.recent(MINUTE).await, (vec![], false), "nothing was ever published");
    for number in 0..4_u8 {
        bus.publish(number).await;
        bus.clock.advance(MINUTE / 2);
    }
    // They are 120, 90, 60 and 30 seconds old, and what is 120 seconds old is gone.
    assert_eq!(bus.recent(MINUTE / 2 - MILLI).await, (vec![], false));
    assert_eq!(bus.recent(MINUTE / 2).await, (vec![3], false));
    assert_eq!(bus.recent(MINUTE).await, (vec![2, 3], false));
    assert_eq!(bus.recent(MINUTE * 3 / 2).await, (vec![1, 2, 3], false));
    assert_eq!(bus.recent(2 * MINUTE - MILLI).await, (vec![1, 2, 3], false), "what is gone is older than that");
    assert_eq!(bus.recent(2 * MINUTE).await, (vec![1, 2, 3], true), "what is gone may be as young as that");
    assert_eq!(bus.recent(Duration::MAX).await, (vec![1, 2, 3], true));
    bus.clock.advance(2 * MINUTE);
    assert_eq!(bus.recent(MINUTE).await, (vec![], false), "all of it is older");
    assert_eq!(bus.recent(2 * MINUTE).await, (vec![], true));
}

#[tokio::test]
async fn what_was_pushed_out_of_the_recent_is_told() {
    let message = BusLimits { message_bytes_max: 10, ..BusLimits::default() };
    for limits in [BusLimits { messages_max: 2, ..message }, BusLimits { bytes_max: 15, ..message }] {
        let bus = Published::with(limits).await;
        for number in 0..8_u8 {
            bus.publish(number).await;
        }
        let (found, gap) = bus.recent(MINUTE).await;
        assert!(gap && found.len() >= 2 && found.last() == Some(&7), "{found:?} within {limits:?}");
        bus.clock.advance(MINUTE);
        bus.publish(8).await;
        assert_eq!(bus.recent(MINUTE / 2).await, (vec![8], false), "an older message shows that nothing is missing");
    }
}

#[tokio::test]
async fn the_recent_may_have_many_pages() {
    let bus = Published::with(BusLimits::default()).await;
    for number in 0..1200_u32 {
        bus.publish(number as u8).await;
    }
    let page = bus.bus.recent(MINUTE).await.unwrap();
    assert_eq!((page.entries.len(), page.gap), (1200, false));
    assert_eq!(page.last, bus.bus.last().await.unwrap());
}

#[tokio::test]
async fn a_message_of_an_unknown_format_is_passed_over_and_counted() {
    let (store, _) = memory();
    let bus = Bus::new(&store, BusLimits::default());
    for unknown in [&b""[..], &[0, 1], &[2, 1]] {
        append_raw(&store, KEY, unknown).await;
    }
    let page = bus.read_after(Sequence::ZERO, 2).await.unwrap();
    assert_eq!((page.entries.len(), page.skipped), (0, 2));
    let page = bus.read_after(page.last, 2).await.unwrap();
    assert_eq!((page.entries.len(), page.skipped), (0, 1), "a page of nothing else is read past");
    let known = bus.publish(b"x").await.unwrap();
    let page = bus.read_after(page.last, 2).await.unwrap();
    assert_eq!((page.entries[0].sequence, page.skipped, page.last), (known, 0, known));
    let page = bus.recent(MINUTE).await.unwrap();
    assert_eq!((page.entries.len(), page.skipped), (1, 3));
}

#[tokio::test]
async fn the_golden_message_is_still_read_and_written() {
    let (store, _) = memory();
    let bus = Bus::new(&store, BusLimits::default());
    let golden = bytes_of(include_str!("golden/bus-1.txt"));
    append_raw(&store, KEY, &golden).await;
    let page = bus.read_after(Sequence::ZERO, 10).await.unwrap();
    assert_eq!(page.entries[0].payload, "the tools have changed");
    bus.publish(b"the tools have changed").await.unwrap();
    assert_eq!(raw_entries(&store, KEY).await, [golden.clone(), golden]);
}

#[tokio::test]
async fn a_store_that_is_down_or_full_is_told() {
    let bus = Bus::new(&down(), BusLimits::default());
    assert!(matches!(bus.publish(b"x").await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(bus.read_after(Sequence::ZERO, 1).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(bus.recent(MINUTE).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(bus.tail(Sequence::ZERO).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(bus.last().await, Err(StoreError::Unavailable { .. })));

    let (store, clock) = memory();
    let limits = MemoryLogLimits { logs_max: 0, ..MemoryLogLimits::default() };
    let full = Store { logs: Arc::new(MemoryLogs::new(clock, limits)), ..store };
    assert!(matches!(Bus::new(&full, BusLimits::default()).publish(b"x").await, Err(StoreError::Full { .. })));
}

/// A bus of messages of one byte.
struct Published {
    bus: Bus,
    clock: Arc<FakeClock>,
}

impl Published {
    async fn with(limits: BusLimits) -> Self {
        let (store, clock) = memory();
        Self { bus: Bus::new(&store, limits), clock }
    }

    async fn publish(&self, number: u8) {
        self.bus.publish(&[number]).await.unwrap();
    }

    /// What is recent, and whether some of it may be lost.
    async fn recent(&self, window: Duration) -> (Vec<u8>, bool) {
        let page = self.bus.recent(window).await.unwrap();
        assert_eq!(page.last, self.bus.last().await.unwrap(), "it reaches to the end");
        (page.entries.iter().map(|entry| entry.payload[0]).collect(), page.gap)
    }
}

const KEY: LogKey = LogKey { owner: OwnerDigest::from_bytes([0; 32]), kind: "bus", id: 0 };
