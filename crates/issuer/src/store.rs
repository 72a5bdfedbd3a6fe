//! What is kept: entries that end, never more than a number of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Entries with an end each, at most `max` of them. Times are since 1970.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: HashMap<K, Entry<V>>,
    max: usize,
}

/// No room is left, and no entry has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Debug)]
struct Entry<V> {
    ends: Duration,
    value: V,
}

impl<K: Eq + Hash + Clone, V> Bounded<K, V> {
    pub(crate) fn new(max: usize) -> Self {
        Self { entries: HashMap::new(), max }
    }

    /// Keeps an entry until `ends`, in place of one with the same key.
    pub(crate) fn insert(&mut self, now: Duration, key: K, value: V, ends: Duration) -> Result<(), Full> {
        if !self.has_room(now) && !self.entries.contains_key(&key) {
            return Err(Full);
        }
        self.entries.insert(key, Entry { ends, value });
        Ok(())
    }

    /// Keeps an entry until `ends`; without room, the entry that would end first makes place.
    pub(crate) fn insert_over_oldest(&mut self, now: Duration, key: K, value: V, ends: Duration) {
        if !self.has_room(now) {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.ends).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key, Entry { ends, value });
    }

    /// Leaves at most `max - 1` of the entries like these, by taking out those that would end first.
    pub(crate) fn make_room_among(&mut self, max: usize, is_like_these: impl Fn(&V) -> bool) {
        let these = self.entries.iter().filter(|(_, entry)| is_like_these(&entry.value));
        let mut these: Vec<(Duration, K)> = these.map(|(key, entry)| (entry.ends, key.clone())).collect();
        these.sort_unstable_by_key(|(ends, _)| *ends);
        let surplus = (these.len() + 1).saturating_sub(max);
        for (_, key) in these.into_iter().take(surplus) {
            self.entries.remove(&key);
        }
    }

    pub(crate) fn get(&self, now: Duration, key: &K) -> Option<&V> {
        self.entries.get(key).filter(|entry| now < entry.ends).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, now: Duration, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).filter(|entry| now < entry.ends).map(|entry| &mut entry.value)
    }

    pub(crate) fn remove(&mut self, now: Duration, key: &K) -> Option<V> {
        self.entries.remove(key).filter(|entry| now < entry.ends).map(|entry| entry.value)
    }

    /// Moves the end of an entry, never to an earlier time.
    pub(crate) fn prolong(&mut self, key: &K, ends: Duration) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.ends = entry.ends.max(ends);
        }
    }

    /// Whether one more fits, after what has ended is gone.
    pub(crate) fn has_room(&mut self, now: Duration) -> bool {
        if self.entries.len() >= self.max {
            self.entries.retain(|_, entry| now < entry.ends);
        }
        self.entries.len() < self.max
    }
}

/// A rate with a burst of one minute's worth: tokens that come back evenly.
#[derive(Debug)]
pub(crate) struct Rate {
    per_minute: u32,
    /// When the bucket will be full again.
    full_at: Duration,
}

impl Rate {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, full_at: Duration::ZERO }
    }

    /// Takes one, or says how long to wait for it.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let interval = MINUTE.checked_div(self.per_minute).unwrap_or(MINUTE);
        let full_at = self.full_at.max(now).saturating_add(interval);
        let wait = full_at.saturating_sub(now).saturating_sub(MINUTE);
        if !wait.is_zero() || self.per_minute == 0 {
            return Err(wait.max(interval));
        }
        self.full_at = full_at;
        Ok(())
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bounded, Full, Rate};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_full_store_refuses_until_an_entry_has_ended() {
        let mut store = Bounded::new(2);
        assert_eq!(store.insert(at(0), "a", 1, at(10)), Ok(()));
        assert_eq!(store.insert(at(0), "b", 2, at(20)), Ok(()));
        assert_eq!(store.insert(at(9), "c", 3, at(20)), Err(Full));
        assert_eq!(store.insert(at(9), "b", 4, at(20)), Ok(()));
        assert_eq!(store.insert(at(10), "c", 3, at(20)), Ok(()));
        assert_eq!((store.get(at(10), &"a"), store.get(at(10), &"b")), (None, Some(&4)));
    }

    #[test]
    fn an_entry_that_has_ended_is_not_there_even_before_it_is_swept() {
        let mut store = Bounded::new(2);
        store.insert(at(0), "a", 1, at(10)).unwrap();
        assert_eq!(store.get(at(9), &"a"), Some(&1));
        assert_eq!(store.get(at(10), &"a"), None);
        assert_eq!(store.get_mut(at(10), &"a"), None);
        assert_eq!(store.remove(at(10), &"a"), None);
    }

    #[test]
    fn what_ends_first_makes_place() {
        let mut store = Bounded::new(2);
        store.insert_over_oldest(at(0), "late", 1, at(30));
        store.insert_over_oldest(at(0), "early", 2, at(20));
        store.insert_over_oldest(at(0), "new", 3, at(40));
        let left = ["late", "early", "new"].map(|key| store.get(at(0), &key).is_some());
        assert_eq!(left, [true, false, true]);
    }

    #[test]
    fn room_is_made_among_what_is_alike() {
        let mut store = Bounded::new(9);
        for (key, value, ends) in [("a", 1, 30), ("b", 2, 10), ("c", 1, 20), ("d", 1, 40)] {
            store.insert_over_oldest(at(0), key, value, at(ends));
        }
        let left = |store: &Bounded<&str, i32>| ["a", "b", "c", "d"].map(|key| store.get(at(0), &key).is_some());
        store.make_room_among(4, |value| *value == 1);
        assert_eq!(left(&store), [true, true, true, true]);
        store.make_room_among(2, |value| *value == 1);
        assert_eq!(left(&store), [false, true, false, true]);
        store.make_room_among(0, |value| *value == 1);
        assert_eq!(left(&store), [false, true, false, false]);
    }

    #[test]
    fn a_rate_gives_its_burst_and_then_one_at_a_time() {
        let mut rate = Rate::new(3);
        let taken: Vec<_> = (0..4).map(|_| rate.take(at(100))).collect();
        assert_eq!(taken, [Ok(()), Ok(()), Ok(()), Err(at(20))]);
        assert_eq!(rate.take(at(120)), Ok(()));
        assert!(rate.take(at(120)).is_err());
        assert!(Rate::new(0).take(at(100)).is_err());
    }
}
