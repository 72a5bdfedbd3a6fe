//! What a [`MemoryLogs`](super::MemoryLogs) holds: the logs, in order of what goes next.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;

use super::{LogKey, LogLimits, LogPage, MemoryLogLimits, Sequence, StoreError};
use crate::{
    clock::UnixMillis,
    logs::{BUS, EVENT_LOG, LogEntry},
    owner::OwnerDigest,
    room::{Held, Room},
};

pub(super) struct State {
    logs: HashMap<LogKey, Log>,
    /// The same logs by when something of them goes next, to find those without looking at the others.
    due: BTreeSet<(UnixMillis, LogKey)>,
    rooms: Rooms,
    /// The logs of events of each owner, the one that was silent longest first: so they give way.
    silent: HashMap<OwnerDigest, BTreeSet<(u64, LogKey)>>,
    /// How many entries were ever appended.
    appended: u64,
    /// The highest sequence of all logs that are gone, so that none of them repeats one.
    highest_gone: u64,
}

/// The rooms that logs have by their kind: none takes what another needs.
struct Rooms {
    /// Of the bus, which has bounds of its own and is not to be refused.
    bus: Room,
    /// Of the events of streams, which give way to each other.
    events: Room,
    /// Of everything else.
    kept: Room,
}

/// An entry that was appended, and the logs that gave way to it.
pub(super) struct Appended {
    pub(super) sequence: Sequence,
    pub(super) gone: Vec<LogKey>,
}

struct Log {
    /// When it was appended to last, counted in entries of all logs.
    turn: u64,
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
    pub(super) fn new(limits: &MemoryLogLimits) -> Self {
        let MemoryLogLimits { logs_max: entries, bytes_max, event_bytes_max, owner_percent, .. } = *limits;
        let room = |bytes, owner_percent| Room::new(Held { entries, bytes }, owner_percent);
        let rooms = Rooms {
            bus: room(usize::MAX, 100),
            events: room(event_bytes_max, owner_percent),
            kept: room(bytes_max, owner_percent),
        };
        let (logs, due, silent) = (HashMap::new(), BTreeSet::new(), HashMap::new());
        Self { logs, due, rooms, silent, appended: 0, highest_gone: 0 }
    }

