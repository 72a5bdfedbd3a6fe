//! The keys of an issuer, kept fresh: read without a lock, fetched by one at a time, and never given up for a fault.
//!
//! - Fresh keys are used as they are. Keys past their freshness are used on while somebody fetches them again: who follows
//!   ([`IssuerKeys::follow`]) in the background, else the one request that finds it out.
//! - A token with a key that is not known has the keys fetched once more, and all such tokens wait for the same fetch.
//! - Fetches for freshness begin at most once in a cool-down, and so do those for unknown keys, each by itself: a key that was
//!   published right after the last regular fetch is found at once, and a storm of unknown ones still makes one fetch. An issuer that had no answer while there are no
//!   keys is asked sooner, after a second and then after twice as long each time: who starts before it serves soon after it.
//!
//! Spans of time go by a clock that nobody can set; the time of day plays no part here.

mod discovery;
pub(crate) mod document;
mod fault;
mod shelf;
mod source;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Duration;

use outboard_fetch::{Fetcher, Flight};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

pub use self::fault::KeysFault;
pub(crate) use self::shelf::later;
use self::{shelf::Shelf, source::Source};
use crate::config::{AuthLimits, IssuerConfig, JwtRules};
use crate::jwk::JwkSet;

/// The keys of one issuer.
pub(crate) struct IssuerKeys {
    shelf: Arc<Shelf>,
    fetching: Mutex<Fetching>,
    /// Tells who follows that a fetch has begun or is due.
    woken: Notify,
    followers: AtomicUsize,
}

#[derive(Default)]
struct Fetching {
    /// The fetch that was begun last. It is kept when everybody who waited has left, so that the next one goes on with it.
    flight: Option<Flight<()>>,
    /// When the cool-down after it is over. `None`: none was begun.
    cooled: Option<Instant>,
    /// When the cool-down after the last one for an unknown key is over. `None`: none was begun.
    looked: Option<Instant>,
    /// Until when what it brings is the newest there is. `None`: none was begun.
    settled: Option<Instant>,
}

/// Why keys are fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// There are none, or none that are fresh.
    Freshness,
    /// A token names one that is not among them.
    UnknownKey,
}

/// There are no keys now.
#[derive(Debug)]
pub(crate) struct NoKeys {
    /// When it is worth trying again.
    pub(crate) retry_after: Duration,
}

/// How it stands with the keys of an issuer.
#[derive(Clone, Debug)]
pub enum KeysState {
    /// They are fresh.
    Fresh,
    /// They could not be fetched again in time, and are used on.
    Stale {
        /// For how long they have been so.
        since: Duration,
        /// Why. `None`: nobody has tried yet.
        fault: Option<Arc<KeysFault>>,
    },
    /// There are none that may be used: no token of the issuer can be judged.
    Missing {
        /// Why. `None`: nobody has tried yet.
        fault: Option<Arc<KeysFault>>,
    },
    /// None are needed: the issuer is asked about each token.
    NotUsed,
}

impl IssuerKeys {
    pub(crate) fn new(
        issuer: &IssuerConfig,
        issuer_url: Url,
        rules: &JwtRules,
        limits: &AuthLimits,
        fetcher: Fetcher,
    ) -> Self {
        let source = Source {
            issuer: issuer.issuer.clone(),
            issuer_url,
            keys: rules.keys.clone(),
            hosts: rules.jwks_hosts.clone(),
            reach: issuer.reach,
            fetcher,
            limits: limits.clone(),
        };
        Self {
            shelf: Arc::new(Shelf::new(source)),
            fetching: Mutex::default(),
            woken: Notify::new(),
            followers: AtomicUsize::new(0),
        }
    }

    /// The keys that are to be used now. Who finds them stale, or finds none, fetches them first if nobody else does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a fetch that was begun is gone on with by the next one who asks.
    pub(crate) async fn usable(&self) -> Result<Arc<JwkSet>, NoKeys> {
        match self.shelf.usable() {
            Some(snapshot) if snapshot.fresh_until > Instant::now() => Ok(Arc::clone(&snapshot.keys)),
            Some(snapshot) => {
                self.refresh().await;
                Ok(self.shelf.usable().map_or_else(|| Arc::clone(&snapshot.keys), |newer| Arc::clone(&newer.keys)))
            }
            None => {
                self.fetch(Why::Freshness).await;
                self.shelf.usable().map(|snapshot| Arc::clone(&snapshot.keys)).ok_or_else(|| self.no_keys())
            }
        }
    }

    /// The keys after a look for one that is not in `seen`. They may be the same, if the issuer was asked a short while ago.
    ///
    /// # Errors
    ///
    /// [`NoKeys`] if the issuer did not answer, so that nobody knows whether it has the key.
    ///
    /// # Cancel safety
    ///
    /// As [`usable`](Self::usable).
    pub(crate) async fn newer_than(&self, seen: &Arc<JwkSet>) -> Result<Arc<JwkSet>, NoKeys> {
        if let Some(newer) = self.shelf.usable().filter(|snapshot| !Arc::ptr_eq(&snapshot.keys, seen)) {
            return Ok(Arc::clone(&newer.keys));
        }
        let has_landed = self.fetch(Why::UnknownKey).await;
        let was_answered = self.shelf.fault().is_none_or(|fault| fault.is_answer());
        match self.shelf.usable() {
            Some(snapshot) if has_landed && was_answered => Ok(Arc::clone(&snapshot.keys)),
            // A fetch that somebody else has just ended well, or none.
            Some(snapshot) if !Arc::ptr_eq(&snapshot.keys, seen) => Ok(Arc::clone(&snapshot.keys)),
            _ => Err(self.no_keys()),
        }
    }

