//! What was set in a session since it began, and whether it was ended: two cells, read in one trip per request.

use std::time::Duration;

use thiserror::Error;

use super::{
    Session, Sessions, cell,
    ended::{self, Ended},
};
use crate::{
    cells::{Cell, CellKey, Put},
    error::{ATTEMPTS_MAX, StoreError},
};

/// What the store knows about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// It goes on, with what was set in it.
    Living(SessionRecord),
    /// It was ended before its time, by itself or with those issued before some other, or what was set in it is of a format that this build does not know: answer as if
    /// there was no such session.
    Terminated,
}

/// What was set in a session since it began. A session without a cell has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRecord {
    /// The level from which on log messages are wanted, as a number under 255 that the caller gave a meaning; `None` until
    /// one is set.
    pub log_level: Option<u8>,
    /// The URIs of the resources subscribed to, each once, in the order in which that was done.
    pub subscriptions: Vec<String>,
}

/// How much may be set in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// The most subscriptions. Default: 256; more than 65,535 are never kept.
    pub subscriptions_max: usize,
    /// The most bytes of the URI of one. Default: 2,048; more than 65,535 are never kept.
    pub uri_bytes_max: usize,
}

/// The reasons why something is not set in a session; it is then as it was, unless the store was unavailable.
#[derive(Debug, Error)]
pub enum UpdateSessionError {
    /// The client's URI is too long.
    #[error("the URI has {bytes} bytes, a subscription at most {bytes_max}")]
    UriTooLong {
        /// The length of the URI.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The client has as many subscriptions as it may.
    #[error("the session has {subscriptions_max} subscriptions, which is as many as it may have")]
    TooManySubscriptions {
        /// The bound.
        subscriptions_max: usize,
    },
    /// The client's subscriptions together are too long.
    #[error("the session would have {bytes} bytes, there is room for at most {bytes_max}")]
    TooLarge {
        /// The length of all that is set in the session.
        bytes: usize,
        /// The bound: that of a cell.
        bytes_max: usize,
    },
    /// The session is over.
    #[error("no such session")]
    Terminated,
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sessions {
    /// Reads what the store knows about the session: one read, for everything that a request needs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store does not answer. A plain call then goes on, because a session is not a credential.
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn state(&self, session: &Session) -> Result<SessionState, StoreError> {
        let [record, ended] = self.cells.get_both(key(session), ended::key(session)).await?;
        Ok(state_of(session, record.as_ref(), ended.as_ref()))
    }

    /// Ends the session on every replica, for good. To end it twice is no error.
    ///
    /// The ends of an owner's sessions are bounded: when there are many, the oldest are told by a watermark, and with them
    /// other sessions of this owner are over that were issued before it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when that could not be stored; the session then goes on.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the session has ended or it has not; calling again settles it.
    pub async fn terminate(&self, session: &Session) -> Result<(), StoreError> {
        if self.has_expired(session) {
            return Ok(());
        }
        let bytes_max = self.cells.value_bytes_max();
        for _ in 0..ATTEMPTS_MAX {
            let now = self.clock.now();
            let found = self.cells.get(ended::key(session)).await?;
            let mut ended = match &found {
                None => Ended::none(),
                Some(cell) => Ended::decode(&cell.value)
                    .unwrap_or_else(|| Ended::everything(now, now.saturating_add(self.max_age).max(session.expires))),
            };
            if !ended.has(session) {
                ended.end(session, now, bytes_max);
            } else if found.as_ref().is_some_and(|cell| cell.value == ended.encode()) {
                return Ok(());
            }
            if self.put_ended(session, found, ended).await? {
                // What was set in it is never looked at again; if it stays, it goes with its time.
                let _removed = self.cells.delete(key(session)).await;
                return Ok(());
            }
        }
        Err(StoreError::Contended { attempts: ATTEMPTS_MAX })
    }

    /// Puts `ended` where `found` was found, the oldest told by the watermark where there is no room for all. Returns
    /// whether `found` was still there.
    async fn put_ended(&self, session: &Session, found: Option<Cell>, mut ended: Ended) -> Result<bool, StoreError> {
        loop {
            let ttl = ended.expires().saturating_since(self.clock.now());
            match self.put(ended::key(session), found.as_ref(), &ended.encode(), ttl).await {
                // One less is as long as what was found, which no store has to make room for.
                Err(StoreError::Full { .. }) if ended.give_way() => {}
                put => return put,
            }
        }
    }

    /// Sets the level from which on log messages are wanted: a number under 255 that the caller gives a meaning; 255 is
    /// taken for none.
    ///
    /// # Errors
    ///
    /// [`UpdateSessionError::Terminated`] and [`UpdateSessionError::Store`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it is set or it is not; calling again settles it.
    pub async fn set_log_level(&self, session: &Session, level: u8) -> Result<(), UpdateSessionError> {
        self.update(session, |record| {
            record.log_level = Some(level).filter(|level| *level != u8::MAX);
            Ok(())
        })
        .await
    }

    /// Subscribes to the resource `uri`. To subscribe twice is no error and counts once.
    ///
    /// # Errors
    ///
    /// Any [`UpdateSessionError`].
    ///
    /// # Cancel safety
    ///
    /// As for [`set_log_level`](Self::set_log_level).
    pub async fn subscribe(&self, session: &Session, uri: &str) -> Result<(), UpdateSessionError> {
        let SessionLimits { subscriptions_max, uri_bytes_max: bytes_max } = self.limits;
        if uri.len() > bytes_max {
            return Err(UpdateSessionError::UriTooLong { bytes: uri.len(), bytes_max });
        }
        self.update(session, |record| {
            if record.subscriptions.iter().any(|subscribed| subscribed == uri) {
                return Ok(());
            }
            if record.subscriptions.len() >= subscriptions_max {
                return Err(UpdateSessionError::TooManySubscriptions { subscriptions_max });
            }
            record.subscriptions.push(uri.to_owned());
            Ok(())
        })
        .await
    }

    /// Ends the subscription to `uri`. Where there is none, that is no error.
    ///
    /// # Errors
    ///
    /// [`UpdateSessionError::Terminated`] and [`UpdateSessionError::Store`].
    ///
    /// # Cancel safety
    ///
    /// As for [`set_log_level`](Self::set_log_level).
    pub async fn unsubscribe(&self, session: &Session, uri: &str) -> Result<(), UpdateSessionError> {
        self.update(session, |record| {
            record.subscriptions.retain(|subscribed| subscribed != uri);
            Ok(())
        })
        .await
    }

    /// Makes `change` to what the session holds, again if another was made at the same time.
    async fn update(
        &self,
        session: &Session,
        change: impl Fn(&mut SessionRecord) -> Result<(), UpdateSessionError>,
    ) -> Result<(), UpdateSessionError> {
        if self.has_expired(session) {
            return Err(UpdateSessionError::Terminated);
        }
        for _ in 0..ATTEMPTS_MAX {
            let [found, ended] = self.cells.get_both(key(session), ended::key(session)).await?;
            let SessionState::Living(before) = state_of(session, found.as_ref(), ended.as_ref()) else {
                return Err(UpdateSessionError::Terminated);
            };
            let mut after = before.clone();
            change(&mut after)?;
            if after == before {
                return Ok(());
            }
            let value = cell::encode(&after);
            let bytes_max = self.cells.value_bytes_max();
            if value.len() > bytes_max {
                return Err(UpdateSessionError::TooLarge { bytes: value.len(), bytes_max });
            }
            let ttl = session.expires.saturating_since(self.clock.now());
            if self.put(key(session), found.as_ref(), &value, ttl).await? {
                return Ok(());
            }
        }
        Err(StoreError::Contended { attempts: ATTEMPTS_MAX }.into())
    }

    /// Puts `value` where `found` was found. Returns whether it was still there.
    async fn put(&self, key: CellKey, found: Option<&Cell>, value: &[u8], ttl: Duration) -> Result<bool, StoreError> {
        let put = self.cells.put_over(key, found.map(|cell| cell.version), value, ttl).await?;
        Ok(matches!(put, Put::Stored(_)))
    }
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { subscriptions_max: 256, uri_bytes_max: 2048 }
    }
}

fn key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: "session", id: session.number }
}

fn state_of(session: &Session, record: Option<&Cell>, ended: Option<&Cell>) -> SessionState {
    // What cannot be read says of all that it is over.
    if ended.is_some_and(|cell| Ended::decode(&cell.value).is_none_or(|ended| ended.has(session))) {
        return SessionState::Terminated;
    }
    record.map_or_else(|| SessionState::Living(SessionRecord::default()), |cell| cell::decode(&cell.value))
}
