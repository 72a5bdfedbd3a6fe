//! Replicas for somebody else's clients, until standard input ends or a signal comes.

use std::io::Read as _;

use outboard_testkit::replicas::{Settings, Topology};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::say::say;

/// Starts the replicas, says `ready URL`, and waits.
pub(crate) async fn run(arguments: &Arguments, settings: Settings) -> bool {
    let config = arguments.config.as_ref().map(|path| std::fs::read_to_string(path).expect("--config can be read"));
    let settings = Settings { config: config.unwrap_or_default(), ..settings };
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be heard");
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be heard");
    let topology = Topology::start(settings).await;
    say(format_args!("ready http://{}/mcp", topology.public()));
    let (tell, input_ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        // Nobody may wait for it any more.
        let _told = tell.send(());
        drop(std::io::stdin().read(&mut []));
    });
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = input_ended => {}
    }
    for replica in 0..topology.len() {
        topology.signal(replica, "TERM");
    }
    let mut is_well = true;
    for replica in 0..topology.len() {
        is_well &= topology.ended(replica).await == Some(0);
    }
    is_well
}
