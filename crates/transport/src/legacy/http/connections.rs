//! Which connection carries the stream of an answer: one at a time, the newest, so that no event goes out twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// The streams whose calls or connections are in this process. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<StreamKey, Slot>>>);

/// A stream: the number of its session, and its own in it.
pub(super) type StreamKey = (u128, u64);

#[derive(Debug, Default)]
struct Slot {
    /// Its call runs in this process.
    running: bool,
    connection: Option<Arc<CancellationToken>>,
}

/// A stream whose call runs here. Dropping it says that the call has ended.
#[derive(Debug)]
pub(super) struct RunningStream {
    connections: Connections,
    key: StreamKey,
}

/// The connection that carries a stream.
#[derive(Debug)]
pub(super) struct Connection {
    connections: Connections,
    key: StreamKey,
    token: Arc<CancellationToken>,
}

impl Connections {
    /// A stream begins, whose call runs here.
    pub(super) fn begin(&self, key: StreamKey) -> RunningStream {
        self.lock().entry(key).or_default().running = true;
        RunningStream { connections: self.clone(), key }
    }

    /// Whether the call of the stream runs here.
    pub(super) fn is_running(&self, key: StreamKey) -> bool {
        self.lock().get(&key).is_some_and(|slot| slot.running)
    }

    /// Gives the stream a new connection, in place of the one it had.
    pub(super) fn connect(&self, key: StreamKey) -> Connection {
        let token = Arc::new(CancellationToken::new());
        let replaced = self.lock().entry(key).or_default().connection.replace(Arc::clone(&token));
        if let Some(replaced) = replaced {
            replaced.cancel();
        }
        Connection { connections: self.clone(), key, token }
    }

    fn change(&self, key: StreamKey, change: impl FnOnce(&mut Slot)) {
        if let Entry::Occupied(mut slot) = self.lock().entry(key) {
            change(slot.get_mut());
            if !slot.get().running && slot.get().connection.is_none() {
                slot.remove();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StreamKey, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Ends when a newer connection carries the stream.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn replaced(&self) {
        self.token.cancelled().await;
    }

    /// Whether the call of its stream runs here.
    pub(super) fn is_beside_its_call(&self) -> bool {
        self.connections.is_running(self.key)
    }
}

impl Drop for RunningStream {
    fn drop(&mut self) {
        self.connections.change(self.key, |slot| slot.running = false);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.change(self.key, |slot| {
            slot.connection.take_if(|token| Arc::ptr_eq(token, &self.token));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_connection_carries_the_stream() {
        let connections = Connections::default();
        let running = connections.begin((1, 1));
        let first = connections.connect((1, 1));
        let other = connections.connect((1, 2));
        assert!(first.is_beside_its_call() && !other.is_beside_its_call());
        let second = connections.connect((1, 1));
        assert!(first.token.is_cancelled() && !second.token.is_cancelled() && !other.token.is_cancelled());
        drop(first);
        let third = connections.connect((1, 1));
        assert!(second.token.is_cancelled(), "the end of a replaced connection changes nothing");
        drop(running);
        assert!(!third.is_beside_its_call());
        drop((second, third, other));
        assert!(connections.lock().is_empty());
    }
}
