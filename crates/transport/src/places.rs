//! How much of something is open at a time, where two bounds hold at once: one for each of the many that have it open, and
//! one for each of the few that those belong to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places that are taken, each by an `I` that belongs to an `O`. Clones count the same ones.
pub(crate) struct Places<I, O>(Arc<Shared<I, O>>);

struct Shared<I, O> {
    inner_max: usize,
    outer_max: usize,
    taken: Mutex<Taken<I, O>>,
}

/// Only those who have any.
struct Taken<I, O> {
    inner: HashMap<I, usize>,
    outer: HashMap<O, usize>,
}

/// Why there is no place for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// Who wants it has as many as it may.
    Inner { limit: usize },
    /// Those that it belongs with have as many as they may.
    Outer { limit: usize },
}

/// One place. Dropping it gives it back.
pub(crate) struct Place<I: Clone + Eq + Hash, O: Clone + Eq + Hash> {
    places: Places<I, O>,
    inner: I,
    outer: O,
}

impl<I: Clone + Eq + Hash, O: Clone + Eq + Hash> Places<I, O> {
    /// None is taken yet, and never more than this.
    pub(crate) fn new(inner_max: usize, outer_max: usize) -> Self {
        let taken = Mutex::new(Taken { inner: HashMap::new(), outer: HashMap::new() });
        Self(Arc::new(Shared { inner_max, outer_max, taken }))
    }

    /// Takes one more place.
    pub(crate) fn take(&self, inner: I, outer: O) -> Result<Place<I, O>, NoPlace> {
        let Shared { inner_max, outer_max, .. } = *self.0;
        let mut taken = self.lock();
        let of_outer = taken.outer.get(&outer).copied().unwrap_or(0);
        if of_outer >= outer_max {
            return Err(NoPlace::Outer { limit: outer_max });
        }
        let of_inner = taken.inner.get(&inner).copied().unwrap_or(0);
        if of_inner >= inner_max {
            return Err(NoPlace::Inner { limit: inner_max });
        }
        taken.inner.insert(inner.clone(), of_inner + 1);
        taken.outer.insert(outer.clone(), of_outer + 1);
        drop(taken);
        Ok(Place { places: self.clone(), inner, outer })
    }

    fn lock(&self) -> MutexGuard<'_, Taken<I, O>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I, O> Clone for Places<I, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I, O> fmt::Debug for Places<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { inner_max, outer_max, .. } = &*self.0;
        f.debug_struct("Places").field("inner_max", inner_max).field("outer_max", outer_max).finish_non_exhaustive()
    }
}

impl<I: Clone + Eq + Hash, O: Clone + Eq + Hash> fmt::Debug for Place<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}

impl<I: Clone + Eq + Hash, O: Clone + Eq + Hash> Drop for Place<I, O> {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        give_back(taken.inner.entry(self.inner.clone()));
        give_back(taken.outer.entry(self.outer.clone()));
    }
}

fn give_back<K>(entry: Entry<'_, K, usize>) {
    let Entry::Occupied(mut taken) = entry else { return };
    *taken.get_mut() -= 1;
    if *taken.get() == 0 {
        taken.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_and_for_all_and_are_given_back() {
        let places = Places::new(2, 3);
        let first = places.take(1, "a").unwrap();
        let second = places.take(1, "a").unwrap();
        assert_eq!(places.take(1, "a").unwrap_err(), NoPlace::Inner { limit: 2 });
        let third = places.take(2, "a").unwrap();
        assert_eq!(places.take(2, "a").unwrap_err(), NoPlace::Outer { limit: 3 });
        let other = places.take(3, "b").unwrap();
        drop(first);
        let fourth = places.take(2, "a").unwrap();
        drop((second, third, other, fourth));
        assert!(places.lock().inner.is_empty() && places.lock().outer.is_empty(), "who has none costs nothing");
    }
}
