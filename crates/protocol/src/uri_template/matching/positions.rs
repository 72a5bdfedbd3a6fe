//! Sets of positions in a URI, found from its end backwards.

use super::Uri;

/// Positions, from the last to the first.
pub(super) struct Positions(Vec<usize>);

impl Positions {
    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn only(position: usize) -> Self {
        Self(vec![position])
    }

    /// All positions of a URI, its end included, for which `fits` holds.
    pub(super) fn where_(uri: &Uri, fits: impl Fn(usize) -> bool) -> Self {
        Self((0..=uri.len()).rev().filter(|at| fits(*at)).collect())
    }

    /// Adds a position before all others.
    pub(super) fn push(&mut self, position: usize) {
        self.0.push(position);
    }

    pub(super) fn contains(&self, position: usize) -> bool {
        self.first_in(position, position).is_some()
    }

    /// The first position from `start` to `end`, both included.
    pub(super) fn first_in(&self, start: usize, end: usize) -> Option<usize> {
        let from_start = self.0.partition_point(|position| *position >= start);
        self.0.get(from_start.checked_sub(1)?).copied().filter(|position| *position <= end)
    }

    /// The last position from `start` to `end`, both included.
    pub(super) fn last_in(&self, start: usize, end: usize) -> Option<usize> {
        let after_end = self.0.partition_point(|position| *position > end);
        self.0.get(after_end).copied().filter(|position| *position >= start)
    }
}
