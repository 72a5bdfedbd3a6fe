//! What is known of an issuer's keys: read without a lock, changed by who fetches.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use super::{
    fault::KeysFault,
    source::{Fetched, Location, Source},
};
use crate::config::AuthLimits;
use crate::jwk::JwkSet;

/// What is known, and how it is fetched. A fetch holds it, and never the fetch itself.
pub(super) struct Shelf {
    source: Source,
    snapshot: ArcSwapOption<Snapshot>,
    location: ArcSwapOption<Location>,
    /// What became of the last fetch, if not what it should.
    fault: ArcSwapOption<KeysFault>,
    /// The last fetches, if the issuer had no answer to them.
    unanswered: ArcSwapOption<Unanswered>,
}

/// Fetches without an answer, one after the other.
struct Unanswered {
    count: u32,
    /// When the last of them ended.
    ended: Instant,
}

/// Keys as they were fetched.
pub(super) struct Snapshot {
    pub(super) keys: Arc<JwkSet>,
    pub(super) fresh_until: Instant,
    usable_until: Instant,
}

impl Shelf {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            snapshot: ArcSwapOption::empty(),
            location: ArcSwapOption::empty(),
            fault: ArcSwapOption::empty(),
            unanswered: ArcSwapOption::empty(),
        }
    }

    pub(super) const fn limits(&self) -> &AuthLimits {
        &self.source.limits
    }

    /// The keys, if they may be used still.
    pub(super) fn usable(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full().filter(|snapshot| Instant::now() < snapshot.usable_until)
    }

    /// What became of the last fetch, if not what it should.
    pub(super) fn fault(&self) -> Option<Arc<KeysFault>> {
        self.fault.load_full()
    }

    /// When it is worth asking again an issuer that had no answer, as long as there are no keys; `None` where it had one, or
    /// where there are keys that will do until then.
    pub(super) fn retry(&self, longest: Duration) -> Option<Instant> {
        let unanswered = self.unanswered.load_full().filter(|_| self.usable().is_none())?;
        let doublings = unanswered.count.saturating_sub(1).min(DOUBLINGS_MAX);
        Some(later(unanswered.ended, FIRST_RETRY.saturating_mul(1 << doublings).min(longest)))
    }

    /// Fetches the keys.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing has changed then.
    pub(super) async fn fetch(self: Arc<Self>) {
        let known = self.location.load().as_deref().cloned();
        let result = self.source.fetch(known).await.and_then(|fetched| self.put(fetched));
        let fault = result.err();
        self.count(fault.as_ref());
        self.note(fault);
    }

    /// Puts new keys where all find them.
    fn put(&self, fetched: Fetched) -> Result<(), KeysFault> {
        let limits = &self.source.limits;
        let keys = JwkSet::read(&fetched.body, limits.keys_max)
            .map_err(|fault| KeysFault::Keys { host: fetched.host.clone(), fault: fault.as_str() })?;
        self.note_skipped(&keys);
        if keys.is_empty() {
            return Err(KeysFault::Empty { host: fetched.host });
        }
        if let Some(location) = fetched.location {
            self.location.store(Some(Arc::new(location)));
        }
        let keys = match self.snapshot.load().as_ref() {
            Some(before) => keys.succeed(&before.keys),
            None => keys,
        };
        // Not `clamp`, which panics where the config has the bounds the wrong way round.
        let fresh_for = fetched.max_age.unwrap_or(limits.keys_fresh_for);
        let fresh_for = fresh_for.min(limits.keys_fresh_max).max(limits.keys_fresh_min);
        let fresh_until = later(Instant::now(), fresh_for);
        let usable_until = later(fresh_until, limits.keys_stale_max);
        self.snapshot.store(Some(Arc::new(Snapshot { keys: Arc::new(keys), fresh_until, usable_until })));
        Ok(())
    }

    /// Counts fetches that had no answer.
    fn count(&self, fault: Option<&KeysFault>) {
        let unanswered = fault.filter(|fault| !fault.is_answer()).map(|_| {
            let before = self.unanswered.load().as_ref().map_or(0, |before| before.count);
            Arc::new(Unanswered { count: before.saturating_add(1), ended: Instant::now() })
        });
        self.unanswered.store(unanswered);
    }

    /// Remembers what became of a fetch, and logs it where that has changed.
    fn note(&self, fault: Option<KeysFault>) {
        let issuer = &*self.source.issuer;
        let before = self.fault.swap(fault.map(Arc::new));
        let now = self.fault.load();
        match (before, now.as_ref()) {
            (None, Some(fault)) => {
                let has_keys = self.usable().is_some();
                tracing::warn!(issuer, has_keys, %fault, "the keys of the issuer cannot be fetched");
            }
            (Some(_), None) => tracing::info!(issuer, "the keys of the issuer can be fetched again"),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// Logs which keys are not used, where that has changed.
    fn note_skipped(&self, keys: &JwkSet) {
        let before = self.snapshot.load();
        let before = before.as_ref().map(|before| (before.keys.skipped(), before.keys.unlisted()));
        if before.unwrap_or((&[], 0)) == (keys.skipped(), keys.unlisted()) {
            return;
        }
        let issuer = &*self.source.issuer;
        for skipped in keys.skipped() {
            tracing::warn!(issuer, kid = ?skipped.kid, reason = %skipped.reason, "a key of the issuer is not used");
        }
        if keys.unlisted() > 0 {
            let keys_max = self.source.limits.keys_max;
            tracing::warn!(issuer, more = keys.unlisted(), keys_max, "the issuer has more keys than are looked at");
        }
    }
}

/// A later instant. One that is too far off to be told is far off enough.
pub(crate) fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).or_else(|| now.checked_add(FAR_OFF)).unwrap_or(now)
}

/// After this, an issuer that had no answer is asked again by a server that has no keys; then each time after twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// More than it takes to get to the longest time that a config has.
const DOUBLINGS_MAX: u32 = 20;

const FAR_OFF: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
