//! Counts of verdicts per kind of work, and the first of each verdict in words.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::verdict::{Miss, Verdict};

/// Counts of verdicts per kind of work, and the first of each verdict in words; shared by all clients.
#[derive(Debug)]
pub struct Tally {
    kept: Mutex<Kept>,
    began: Instant,
}

#[derive(Debug, Default)]
struct Kept {
    counts: BTreeMap<&'static str, BTreeMap<Verdict, u64>>,
    words: BTreeMap<Verdict, Vec<String>>,
}

/// Most that are kept in words of each verdict; all are counted.
const WORDS_MAX: usize = 20;

impl Default for Tally {
    fn default() -> Self {
        Self { kept: Mutex::default(), began: Instant::now() }
    }
}

impl Tally {
    /// Counts how a piece of work ended.
    pub fn count(&self, work: &'static str, ended: &Result<(), Miss>) {
        let verdict = ended.as_ref().err().map_or(Verdict::Ok, |miss| miss.verdict);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept.counts.entry(work).or_default().entry(verdict).or_default() += 1;
        let words = kept.words.entry(verdict).or_default();
        if let Err(miss) = ended
            && words.len() < WORDS_MAX
        {
            words.push(format!("{work}: {miss} (after {} s)", self.began.elapsed().as_secs()));
        }
    }

    /// How often work ended so, over all kinds.
    #[must_use]
    pub fn total(&self, verdict: Verdict) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.counts.values().filter_map(|counts| counts.get(&verdict)).sum()
    }

    /// How often work of one kind ended so.
    #[must_use]
    pub fn of(&self, work: &str, verdict: Verdict) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.counts.get(work).and_then(|counts| counts.get(&verdict)).copied().unwrap_or_default()
    }

    /// How much work ended in another way than with the right answer.
    #[must_use]
    pub fn failed(&self) -> u64 {
        Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Ok).map(|verdict| self.total(verdict)).sum()
    }

    /// How much work was wrong, foreign or hung.
    #[must_use]
    pub fn findings(&self) -> u64 {
        Verdict::FINDINGS.into_iter().map(|verdict| self.total(verdict)).sum()
    }

    /// The first of some verdicts in words.
    #[must_use]
    pub fn in_words(&self, verdicts: impl IntoIterator<Item = Verdict>) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.into_iter().filter_map(|verdict| kept.words.get(&verdict)).flatten().cloned().collect()
    }
}

/// A table: a line per kind of work, a column per verdict, the totals last.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.kept.lock().unwrap_or_else(PoisonError::into_inner).counts.clone();
        write!(formatter, "{:<26}", "")?;
        for verdict in Verdict::ALL {
            write!(formatter, " {:>20}", verdict.to_string())?;
        }
        for (work, counts) in &counts {
            write!(formatter, "\n{work:<26}")?;
            for verdict in Verdict::ALL {
                write!(formatter, " {:>20}", counts.get(&verdict).copied().unwrap_or_default())?;
            }
        }
        write!(formatter, "\n{:<26}", "all")?;
        for verdict in Verdict::ALL {
            write!(formatter, " {:>20}", self.total(verdict))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_counted_and_kept_in_words() {
        let tally = Tally::default();
        tally.count("echo", &Ok(()));
        tally.count("echo", &Ok(()));
        let misses = [Miss::refused("a"), Miss::cut("b"), Miss::wrong("c"), Miss::foreign("d"), Miss::hung("e")];
        for miss in misses {
            tally.count("page", &Err(miss));
        }
        let totals = Verdict::ALL.map(|verdict| tally.total(verdict));
        assert_eq!((totals, tally.failed(), tally.findings()), ([2, 1, 1, 1, 1, 1], 5, 3));
        assert_eq!(
            (tally.of("echo", Verdict::Ok), tally.of("echo", Verdict::Cut), tally.of("x", Verdict::Ok)),
            (2, 0, 0)
        );
        assert_eq!(
            tally.in_words(Verdict::FINDINGS),
            ["page: wrong: c (after 0 s)", "page: foreign: d (after 0 s)", "page: hung: e (after 0 s)"]
        );
        assert_eq!(tally.in_words([Verdict::Ok, Verdict::Cut]), ["page: cut by the kill: b (after 0 s)"]);
        assert_eq!(tally.to_string().lines().count(), 4);
    }

    #[test]
    fn many_of_one_verdict_are_counted_and_few_are_kept() {
        let tally = Tally::default();
        for _ in 0..100 {
            tally.count("echo", &Err(Miss::wrong("again")));
        }
        assert_eq!((tally.findings(), tally.in_words([Verdict::Wrong]).len()), (100, WORDS_MAX));
    }
}
