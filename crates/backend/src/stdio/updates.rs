//! Which resources somebody wants to be told of, and the way to tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use outboard_runtime::Notify;
use tokio::sync::watch;

/// URIs, in order.
pub(super) type Uris = BTreeSet<Arc<str>>;

/// Tells changes of the resources that are watched. It outlives the child that tells them.
#[derive(Debug)]
pub(super) struct Updates {
    notify: Notify,
    limit: usize,
    watched: watch::Sender<Uris>,
}

impl Updates {
    /// Nothing is watched; at most `limit` resources will be.
    pub(super) fn new(notify: Notify, limit: usize) -> Self {
        Self { notify, limit, watched: watch::Sender::default() }
    }

    /// Somebody wants to be told of this resource, or nobody does any more; `false` where it is one too many.
    pub(super) fn watch(&self, uri: &str, wanted: bool) -> bool {
        let mut fits = true;
        self.watched.send_if_modified(|watched| {
            if !wanted {
                return watched.remove(uri);
            }
            fits = watched.len() < self.limit || watched.contains(uri);
            fits && watched.insert(uri.into())
        });
        fits
    }

    /// What is watched, now and from now on.
    pub(super) fn watched(&self) -> watch::Receiver<Uris> {
        self.watched.subscribe()
    }

    /// A child says that a resource has changed. What nobody watches is left out: a child tells the changes of no other.
    pub(super) fn told(&self, uri: &str) {
        if self.watched.borrow().contains(uri) {
            self.notify.resource_updated(uri);
        }
    }

    /// Any of them may have changed while no child told.
    pub(super) fn missed(&self, uris: &Uris) {
        uris.iter().for_each(|uri| self.told(uri));
    }
}
