//! Over standard input and output: for the one client that started the program.
//!
//! Nothing but the protocol goes to standard output; the log goes to standard error, as always.

use outboard_runtime::Catalog;
use outboard_transport::stdio::{self, StdioConfig};
use tokio_util::sync::CancellationToken;

use super::Served;
use crate::config::Config;
use crate::program::Failure;
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
        requests_max: config.stdio_requests,
        streams_max: config.subscriptions.streams,
        questions_max: config.legacy.questions_max,
        subscriptions: config.subscriptions.limits,
        grace: config.drain.timeout,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Overrides, ProcessEnvironment};

    #[test]
    fn the_bounds_of_the_config_are_those_of_the_pipe() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("outboard.toml");
        let text = "state_dir = 'state'\nlimits = { body = '3KiB', stdio_requests = 4 }\ninput.questions = 5\n\
                    subscriptions = { streams = 6, uris = 7, uri_bytes = 80 }\ndrain.timeout = '9s'\n";
        std::fs::write(&path, text).unwrap();
        let loaded = Config::load(Some(&path), &Overrides::default(), &ProcessEnvironment).unwrap();
        let StdioConfig { line_bytes_max, requests_max, streams_max, questions_max, subscriptions, grace } =
            stdio_config(&loaded.config);
        assert_eq!((line_bytes_max, requests_max, streams_max, questions_max), (3072, 4, 6, 5));
        assert_eq!((subscriptions.uris_max, subscriptions.uri_bytes_max), (7, 80));
        assert_eq!(grace, Duration::from_secs(9));
    }
}
