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

    /// Fetches the keys.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing has changed then.
    pub(super) async fn fetch(self: Arc<Self>) {
        let known = self.location.load().as_deref().cloned();
        let result = self.source.fetch(known).await.and_then(|fetched| self.put(fetched));
        self.note(result.err());
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

const FAR_OFF: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
