//! What came of chaos, and whether every bar was reached.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use outboard_testkit::model::{GET, HEARD_WITHIN, KEPT_SESSION, LISTEN, Verdict};

use super::Load;
use super::director::Staged;
use super::residue::Residue;

/// What came of chaos.
#[derive(Debug)]
pub(crate) struct Report {
    pub(super) load: Arc<Load>,
    /// What was broken, and in which time; absent where nothing was meant to be.
    pub(super) staged: Option<(Staged, Duration)>,
    pub(super) slowest_hearing: Duration,
    pub(super) before: Residue,
    pub(super) after: Residue,
}

impl Report {
    /// The bars that were missed, in words; none is a success.
    pub(crate) fn missed(&self) -> Vec<String> {
        let mut missed = self.findings();
        let (all, rolling) = (&self.load.all, &self.load.rolling);
        let bars = [
            (all.findings() > 0, format!("{} pieces of work were wrong, foreign or hung", all.findings())),
            (all.total(Verdict::Ok) == 0, "no work was done".to_owned()),
            (self.failed_rolling() > 0, format!("{} calls failed while replicas were rolled", self.failed_rolling())),
            (self.slowest_hearing > HEARD_WITHIN, format!("a change was heard of after {:?}", self.slowest_hearing)),
        ];
        missed.extend(bars.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, words)| words));
        if self.failed_rolling() > 0 {
            let failed = rolling.in_words([Verdict::Refused, Verdict::Cut]);
            missed.extend(failed.into_iter().map(|words| format!("while replicas were rolled: {words}")));
        }
        missed.extend(self.staged.into_iter().flat_map(|(staged, time)| staged.missing(time)));
        missed.extend(self.after.leaks(&self.before));
        missed
    }

    /// The findings of the clients in words.
    pub(crate) fn findings(&self) -> Vec<String> {
        self.load.all.in_words(Verdict::FINDINGS)
    }

    /// Work that failed while replicas were rolled. That streams of notifications are ended then is no failure, because the
    /// client is told; nor that a session is over, whose time has come.
    fn failed_rolling(&self) -> u64 {
        let rolling = &self.load.rolling;
        let ended: u64 = [LISTEN, GET, KEPT_SESSION].iter().map(|work| rolling.of(work, Verdict::Refused)).sum();
        rolling.failed().saturating_sub(ended)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.load.all;
        let rolled: u64 = Verdict::ALL.iter().map(|verdict| self.load.rolling.total(*verdict)).sum();
        writeln!(formatter, "{all}\n")?;
        if let Some((staged, time)) = self.staged {
            let Staged { kills, rolls, rotation_steps, store_restarts } = staged;
            write!(
                formatter,
                "broken in {time:?}: {kills} kills, {rolls} rolls, {rotation_steps} steps of a rotation, "
            )?;
            writeln!(formatter, "{store_restarts} restarts of the store")?;
        }
        for verdict in Verdict::ALL {
            writeln!(formatter, "{verdict}: {}", all.total(verdict))?;
        }
        writeln!(formatter, "rolling: {} failed of {rolled}", self.failed_rolling())?;
        writeln!(formatter, "slowest to hear of a change: {:?}", self.slowest_hearing)?;
        writeln!(formatter, "open files: {:?}, before {:?}", self.after.files, self.before.files)?;
        write!(formatter, "keys left: {:?}, {} without an end", self.after.keys, self.after.endless.len())?;
        for missed in self.missed() {
            write!(formatter, "\nMISSED {missed}")?;
        }
        Ok(())
    }
}
