//! What a process has used of the processor, by the kernel's own account.

use std::{fs, iter::Sum, time::Duration};

use anyhow::{Context as _, Result};

/// Processor time of all threads of a process, ended ones included, in user and kernel mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cpu(Duration);

impl Cpu {
    /// Reads it.
    pub(super) fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let ticks = ticks(&stat).with_context(|| format!("cannot understand {path}"))?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Self(Duration::from_secs_f64(ticks as f64 / per_second as f64)))
    }

    /// What was used since an earlier reading.
    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Sum for Cpu {
    /// That of several processes.
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|Self(time)| time).sum())
    }
}

/// `utime` + `stime`, the fields 14 and 15 of proc(5)'s `stat`. Field 2 is the program's name in parentheses, in which
/// anything may stand, so the fields are counted from its end.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_ticks_are_added() {
        let stat = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 2216 0 0 0 130 25 7 8 20 0 3 0 99 1000 200 184467";
        assert_eq!(ticks(stat), Some(155));
        for wrong in ["", "1 (x) S 1 2", "1 (x) S 1 1 1 0 -1 0 0 0 0 0 many 1"] {
            assert_eq!(ticks(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn own_process_has_an_account_and_a_missing_one_has_none() {
        let before = Cpu::of(std::process::id()).unwrap();
        assert!(Cpu::of(std::process::id()).unwrap().since(before) < Duration::from_secs(60));
        // Above the largest process id that Linux gives out.
        assert!(Cpu::of(u32::MAX).is_err());
    }
}
