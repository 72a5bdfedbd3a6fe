//! Which bars are missed when.

use outboard_testkit::model::{GET, Miss};

use super::*;

fn report(work: &[(&'static str, Result<(), Miss>)], rolling: &[(&'static str, Result<(), Miss>)]) -> Report {
    let load = Load::default();
    work.iter().for_each(|(name, ended)| load.all.count(name, ended));
    rolling.iter().for_each(|(name, ended)| load.rolling.count(name, ended));
    let (before, after) = (Residue::default(), Residue::default());
    Report { load: Arc::new(load), slowest_hearing: Duration::from_secs(1), before, after }
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
