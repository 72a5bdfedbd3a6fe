//! Finds and signals every process below this one.
//!
//! Deliberately reads `/proc` and nothing faster: the tree of parents under a subreaper is complete, whatever process
//! groups and sessions its members have made.

use std::collections::HashMap;
use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// A process at one moment. Number and start together name it for good; the number alone may be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pid: Pid,
    /// In clock ticks after the machine's start.
    started: u64,
}

impl Process {
    /// Sends a signal to exactly this process: to none if it has ended meanwhile.
    pub(super) fn signal(self, signal: Signal) {
        // Errors are not told: the process has ended, or is not ours to signal, and the next scan shows which.
        match pidfd_open(self.pid, PidfdFlags::empty()) {
            // What the descriptor holds is still this process if its number names the same start after it was opened.
            Ok(process) => {
                if Entry::read(self.pid).is_some_and(|entry| entry.process == self) {
                    let _ = pidfd_send_signal(process, signal);
                }
            }
            Err(Errno::NOSYS) => {
                let _ = kill_process(self.pid, signal);
            }
            Err(_) => {}
        }
    }
}

/// All processes below `root` that still run. One that is started during the scan may be missing: scan again.
pub(super) fn descendants(root: Pid) -> io::Result<Vec<Process>> {
    let mut children: HashMap<Pid, Vec<Entry>> = HashMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let pid = entry?.file_name().to_str().and_then(|name| Pid::from_raw(name.parse().ok()?));
        let Some(entry) = pid.and_then(Entry::read) else { continue };
        if let Some(parent) = entry.parent {
            children.entry(parent).or_default().push(entry);
        }
    }
    let mut found = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for entry in children.remove(&parent).unwrap_or_default() {
            parents.push(entry.process.pid);
            if entry.runs {
                found.push(entry.process);
            }
        }
    }
    Ok(found)
}

/// What one line of `/proc/<pid>/stat` says (proc(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    process: Process,
    parent: Option<Pid>,
    /// `false` for a zombie, which no signal moves.
    runs: bool,
}

impl Entry {
    fn read(pid: Pid) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &stat)
    }

    fn parse(pid: Pid, stat: &[u8]) -> Option<Self> {
        // The name comes second, in brackets, and may hold anything, brackets and bytes that are no text included.
        let name_end = stat.iter().rposition(|byte| *byte == b')')?;
        let mut fields = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?.split_ascii_whitespace();
        let state = fields.next()?;
        let parent = Pid::from_raw(fields.next()?.parse().ok()?);
        // The start is field 22 of proc(5); two came before the name's end, two were taken here.
        let started = fields.nth(17)?.parse().ok()?;
        Some(Self { process: Process { pid, started }, parent, runs: !matches!(state, "Z" | "X") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_cannot_confuse_the_scan() {
        let pid = Pid::from_raw(42).unwrap();
        let tail = "S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987 10 11";
        for name in ["(sh)", "(a) S 1)", "(\u{0}\n) (x)", "()"] {
            let entry = Entry::parse(pid, format!("42 {name} {tail}").as_bytes()).unwrap();
            assert_eq!((entry.process.started, entry.parent, entry.runs), (987, Pid::from_raw(7), true), "{name:?}");
        }
        let mut bytes = b"42 (\xff\xfe) ".to_vec();
        bytes.extend_from_slice(tail.as_bytes());
        assert!(Entry::parse(pid, &bytes).is_some());
        let zombie = format!("42 (sh) {}", tail.replacen('S', "Z", 1));
        assert!(!Entry::parse(pid, zombie.as_bytes()).unwrap().runs);
        for cut in ["", "42", "42 (sh", "42 (sh) S", "42 (sh) S 7 1 1 0"] {
            assert_eq!(Entry::parse(pid, cut.as_bytes()), None, "{cut:?}");
        }
    }

    #[test]
    fn this_process_stands_below_its_parent() {
        let this = rustix::process::getpid();
        let parent = rustix::process::getppid().unwrap();
        assert!(descendants(parent).unwrap().iter().any(|process| process.pid == this));
        assert!(!descendants(this).unwrap().iter().any(|process| process.pid == this));
    }
}
