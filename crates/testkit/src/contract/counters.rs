//! The contract of [`Counters`].
//!
//! What is an adapter's own, such as where its bounds are and what happens when it is full, it tests itself.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use outboard_store::{CounterKey, Counters, OwnerDigest, Rate, Taken, UnixMillis};
use tokio::{sync::Barrier, task::JoinSet};

use crate::clock::Timeline;

/// Runs the whole suite on what `make` makes: each time an empty store, and the time it goes by.
///
/// Take a runtime of several threads, else the races are none.
///
/// # Panics
///
/// When the adapter breaks a promise of the port.
///
/// # Cancel safety
///
/// None: what is left in the store is the adapter's to clean up.
pub async fn all<F>(make: impl Fn() -> F + Send + Sync)
where
    F: Future<Output = (Arc<dyn Counters>, Arc<dyn Timeline>)> + Send,
{
    let fresh = || async {
        let (counters, clock) = make().await;
        Fixture { counters, clock }
    };
    a_burst_may_be_taken_at_once_and_no_more(fresh().await).await;
    one_more_comes_with_every_interval(fresh().await).await;
    a_cost_is_taken_whole_or_not_at_all(fresh().await).await;
    a_cost_over_the_burst_is_never_allowed(fresh().await).await;
    a_cost_of_nothing_only_asks(fresh().await).await;
    idle_time_saves_up_a_burst_and_no_more(fresh().await).await;
    intervals_under_a_millisecond_add_up(fresh().await).await;
    a_lease_takes_what_there_is(fresh().await).await;
    a_rate_may_change(fresh().await).await;
    a_clock_that_is_set_back_refuses_for_a_burst_at_most(fresh().await).await;
    the_extremes_hold(fresh().await).await;
    every_key_counts_on_its_own(fresh().await).await;
    of_racing_takes_a_burst_is_allowed(fresh().await).await;
    racing_leases_share_a_burst(fresh().await).await;
    a_future_never_polled_takes_nothing(fresh().await).await;
}

struct Fixture {
    counters: Arc<dyn Counters>,
    clock: Arc<dyn Timeline>,
}

async fn a_burst_may_be_taken_at_once_and_no_more(f: Fixture) {
    for remaining in (0..5).rev() {
        assert_eq!(f.take(1).await, allowed(remaining), "one of the burst");
    }
    assert_eq!(f.take(1).await, refused(SECOND, 0), "the burst is taken");
    assert_eq!(f.take(1).await, refused(SECOND, 0), "to be refused costs nothing");
    assert_eq!(f.take(3).await, refused(3 * SECOND, 0), "three come one after the other");
}

async fn one_more_comes_with_every_interval(f: Fixture) {
    assert_eq!(f.take(5).await, allowed(0), "the burst");
    for _ in 0..3 {
        f.clock.advance(SECOND - MILLI).await;
        assert_eq!(f.take(1).await, refused(MILLI, 0), "a millisecond too early");
        f.clock.advance(MILLI).await;
        assert_eq!(f.take(1).await, allowed(0), "in time");
    }
    f.clock.advance(SECOND * 5 / 2).await;
    assert_eq!(f.take(0).await, allowed(2), "two and a half are two");
    assert_eq!(f.take(3).await, refused(SECOND / 2, 2), "and the third is half-way");
}

async fn a_cost_is_taken_whole_or_not_at_all(f: Fixture) {
    assert_eq!(f.take(3).await, allowed(2), "three of five");
    assert_eq!(f.take(3).await, refused(SECOND, 2), "two are not three");
    assert_eq!(f.take(2).await, allowed(0), "the refusal left the two");
}

async fn a_cost_over_the_burst_is_never_allowed(f: Fixture) {
    for cost in [6, u32::MAX] {
        assert_eq!(f.take(cost).await, refused(Duration::MAX, 5), "{cost} is more than the burst");
    }
    assert_eq!(f.take(5).await, allowed(0), "the burst is untouched");
}

