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
            command.args(["faketime", "-f", &format!("{clock:+}s")]);
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
