//! Waits for an end that there may not be.

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
