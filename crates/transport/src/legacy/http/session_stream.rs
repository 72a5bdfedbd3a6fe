//! The stream of a session, which its client gets by GET: changes of lists, and of the resources that it subscribed to.
//!
//! One stream of a session delivers, the newest ([`claim`](super::claim)); an older one stays open and silent for a while,
//! because a client whose stream ends comes back at once and would take the delivery away again. Event ids carry the place
//! on the bus, and a client that comes back is told from there.
//!
//! What concerns the session itself, a subscription, its end or a newer stream, is signalled to its streams in this process
//! ([`seats`](super::seats)). A stream on another replica is told over the bus, and looks itself what it was.

mod delivery;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ::http::Response;
use bytes::Bytes;
use outboard_identity::Principal;
use outboard_protocol::Revision;
use outboard_runtime::{Listening, Since, Told, Topics, Watching};
use outboard_store::{Sequence, Session, SessionRecord, SessionState};
use tokio::time::{Instant, sleep_until};

use self::delivery::{Places, hear, ready};
use super::claim::{Claimed, Held, Waiting};
use super::seats::{Newer, Seat};
use super::session::topic;
use crate::http::body::Body;
use crate::http::refusal::Refusal;
use crate::http::{Endpoint, sse};
use crate::streams::StreamPlace;
use crate::until::{proof_ends, until};

/// How long a claim waits for a store that does not answer, or for a newer stream that goes first.
const CLAIM_RETRY: Duration = Duration::from_secs(1);

/// An open stream.
pub(super) struct SessionStream {
    endpoint: Arc<Endpoint>,
    session: Session,
    seat: Seat,
    listening: Listening,
    /// What it has been told and has not passed on.
    told: VecDeque<Told>,
    /// So that who has the resources tells of them.
    watching: BTreeMap<String, Watching>,
    /// What stands for the session on the bus.
    topic: Box<str>,
    stage: Stage,
    /// The claim, while this stream delivers.
    held: Option<Held>,
    /// The claim that it waits for.
    waiting: Waiting,
    places: Places,
    /// What a client is told to wait before it comes back; only in sessions whose streams may end early.
    retry: Option<Duration>,
    /// When its connection ends: it is old enough, or the proof of who reads it is.
    end: Option<Instant>,
    /// Until when nothing is told, since something was told just now.
    pause_until: Instant,
    reader: Reader,
}

/// Who reads a stream.
pub(super) struct Reader {
    /// Proven by this request: what it may read is told, for as long as the proof is good.
    principal: Principal,
    _place: StreamPlace,
}

impl Reader {
    /// A reader with a place among those who read streams.
    pub(super) const fn new(principal: Principal, place: StreamPlace) -> Self {
        Self { principal, _place: place }
    }
}

enum Stage {
    /// It was opened.
    Opened,
    /// It wants to deliver, and tries to at this time.
    Claiming(Instant),
    /// It delivers.
    Delivering,
    /// A newer one delivers. It ends at this time.
    Silent(Instant),
    /// It ends.
    Ended,
}

impl SessionStream {
    /// Opens a stream of a session, which goes on from `after`, or tells what changed lately.
    pub(super) async fn open(
        endpoint: &Arc<Endpoint>,
        (session, revision): (Session, &'static Revision),
        record: &SessionRecord,
        seat: Seat,
        after: Option<Sequence>,
        reader: Reader,
    ) -> Result<Response<Body>, Refusal> {
        let topic = topic(&session);
        let uris = record.subscriptions.iter().map(|uri| uri.as_str().into());
        let topics = Topics::lists_and(uris.chain([topic.clone()]));
        let since = after.map_or(Since::Recently, Since::After);
        let mut listening = endpoint.runtime.notify().listen(topics, since).await.map_err(|error| {
            tracing::warn!(%error, "the stream of a session cannot be opened");
            Refusal::StoreUnavailable { id: None }
        })?;
        let opened = listening.position();
        let told = ready(&mut listening);
        // Behind everything that was told before this stream, so that a client that comes back at once misses nothing.
        let before = told.front().map(|first| Sequence::from_u64(first.sequence.as_u64().saturating_sub(1)));
        let places = Places {
            opened,
            delivered_before: Sequence::ZERO,
            told: after.or(before).unwrap_or(opened),
            is_resumed: after.is_some(),
            ordinal: 0,
        };
        let config = &endpoint.config.legacy;
        let retry = revision.priming_events.then_some(config.retry);
        let age_end = config.connection_max.filter(|_| retry.is_some()).map(|age| Instant::now() + age);
        let proof_end = proof_ends(&reader.principal, &*endpoint.runtime.store().clock);
        seat.queue();
        let stream = Self {
            watching: watch(endpoint, record, BTreeMap::new()),
            endpoint: Arc::clone(endpoint),
            session,
            seat,
            listening,
            told,
            topic,
            stage: Stage::Opened,
            held: None,
            waiting: Waiting::default(),
            places,
            retry,
            end: age_end.into_iter().chain(proof_end).min(),
            pause_until: Instant::now(),
            reader,
        };
        let events = futures_util::stream::unfold(stream, |mut stream| async move {
            let piece = stream.next().await?;
            Some((piece, stream))
        });
        Ok(sse::response(events, endpoint.config.keep_alive))
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.stage {
                Stage::Opened => {
                    self.stage = Stage::Claiming(Instant::now());
                    if let Some(retry) = self.retry {
                        let mut event = Vec::new();
                        self.places.id(&self.seat).write_without_data(&mut event, retry.as_millis());
                        return Some(event.into());
                    }
                }
                Stage::Claiming(at) => tokio::select! {
                    biased;
                    () = closing(&self.endpoint, self.end) => return self.close(),
                    () = self.seat.changed() => self.look().await,
                    () = sleep_until(at) => self.claim().await,
                },
                Stage::Delivering => tokio::select! {
                    biased;
                    () = closing(&self.endpoint, self.end) => return self.close(),
                    () = self.seat.changed() => self.look().await,
                    () = hear(&mut self.listening, &mut self.told, self.pause_until) => {
                        if let Some(piece) = self.deliver().await {
                            return Some(piece);
                        }
                    }
                },
                Stage::Silent(until) => tokio::select! {
                    biased;
                    () = closing(&self.endpoint, self.end) => return self.close(),
                    () = sleep_until(until) => return self.close(),
                    () = self.seat.changed() => self.look().await,
                },
                Stage::Ended => return None,
            }
        }
    }

