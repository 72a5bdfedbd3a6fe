//! The server over standard input and output: for the one client that started the program.
//!
//! Nothing but the protocol goes to standard output; the log goes to standard error, as always.

use outboard_runtime::Catalog;
use outboard_transport::SubscriptionLimits;
use outboard_transport::stdio::{self, StdioConfig};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::program::Failure;
use crate::served::Served;
use crate::signals::Signals;

/// Serves until the client has ended, or a signal; then ends in order. A further signal ends at once.
///
/// With `wants_all`, a server that cannot be lifted is a failure.
pub(crate) async fn serve(config: &Config, catalog: Catalog, wants_all: bool) -> Result<(), Failure> {
    let signals = Signals::listen().map_err(|error| Failure::Ours(error.into()))?;
    let served = tokio::select! {
        served = Served::start(config, catalog, wants_all) => served?,
        // Nothing is served yet, so there is nothing to drain.
        _ = signals.wait() => return Ok(()),
    };
    tracing::info!(name = served.runtime.identity().info().name, "serving over standard input and output");
    let drain = CancellationToken::new();
    let in_order = async {
        let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
        let ended = stdio::serve(served.runtime.clone(), stdio_config(config), input, output, drain.clone()).await;
        served.stop().await;
        ended
    };
    let signalled = async {
        let signal = signals.wait().await;
        tracing::info!(?signal, timeout = ?config.drain.timeout, "draining");
        drain.cancel();
        signals.wait().await;
    };
    tokio::select! {
        ended = in_order => {
            let how = ended.map_err(|error| Failure::Ours(error.into()))?;
            tracing::info!(?how, "ended");
        }
        () = signalled => tracing::warn!("ended at once by another signal"),
        never = served.runtime.follow() => match never {},
    }
    Ok(())
}

fn stdio_config(config: &Config) -> StdioConfig {
    StdioConfig {
        line_bytes_max: config.limits.body_bytes,
        streams_max: config.subscriptions.streams,
        questions_max: config.input.questions,
        subscriptions: SubscriptionLimits { uris_max: config.subscriptions.uris, ..SubscriptionLimits::default() },
        grace: config.drain.timeout,
        ..StdioConfig::default()
    }
}
