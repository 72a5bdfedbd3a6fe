//! The faults of Redis, each under load: what needs no store is served, what needs it is refused in time, and then everything
//! works again.

mod load;
mod rows;

use std::time::Duration;

use outboard_testkit::replicas::{Settings, Topology};
use tokio::time::Instant;

use self::load::{Load, Tally};
use self::rows::{ROWS, Row};
use crate::arguments::Arguments;
use crate::chaos::cast;
use crate::say::{complain, say};

/// No request takes longer, whatever is broken.
const SLOWEST: Duration = Duration::from_secs(2);

/// How long it may take, from the end of a fault on, until everything works.
const BACK_WITHIN: Duration = Duration::from_secs(1);

/// After so long without a refusal everything works.
const QUIET: Duration = Duration::from_secs(2);

/// Then nobody waits for it any longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Plays every fault, or the one that was named. Returns whether all bars were reached.
pub(crate) async fn run(arguments: &Arguments, settings: &Settings) -> bool {
    let wanted = |row: &&Row| arguments.fault.as_deref().is_none_or(|fault| row.name.contains(fault));
    if !ROWS.iter().any(|row| wanted(&row)) {
        let names = ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        complain(format_args!("--fault: there is no such fault; there are: {names}"));
        return false;
    }
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
    let mut over = Instant::now();
    tokio::time::sleep(arguments.time).await;
    if let Some(end) = row.end {
        end(&mut topology).await;
        over = Instant::now();
    }
    let back = back(&load, over).await;
    let tally = load.finish().await;
    let missed = missed(&tally, back);
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

/// The bars that were not reached.
fn missed(tally: &Tally, back: Duration) -> Vec<&'static str> {
    let bars = [
        (tally.modern_bad > 0, "a modern call failed"),
        (tally.wrong > 0, "an answer was not by the contract"),
        (tally.slowest > SLOWEST, "a request took too long"),
        (back > BACK_WITHIN, "it took too long to come back"),
    ];
    bars.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, what)| what).collect()
}

/// How long it took, since the fault was over, until everything worked for a while.
async fn back(load: &Load, over: Instant) -> Duration {
    let asked = Instant::now();
    loop {
        let quiet_since = load.last_refused().map_or(over, |at| at.max(over));
        if quiet_since.elapsed() >= QUIET || asked.elapsed() > PATIENCE {
            return quiet_since.saturating_duration_since(over);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_can_be_missed_and_just_be_reached() {
        let reached = Tally { slowest: SLOWEST, modern_ok: 1, legacy_ok: 1, legacy_refused: 1, ..Tally::default() };
        assert_eq!(missed(&reached, BACK_WITHIN), [""; 0]);
        let late = Duration::from_millis(1);
        for (tally, back, told) in [
            (Tally { modern_bad: 1, ..reached.clone() }, BACK_WITHIN, "modern"),
            (Tally { wrong: 1, ..reached.clone() }, BACK_WITHIN, "contract"),
            (Tally { slowest: SLOWEST + late, ..reached.clone() }, BACK_WITHIN, "took too long"),
            (reached, BACK_WITHIN + late, "come back"),
        ] {
            let missed = missed(&tally, back);
            assert!(missed.len() == 1 && missed[0].contains(told), "{missed:?}");
        }
    }

    #[test]
    fn every_fault_of_the_list_is_played() {
        for number in 301..=317 {
            assert!(ROWS.iter().any(|row| row.name.starts_with(&number.to_string())), "{number}");
        }
    }
}
