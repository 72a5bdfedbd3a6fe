//! MCP over HTTP in tests: any service on a free loopback port, requests of both eras that a test bends before it sends
//! them, and answers read whole or event by event.
//!
//! It judges nothing: what it sends may be as wrong as a test wants it, and what comes back is shown as it came. Nothing
//! hangs: whatever has not come after [`PATIENCE`] fails the test.

mod answer;
mod request;
mod served;

use std::time::Duration;

pub use answer::{Answer, AnswerStream, Event};
pub use request::{HttpRequest, MODERN_REVISION, legacy, modern};
pub use served::Served;

/// How long a test waits for anything before it fails. Long, because it is only ever reached by a mistake.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `what`, with [`PATIENCE`].
///
/// # Panics
///
/// When it takes longer.
///
/// # Cancel safety
///
/// That of the future.
pub async fn patiently<F: Future>(what: &str, future: F) -> F::Output {
    let in_time = tokio::time::timeout(PATIENCE, future).await;
    in_time.unwrap_or_else(|_| fail(&format!("still waiting for {what} after {PATIENCE:?}")))
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}
