//! What a [`MemoryLogs`](super::MemoryLogs) holds: the logs, in order of what goes next.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;

use super::{LogKey, LogLimits, LogPage, MemoryLogLimits, Sequence, StoreError};
use crate::{clock::UnixMillis, logs::LogEntry};

#[derive(Default)]
pub(super) struct State {
    logs: HashMap<LogKey, Log>,
    /// The same logs by when something of them goes next, to find those without looking at the others.
    due: BTreeSet<(UnixMillis, LogKey)>,
    /// What all entries cost.
    bytes: usize,
    /// The highest sequence of all logs that are gone, so that none of them repeats one.
    highest_gone: u64,
}

struct Log {
    /// The sequence of the first entry there ever was.
    first: u64,
    /// The sequence of the newest entry there ever was.
    last: u64,
    entries: VecDeque<Entry>,
    /// The sum of the lengths of the entries.
    bytes: usize,
    age_max: Duration,
    /// When the log goes.
    ends: UnixMillis,
}

struct Entry {
    at: UnixMillis,
    bytes: Bytes,
}

impl State {
    pub(super) fn logs(&self) -> usize {
        self.logs.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_present(&self, key: LogKey) -> bool {
        self.logs.contains_key(&key)
    }

    pub(super) fn last(&self, key: LogKey) -> Sequence {
        self.logs.get(&key).map_or(Sequence::ZERO, |log| Sequence::from_u64(log.last))
    }

    /// Removes the logs that have ended and the entries that are too old.
    pub(super) fn remove_old(&mut self, now: UnixMillis) {
        while let Some(&(due, key)) = self.due.first()
            && due <= now
        {
            let Some(log) = self.logs.get_mut(&key) else { break };
            if log.ends <= now {
                self.remove(&key);
                continue;
            }
            let before = log.cost();
            log.remove_old(now);
            self.bytes -= before - log.cost();
            self.due.remove(&(due, key));
            self.due.insert((log.due(), key));
        }
    }

    /// Removes a log. Returns whether there was one.
    pub(super) fn remove(&mut self, key: &LogKey) -> bool {
        let Some(log) = self.logs.remove(key) else { return false };
        self.due.remove(&(log.due(), *key));
        self.bytes -= log.cost();
        self.highest_gone = self.highest_gone.max(log.last);
        true
    }

    /// Appends an entry, whose length is within the bounds, and pushes out what is over them.
    pub(super) fn append(
        &mut self,
        key: LogKey,
        entry: &[u8],
        limits: LogLimits,
        bounds: &MemoryLogLimits,
        now: UnixMillis,
    ) -> Result<Sequence, StoreError> {
        let pushed = self.logs.get(&key).map_or_else(Pushed::default, |log| log.pushed_out_by(entry.len(), limits));
        let logs = self.logs.len() + usize::from(!self.is_present(key));
        let bytes = self.bytes - pushed.cost() + cost(1, entry.len());
        if logs > bounds.logs_max || bytes > bounds.bytes_max {
            return Err(StoreError::Full {
                entries: self.logs.len(),
                entries_max: bounds.logs_max,
                bytes: self.bytes,
                bytes_max: bounds.bytes_max,
            });
        }
        let begins = self.highest_gone.saturating_add(1).max(beginning(now));
        let log = self.logs.entry(key).or_insert_with(|| Log::beginning_at(begins));
        self.due.remove(&(log.due(), key));
        log.entries.drain(..pushed.entries);
        log.bytes -= pushed.bytes;
        log.last += 1;
        log.age_max = at_least_a_milli(limits.age_max);
        log.ends = now.saturating_add(at_least_a_milli(limits.ttl));
        // A copy, because a slice of a request's buffer would keep all of that alive.
        log.entries.push_back(Entry { at: now, bytes: Bytes::copy_from_slice(entry) });
        log.bytes += entry.len();
        self.bytes = bytes;
        self.due.insert((log.due(), key));
        Ok(Sequence::from_u64(log.last))
    }

    pub(super) fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> LogPage {
        match self.logs.get(&key) {
            Some(log) => log.read(after, entries_max),
            None => LogPage { entries: Vec::new(), gap: after != Sequence::ZERO, last: Sequence::ZERO },
        }
    }
}

impl Log {
    /// A log whose first entry, yet to come, has the sequence `first`.
    fn beginning_at(first: u64) -> Self {
        let entries = VecDeque::new();
        Self { first, last: first - 1, entries, bytes: 0, age_max: Duration::ZERO, ends: UnixMillis::MAX }
    }

    fn cost(&self) -> usize {
        cost(self.entries.len(), self.bytes)
    }

    /// When something goes next: the oldest entry, or the log.
    fn due(&self) -> UnixMillis {
        let oldest = self.entries.front().map(|entry| entry.at.saturating_add(self.age_max));
        oldest.map_or(self.ends, |oldest| oldest.min(self.ends))
    }

    fn remove_old(&mut self, now: UnixMillis) {
        while let Some(entry) = self.entries.front()
            && entry.at.saturating_add(self.age_max) <= now
        {
            self.bytes -= entry.bytes.len();
            self.entries.pop_front();
        }
    }

    /// What a new entry of so many bytes pushes out.
    fn pushed_out_by(&self, bytes: usize, limits: LogLimits) -> Pushed {
        let mut pushed = Pushed::default();
        for entry in &self.entries {
            let entries_fit = self.entries.len() - pushed.entries < limits.entries_max;
            let bytes_fit = self.bytes - pushed.bytes + bytes <= limits.bytes_max;
            if entries_fit && bytes_fit {
                break;
            }
            pushed.entries += 1;
            pushed.bytes += entry.bytes.len();
        }
        pushed
    }

    fn read(&self, after: Sequence, entries_max: usize) -> LogPage {
        let after = after.as_u64();
        // The entries are without a hole, so the place of each is known from its number.
        let kept_after = self.last - self.entries.len() as u64;
        let gap = match after {
            0 => kept_after + 1 > self.first,
            _ => after < kept_after || after > self.last,
        };
        let skipped = usize::try_from(after.saturating_sub(kept_after)).unwrap_or(usize::MAX);
        let entries = (kept_after + 1..)
            .zip(&self.entries)
            .skip(skipped)
            .take(entries_max)
            .map(|(sequence, entry)| LogEntry {
                sequence: Sequence::from_u64(sequence),
                at: entry.at,
                bytes: entry.bytes.clone(),
            })
            .collect();
        LogPage { entries, gap, last: Sequence::from_u64(self.last) }
    }
}

/// Entries that go, and the sum of their lengths.
#[derive(Default)]
struct Pushed {
    entries: usize,
    bytes: usize,
}

impl Pushed {
    fn cost(&self) -> usize {
        cost(self.entries, self.bytes)
    }
}

/// What entries of so many bytes count for.
fn cost(entries: usize, bytes: usize) -> usize {
    entries * ENTRY_OVERHEAD_BYTES + bytes
}

/// The sequence at which a log begins now: the microseconds since 1970. No log is appended to so fast that it overtakes
/// them, so that one that begins anew goes on above what it had even when this process knows nothing of that.
fn beginning(now: UnixMillis) -> u64 {
    // The bound leaves room to count on at the end of time.
    now.as_u64().saturating_mul(1000).clamp(1, u64::MAX / 2)
}

fn at_least_a_milli(duration: Duration) -> Duration {
    duration.max(Duration::from_millis(1))
}

const ENTRY_OVERHEAD_BYTES: usize = 64;