    /// Fetches the keys if there are none or if they are no longer fresh, waiting for as long as it takes.
    ///
    /// # Cancel safety
    ///
    /// As [`usable`](Self::usable).
    pub(crate) async fn warm(&self) {
        if self.due() <= Instant::now()
            && let Some(flight) = self.flight(Why::Freshness)
        {
            flight.await;
        }
    }

    /// Keeps the keys fresh for as long as it is polled, so that no request has to.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: requests do it themselves again.
    pub(crate) async fn follow(&self) {
        let _following = Following::new(&self.followers);
        loop {
            if let Some(flight) = self.under_way() {
                flight.await;
            }
            self.warm().await;
            tokio::select! {
                () = sleep_until(self.due()) => {}
                () = self.woken.notified() => {}
            }
        }
    }

    /// How it stands with them.
    pub(crate) fn state(&self) -> KeysState {
        let fault = self.shelf.fault();
        match self.shelf.usable() {
            None => KeysState::Missing { fault },
            Some(snapshot) => match Instant::now().checked_duration_since(snapshot.fresh_until) {
                Some(since) if !since.is_zero() => KeysState::Stale { since, fault },
                _ => KeysState::Fresh,
            },
        }
    }

    /// What became of the last fetch, if not what it should.
    pub(crate) fn fault(&self) -> Option<Arc<KeysFault>> {
        self.shelf.fault()
    }

    /// Has stale keys fetched, and waits for it only where nobody else can.
    async fn refresh(&self) {
        if self.followers.load(Ordering::Relaxed) > 0 {
            self.woken.notify_one();
            return;
        }
        match self.under_way() {
            // Ours is the one clone beside the kept one: whoever began has left.
            Some(flight) if flight.others() <= 1 => self.wait(flight).await,
            Some(_) => {}
            None => {
                self.fetch(Why::Freshness).await;
            }
        }
    }

    /// Fetches, or waits for who does. Returns whether no fetch is under way any more.
    async fn fetch(&self, why: Why) -> bool {
        match self.flight(why) {
            Some(flight) => {
                self.woken.notify_one();
                self.wait(flight.clone()).await;
                flight.has_landed()
            }
            None => true,
        }
    }

    async fn wait(&self, flight: Flight<()>) {
        // What takes longer goes on with the next one who asks.
        drop(timeout(self.shelf.limits().issuer_timeout, flight).await);
    }

    /// The fetch that is under way.
    fn under_way(&self) -> Option<Flight<()>> {
        self.fetching().flight.clone().filter(|flight| !flight.has_landed())
    }

    /// The fetch that is under way, or else a new one, or nothing while it is too early for another.
    fn flight(&self, why: Why) -> Option<Flight<()>> {
        let mut fetching = self.fetching();
        if let Some(flight) = fetching.flight.as_ref().filter(|flight| !flight.has_landed()) {
            return Some(flight.clone());
        }
        let now = Instant::now();
        if self.earliest(&fetching, why).is_some_and(|earliest| now < earliest) {
            return None;
        }
        fetching.cooled = Some(later(now, self.cool_down()));
        fetching.settled = Some(later(now, SETTLED.min(self.cool_down())));
        if why == Why::UnknownKey {
            fetching.looked = fetching.cooled;
        }
        let flight = Flight::new(Arc::clone(&self.shelf).fetch());
        fetching.flight = Some(flight.clone());
        Some(flight)
    }

    /// When the next fetch may begin, after those that were begun before. `None`: now.
    fn earliest(&self, fetching: &Fetching, why: Why) -> Option<Instant> {
        let cooled = fetching.cooled?;
        // What it had no answer to a moment ago, it has none to now.
        let is_answering = self.shelf.fault().is_none_or(|fault| fault.is_answer());
        match (self.shelf.retry(self.cool_down()), why) {
            (Some(retry), _) => Some(retry),
            // What was asked for just now has it, if the issuer has it at all.
            (None, Why::UnknownKey) if is_answering => fetching.looked.max(fetching.settled),
            (None, Why::UnknownKey | Why::Freshness) => Some(cooled),
        }
    }

    fn cool_down(&self) -> Duration {
        self.shelf.limits().keys_cool_down.max(COOL_DOWN_MIN)
    }

    /// When keys should be fetched next.
    fn due(&self) -> Instant {
        let earliest = self.earliest(&self.fetching(), Why::Freshness).unwrap_or_else(Instant::now);
        self.shelf.usable().map_or(earliest, |snapshot| snapshot.fresh_until.max(earliest))
    }

    fn no_keys(&self) -> NoKeys {
        let is_under_way = self.under_way().is_some();
        let earliest = self.earliest(&self.fetching(), Why::Freshness).filter(|_| !is_under_way);
        let after = earliest.map(|earliest| earliest.saturating_duration_since(Instant::now()));
        NoKeys { retry_after: after.unwrap_or_default().max(RETRY_MIN) }
    }

    fn fetching(&self) -> MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts who follows.
struct Following<'k>(&'k AtomicUsize);

impl<'k> Following<'k> {
    fn new(followers: &'k AtomicUsize) -> Self {
        followers.fetch_add(1, Ordering::Relaxed);
        Self(followers)
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// For how long nobody looks for a key among keys that were fetched.
const SETTLED: Duration = Duration::from_secs(1);

/// No config makes us fetch more often.
const COOL_DOWN_MIN: Duration = Duration::from_millis(100);

/// A client that is told to come back at once comes back at once.
const RETRY_MIN: Duration = Duration::from_secs(1);
