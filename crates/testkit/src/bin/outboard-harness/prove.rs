//! Whether the harness can fail: with a part of the server switched off it has to go red, over the right thing.

use std::fmt::Write as _;
use std::time::Duration;

use outboard_testkit::replicas::{Settings, Topology};

use crate::chaos::{self, Breaking, Plan, cast};
use crate::matrix;

/// A part that can be switched off, and the work that has to notice.
#[derive(Clone, Copy, Debug)]
struct Sabotage {
    name: &'static str,
    /// What names of work that notices begin with.
    noticed_by: &'static [&'static str],
}

const SABOTAGES: [Sabotage; 4] = [
    Sabotage { name: "mailbox", noticed_by: &["reply", "sampling"] },
    Sabotage { name: "bus", noticed_by: &["listen", "GET"] },
    Sabotage { name: "terminated", noticed_by: &["DELETE"] },
    Sabotage { name: "owner", noticed_by: &["foreign"] },
];

/// How long clients work in each run.
const TIME: Duration = Duration::from_secs(10);

/// Runs the matrix and a short load without a fault and with each part switched off; returns a report, and whether all of
/// them ended as they should.
///
/// # Cancel safety
///
/// Dropped early, what is being run is dropped.
pub(crate) async fn run(settings: Settings, seed: u64) -> (String, bool) {
    let mut report = format!("seed: {seed}\n");
    let mut is_proved = true;
    for sabotage in [None].into_iter().chain(SABOTAGES.map(Some)) {
        let mut settings = cast::suited(settings.clone());
        settings.environment.extend(sabotage.map(|part| ("OUTBOARD_SABOTAGE".to_owned(), part.name.to_owned())));
        let mut replicas = Topology::start(settings).await;
        let mut findings = matrix::play(&replicas).await.findings();
        let plan = Plan { time: TIME, seed, breaking: Breaking::Nothing };
        let load = chaos::play(&mut replicas, plan).await;
        // What is left behind is judged where nothing is switched off.
        findings.extend(if sabotage.is_some() { load.findings() } else { load.missed() });
        let (is_right, line) = judged(sabotage, &findings);
        is_proved &= is_right;
        // Writing to a string cannot fail.
        _ = writeln!(report, "{line}");
    }
    (report, is_proved)
}

/// Whether a run ended as it should, and a line that says so.
fn judged(sabotage: Option<Sabotage>, findings: &[String]) -> (bool, String) {
    let Some(sabotage) = sabotage else {
        let first = findings.first().map_or("", String::as_str);
        let verdict = if findings.is_empty() { "ok   green" } else { "FAIL red" };
        return (findings.is_empty(), format!("{verdict} with nothing switched off {first}"));
    };
    let is_right = |finding: &&String| sabotage.noticed_by.iter().any(|work| finding.starts_with(work));
    match findings.iter().find(is_right) {
        Some(right) => (true, format!("ok   red without the {}: {right}", sabotage.name)),
        None if findings.is_empty() => (false, format!("FAIL green without the {}", sabotage.name)),
        None => (false, format!("FAIL red without the {}, but over something else: {findings:?}", sabotage.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_is_right_when_it_is_red_over_what_was_switched_off() {
        let found = |finding: &str| vec![finding.to_owned()];
        let sabotage = |name| SABOTAGES.into_iter().find(|sabotage| sabotage.name == name);
        let cases = [
            (None, vec![], true),
            (None, found("echo: wrong: x"), false),
            (sabotage("mailbox"), found("reply 1->2: hung: x"), true),
            (sabotage("mailbox"), found("echo: wrong: x"), false),
            (sabotage("mailbox"), vec![], false),
            (sabotage("bus"), found("GET: wrong: x"), true),
            (sabotage("terminated"), found("DELETE 1->1: wrong: x"), true),
            (sabotage("owner"), found("foreign handle: foreign: x"), true),
        ];
        for (sabotage, findings, expected) in cases {
            assert_eq!(judged(sabotage, &findings).0, expected, "{sabotage:?} {findings:?}");
        }
    }
}