async fn a_cost_of_nothing_only_asks(f: Fixture) {
    assert_eq!(f.take(0).await, allowed(5), "a counter that never was");
    assert_eq!(f.take(5).await, allowed(0), "the burst");
    assert_eq!(f.take(0).await, allowed(0), "nothing can always be taken");
}

async fn idle_time_saves_up_a_burst_and_no_more(f: Fixture) {
    assert_eq!(f.take(5).await, allowed(0), "the burst");
    f.clock.advance(1000 * SECOND).await;
    assert_eq!(f.take(6).await, refused(Duration::MAX, 5), "not more than a burst");
    assert_eq!(f.take(5).await, allowed(0), "a burst");
    assert_eq!(f.take(1).await, refused(SECOND, 0), "once");
}

async fn intervals_under_a_millisecond_add_up(f: Fixture) {
    let rate = Rate::per_second(number(4000), number(10));
    assert!(f.take_at(rate, 10).await.allowed, "the burst");
    assert_eq!(f.take_at(rate, 1).await, refused(Duration::from_micros(250), 0), "a quarter of a millisecond");
    f.clock.advance(MILLI).await;
    assert_eq!(f.take_at(rate, 4).await, allowed(0), "four in a millisecond");
    assert!(!f.take_at(rate, 1).await.allowed, "and not five");
}

async fn a_lease_takes_what_there_is(f: Fixture) {
    assert_eq!(f.lease(2).await, 2, "as many as wanted");
    assert_eq!(f.lease(0).await, 0, "nothing, if nothing is wanted");
    assert_eq!(f.take(1).await, allowed(2), "takes and leases count together");
    assert_eq!(f.lease(u32::MAX).await, 2, "as many as there are");
    assert_eq!(f.lease(1).await, 0, "none are left");
    assert_eq!(f.take(1).await, refused(SECOND, 0), "takes and leases count together");
    f.clock.advance(3 * SECOND).await;
    assert_eq!(f.lease(10).await, 3, "what has come since");
}

async fn a_rate_may_change(f: Fixture) {
    let [small, large] = [2, 10].map(|burst| Rate::new(SECOND, number(burst)));
    assert_eq!(f.take_at(large, 4).await, allowed(6), "four of ten");
    assert_eq!(f.take_at(small, 1).await, refused(SECOND, 0), "a smaller burst is taken, and no more than that");
    assert_eq!(f.take_at(large, 0).await, allowed(6), "the refusal changed nothing");
    f.clock.advance(4 * SECOND).await;
    assert_eq!(f.take_at(small, 2).await, allowed(0), "all is back");
}

async fn a_clock_that_is_set_back_refuses_for_a_burst_at_most(f: Fixture) {
    let before = f.clock.now();
    f.clock.advance(1000 * SECOND).await;
    assert_eq!(f.take(5).await, allowed(0), "the burst");
    f.clock.set_to(before).await;
    assert_eq!(f.take(1).await, refused(SECOND, 0), "as if it was taken now");
    assert_eq!(f.take(5).await, refused(5 * SECOND, 0), "as if it was taken now");
}

async fn the_extremes_hold(f: Fixture) {
    let widest = Rate::new(Duration::MAX, NonZeroU32::MAX);
    let slowest = Rate::new(Duration::MAX, NonZeroU32::MIN);
    let fastest = Rate::new(Duration::ZERO, NonZeroU32::MAX);
    for now in [f.clock.now(), UnixMillis::new(0)] {
        f.clock.set_to(now).await;
        let key = |id| CounterKey { id: u128::from(now.as_u64()) << 8 | id, ..KEY };
        let take = async |id, rate, cost| f.counters.take(key(id), rate, cost).await.expect(WORKS);
        assert_eq!(take(2, widest, u32::MAX).await, allowed(0), "the widest burst");
        assert_eq!(take(2, widest, 1).await, refused(slowest.interval(), 0), "at the slowest rate");
        assert_eq!(take(3, slowest, 1).await, allowed(0), "the smallest burst");
        assert_eq!(take(3, slowest, 1).await, refused(slowest.interval(), 0), "at the slowest rate");
        assert_eq!(take(4, fastest, u32::MAX).await, allowed(0), "the widest burst");
        assert_eq!(take(4, fastest, 1).await, refused(fastest.interval(), 0), "at the fastest rate");
    }
}

