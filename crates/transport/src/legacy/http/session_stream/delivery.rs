//! What the stream of a session tells: the changes that were heard become events, each once.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use outboard_protocol::encode;
use outboard_runtime::{Listening, Told};
use outboard_store::Sequence;
use tokio::time::{Instant, sleep_until};

use super::SessionStream;
use crate::http::sse;
use crate::legacy::http::event_id::EventId;
use crate::legacy::http::seats::Seat;

/// How many changes are told in one piece.
const PIECE_MAX: usize = 1_024;

/// How long nothing more is told after something was: a storm of changes costs each stream ten pieces a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Places on the bus.
pub(super) struct Places {
    /// Where it was opened: what came before is told in any case.
    pub(super) opened: Sequence,
    /// Up to where another stream, alive until then, has delivered.
    pub(super) delivered_before: Sequence,
    /// Up to where all has been told.
    pub(super) told: Sequence,
    /// The client named the place from which it goes on.
    pub(super) is_resumed: bool,
    /// How many events were told.
    pub(super) ordinal: u32,
}

impl SessionStream {
    /// Tells what was heard, in one piece; nothing, if it was not for the client.
    pub(super) async fn deliver(&mut self) -> Option<Bytes> {
        // What concerns the session is looked at before anything that comes after it is told.
        let is_ours = |told: &Told| told.change.uri() == Some(&*self.topic);
        let end = self.told.iter().position(is_ours).map_or(self.told.len(), |place| place + 1);
        let told: Vec<Told> = self.told.drain(..end).collect();
        let has_changed = told.last().is_some_and(is_ours);
        let last = told.iter().map(|told| told.sequence).max()?;
        if let Some(doubted) = told.iter().find(|told| told.is_in_doubt()) {
            // What was delivered before says nothing any more.
            self.seat.forget_delivered();
            (self.places.delivered_before, self.places.told) = (Sequence::ZERO, doubted.sequence);
        }
        if !self.seat.deliver(last) {
            // The newer stream begins behind what this one has delivered.
            self.fall_silent();
            return None;
        }
        let piece = self.write(&told);
        if has_changed {
            self.look().await;
        }
        if piece.is_empty() {
            return None;
        }
        self.pause_until = Instant::now() + PAUSE;
        Some(piece.into())
    }

    fn write(&mut self, told: &[Told]) -> Vec<u8> {
        let mut changes = HashSet::new();
        // What changed several times is told once, in the place of its last change.
        let mut last: Vec<bool> = told.iter().rev().map(|told| changes.insert(&told.change)).collect();
        last.reverse();
        let mut out = Vec::new();
        for (index, (told_now, is_last)) in told.iter().zip(last).enumerate() {
            // Several may share a place; only behind the last of them has all of it been told.
            if told.get(index + 1).is_none_or(|next| next.sequence != told_now.sequence) {
                self.places.told = self.places.told.max(told_now.sequence);
            }
            let Told { sequence, change, .. } = told_now;
            let is_ours = change.uri() == Some(&*self.topic);
            let is_permitted = || self.endpoint.runtime.may_read(&self.reader.principal, change.uri()).is_ok();
            if is_last && !is_ours && is_permitted() && !self.places.was_delivered(*sequence, self.retry.is_some()) {
                self.places.ordinal = self.places.ordinal.wrapping_add(1);
                self.places.id(&self.seat).write(&mut out);
                sse::write_message(&mut out, &encode::change(&change.method(), change.uri(), None));
            }
        }
        out
    }
}

impl Places {
    /// The id of what is told now.
    pub(super) fn id(&self, seat: &Seat) -> EventId {
        EventId::Session { position: self.told, connection: seat.number(), ordinal: self.ordinal }
    }

    /// Whether another stream, which was alive, has told this to the client.
    fn was_delivered(&self, sequence: Sequence, has_ids_from_the_start: bool) -> bool {
        // A client that names no place has lost no stream on which it got an id. Where it gets one only with the first
        // event, it may have lost one all the same: then it is told again what changed lately.
        let in_doubt = !has_ids_from_the_start && sequence <= self.opened;
        sequence <= self.delivered_before && !self.is_resumed && !in_doubt
    }
}

/// Waits for something to be told, when the pause is over; then takes everything that is ready.
pub(super) async fn hear(listening: &mut Listening, told: &mut VecDeque<Told>, pause_until: Instant) {
    sleep_until(pause_until).await;
    if told.is_empty() {
        told.push_back(listening.next().await);
    }
    told.append(&mut ready(listening));
}

/// Everything that a listener can be told now.
pub(super) fn ready(listening: &mut Listening) -> VecDeque<Told> {
    std::iter::from_fn(|| listening.next().now_or_never()).take(PIECE_MAX).collect()
}
