//! This replica among the others: it says that it is here, with which keys, and sees who else is.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use outboard_store::{KeyId, KeyRing, ReplicaId, ReplicaState, Replicas, Store};
use tokio::sync::watch as channel;
use tokio::time::{Instant, sleep, sleep_until};

use super::Health;
use super::checks::{Lacking, Others};

/// This replica among those that share a store. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    replicas: Replicas,
    keys: Arc<KeyRing>,
    others: channel::Sender<Others>,
}

impl Presence {
    /// A new replica among those of this store; the others hear of it when it [runs](Self::run).
    pub(crate) fn new(store: &Store) -> Self {
        let others = channel::Sender::new(Others::NotLooked);
        Self { replicas: Replicas::join(store), keys: Arc::clone(&store.keys), others }
    }

    pub(super) const fn id(&self) -> ReplicaId {
        self.replicas.id()
    }

    /// What is known of the others, as it changes.
    pub(super) fn others(&self) -> channel::Receiver<Others> {
        self.others.subscribe()
    }

    /// Says so every few seconds, and at once when it has other keys or begins to drain; never ends.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the others take this replica for gone after a while.
    pub(crate) async fn run(&self, health: &Health) -> Infallible {
        tokio::select! {
            () = health.draining() => {}
            never = self.repeat(ReplicaState::Serving) => match never {},
        }
        self.repeat(ReplicaState::Draining).await
    }

    /// Says that this replica is gone, once it does nothing any more. Not to be called while it runs.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the others find out after a while.
    pub(crate) async fn leave(&self) {
        if let Err(error) = self.replicas.announce(ReplicaState::Gone).await {
            tracing::debug!(%error, "the other replicas are not told of the end of this one");
        }
    }

    async fn repeat(&self, state: ReplicaState) -> Infallible {
        loop {
            let (keys, next) = (self.keys.key_ids(), Instant::now() + jittered(Replicas::ANNOUNCE_EVERY));
            let said = self.announce(state).await;
            self.look(&keys).await;
            if self.in_truth(state) != said {
                self.announce(state).await;
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.rest(&keys) => {}
            }
        }
    }

    /// Says what this replica does; returns what was said.
    async fn announce(&self, state: ReplicaState) -> ReplicaState {
        let said = self.in_truth(state);
        // Of the store's condition the log tells where it is kept.
        if let Err(error) = self.replicas.announce(said).await {
            tracing::debug!(%error, "the other replicas do not hear of this one");
        }
        said
    }

    /// Who would serve waits for as long as it may lack a key.
    fn in_truth(&self, state: ReplicaState) -> ReplicaState {
        let may_lack = match &*self.others.borrow() {
            Others::NotLooked => true,
            Others::Unknown => false,
            Others::Seen { lacking, .. } => !lacking.is_none(),
        };
        if state == ReplicaState::Serving && may_lack { ReplicaState::Waiting } else { state }
    }

    /// Looks who is here, by whom has these keys. Where that cannot be found out, what was seen before stands.
    async fn look(&self, keys: &[KeyId]) {
        match self.replicas.live().await {
            Ok(live) => {
                let lacking = Lacking::of(self.id(), keys, &live);
                drop(self.others.send_replace(Others::Seen { count: live.replicas.len(), lacking }));
            }
            Err(_) => drop(self.others.send_if_modified(|others| {
                let first = matches!(others, Others::NotLooked);
                if first {
                    *others = Others::Unknown;
                }
                first
            })),
        }
    }

    /// Waits until the keys are others than these, or none is lacking any more. Who lacks a key looks again and again meanwhile, because it is of no use
    /// until it has it or nobody needs it any more.
    async fn rest(&self, keys: &[KeyId]) {
        loop {
            sleep(KEYS_LOOKED_AT_EVERY).await;
            if self.keys.key_ids() != keys {
                return;
            }
            let lacks = || matches!(&*self.others.borrow(), Others::Seen { lacking, .. } if !lacking.is_none());
            if lacks() {
                self.look(keys).await;
                if !lacks() {
                    return;
                }
            }
        }
    }
}

/// How often it is looked whether the keys were replaced.
const KEYS_LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// Up to a fifth less, so that replicas that start together do not all speak at the same moment.
fn jittered(pause: Duration) -> Duration {
    let [.., random] = *uuid::Uuid::now_v7().as_bytes();
    pause.mul_f64(1.0 - f64::from(random) / 1280.0)
}

#[cfg(test)]
mod tests;
