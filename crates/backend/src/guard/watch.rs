//! What the guard does from its start to its end.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, Signal as Number, WaitOptions, getpid, set_child_subreaper, wait};
use rustix::stdio::{dup2_stdin, dup2_stdout};
use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout};

use super::control::{Report, receive_descriptor};
use super::descendants::descendants;
use super::descriptors::close_inherited;
use super::ending::Ending;
use super::{GuardError, Order};

/// What the guard exits with when the command does not exist, and when it cannot be executed: as a shell does.
const EXIT_NOT_FOUND: u8 = 127;
const EXIT_NOT_EXECUTABLE: u8 = 126;

/// How long to wait between two scans while descendants are left; the end of a child cuts it short. The pause grows, for
/// what SIGKILL does not end at once (a process in the kernel, or another user's).
const SCAN_PAUSE_MIN: Duration = Duration::from_millis(10);
const SCAN_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Does all that the guard does; returns the code to exit with.
pub(super) fn run(order: &Order) -> Result<u8, GuardError> {
    close_inherited().map_err(GuardError::system("close what it inherited"))?;
    let lifeline = take_lifeline().map_err(GuardError::system("take its lifeline"))?;
    set_child_subreaper(Some(getpid())).map_err(GuardError::system("become a subreaper"))?;
    let input = receive_descriptor(lifeline.as_fd()).map_err(GuardError::system("read its lifeline"))?;
    let input = input.ok_or(GuardError::ServerGone)?;

    let mut command = Command::new(&order.program);
    command.args(&order.arguments).stdin(Stdio::from(input)).process_group(0);
    let grace = order.grace;
    // A thread of its own, so that it works even in a program that has a runtime on the first one already.
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(GuardError::system("start its runtime"))?;
        runtime.block_on(async { Watch::new(lifeline)?.command(command, grace).await })
    })
    .join()
    .map_err(|_| GuardError::System { what: "go on after a panic", source: io::ErrorKind::Other.into() })?
}

/// Takes the lifeline from standard input, which nobody below must see.
fn take_lifeline() -> io::Result<StdUnixStream> {
    let lifeline = StdUnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails when standard input is no socket, that is, when no server has started this.
    lifeline.peer_addr()?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(lifeline)
}

/// The guard at work: its ears.
struct Watch {
    lifeline: UnixStream,
    child_ended: Signal,
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Watch {
    /// Opens the ears; before the command starts, so that nothing is missed.
    fn new(lifeline: StdUnixStream) -> Result<Self, GuardError> {
        let listen = |kind| signal(kind).map_err(GuardError::system("listen to signals"));
        lifeline.set_nonblocking(true).map_err(GuardError::system("read its lifeline"))?;
        Ok(Self {
            lifeline: UnixStream::from_std(lifeline).map_err(GuardError::system("read its lifeline"))?,
            child_ended: listen(SignalKind::child())?,
            hangup: listen(SignalKind::hangup())?,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Runs the command, and when it ends or nobody wants it any more, ends all that is left of it.
    async fn command(mut self, mut command: Command, grace: Duration) -> Result<u8, GuardError> {
        let pid = match command.spawn() {
            Ok(child) => Pid::from_child(&child),
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or_else(|| Errno::IO.raw_os_error());
                self.report(Report::Refused { errno });
                let not_found = error.kind() == io::ErrorKind::NotFound;
                return Ok(if not_found { EXIT_NOT_FOUND } else { EXIT_NOT_EXECUTABLE });
            }
        };
        // From here the command's end of both pipes must be the last one.
        drop(command);
        let null = File::options().write(true).open("/dev/null").map_err(GuardError::system("open /dev/null"))?;
        dup2_stdout(null).map_err(GuardError::system("let go of standard output"))?;

        let mut children = Children { command: pid, ending: None };
        self.report(Report::Started { pid: pid.as_raw_pid() });
        self.until_end(&mut children).await;
        self.end_all(&mut children, grace).await?;
        Ok(children.ending.unwrap_or(Ending::Unknown).exit_code())
    }

    /// Waits until the command has ended, the server is gone, or somebody asks the guard to go.
    async fn until_end(&mut self, children: &mut Children) {
        while children.ending.is_none() {
            tokio::select! {
                _ = self.child_ended.recv() => {
                    self.reap(children);
                }
                () = end_of(&self.lifeline) => return,
                _ = self.hangup.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
            }
        }
    }

    /// Terminates, then kills, until no child is left. A subreaper without children has no descendants either.
    async fn end_all(&mut self, children: &mut Children, grace: Duration) -> Result<(), GuardError> {
        let this = getpid();
        let deadline = Instant::now() + grace;
        let mut asked = HashSet::new();
        let mut pause = SCAN_PAUSE_MIN;
        while self.reap(children) {
            let kill = Instant::now() >= deadline;
            for process in descendants(this).map_err(GuardError::system("read /proc"))? {
                if kill {
                    process.signal(Number::KILL);
                } else if asked.insert(process) {
                    // Once only: some take the second one for impatience and skip their cleaning up.
                    process.signal(Number::TERM);
                }
            }
            let until = if kill { Instant::now() + pause } else { (Instant::now() + pause).min(deadline) };
            if timeout(until - Instant::now(), self.child_ended.recv()).await.is_err() {
                pause = (pause * 2).min(SCAN_PAUSE_MAX);
            }
        }
        Ok(())
    }

    /// Takes the ended children off the kernel's list and reports the command's end; whether children are left.
    fn reap(&self, children: &mut Children) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == children.command => {
                    let ending = ending(status);
                    children.ending = Some(ending);
                    self.report(Report::Ended(ending));
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Tells the server. A server that is gone, or does not listen, changes nothing for the guard.
    fn report(&self, report: Report) {
        // Not through the runtime, which would first have to learn that the socket can be written to.
        let _ = send(&self.lifeline, report.line().as_bytes(), SendFlags::NOSIGNAL);
    }
}

/// What is known of the children.
struct Children {
    command: Pid,
    ending: Option<Ending>,
}

fn ending(status: rustix::process::WaitStatus) -> Ending {
    let number = |number: i32| u8::try_from(number).ok();
    let exited = status.exit_status().and_then(number).map(|code| Ending::Exited { code });
    let killed = || status.terminating_signal().and_then(number).map(|signal| Ending::Killed { signal });
    exited.or_else(killed).unwrap_or(Ending::Unknown)
}

/// Returns at the end of file of the lifeline. What the server may write to it is skipped.
async fn end_of(lifeline: &UnixStream) {
    let mut bytes = [0; 64];
    loop {
        if lifeline.readable().await.is_err() {
            return;
        }
        match lifeline.try_read(&mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
