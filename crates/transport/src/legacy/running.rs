//! The calls that run in this process, by the session and the id of their requests: for `notifications/cancelled`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outboard_protocol::RequestId;
use tokio_util::sync::CancellationToken;

/// The running calls. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<Key, Vec<Arc<CancellationToken>>>>>);

type Key = (u128, RequestId);

/// A running call. Dropping it says that it has ended.
#[derive(Debug)]
pub(super) struct Registered {
    running: Running,
    key: Key,
    token: Arc<CancellationToken>,
}

impl Running {
    /// Registers a call of the session with this number. Ids are the client's: two calls may have one, and are cancelled
    /// together.
    pub(super) fn register(&self, session: u128, id: RequestId) -> Registered {
        let (key, token) = ((session, id), Arc::new(CancellationToken::new()));
        self.lock().entry(key.clone()).or_default().push(Arc::clone(&token));
        Registered { running: self.clone(), key, token }
    }

    /// Cancels what runs in the session under this id. Returns whether anything did.
    pub(super) fn cancel(&self, session: u128, id: &RequestId) -> bool {
        let found = self.lock().remove(&(session, id.clone()));
        let tokens = found.unwrap_or_default();
        tokens.iter().for_each(|token| token.cancel());
        !tokens.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Arc<CancellationToken>>>> {
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
        self.token.cancelled().await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        if let Entry::Occupied(mut calls) = running.entry(self.key.clone()) {
            calls.get_mut().retain(|token| !Arc::ptr_eq(token, &self.token));
            if calls.get().is_empty() {
                calls.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_cancelled_by_its_session_and_id_alone() {
        let running = Running::default();
        let one = running.register(1, 7.into());
        let twin = running.register(1, 7.into());
        let others = [running.register(1, 8.into()), running.register(2, 7.into())];
        assert!(!running.cancel(3, &7.into()) && !running.cancel(1, &RequestId::String("7".into())));
        assert!(running.cancel(1, &7.into()));
        assert!(one.token.is_cancelled() && twin.token.is_cancelled());
        assert!(others.iter().all(|other| !other.token.is_cancelled()));

        let later = running.register(1, 7.into());
        drop((one, twin));
        assert!(!later.token.is_cancelled());
        assert!(running.cancel(1, &7.into()), "the end of a cancelled call takes no other one out");
        drop((later, others));
        assert!(running.lock().is_empty());
    }
}
