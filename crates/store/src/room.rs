//! How much the owners in a memory hold, and how much each of them may: [`Room`].

use std::collections::{HashMap, hash_map::Entry};

use crate::{error::StoreError, owner::OwnerDigest};

/// A bounded room that its owners share.
///
/// An owner may hold a share of what the others leave. So it cannot fill the room alone, and neither can a few of them
/// together: with shares of a half, the first takes a half of the room, the next a half of the rest, and who comes then
/// still finds a half of what is left.
pub(crate) struct Room {
    most: Held,
    owner_percent: usize,
    held: Held,
    /// Those that hold something.
    owners: HashMap<OwnerDigest, Held>,
}

/// So many things that take so many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl Room {
    pub(crate) fn new(most: Held, owner_percent: u8) -> Self {
        let owner_percent = usize::from(owner_percent.min(100));
        Self { most, owner_percent, held: Held::default(), owners: HashMap::new() }
    }

    /// What all owners hold.
    pub(crate) fn held(&self) -> Held {
        self.held
    }

    /// Whether `owner` may give up `before` for `after`. What does not grow it always may, however little is left.
    pub(crate) fn check(&self, owner: OwnerDigest, before: Held, after: Held) -> Result<(), StoreError> {
        let own = self.of(owner);
        let entries_max = self.share(self.most.entries, self.held.entries - own.entries);
        let bytes_max = self.share(self.most.bytes, self.held.bytes - own.bytes);
        let entries_fit =
            after.entries <= before.entries || own.entries - before.entries + after.entries <= entries_max;
        let bytes_fit = after.bytes <= before.bytes || own.bytes - before.bytes + after.bytes <= bytes_max;
        if entries_fit && bytes_fit {
            return Ok(());
        }
        Err(StoreError::Full { entries: own.entries, entries_max, bytes: own.bytes, bytes_max })
    }

    /// Whether an owner that has nothing else could hold this if nobody else held anything.
    pub(crate) fn check_alone(&self, held: Held) -> Result<(), StoreError> {
        let (entries_max, bytes_max) = (self.share(self.most.entries, 0), self.share(self.most.bytes, 0));
        if held.entries <= entries_max && held.bytes <= bytes_max {
            return Ok(());
        }
        Err(StoreError::Full { entries: 0, entries_max, bytes: 0, bytes_max })
    }

    /// Notes that `owner` gave up `before` for `after`.
    pub(crate) fn replace(&mut self, owner: OwnerDigest, before: Held, after: Held) {
        self.held = self.held.replaced(before, after);
        match self.owners.entry(owner) {
            Entry::Occupied(mut own) => {
                let now = own.get().replaced(before, after);
                if now == Held::default() {
                    own.remove();
                } else {
                    own.insert(now);
                }
            }
            Entry::Vacant(own) => drop(own.insert(after)),
        }
    }

    /// Who holds most, where each entry counts for `entry_bytes` besides its own. It looks at all of them.
    pub(crate) fn largest(&self, entry_bytes: usize) -> Option<OwnerDigest> {
        let largest = self.owners.iter().max_by_key(|(_, held)| held.bytes + held.entries * entry_bytes);
        largest.map(|(owner, _)| *owner)
    }

    fn of(&self, owner: OwnerDigest) -> Held {
        self.owners.get(&owner).copied().unwrap_or_default()
    }

    /// The share of what others leave of `most`; the one that is left is nobody's to share.
    fn share(&self, most: usize, others: usize) -> usize {
        // In 128 bits, because what counts as unbounded has no multiple.
        let left = most.saturating_sub(others) as u128;
        usize::try_from((left * self.owner_percent as u128).div_ceil(100)).unwrap_or(usize::MAX)
    }
}

impl Held {
    /// One thing of so many bytes.
    pub(crate) const fn one(bytes: usize) -> Self {
        Self { entries: 1, bytes }
    }

    fn replaced(self, before: Self, after: Self) -> Self {
        Self { entries: self.entries - before.entries + after.entries, bytes: self.bytes - before.bytes + after.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_owners_leave_a_half_of_what_is_left_to_the_next() {
        let mut room = Room::new(Held { entries: 100, bytes: 1024 }, 50);
        for (number, expected) in [512, 256, 128, 64, 32].into_iter().enumerate() {
            let owner = OwnerDigest::from_bytes([u8::try_from(number).unwrap(); 32]);
            let over = room.check(owner, Held::default(), Held::one(expected + 1));
            assert!(matches!(over, Err(StoreError::Full { bytes_max, .. }) if bytes_max == expected), "{over:?}");
            room.check(owner, Held::default(), Held::one(expected)).unwrap();
            room.replace(owner, Held::default(), Held::one(expected));
        }
        assert_eq!(room.held(), Held { entries: 5, bytes: 1024 - 32 });
    }

    #[test]
    fn what_shrinks_is_never_refused_and_nothing_is_kept_of_who_holds_nothing() {
        let (owner, other) = (OwnerDigest::from_bytes([1; 32]), OwnerDigest::from_bytes([2; 32]));
        let mut room = Room::new(Held { entries: 4, bytes: 100 }, 50);
        room.replace(owner, Held::default(), Held::one(50));
        room.replace(other, Held::default(), Held::one(25));
        room.check(owner, Held::one(50), Held::one(50)).unwrap();
        room.check(owner, Held::one(50), Held::one(51)).unwrap_err();
        assert_eq!(room.largest(0), Some(owner));
        room.replace(owner, Held::one(50), Held::default());
        assert_eq!((room.largest(0), room.owners.len()), (Some(other), 1));
    }
}
