//! The calls that run in this process, by their sessions: for `notifications/cancelled`, which another replica may have
//! taken ([`cancelling`](super::cancelling)), and for the end of a session.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outboard_protocol::RequestId;
use outboard_store::{OwnerDigest, Session};
use tokio_util::sync::CancellationToken;

/// The running calls. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<SessionKey, Vec<Arc<Call>>>>>);

/// Which session a call is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionKey {
    pub(super) owner: OwnerDigest,
    pub(super) number: u128,
}

#[derive(Debug)]
struct Call {
    id: RequestId,
    cancelled: CancellationToken,
    session_ended: CancellationToken,
}

/// A running call. Dropping it says that it has ended.
#[derive(Debug)]
pub(super) struct Registered {
    running: Running,
    session: SessionKey,
    call: Arc<Call>,
}

impl SessionKey {
    pub(super) const fn of(session: &Session) -> Self {
        Self { owner: session.owner, number: session.number }
    }
}

impl Running {
    /// Registers a call of this session. Ids are the client's: two calls may have one, and are cancelled
    /// together.
    pub(super) fn register(&self, session: SessionKey, id: RequestId) -> Registered {
        let call = Arc::new(Call { id, cancelled: CancellationToken::new(), session_ended: CancellationToken::new() });
        self.lock().entry(session).or_default().push(Arc::clone(&call));
        Registered { running: self.clone(), session, call }
    }

    /// Cancels what runs in the session under this id. Returns whether anything did.
    pub(super) fn cancel(&self, session: SessionKey, id: &RequestId) -> bool {
        let found = self.of(session).into_iter().filter(|call| call.id == *id && !call.cancelled.is_cancelled());
        found.map(|call| call.cancelled.cancel()).count() > 0
    }

    /// Tells the calls of a session that it was ended.
    pub(super) fn end(&self, session: SessionKey) {
        self.of(session).iter().for_each(|call| call.session_ended.cancel());
    }

    fn of(&self, session: SessionKey) -> Vec<Arc<Call>> {
        self.lock().get(&session).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Vec<Arc<Call>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered {
    /// Ends when the call is cancelled.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn cancelled(&self) {
        self.call.cancelled.cancelled().await;
    }

    /// Is cancelled when this replica knows that its session was ended.
    pub(super) fn session_ended(&self) -> &CancellationToken {
        &self.call.session_ended
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Entry::Occupied(mut calls) = self.running.lock().entry(self.session) {
            calls.get_mut().retain(|call| !Arc::ptr_eq(call, &self.call));
            if calls.get().is_empty() {
                calls.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u128) -> SessionKey {
        SessionKey { owner: OwnerDigest::of(b"ada"), number }
    }

    #[test]
    fn a_call_is_cancelled_by_its_session_and_id_alone() {
        let running = Running::default();
        let one = running.register(key(1), 7.into());
        let twin = running.register(key(1), 7.into());
        let others = [running.register(key(1), 8.into()), running.register(key(2), 7.into())];
        let foreign = SessionKey { owner: OwnerDigest::of(b"eve"), ..key(1) };
        assert!(!running.cancel(key(3), &7.into()) && !running.cancel(foreign, &7.into()));
        assert!(!running.cancel(key(1), &RequestId::String("7".into())));
        assert!(running.cancel(key(1), &7.into()));
        assert!(one.call.cancelled.is_cancelled() && twin.call.cancelled.is_cancelled());
        assert!(others.iter().all(|other| !other.call.cancelled.is_cancelled()));
        assert!(!running.cancel(key(1), &7.into()), "none is cancelled twice");

        let later = running.register(key(1), 7.into());
        drop((one, twin));
        assert!(!later.call.cancelled.is_cancelled());
        assert!(running.cancel(key(1), &7.into()), "the end of a cancelled call takes no other one out");
        drop((later, others));
        assert!(running.lock().is_empty());
    }

    #[test]
    fn the_end_of_a_session_is_told_to_its_calls_alone() {
        let running = Running::default();
        let (own, other) = (running.register(key(1), 7.into()), running.register(key(2), 7.into()));
        running.end(key(1));
        assert!(own.call.session_ended.is_cancelled() && !own.call.cancelled.is_cancelled());
        assert!(!other.call.session_ended.is_cancelled());
    }
}
