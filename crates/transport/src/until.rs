//! Waits for an end that there may not be.

use std::time::{Duration, UNIX_EPOCH};

use outboard_identity::Principal;
use outboard_store::{Clock, UnixMillis};
use tokio::time::{Instant, sleep_until};

/// Waits until `end`; for ever where there is none.
///
/// # Cancel safety
///
/// Cancel safe.
pub(crate) async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// When the proof of who has a stream open ends; `None` where it does not.
///
/// The time on the wall is looked at once: what moves it while the stream is open moves its end by as much.
pub(crate) fn proof_ends(principal: &Principal, clock: &dyn Clock) -> Option<Instant> {
    // What ends before 1970 has ended.
    let since_epoch = principal.valid_until()?.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let left = UnixMillis::new(0).saturating_add(since_epoch).saturating_since(clock.now());
    Instant::now().checked_add(left)
}
