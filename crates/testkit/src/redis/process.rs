//! One server process: started, listened to, stopped, ended.

use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{PATIENCE, time::FrozenTime};

/// What is started.
pub(super) struct Program<'a> {
    /// Words of the command line after the file of the configuration, such as `--sentinel`.
    pub(super) mode: &'a [&'a str],
    /// The time that it goes by; `None`: the machine's.
    pub(super) time: Option<&'a FrozenTime>,
    /// Its configuration.
    pub(super) lines: &'a [String],
}

/// A running `redis-server`, killed when it is dropped, and by the kernel when the test process ends before that.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    log: watch::Receiver<Vec<String>>,
    _folder: TempDir,
}

impl Process {
    pub(super) fn start(program: &Program<'_>) -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        let file = folder.path().join("redis.conf");
        let mut lines = program.lines.join("\n");
        lines.push_str("\nbind 127.0.0.1\ndaemonize no\n");
        fs::write(&file, lines).expect("there is room for a file");
        // A signal at the death of its parent, because a test that is killed drops nothing.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "env"]);
        if let Some(time) = program.time {
            command.args(time.environment());
        }
        command.arg("redis-server").arg(file).args(program.mode);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let (child, log) = spawn(command);
        Self { child, log, _folder: folder }
    }

    /// Waits until it has written a line with this text; `false` when it ended without one.
    pub(super) async fn wrote(&self, text: &str) -> bool {
        self.wrote_after(0, text).await
    }

    /// The same of what it writes after so many lines.
    pub(super) async fn wrote_after(&self, lines: usize, text: &str) -> bool {
        let mut log = self.log.clone();
        let found = log.wait_for(|log| log.iter().skip(lines).any(|line| line.contains(text)));
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found.is_ok(),
            Err(_) => fail(&format!("a server does not write {text:?}:\n{}", self.log().join("\n"))),
        }
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    pub(super) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(super) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    pub(super) fn kill(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the server runs");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Spawns it in the thread that reads what it writes: the kernel tells it of the death of that thread, which lives as
/// long as it does, whatever becomes of the thread of the test.
fn spawn(mut command: Command) -> (Child, watch::Receiver<Vec<String>>) {
    let (tell, log) = watch::channel(Vec::new());
    let (hand_over, spawned) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return drop(hand_over.send(Err(error))),
        };
        let output = child.stdout.take().map(BufReader::new);
        drop(hand_over.send(Ok(child)));
        for line in output.into_iter().flat_map(BufReader::lines).map_while(Result::ok) {
            tell.send_modify(|log| log.push(line));
        }
    });
    match spawned.recv() {
        Ok(Ok(child)) => (child, log),
        other => fail(&format!("a server cannot be started: {other:?}")),
    }
}

/// A port on which nobody listens, below those that the kernel gives away itself: so that it is still free when a
/// server that had it starts again.
pub(super) fn free_port() -> u16 {
    let random = RandomState::new();
    let candidates = (0_u64..1000).map(|number| 10_000 + (random.hash_one(number) % 20_000) as u16);
    let mut free = candidates.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("a port is free")
}

#[expect(clippy::panic, reason = "this is how a test fails")]
pub(super) fn fail(why: &str) -> ! {
    panic!(
        "{why} (`apt-get install redis-server redis-sentinel redis-tools faketime openssl util-linux` brings what is needed)"
    )
}
