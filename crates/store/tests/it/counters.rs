//! [`MemoryCounters`]: the contract of the port, and its own bounds.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use outboard_store::{
    CounterKey, Counters, MemoryCounterLimits, MemoryCounters, OwnerDigest, Rate, StoreError, UnixMillis,
};
use outboard_testkit::{
    clock::{FakeClock, Timeline},
    contract,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_counters_keep_the_contract() {
    contract::counters::all(async || {
        let clock = Arc::new(FakeClock::default());
        let counters: Arc<dyn Counters> = Arc::new(MemoryCounters::new(clock.clone(), MemoryCounterLimits::default()));
        (counters, clock as Arc<dyn Timeline>)
    })
    .await;
}

#[tokio::test]
async fn a_full_store_refuses_another_counter_until_one_has_passed() {
    let clock = Arc::new(FakeClock::default());
    let counters = MemoryCounters::new(clock.clone(), MemoryCounterLimits { counters_max: 2 });
    assert!(counters.take(key(1), RATE, 1).await.unwrap().allowed);
    assert_eq!(counters.lease(key(2), RATE, 2).await.unwrap(), 2);
    for _ in 0..2 {
        let refused = [counters.take(key(3), RATE, 1).await.err(), counters.lease(key(3), RATE, 1).await.err()];
        for error in refused {
            assert!(matches!(error, Some(StoreError::CountersFull { counters: 2, counters_max: 2 })), "{error:?}");
        }
    }
    assert!(counters.take(key(3), RATE, 0).await.unwrap().allowed, "to ask takes no room");
    assert!(counters.take(key(1), RATE, 1).await.unwrap().allowed, "those that are there go on");
    clock.advance(2 * SECOND);
    assert!(counters.take(key(3), RATE, 1).await.unwrap().allowed, "both have passed");
    assert!(format!("{counters:?}").contains("counters: 1"), "what has passed costs nothing: {counters:?}");
}

#[tokio::test]
async fn a_refused_take_makes_no_counter() {
    let counters = MemoryCounters::new(Arc::new(FakeClock::default()), MemoryCounterLimits::default());
    assert!(!counters.take(key(1), RATE, 6).await.unwrap().allowed);
    assert_eq!(counters.lease(key(1), RATE, 0).await.unwrap(), 0);
    assert!(format!("{counters:?}").contains("counters: 0"), "{counters:?}");
}

#[tokio::test]
async fn the_end_of_time_is_no_panic() {
    let clock = Arc::new(FakeClock::at(UnixMillis::MAX));
    let counters = MemoryCounters::new(clock, MemoryCounterLimits::default());
    assert!(counters.take(key(1), RATE, 5).await.unwrap().allowed);
}

fn key(id: u128) -> CounterKey {
    CounterKey { owner: OwnerDigest::of(b"alice"), kind: "test", id }
}

const RATE: Rate = Rate::new(SECOND, NonZeroU32::new(5).unwrap());
const SECOND: Duration = Duration::from_secs(1);
