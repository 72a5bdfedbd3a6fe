//! Which sessions of an owner were ended before their time.
//!
//! One cell for each session that was ended would cost many times what it says, for as long as the session could have
//! lived, and whoever opens and ends sessions would fill any store. So the sessions of an owner fall into 256 groups by
//! their number, and each group has one cell for all its ends, bounded: when it is full, the end that was issued first
//! gives way to a watermark, and every session of the group issued before that is over. That costs a client that lives on
//! a new `initialize`; it never brings a session back. With the session's own cell it is one read.
//!
//! Format 1, numbers big-endian: format number (1 byte), the watermark's issue time (8) and how long it holds (8), both 0
//! when there is none, then for each end the session's number (16), when it was issued (8) and when it expires (8).

use std::time::Duration;

use super::Session;
use crate::{
    cells::{CellKey, ENDED_SESSIONS},
    clock::UnixMillis,
    record::Reader,
};

/// The ends of one group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// What was issued before this is over.
    watermark: UnixMillis,
    /// When the last session expires that needs the watermark.
    holds_until: UnixMillis,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    number: u128,
    issued: UnixMillis,
    expires: UnixMillis,
}

/// Where the ends are that concern `session`.
pub(super) fn key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: ENDED_SESSIONS, id: session.number % GROUPS }
}

impl Ended {
    pub(super) fn none() -> Self {
        Self { watermark: NEVER, holds_until: NEVER, marks: Vec::new() }
    }

    /// Everything that was issued until `now` is over: what is put in place of a record that cannot be read.
    pub(super) fn everything(now: UnixMillis, holds_until: UnixMillis) -> Self {
        Self { watermark: just_after(now), holds_until, marks: Vec::new() }
    }

    /// Reads a cell; `None` when this build cannot. Which sessions go on is then not known, so none does.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != [FORMAT] {
            return None;
        }
        let mut ended = Self { watermark: time(&mut reader)?, holds_until: time(&mut reader)?, marks: Vec::new() };
        while !reader.is_at_end() {
            let number = u128::from_be_bytes(reader.array()?);
            ended.marks.push(Mark { number, issued: time(&mut reader)?, expires: time(&mut reader)? });
        }
        Some(ended)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.marks.len() * MARK_BYTES);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.watermark.as_u64().to_be_bytes());
        bytes.extend_from_slice(&self.holds_until.as_u64().to_be_bytes());
        for Mark { number, issued, expires } in &self.marks {
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(&issued.as_u64().to_be_bytes());
            bytes.extend_from_slice(&expires.as_u64().to_be_bytes());
        }
        bytes
    }

    /// Whether `session` is over.
    pub(super) fn has(&self, session: &Session) -> bool {
        session.issued < self.watermark || self.marks.iter().any(|mark| mark.number == session.number)
    }

    /// Adds the end of `session`, leaves out what has expired by `now`, and lets as many give way as do not fit a cell of
    /// `bytes_max`.
    pub(super) fn end(&mut self, session: &Session, now: UnixMillis, bytes_max: usize) {
        self.marks.retain(|mark| mark.expires > now);
        let Session { number, issued, expires, .. } = *session;
        self.marks.push(Mark { number, issued, expires });
        let marks_max = MARKS_MAX.min(bytes_max.saturating_sub(HEADER_BYTES) / MARK_BYTES);
        while self.marks.len() > marks_max && self.give_way() {}
    }

    /// Lets the end that was issued first give way to the watermark. Returns whether there was one.
    pub(super) fn give_way(&mut self) -> bool {
        let first = self.marks.iter().enumerate().min_by_key(|(_, mark)| mark.issued).map(|(index, _)| index);
        let Some(first) = first else { return false };
        let Mark { issued, expires, .. } = self.marks.swap_remove(first);
        self.watermark = self.watermark.max(just_after(issued));
        self.holds_until = self.holds_until.max(expires);
        // What the watermark says needs no end of its own; it holds as long as the last of them would have.
        let Self { watermark, holds_until, marks } = self;
        marks.retain(|mark| {
            let is_said = mark.issued < *watermark;
            if is_said {
                *holds_until = (*holds_until).max(mark.expires);
            }
            !is_said
        });
        true
    }

    /// Until when this has to be kept.
    pub(super) fn expires(&self) -> UnixMillis {
        self.marks.iter().map(|mark| mark.expires).fold(self.holds_until, UnixMillis::max)
    }
}

fn just_after(time: UnixMillis) -> UnixMillis {
    time.saturating_add(Duration::from_millis(1))
}

fn time(reader: &mut Reader<'_>) -> Option<UnixMillis> {
    reader.array().map(|bytes| UnixMillis::new(u64::from_be_bytes(bytes)))
}

const FORMAT: u8 = 1;

const NEVER: UnixMillis = UnixMillis::new(0);

/// Few, so that an owner with many ends takes few cells; enough that a cell stays small, since each request reads one.
const GROUPS: u128 = 256;

/// The most ends that one cell says each by itself: 4 KiB.
const MARKS_MAX: usize = 128;

const HEADER_BYTES: usize = 1 + 8 + 8;
const MARK_BYTES: usize = 16 + 8 + 8;