async fn every_key_counts_on_its_own(f: Fixture) {
    let owner = OwnerDigest::from_bytes([2; 32]);
    let keys = [
        KEY,
        CounterKey { owner, ..KEY },
        CounterKey { kind: "other", ..KEY },
        CounterKey { id: 0, ..KEY },
        CounterKey { id: u128::MAX, ..KEY },
    ];
    for key in keys {
        let taken = f.counters.take(key, RATE, 5).await.expect(WORKS);
        assert_eq!(taken, allowed(0), "a burst of its own for {key:?}");
    }
    for key in keys {
        let taken = f.counters.take(key, RATE, 1).await.expect(WORKS);
        assert_eq!(taken, refused(SECOND, 0), "and no more for {key:?}");
    }
}

async fn of_racing_takes_a_burst_is_allowed(f: Fixture) {
    let taken =
        race(&f.counters, |counters| async move { u32::from(counters.take(KEY, WIDE, 1).await.expect(WORKS).allowed) });
    assert_eq!(taken.await, 100, "exactly a burst of them");
}

async fn racing_leases_share_a_burst(f: Fixture) {
    let granted = race(&f.counters, |counters| async move { counters.lease(KEY, WIDE, 3).await.expect(WORKS) });
    assert_eq!(granted.await, 100, "exactly a burst together");
}

async fn a_future_never_polled_takes_nothing(f: Fixture) {
    drop(f.counters.take(KEY, RATE, 1));
    drop(f.counters.lease(KEY, RATE, 1));
    assert_eq!(f.take(0).await, allowed(5), "after futures that were never polled");
}

impl Fixture {
    async fn take(&self, cost: u32) -> Taken {
        self.take_at(RATE, cost).await
    }

    async fn take_at(&self, rate: Rate, cost: u32) -> Taken {
        self.counters.take(KEY, rate, cost).await.expect(WORKS)
    }

    async fn lease(&self, wanted: u32) -> u32 {
        self.counters.lease(KEY, RATE, wanted).await.expect(WORKS)
    }
}

fn allowed(remaining: u32) -> Taken {
    Taken { allowed: true, retry_after: Duration::ZERO, remaining }
}

fn refused(retry_after: Duration, remaining: u32) -> Taken {
    Taken { allowed: false, retry_after, remaining }
}

/// Several run `take` often and at once. Returns the sum of what came of it.
async fn race<F>(counters: &Arc<dyn Counters>, take: impl Fn(Arc<dyn Counters>) -> F + Clone + Send + 'static) -> u32
where
    F: Future<Output = u32> + Send + 'static,
{
    let start = Arc::new(Barrier::new(RACERS));
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let (start, counters, take) = (start.clone(), counters.clone(), take.clone());
        racers.spawn(async move {
            start.wait().await;
            let mut sum = 0;
            for _ in 0..TAKES {
                sum += take(counters.clone()).await;
            }
            sum
        });
    }
    racers.join_all().await.into_iter().sum()
}

const fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("no number here is zero")
}

const KEY: CounterKey = CounterKey { owner: OwnerDigest::from_bytes([1; 32]), kind: "contract", id: 1 };
const RATE: Rate = Rate::new(SECOND, number(5));
/// One whose burst is less than what the racers want.
const WIDE: Rate = Rate::new(SECOND, number(100));
const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
const RACERS: usize = 8;
const TAKES: usize = 50;
const WORKS: &str = "the store under test works";
