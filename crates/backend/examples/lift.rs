//! Lifts the command on its command line, tells what it offers, and ends it on SIGTERM, Ctrl-C or when its input closes.
//!
//! The tests use it as a server that can be killed, and as the program of their guards.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use outboard_backend::guard;
use outboard_backend::stdio::{StdioBackend, StdioConfig};
use outboard_runtime::{Notify, Provider};
use outboard_store::{KeyRing, RootKey, Store, SystemClock};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

fn main() -> ExitCode {
    if let Some(code) = guard::run_if_guard() {
        return code;
    }
    let mut arguments = std::env::args().skip(1);
    let Some(command) = arguments.next() else { return ExitCode::from(64) };
    let mut config = StdioConfig::new("lifted", command);
    config.args = arguments.collect();
    config.env_pass = vec!["OUTBOARD_TEST_MARKER".to_owned()];
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let ended = runtime.block_on(lift(config));
    // A thread may still be reading standard input, which cannot be interrupted.
    runtime.shutdown_background();
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn lift(config: StdioConfig) -> std::io::Result<()> {
    // From before the start, so that a signal in its middle is a clean end as well.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let keys = KeyRing::new(vec![RootKey::generate()]).map_err(std::io::Error::other)?;
    let store = Store::in_memory(Arc::new(keys), Arc::new(SystemClock));
    let notify = Notify::new(&store, Duration::from_secs(30));
    let backend = StdioBackend::start(config, std::env::vars_os(), notify, &tasks, stop.clone());
    match backend.ready().await {
        Ok(serving) => {
            let tools = backend.offers().borrow().tools.len();
            writeln!(std::io::stdout(), "up: {tools} tools, {}", serving.revision().name)?;
        }
        Err(error) => writeln!(std::io::stdout(), "not up: {error}")?,
    }
    let (mut input, mut byte) = (tokio::io::stdin(), [0]);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = input.read(&mut byte) => {}
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}
