//! Which stream of a session delivers, over all replicas: the newest claims it, and not more often than every 5 s, so that
//! two streams whose clients come back again and again do not take it from each other without end.
//!
//! A cell of the session, numbers big-endian: format number (1 byte, today 1), state (1 byte: 0 released, 1 held), fence (8),
//! number of the stream (8), time of the claim (8). A stream that finds another number there delivers no more; the fence
//! grows with each claim for as long as the cell is there.

use std::sync::Arc;
use std::time::Duration;

use outboard_store::{Cell, CellKey, Cells, Clock, Put, Session, Store, StoreError, UnixMillis};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// How often the delivery of a session is claimed at most.
pub(super) const CLAIM_EVERY: Duration = Duration::from_secs(5);

/// How often a claim is tried anew that others came before.
const ATTEMPTS_MAX: u32 = 8;

/// The claims of all sessions.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    cells: Arc<dyn Cells>,
    clock: Arc<dyn Clock>,
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// It is held, in place of this stream, if one held it.
    Held { before: Option<u64> },
    /// It may be tried again after this.
    NotYet(Duration),
}

/// Which claim of another a stream has met, and since when it waits for that. So it waits no longer than the claim holds it off,
/// however far the clocks of replicas are apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting(Option<(u64, Instant)>);

/// A claim that is held. Dropping it releases it.
#[derive(Debug)]
pub(super) struct Held {
    claims: Claims,
    session: Session,
    stream: u64,
    tasks: TaskTracker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    is_held: bool,
    fence: u64,
    stream: u64,
    at: UnixMillis,
}

impl Claims {
    pub(super) fn new(store: &Store) -> Self {
        Self { cells: Arc::clone(&store.cells), clock: Arc::clone(&store.clock) }
    }

    /// Claims the delivery of a session for a stream.
    pub(super) async fn claim(
        &self,
        session: &Session,
        stream: u64,
        waiting: &mut Waiting,
    ) -> Result<Claimed, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let now = self.clock.now();
            let found = self.cells.get(key(session)).await?;
            let before = found.as_ref().and_then(Record::read);
            let wait = before.and_then(|before| waiting.left(before.fence, before.wait(now)?));
            if let Some(wait) = wait {
                return Ok(Claimed::NotYet(wait));
            }
            let fence = before.map_or(0, |before| before.fence).saturating_add(1);
            let record = Record { is_held: true, fence, stream, at: now };
            if self.put(session, found, record, session.expires.saturating_since(now)).await? {
                let before = before.filter(|before| before.is_held).map(|before| before.stream);
                return Ok(Claimed::Held { before });
            }
        }
        Ok(Claimed::NotYet(CLAIM_EVERY))
    }

    /// The stream that holds the delivery of a session.
    pub(super) async fn holder(&self, session: &Session) -> Result<Option<u64>, StoreError> {
        let record = self.cells.get(key(session)).await?.as_ref().and_then(Record::read);
        Ok(record.filter(|record| record.is_held).map(|record| record.stream))
    }

    /// What keeps the claim of a stream until it ends.
    pub(super) fn keep(&self, session: &Session, stream: u64, tasks: &TaskTracker) -> Held {
        Held { claims: self.clone(), session: session.clone(), stream, tasks: tasks.clone() }
    }

    async fn release(&self, session: &Session, stream: u64) -> Result<(), StoreError> {
        let found = self.cells.get(key(session)).await?;
        match found.as_ref().and_then(Record::read) {
            Some(record) if record.is_held && record.stream == stream => {
                // It is remembered for as long as nobody else may claim.
                let released = Record { is_held: false, ..record };
                self.put(session, found, released, CLAIM_EVERY).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn put(
        &self,
        session: &Session,
        found: Option<Cell>,
        record: Record,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        let put = self.cells.put_over(key(session), found.map(|cell| cell.version), &record.write(), ttl).await?;
        Ok(matches!(put, Put::Stored(_)))
    }
}

impl Waiting {
    /// How long to wait for a claim that would be waited for so long; `None` when that is over.
    fn left(&mut self, fence: u64, wait: Duration) -> Option<Duration> {
        let since = match self.0 {
            Some((met, since)) if met == fence => since,
            _ => self.0.insert((fence, Instant::now())).1,
        };
        let left = CLAIM_EVERY.saturating_sub(since.elapsed()).min(wait);
        (!left.is_zero()).then_some(left)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (claims, session, stream) = (self.claims.clone(), self.session.clone(), self.stream);
        super::afterwards(&self.tasks, async move {
            if let Err(error) = claims.release(&session, stream).await {
                tracing::debug!(%error, "a stream that has ended is taken for one that still delivers");
            }
        });
    }
}

impl Record {
    /// How long nobody may claim it.
    fn wait(self, now: UnixMillis) -> Option<Duration> {
        // A clock that was set back is no reason to wait for longer.
        let age = now.saturating_since(self.at);
        CLAIM_EVERY.checked_sub(age).filter(|wait| !wait.is_zero())
    }

    fn write(self) -> Vec<u8> {
        let Self { is_held, fence, stream, at } = self;
        let numbers = [fence, stream, at.as_u64()].map(u64::to_be_bytes);
        [&[FORMAT, u8::from(is_held)], numbers.as_flattened()].concat()
    }

    /// Reads a cell; one of a later build is taken for absent, and replaced.
    fn read(cell: &Cell) -> Option<Self> {
        let ([FORMAT, state @ (0 | 1)], rest) = cell.value.split_first_chunk()? else { return None };
        let (numbers, []) = rest.as_chunks() else { return None };
        let [fence, stream, at] = <[[u8; 8]; 3]>::try_from(numbers).ok()?.map(u64::from_be_bytes);
        Some(Self { is_held: *state == 1, fence, stream, at: UnixMillis::new(at) })
    }
}

fn key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: "session-stream", id: session.number }
}

const FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    use outboard_store::{KeyRing, NewSession, OwnerDigest, RootKey, Sessions};
    use outboard_testkit::clock::FakeClock;

    use super::*;

    fn claims() -> (Claims, Session, Arc<FakeClock>) {
        let clock = Arc::new(FakeClock::default());
        let keys = Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap());
        let store = Store::in_memory(keys, clock.clone());
        let new = NewSession {
            owner: OwnerDigest::of(b"alice"),
            revision: "2025-11-25",
            capabilities: 0,
            client_name: "",
            client_version: "",
        };
        let (_, session) = Sessions::new(&store, Duration::from_secs(3_600)).create(new).unwrap();
        (Claims::new(&store), session, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_claims_once_in_five_seconds() {
        let (claims, session, clock) = claims();
        assert_eq!(claims.claim(&session, 1, &mut Waiting::default()).await.unwrap(), Claimed::Held { before: None });
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            claims.claim(&session, 2, &mut Waiting::default()).await.unwrap(),
            Claimed::NotYet(Duration::from_secs(3))
        );
        assert_eq!(claims.holder(&session).await.unwrap(), Some(1));
        clock.advance(Duration::from_secs(3));
        assert_eq!(
            claims.claim(&session, 2, &mut Waiting::default()).await.unwrap(),
            Claimed::Held { before: Some(1) }
        );
        assert_eq!(claims.claim(&session, 1, &mut Waiting::default()).await.unwrap(), Claimed::NotYet(CLAIM_EVERY));
        assert_eq!(claims.holder(&session).await.unwrap(), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_released_claim_is_nobodys() {
        let (claims, session, clock) = claims();
        assert_eq!(claims.claim(&session, 1, &mut Waiting::default()).await.unwrap(), Claimed::Held { before: None });
        claims.release(&session, 2).await.unwrap();
        assert_eq!(claims.holder(&session).await.unwrap(), Some(1), "only its holder releases it");
        claims.release(&session, 1).await.unwrap();
        assert_eq!(claims.holder(&session).await.unwrap(), None);
        clock.advance(Duration::from_secs(1));
        let again = claims.claim(&session, 2, &mut Waiting::default()).await.unwrap();
        assert_eq!(again, Claimed::NotYet(Duration::from_secs(4)), "who comes and goes claims no more often");
        clock.advance(Duration::from_secs(4));
        assert_eq!(claims.claim(&session, 2, &mut Waiting::default()).await.unwrap(), Claimed::Held { before: None });
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_behind_waits_no_longer() {
        let (claims, session, clock) = claims();
        assert_eq!(claims.claim(&session, 1, &mut Waiting::default()).await.unwrap(), Claimed::Held { before: None });
        let claimed_at = clock.now();
        clock.set(claimed_at.saturating_sub(Duration::from_secs(30)));
        let mut waiting = Waiting::default();
        assert_eq!(claims.claim(&session, 2, &mut waiting).await.unwrap(), Claimed::NotYet(CLAIM_EVERY));
        tokio::time::advance(CLAIM_EVERY).await;
        assert_eq!(claims.claim(&session, 2, &mut waiting).await.unwrap(), Claimed::Held { before: Some(1) });
        // What it has met before says nothing of the claim of somebody else.
        assert_eq!(claims.claim(&session, 1, &mut waiting).await.unwrap(), Claimed::NotYet(CLAIM_EVERY));
    }

    #[test]
    fn the_bytes_of_a_claim_are_the_documented_ones() {
        let record = Record { is_held: true, fence: 2, stream: 3, at: UnixMillis::new(4) };
        let bytes = [1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4];
        assert_eq!(record.write(), bytes);
    }
}
