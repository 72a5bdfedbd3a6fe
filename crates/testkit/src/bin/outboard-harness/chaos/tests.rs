//! Which bars are missed when.

use outboard_testkit::model::{GET, Miss};

use super::director::Staged;
use super::*;

fn report(work: &[(&'static str, Result<(), Miss>)], rolling: &[(&'static str, Result<(), Miss>)]) -> Report {
    let load = Load::default();
    work.iter().for_each(|(name, ended)| load.all.count(name, ended));
    rolling.iter().for_each(|(name, ended)| load.rolling.count(name, ended));
    let (before, after) = (Residue::default(), Residue::default());
    Report { load: Arc::new(load), staged: None, slowest_hearing: Duration::from_secs(1), before, after }
}

#[test]
fn bars_are_missed_by_findings_and_by_failures_of_the_roll() {
    let ok = ("echo", Ok(()));
    let refused = |work| (work, Err(Miss::refused("x")));
    let cut = ("echo", Err(Miss::cut("x")));
    let cases = [
        (vec![], vec![], Some("no work")),
        (vec![ok.clone()], vec![ok.clone()], None),
        (vec![ok.clone(), refused("echo"), cut.clone()], vec![ok.clone(), refused(GET)], None),
        (vec![ok.clone()], vec![refused("echo")], Some("rolled")),
        (vec![ok.clone()], vec![cut], Some("rolled")),
        (vec![ok.clone(), ("echo", Err(Miss::wrong("x")))], vec![], Some("wrong")),
        (vec![ok.clone(), ("echo", Err(Miss::foreign("x")))], vec![], Some("foreign")),
        (vec![ok, ("echo", Err(Miss::hung("x")))], vec![], Some("hung")),
    ];
    for (work, rolling, expected) in cases {
        let missed = report(&work, &rolling).missed();
        match expected {
            None => assert_eq!(missed, Vec::<String>::new(), "{work:?} {rolling:?}"),
            Some(words) => assert!(missed.iter().any(|missed| missed.contains(words)), "{missed:?}"),
        }
    }
}

#[test]
fn slow_hearing_and_leaks_miss_their_bars() {
    let mut slow = report(&[("echo", Ok(()))], &[]);
    slow.slowest_hearing = Duration::from_secs(3);
    assert_eq!(slow.missed(), ["a change was heard of after 3s"]);
    let mut leaking = report(&[("echo", Ok(()))], &[]);
    leaking.after.endless.push("k".to_owned());
    assert_eq!(leaking.missed(), ["the key k never ends"]);
    assert!(leaking.to_string().ends_with("MISSED the key k never ends"));
}

#[test]
fn long_run_has_to_break_everything() {
    let whole = Staged { kills: 9, rolls: 1, rotation_steps: 3, store_restarts: 1 };
    let cases = [
        (whole, 180, None),
        (Staged { store_restarts: 0, ..whole }, 180, Some("restart of the store")),
        (Staged { rotation_steps: 2, ..whole }, 180, Some("rotation")),
        (Staged { rolls: 0, ..whole }, 180, Some("roll")),
        (Staged { kills: 0, ..whole }, 180, Some("kill")),
        (Staged { kills: 1, ..Staged::default() }, 20, None),
        (Staged::default(), 20, Some("kill")),
    ];
    for (staged, seconds, expected) in cases {
        let mut report = report(&[("echo", Ok(()))], &[]);
        report.staged = Some((staged, Duration::from_secs(seconds)));
        let missed = report.missed();
        match expected {
            None => assert_eq!(missed, Vec::<String>::new(), "{staged:?}"),
            Some(words) => assert!(missed.iter().any(|missed| missed.contains(words)), "{staged:?} {missed:?}"),
        }
    }
}
