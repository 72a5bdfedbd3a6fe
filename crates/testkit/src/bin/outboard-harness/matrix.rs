//! Every cross-replica case at named replicas: all ordered pairs, one asks and one answers, and the logs prove that both did.

use std::fmt::Write as _;
use std::sync::Arc;

use outboard_testkit::model::{ATTACKS, Cast, LEGACY, LISTENING, MODERN, Miss, Place, RESUMING, Scene, Timeline};
use outboard_testkit::replicas::{Settings, Topology};
use tokio::task::JoinSet;

use crate::chaos::cast;

/// What came of all cases.
#[derive(Debug)]
pub(crate) struct Board {
    rows: Vec<(&'static str, Vec<Result<(), Miss>>)>,
    replicas: usize,
}

/// Starts replicas and plays every case; returns a report, and whether all went well.
///
/// # Cancel safety
///
/// Dropped early, nothing is left.
pub(crate) async fn run(settings: Settings) -> (String, bool) {
    let mut settings = cast::suited(settings);
    // Where clocks differ, a session of a minute is over before it begins.
    settings.config = settings.config.replace("\"60s\"", "\"1h\"");
    let replicas = Topology::start(settings).await;
    let board = play(&replicas).await;
    (board.report(), board.findings().is_empty())
}

/// Plays every case at every ordered pair of replicas.
///
/// # Cancel safety
///
/// Dropped early, what is being played is dropped.
pub(crate) async fn play(replicas: &Topology) -> Board {
    let places: Vec<Place> = (0..replicas.len()).map(|replica| cast::named(replicas, replica)).collect();
    let mut rows = Vec::new();
    let mut clients = 0..;
    for work in [MODERN, LEGACY, RESUMING, LISTENING, ATTACKS].into_iter().flatten() {
        let mut playing = JoinSet::new();
        for (pair, client) in pairs(places.len()).zip(&mut clients) {
            let Some(scene) = scene(&places, pair, client) else { continue };
            let work = *work;
            playing.spawn(async move {
                let ended = (work.run)(&scene).await;
                (pair, scene, ended)
            });
        }
        let mut row = playing.join_all().await;
        row.sort_by_key(|(pair, ..)| *pair);
        let logs: Vec<String> = (0..replicas.len()).map(|replica| replicas.log(replica)).collect();
        let row = row.into_iter().map(|(pair, scene, ended)| ended.and_then(|()| expect_both(&logs, pair, &scene)));
        rows.push((work.name, row.collect()));
    }
    Board { rows, replicas: places.len() }
}

fn pairs(replicas: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..replicas).flat_map(move |ask| (0..replicas).map(move |answer| (ask, answer)))
}

fn scene(places: &[Place], (ask, answer): (usize, usize), client: u32) -> Option<Scene> {
    let [caller, stranger, ..] = &*cast::callers() else { return None };
    let cast = Cast { caller, stranger, ask: places.get(ask)?, answer: places.get(answer)? };
    Some(Scene::new(cast, client, Arc::new(Timeline::default())))
}

/// Asserts that the logs name every request of a case, each at the replica that it was meant for.
fn expect_both(logs: &[String], (ask, answer): (usize, usize), scene: &Scene) -> Result<(), Miss> {
    // Where only a stranger went to the second replica, that is what the case is about.
    let second = if scene.answer.ids().is_empty() { scene.stranger.ids() } else { scene.answer.ids() };
    for (replica, ids) in [(ask, scene.ask.ids()), (answer, second)] {
        let log = logs.get(replica).map_or("", String::as_str);
        let unseen: Vec<_> = ids.iter().filter(|id| !log.contains(&format!("\"{id}\""))).collect();
        if ids.is_empty() || !unseen.is_empty() {
            return Err(Miss::wrong(format!("the log of replica {} does not name {unseen:?}", replica + 1)));
        }
    }
    Ok(())
}

impl Board {
    /// The cases that failed, in words.
    pub(crate) fn findings(&self) -> Vec<String> {
        let cases = self.rows.iter().flat_map(|(name, row)| {
            row.iter().zip(pairs(self.replicas)).map(move |(ended, (ask, answer))| (name, ended, ask + 1, answer + 1))
        });
        let failed = cases.filter_map(|(name, ended, ask, answer)| {
            ended.as_ref().err().map(|miss| format!("{name} {ask}->{answer}: {miss}"))
        });
        failed.collect()
    }

    /// A line per case, a column per pair, then what failed in words.
    pub(crate) fn report(&self) -> String {
        let mut report = format!("{:<22}", "");
        for (ask, answer) in pairs(self.replicas) {
            let pair = format!("{}->{}", ask + 1, answer + 1);
            // Writing to a string cannot fail.
            _ = write!(report, " {pair:>5}");
        }
        for (name, row) in &self.rows {
            _ = write!(report, "\n{name:<22}");
            for ended in row {
                _ = write!(report, " {:>5}", if ended.is_ok() { "ok" } else { "FAIL" });
            }
        }
        let findings = self.findings();
        let cases: usize = self.rows.iter().map(|(_, row)| row.len()).sum();
        _ = write!(report, "\n{} of {cases} cases ok", cases - findings.len());
        for finding in findings {
            _ = write!(report, "\nFAIL {finding}");
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn board_names_each_case_that_failed() {
        let row = vec![Ok(()), Err(Miss::wrong("late")), Ok(()), Ok(())];
        let board = Board { rows: vec![("echo", vec![Ok(()), Ok(()), Ok(()), Ok(())]), ("reply", row)], replicas: 2 };
        assert_eq!(board.findings(), ["reply 1->2: wrong: late"]);
        let report = board.report();
        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["1->1", "1->2", "2->1", "2->2"]);
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["reply", "ok", "FAIL", "ok", "ok"]);
        assert_eq!(lines[3..], ["7 of 8 cases ok", "FAIL reply 1->2: wrong: late"]);
    }
}