    /// Ends the stream, though the session goes on: its client comes back.
    fn close(&mut self) -> Option<Bytes> {
        self.stage = Stage::Ended;
        self.retry.map(super::retry)
    }

    fn fall_silent(&mut self) {
        self.stage = Stage::Silent(Instant::now() + self.endpoint.config.legacy.get_takeover);
        self.held = None;
        self.seat.leave();
        self.watching.clear();
        self.told.clear();
    }

    async fn claim(&mut self) {
        match self.seat.newer() {
            None => {}
            Some(Newer::Delivers) => return self.fall_silent(),
            // It goes first, and may end before.
            Some(Newer::Waits) => {
                self.stage = Stage::Claiming(Instant::now() + CLAIM_RETRY);
                return;
            }
        }
        let legacy = &self.endpoint.legacy;
        match legacy.claims.claim(&self.session, self.seat.number(), &mut self.waiting).await {
            Ok(Claimed::Held { before }) => {
                let is_elsewhere = |stream| !legacy.seats.is_here(self.session.number, stream);
                if before.is_some_and(is_elsewhere) {
                    self.endpoint.tell_replicas(&self.session);
                }
                self.places.delivered_before = self.seat.hold().unwrap_or(Sequence::ZERO);
                self.held = Some(legacy.claims.keep(&self.session, self.seat.number(), &self.endpoint.tasks));
                self.stage = Stage::Delivering;
            }
            Ok(Claimed::NotYet(wait)) => self.stage = Stage::Claiming(Instant::now() + wait),
            Err(error) => {
                tracing::warn!(%error, "the stream of a session cannot deliver now");
                self.stage = Stage::Claiming(Instant::now() + CLAIM_RETRY);
            }
        }
    }

    /// Looks what has become of the session, and which stream delivers.
    async fn look(&mut self) {
        match self.endpoint.sessions.state(&self.session).await {
            Ok(SessionState::Living(record)) => self.subscribe(&record),
            Ok(SessionState::Terminated) => {
                self.stage = Stage::Ended;
                return;
            }
            Err(error) => tracing::warn!(%error, "a stream cannot look what has changed in its session"),
        }
        if !matches!(self.stage, Stage::Delivering) {
            return;
        }
        let is_mine = match self.endpoint.legacy.claims.holder(&self.session).await {
            _ if !self.seat.is_holder() => false,
            Ok(Some(holder)) => holder == self.seat.number(),
            Ok(None) | Err(_) => true,
        };
        if !is_mine {
            self.fall_silent();
        }
    }

    fn subscribe(&mut self, record: &SessionRecord) {
        let topics = self.listening.topics_mut();
        for gone in self.watching.keys().filter(|uri| !record.subscriptions.contains(uri)) {
            topics.remove(gone);
        }
        record.subscriptions.iter().for_each(|uri| topics.add(uri));
        if !matches!(self.stage, Stage::Silent(_)) {
            self.watching = watch(&self.endpoint, record, std::mem::take(&mut self.watching));
        }
    }
}

fn watch(
    endpoint: &Endpoint,
    record: &SessionRecord,
    mut watching: BTreeMap<String, Watching>,
) -> BTreeMap<String, Watching> {
    let uris = record.subscriptions.iter();
    uris.map(|uri| {
        let watched = watching.remove(uri).unwrap_or_else(|| endpoint.runtime.watch(uri));
        (uri.clone(), watched)
    })
    .collect()
}

/// Ends when the stream is to end: the server drains, the connection is old enough, or its token has ended.
pub(super) async fn closing(endpoint: &Endpoint, end: Option<Instant>) {
    let age = until(end);
    tokio::select! {
        () = endpoint.drain.cancelled() => {}
        () = age => {}
    }
}
