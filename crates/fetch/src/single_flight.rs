//! Joins those who ask for the same at the same time, so that one question goes out and all get its answer.
//!
//! Nothing is spawned: a flight goes on as long as one of those who joined it is polled. Whoever leaves takes nothing from
//! the others.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};

/// Work that many wait for; each clone gets the same result. It is dropped with the last clone.
///
/// # Cancel safety
///
/// Cancel safe: a clone that is dropped leaves the work to the others, and a later clone goes on where they stopped.
pub struct Flight<V: Clone>(Shared<BoxFuture<'static, V>>);

/// Flights by what they are about.
///
/// ```
/// use outboard_fetch::SingleFlight;
///
/// # async fn example() {
/// let flights = SingleFlight::default();
/// let first = flights.join("a", || async { 1 });
/// // Somebody asks for the same before there is an answer.
/// let second = flights.join("a", || async { 2 });
/// assert_eq!((first.await, second.await), (1, 1));
/// // It has landed: the next one who asks starts another.
/// assert_eq!(flights.join("a", || async { 3 }).await, 3);
/// # }
/// # futures_util::FutureExt::now_or_never(example()).unwrap();
/// ```
pub struct SingleFlight<K, V: Clone> {
    flights: Arc<Mutex<HashMap<K, Entry<V>>>>,
}

struct Entry<V: Clone> {
    number: u64,
    flight: WeakShared<BoxFuture<'static, V>>,
}

impl<V: Clone> Flight<V> {
    /// A flight that does this work, from when it is polled first.
    #[must_use]
    pub fn new(work: impl Future<Output = V> + Send + 'static) -> Self {
        Self(work.boxed().shared())
    }

    /// Whether the result is there.
    #[must_use]
    pub fn has_landed(&self) -> bool {
        self.0.peek().is_some()
    }

    /// How many clones there are beside this one.
    #[must_use]
    pub fn others(&self) -> usize {
        self.0.strong_count().map_or(0, |count| count.saturating_sub(1))
    }
}

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Joins the flight about `key`, or starts one with this work.
    pub fn join<F>(&self, key: K, start: impl FnOnce() -> F) -> Flight<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut flights = lock(&self.flights);
        let joined = flights.get(&key).map(|entry| (entry.number, entry.flight.upgrade()));
        if let Some((_, Some(flight))) = joined {
            return Flight(flight);
        }
        // A dying flight may still be on its way to remove its entry: by the number it finds that this is another.
        let number = joined.map_or(0, |(number, _)| number.wrapping_add(1));
        let landing = Landing { flights: Arc::clone(&self.flights), key: key.clone(), number };
        let work = start();
        let flight = Flight::new(async move {
            let _landing = landing;
            work.await
        });
        if let Some(weak) = flight.0.downgrade() {
            flights.insert(key, Entry { number, flight: weak });
        }
        flight
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.flights).len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<V: Clone> Future for Flight<V> {
    type Output = V;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<V> {
        self.0.poll_unpin(cx)
    }
}

impl<V: Clone> Clone for Flight<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V: Clone> fmt::Debug for Flight<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("has_landed", &self.has_landed()).finish()
    }
}

impl<K, V: Clone> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self { flights: Arc::default() }
    }
}

impl<K, V: Clone> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("len", &lock(&self.flights).len()).finish()
    }
}

/// Takes the entry away when its flight has landed or everybody has left it. The work is dropped in both cases, and never
/// under the lock.
struct Landing<K: Eq + Hash, V: Clone> {
    flights: Arc<Mutex<HashMap<K, Entry<V>>>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, V: Clone> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights);
        if flights.get(&self.key).is_some_and(|entry| entry.number == self.number) {
            flights.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::sync::Semaphore;

    use super::*;

    struct Work {
        started: AtomicUsize,
        finish: Semaphore,
    }

    impl Work {
        fn new() -> Arc<Self> {
            Arc::new(Self { started: AtomicUsize::new(0), finish: Semaphore::new(0) })
        }

        async fn run(self: Arc<Self>) -> usize {
            let number = self.started.fetch_add(1, SeqCst) + 1;
            self.finish.acquire().await.unwrap().forget();
            number
        }
    }

    #[tokio::test]
    async fn all_who_ask_at_the_same_time_get_the_answer_of_one() {
        let (flights, work) = (SingleFlight::default(), Work::new());
        let mut asking: Vec<_> = (0..50).map(|_| spawn(flights.join("k", || Arc::clone(&work).run()))).collect();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(work.started.load(SeqCst), 1);
        work.finish.add_permits(1);
        while let Some(one) = asking.pop() {
            assert_eq!(one.await.unwrap(), 1);
        }
        assert!(flights.is_empty());
        work.finish.add_permits(1);
        assert_eq!(flights.join("k", || Arc::clone(&work).run()).await, 2, "what has landed is not asked again");
    }

    #[tokio::test]
    async fn the_others_go_on_when_the_one_who_drives_leaves() {
        let (flights, work) = (SingleFlight::default(), Work::new());
        let mut first = flights.join("k", || Arc::clone(&work).run());
        assert!((&mut first).now_or_never().is_none());
        let second = spawn(flights.join("k", || Arc::clone(&work).run()));
        tokio::task::yield_now().await;
        drop(first);
        work.finish.add_permits(1);
        assert_eq!(second.await.unwrap(), 1);
        assert_eq!(work.started.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn what_everybody_has_left_is_dropped_and_forgotten() {
        let (flights, work) = (SingleFlight::default(), Work::new());
        let mut first = flights.join("k", || Arc::clone(&work).run());
        assert!((&mut first).now_or_never().is_none());
        assert_eq!(flights.len(), 1);
        drop(first);
        assert!(flights.is_empty());
        work.finish.add_permits(1);
        assert_eq!(flights.join("k", || Arc::clone(&work).run()).await, 2);
    }

    #[tokio::test]
    async fn a_flight_that_is_kept_goes_on_where_it_was_left() {
        let work = Work::new();
        let kept = Flight::new(Arc::clone(&work).run());
        assert_eq!(kept.others(), 0);
        let mut waiting = kept.clone();
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!((kept.others(), kept.has_landed()), (1, false));
        drop(waiting);
        work.finish.add_permits(1);
        assert_eq!(kept.clone().await, 1);
        assert!(kept.has_landed());
    }

    #[tokio::test]
    async fn different_keys_fly_apart() {
        let flights = SingleFlight::default();
        let (a, b) = (flights.join(1, || async { "a" }), flights.join(2, || async { "b" }));
        assert_eq!((a.await, b.await), ("a", "b"));
    }

    #[expect(clippy::disallowed_methods, reason = "the test ends with its runtime")]
    fn spawn<V: Clone + Send + Sync + 'static>(flight: Flight<V>) -> tokio::task::JoinHandle<V> {
        tokio::spawn(flight)
    }
}
