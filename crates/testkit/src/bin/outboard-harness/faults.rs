//! The faults of Redis, each under load: what needs no store is served, what needs it is refused in time, and then everything
//! works again.

mod load;
mod rows;

use std::time::Duration;

use outboard_testkit::replicas::{Settings, Topology};
use tokio::time::Instant;

use self::load::Load;
use self::rows::{ROWS, Row};
use crate::arguments::Arguments;
use crate::chaos::cast;
use crate::say::say;

/// No request takes longer, whatever is broken.
const SLOWEST: Duration = Duration::from_secs(2);

/// Plays every fault, or the one that was named. Returns whether all bars were reached.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> bool {
    let wanted = |row: &&Row| arguments.fault.as_deref().is_none_or(|fault| row.name.contains(fault));
    let mut is_green = true;
    say(format_args!(
        "{:<28} {:>15} {:>15} {:>8} {:>9} {:>8}",
        "fault", "modern ok/bad", "legacy ok/503", "wrong", "slowest", "back"
    ));
    for row in ROWS.iter().filter(wanted) {
        is_green &= play(row, arguments, settings).await;
    }
    is_green
}

async fn play(row: &Row, arguments: &Arguments, settings: &Settings) -> bool {
    let mut settings = cast::suited(settings.clone());
    settings.store = row.store;
    // Nobody tells a principal's scopes here, and the sessions outlive the fault.
    settings.config = settings.config.replace("\"60s\"", "\"1h\"");
    let mut topology = Topology::start(settings).await;
    let load = Load::start(&topology).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = load.tally();
    assert!(before.modern_ok > 0 && before.legacy_ok > 0, "the load works before the fault: {before:?}");
    (row.begin)(&mut topology).await;
    tokio::time::sleep(arguments.time).await;
    (row.end)(&mut topology).await;
    let back = back(&load, row.back_within + Duration::from_secs(10)).await;
    let tally = load.finish().await;
    let missed = [
        (tally.modern_bad > 0, "a modern call failed"),
        (tally.wrong > 0, "an answer was not by the contract"),
        (tally.slowest > SLOWEST, "a request took too long"),
        (back > row.back_within, "it took too long to come back"),
    ];
    let missed: Vec<&str> = missed.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, what)| what).collect();
    say(format_args!(
        "{:<28} {:>15} {:>15} {:>8} {:>9} {:>8} {}",
        row.name,
        format!("{}/{}", tally.modern_ok, tally.modern_bad),
        format!("{}/{}", tally.legacy_ok, tally.legacy_refused),
        tally.wrong,
        format!("{} ms", tally.slowest.as_millis()),
        format!("{} ms", back.as_millis()),
        if missed.is_empty() {
            "ok".to_owned()
        } else {
            format!("MISSED {}: {:?}", missed.join(", "), tally.first_wrong)
        }
    ));
    missed.is_empty()
}

/// How long it takes from now until everything works for a while.
async fn back(load: &Load, patience: Duration) -> Duration {
    let ended = Instant::now();
    loop {
        let last_refused = load.last_refused();
        let quiet_since = last_refused.map_or(ended, |at| at.max(ended));
        if quiet_since.elapsed() >= Duration::from_secs(2) || ended.elapsed() > patience {
            return quiet_since.saturating_duration_since(ended);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
