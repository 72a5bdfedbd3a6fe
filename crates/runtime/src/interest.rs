//! Who wants to know when a resource changes: told to the provider that has it once, however many there are.
//!
//! A resource that nobody watches any more is watched on for a while, so that a client that comes back misses nothing.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify as Wake;
use tokio::time::Instant;

use crate::provider::Provider;

/// How many resources are watched on for a while at most; beyond it the one that would have ended first ends at once.
const LINGERING_MAX: usize = 1_024;

/// Watches a resource until it is dropped.
#[derive(Debug)]
#[must_use = "nothing is watched when it is dropped"]
pub struct Watching {
    interest: Arc<Interest>,
    uri: Box<str>,
}

/// All resources that somebody watches.
pub(crate) struct Interest {
    providers: Vec<Arc<dyn Provider>>,
    /// How long a resource is watched on.
    linger: Duration,
    state: Mutex<State>,
    /// Something will end that did not before.
    wake: Wake,
}

#[derive(Debug, Default)]
struct State {
    watched: HashMap<Box<str>, Watched>,
    /// What was left, and when it ends unless somebody watches it again; in this order.
    left: VecDeque<(Instant, Box<str>)>,
}

#[derive(Debug)]
struct Watched {
    /// By how many.
    watchers: usize,
    /// When it ends, if nobody watches it any more.
    end: Option<Instant>,
    /// Which provider was told.
    place: Option<usize>,
}

impl Interest {
    pub(crate) fn new(providers: Vec<Arc<dyn Provider>>, linger: Duration) -> Self {
        Self { providers, linger, state: Mutex::default(), wake: Wake::new() }
    }

    /// Watches a resource, which `find` finds the provider of.
    pub(crate) fn watch(self: &Arc<Self>, uri: &str, find: impl FnOnce(&str) -> Option<usize>) -> Watching {
        let mut state = self.lock();
        if let Some(known) = state.watched.get_mut(uri) {
            known.watchers += 1;
            known.end = None;
        } else {
            let place = find(uri);
            self.tell(place, uri, true);
            state.watched.insert(uri.into(), Watched { watchers: 1, end: None, place });
        }
        drop(state);
        Watching { interest: Arc::clone(self), uri: uri.into() }
    }

    /// Tells other providers where a resource has become that of another one.
    pub(crate) fn found_anew(&self, find: impl Fn(&str) -> Option<usize>) {
        for (uri, known) in &mut self.lock().watched {
            let place = find(uri);
            if place != known.place {
                self.tell(known.place, uri, false);
                self.tell(place, uri, true);
                known.place = place;
            }
        }
    }

    /// Ends the watching of what nobody has watched for a while. It never ends itself.
    ///
    /// # Cancel safety
    ///
    /// Dropped, what is watched on stays so until it runs again.
    pub(crate) async fn run(&self) -> Infallible {
        loop {
            let next = self.end(Instant::now());
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    fn leave(&self, uri: &str) {
        let mut state = self.lock();
        let Some(known) = state.watched.get_mut(uri) else { return };
        known.watchers = known.watchers.saturating_sub(1);
        if known.watchers > 0 {
            return;
        }
        let end = Instant::now() + self.linger;
        known.end = Some(end);
        state.left.push_back((end, uri.into()));
        if state.left.len() > LINGERING_MAX {
            self.end_first(&mut state);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Ends what ends by now; returns when the next one does.
    fn end(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        while state.left.front().is_some_and(|(end, _)| *end <= now) {
            self.end_first(&mut state);
        }
        state.left.front().map(|(end, _)| *end)
    }

    /// Ends what was left first, unless somebody has watched it since.
    fn end_first(&self, state: &mut State) {
        let Some((end, uri)) = state.left.pop_front() else { return };
        if state.watched.get(&uri).is_some_and(|known| known.end == Some(end))
            && let Some(known) = state.watched.remove(&uri)
        {
            self.tell(known.place, &uri, false);
        }
    }

    /// Called under the lock, so that a provider hears of one resource in the order in which things happened.
    fn tell(&self, place: Option<usize>, uri: &str, wanted: bool) {
        if let Some(provider) = place.and_then(|place| self.providers.get(place)) {
            provider.watch_resource(uri, wanted);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sleep_until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.interest.leave(&self.uri);
    }
}

impl std::fmt::Debug for Interest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interest").field("state", &*self.lock()).finish_non_exhaustive()
    }
}