    pub(super) fn logs(&self) -> usize {
        self.logs.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let Rooms { bus, events, kept } = &self.rooms;
        [bus, events, kept].map(|room| room.held().bytes).into_iter().sum()
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
            let before = log.held();
            log.remove_old(now);
            self.rooms.of(key.kind).replace(key.owner, before, log.held());
            self.due.remove(&(due, key));
            self.due.insert((log.due(), key));
        }
    }

    /// Removes a log. Returns whether there was one.
    pub(super) fn remove(&mut self, key: &LogKey) -> bool {
        let Some(log) = self.logs.remove(key) else { return false };
        self.due.remove(&(log.due(), *key));
        self.rooms.of(key.kind).replace(key.owner, log.held(), Held::default());
        self.note_turn(key, log.turn, None);
        self.highest_gone = self.highest_gone.max(log.last);
        true
    }

    /// Appends an entry, whose length is within the bounds, and pushes out what is over them.
    pub(super) fn append(
        &mut self,
        key: LogKey,
        entry: &[u8],
        limits: LogLimits,
        now: UnixMillis,
    ) -> Result<Appended, StoreError> {
        let (pushed, gone) = self.make_room(key, entry.len(), limits)?;
        let begins = self.highest_gone.saturating_add(1).max(beginning(now));
        let log = self.logs.entry(key).or_insert_with(|| Log::beginning_at(begins));
        let before = if log.last < log.first { Held::default() } else { log.held() };
        let turn_before = log.turn;
        self.due.remove(&(log.due(), key));
        log.entries.drain(..pushed.entries);
        log.bytes -= pushed.bytes;
        log.last += 1;
        log.age_max = at_least_a_milli(limits.age_max);
        log.ends = now.saturating_add(at_least_a_milli(limits.ttl));
        // A copy, because a slice of a request's buffer would keep all of that alive.
        log.entries.push_back(Entry { at: now, bytes: Bytes::copy_from_slice(entry) });
        log.bytes += entry.len();
        self.appended += 1;
        log.turn = self.appended;
        self.rooms.of(key.kind).replace(key.owner, before, log.held());
        self.due.insert((log.due(), key));
        let sequence = Sequence::from_u64(log.last);
        self.note_turn(&key, turn_before, Some(self.appended));
        Ok(Appended { sequence, gone })
    }

    /// Finds room for an entry of so many bytes: what it pushes out of its log by the limits of that; and, if it is an event
    /// of a stream, other streams of its owner, the one that was silent longest first; then those of the owner that holds
    /// most; then what is left in its own log. Returns what of its log is to go, and what has gone.
    fn make_room(&mut self, key: LogKey, bytes: usize, limits: LogLimits) -> Result<(Pushed, Vec<LogKey>), StoreError> {
        // What would not fit alone makes nobody else's give way.
        self.rooms.of(key.kind).check_alone(Held::one(cost(1, bytes)))?;
        let mut gone = Vec::new();
        let mut pushed = self.logs.get(&key).map_or_else(Pushed::default, |log| log.pushed_out_by(bytes, limits));
        loop {
            let log = self.logs.get(&key);
            let before = log.map_or_else(Held::default, Log::held);
            let after = Held::one(before.bytes - pushed.cost() + cost(1, bytes));
            let Err(full) = self.rooms.of(key.kind).check(key.owner, before, after) else {
                return Ok((pushed, gone));
            };
            if key.kind != EVENT_LOG {
                return Err(full);
            }
            if let Some(victim) = self.gives_way_to(key) {
                self.remove(&victim);
                gone.push(victim);
            } else if let Some(oldest) = log.and_then(|log| log.entries.get(pushed.entries)) {
                pushed.add(oldest);
            } else {
                return Err(full);
            }
        }
    }

    /// The stream that goes before an event of the stream `key` is refused.
    fn gives_way_to(&self, key: LogKey) -> Option<LogKey> {
        let silent_longest = |owner: &OwnerDigest| {
            let logs = self.silent.get(owner)?;
            logs.iter().map(|(_, log)| *log).find(|log| *log != key)
        };
        silent_longest(&key.owner).or_else(|| {
            let largest = self.rooms.events.largest(LOG_OVERHEAD_BYTES)?;
            silent_longest(&largest)
        })
    }

    /// Notes when a log of events was appended to last, and that it is gone when there is no `after`.
    fn note_turn(&mut self, key: &LogKey, before: u64, after: Option<u64>) {
        if key.kind != EVENT_LOG {
            return;
        }
        let logs = self.silent.entry(key.owner).or_default();
        logs.remove(&(before, *key));
        logs.extend(after.map(|turn| (turn, *key)));
        if logs.is_empty() {
            self.silent.remove(&key.owner);
        }
    }

    pub(super) fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> LogPage {
        match self.logs.get(&key) {
            Some(log) => log.read(after, entries_max),
            None => LogPage { entries: Vec::new(), gap: after != Sequence::ZERO, last: Sequence::ZERO },
        }
    }
}

impl Rooms {
    fn of(&mut self, kind: &str) -> &mut Room {
        match kind {
            BUS => &mut self.bus,
            EVENT_LOG => &mut self.events,
            _ => &mut self.kept,
        }
    }
}

impl Log {
    /// A log whose first entry, yet to come, has the sequence `first`.
    fn beginning_at(first: u64) -> Self {
        let entries = VecDeque::new();
        Self { turn: 0, first, last: first - 1, entries, bytes: 0, age_max: Duration::ZERO, ends: UnixMillis::MAX }
    }

    fn held(&self) -> Held {
        Held::one(cost(self.entries.len(), self.bytes))
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
            pushed.add(entry);
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
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        self.bytes += entry.bytes.len();
    }

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

/// What a log takes besides its entries.
const LOG_OVERHEAD_BYTES: usize = 512;
