//! How long, and for whom, an answer may be kept: the one place that decides (specification: *Caching*).

use std::time::Duration;

use outboard_protocol::types::{CacheScope, CachingHints};

/// What everybody gets alike.
pub(crate) const SAME_FOR_ALL: CachingHints = CachingHints { ttl_ms: 60_000, cache_scope: CacheScope::Public };

/// A list that is not the same for all: it shows what its caller may use, or its cursors are their owner's.
pub(crate) const OF_ONE_CALLER: CachingHints = CachingHints { ttl_ms: 60_000, cache_scope: CacheScope::Private };

/// A resource, unless who reads it says otherwise.
pub const READ: CachingHints = CachingHints { ttl_ms: 0, cache_scope: CacheScope::Private };

/// Hints with a time: a year at most, which every client can count.
#[must_use]
pub fn for_time(ttl: Duration, cache_scope: CacheScope) -> CachingHints {
    CachingHints { ttl_ms: u64::try_from(ttl.min(YEAR).as_millis()).unwrap_or(0), cache_scope }
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
