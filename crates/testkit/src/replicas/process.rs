//! One replica as a process: it ends with what stands for it, and with whoever started it.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

use super::Settings;

/// A running server. Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    id: u32,
    /// How it ended, once it has.
    ended: watch::Receiver<Option<Option<i32>>>,
}

impl Process {
    /// Starts a server with the configuration in this folder, which also gets its log.
    pub(super) fn start(settings: &Settings, place: &Path, clock: i64) -> Self {
        let log = File::options().create(true).append(true).open(place.join("log")).expect("there is room for a log");
        let mut command = Command::new("setpriv");
        // With the end of its parent it ends too, because a harness that is killed drops nothing.
        command.args(["--pdeathsig", "KILL"]);
        if clock != 0 {
            command.env("LD_PRELOAD", faketime()).env("FAKETIME", format!("{clock:+}s"));
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command.arg(&settings.server).args(["serve", "--config", "outboard.toml", "--log-format", "json"]);
        command.args(["--log-level", "info,outboard=debug,outboard_server=debug,outboard_transport=debug"]);
        command.current_dir(place).envs(settings.environment.iter().cloned()).env("HOME", place);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        spawn(command)
    }

    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn signal(&self, name: &str) {
        let signal = match name {
            "KILL" => Signal::KILL,
            "TERM" => Signal::TERM,
            "STOP" => Signal::STOP,
            "CONT" => Signal::CONT,
            "HUP" => Signal::HUP,
            other => super::fail(&format!("no signal is sent by the name of {other}")),
        };
        self.send(signal);
    }

    pub(super) async fn ended(&self) -> Option<i32> {
        let mut ended = self.ended.clone();
        let waited = tokio::time::timeout(PATIENCE, ended.wait_for(Option::is_some)).await;
        let ended = waited.expect("the replica ends").expect("its end is told");
        (*ended).flatten()
    }

    fn send(&self, signal: Signal) {
        // While it is waited for, nobody else has its number.
        if self.ended.borrow().is_none()
            && let Some(id) = i32::try_from(self.id).ok().and_then(Pid::from_raw)
        {
            let _sent = kill_process(id, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

/// The library that moves a clock. The program of that name only tells it: as a parent of the replica, it would get the signals.
fn faketime() -> String {
    let told = Command::new("faketime").args(["-m", "-f", "+0s", "printenv", "LD_PRELOAD"]).output();
    let told = told.expect("faketime is installed");
    let library = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    assert!(!library.is_empty(), "faketime knows its library: {told:?}");
    library
}

/// Spawns it in the thread that waits for it: the kernel tells it of the death of that thread, which lives as long.
fn spawn(mut command: Command) -> Process {
    let (tell, ended) = watch::channel(None);
    let (hand_over, spawned) = mpsc::sync_channel(1);
    thread::spawn(move || match command.spawn() {
        Ok(mut child) => {
            drop(hand_over.send(Ok(child.id())));
            let status = child.wait();
            tell.send_replace(Some(status.ok().and_then(|status| status.code())));
        }
        Err(error) => drop(hand_over.send(Err(error))),
    });
    match spawned.recv() {
        Ok(Ok(id)) => Process { id, ended },
        other => super::fail(&format!("a replica cannot be started: {other:?}; is util-linux installed?")),
    }
}

/// Longer than any drain.
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::fs;

    use outboard_store::{Clock as _, SystemClock};

    use super::*;
    use crate::redis::until;

    #[tokio::test]
    async fn whoever_has_a_clock_of_its_own_gets_the_signals_itself() {
        let place = tempfile::tempdir().unwrap();
        // Started as `sh serve …`.
        fs::write(place.path().join("serve"), "echo $$ $(date +%s) >new\nmv new told\nexec sleep 60\n").unwrap();
        let now = || SystemClock.now().as_u64() / 1000;
        let before = now();
        for clock in [0, 3600, -3600] {
            let process = Process::start(&Settings::new("/bin/sh".into()), place.path(), clock);
            until(async || place.path().join("told").exists()).await;
            let told = fs::read_to_string(place.path().join("told")).unwrap();
            let (id, time) = told.trim().split_once(' ').unwrap();
            assert_eq!(id, process.id().to_string());
            let expected = before.saturating_add_signed(clock)..=now().saturating_add_signed(clock);
            assert!(expected.contains(&time.parse().unwrap()), "{clock}: {time} is not in {expected:?}");
            process.signal("TERM");
            assert_eq!(process.ended().await, None, "a signal ended it");
            fs::remove_file(place.path().join("told")).unwrap();
        }
    }
}
