//! A server process of ours for the time of a test: started on a free port, ended with SIGTERM, never left behind.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal};

use crate::{clock::Started, say::say};

/// How long a server may take to print its address.
const STARTUP: Duration = Duration::from_secs(60);

/// How long a server may take to end after SIGTERM before it is killed.
const SHUTDOWN: Duration = Duration::from_secs(30);

/// How many lines of the log are shown when something went wrong.
const TAIL_LINES: usize = 40;

/// Tells our server to serve on a free port. `folder` takes what the server keeps, and its configuration: without load
/// balancer there is nobody to wait for before draining.
pub(crate) fn serve(mut program: Command, folder: &Path) -> Result<Command> {
    let config = folder.join("outboard.toml");
    fs::write(&config, "[drain]\ndelay = \"0s\"\n").with_context(|| format!("cannot write {}", config.display()))?;
    program.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config);
    program.arg("--state-dir").arg(folder.join("state"));
    Ok(program)
}

/// A running server. [`Server::stop`] is the good end; merely dropping it means that something else has failed, so the
/// process is ended and the tail of its log is shown.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    log: PathBuf,
    running: bool,
}

impl Server {
    /// Starts the command and waits until it has printed the URL of its endpoint. `log` receives stdout and stderr.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        Self::start_within(command, log, endpoint, STARTUP)
    }

    /// The same for a program that has its own words for it: `find` finds the URL in such a line.
    pub(crate) fn start_saying(command: &mut Command, log: PathBuf, find: Find) -> Result<Self> {
        Self::start_within(command, log, find, STARTUP)
    }

    fn start_within(command: &mut Command, log: PathBuf, find: Find, limit: Duration) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let stderr = file.try_clone().context("cannot share the log file")?;
        let mut child = command
            // It closes when we end, however that is: so a program that reads it notices.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        let lines = child.stdout.take().context("the server's stdout is not a pipe")?;
        // From here on the guard owns the process, whatever happens next.
        let mut server = Self { child, url: String::new(), log, running: true };
        let (found, url) = mpsc::sync_channel(1);
        thread::spawn(move || copy_lines(BufReader::new(lines), file, find, &found));
        server.url = url.recv_timeout(limit).map_err(|reason| match reason {
            mpsc::RecvTimeoutError::Timeout => anyhow!("the server printed no URL within {limit:?}"),
            mpsc::RecvTimeoutError::Disconnected => anyhow!("the server ended before it printed its URL"),
        })?;
        Ok(server)
    }

    /// The URL of its MCP endpoint.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, and fails unless it ends cleanly: exit code 0 in time.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = self.terminate()?;
        self.running = false;
        if !status.success() {
            show_tail(&self.log);
            bail!("after SIGTERM the server ended with {status}");
        }
        Ok(())
    }

    /// Ends a program that does not handle SIGTERM.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.running = false;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, then SIGKILL when it takes too long; the process is reaped in any case.
    fn terminate(&mut self) -> Result<ExitStatus> {
        // Once reaped, its process id may belong to somebody else.
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM)
            .context("cannot signal the server")?;
        let asked = Started::now();
        while asked.elapsed() < SHUTDOWN {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child.kill()?;
        self.child.wait()?;
        bail!("the server was still running {SHUTDOWN:?} after SIGTERM and was killed")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running {
            show_tail(&self.log);
            if let Err(error) = self.terminate() {
                say!("{error:#}");
            }
        }
    }
}

/// Finds a URL in a line.
type Find = fn(&str) -> Option<String>;

/// Copies the server's stdout to the log until its end, and reports the first URL that is found in it.
fn copy_lines(lines: impl BufRead, mut log: File, find: Find, found: &mpsc::SyncSender<String>) {
    let mut reported = false;
    for line in lines.lines().map_while(Result::ok) {
        // A log that cannot be written must not stop the copying: the server would block on a full pipe.
        writeln!(log, "{line}").unwrap_or_default();
        if !reported && let Some(url) = find(&line) {
            reported = found.try_send(url).is_ok();
        }
    }
}

/// The loopback URL of an MCP endpoint within a line.
fn endpoint(line: &str) -> Option<String> {
    let start = line.find("http://127.0.0.1:")?;
    let rest = line.get(start..)?;
    let end = rest.find("/mcp")? + "/mcp".len();
    rest.get(..end).filter(|url| !url.contains(char::is_whitespace)).map(str::to_owned)
}

/// Shows the last lines of a log.
fn show_tail(log: &Path) {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
    say!("--- last lines of {} ---\n{}\n---", log.display(), tail.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn log(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("xtask-{}-{name}.log", std::process::id()))
    }

    #[test]
    fn url_is_found_in_a_line_of_prose() {
        let cases = [
            ("listening on http://127.0.0.1:4711/mcp (loopback)", Some("http://127.0.0.1:4711/mcp")),
            ("http://127.0.0.1:1/mcp", Some("http://127.0.0.1:1/mcp")),
            ("http://127.0.0.1:1 serves /mcp", None),
            ("nothing", None),
        ];
        for (line, expected) in cases {
            assert_eq!(endpoint(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn server_is_started_logged_and_ended_by_sigterm() {
        let log = log("clean");
        let script = "trap 'exit 0' TERM; echo hello; echo at http://127.0.0.1:7/mcp; while :; do sleep 0.01; done";
        let server = Server::start(&mut shell(script), log.clone()).unwrap();
        assert_eq!(server.url(), "http://127.0.0.1:7/mcp");
        server.stop().unwrap();
        assert!(fs::read_to_string(&log).unwrap().starts_with("hello\n"));
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn words_of_the_program_decide_which_url_it_is() {
        let log = log("saying");
        let script = "trap 'exit 0' TERM; echo http://127.0.0.1:7/mcp; echo ready http://127.0.0.1:8/mcp
            while :; do sleep 0.01; done";
        let find = |line: &str| line.strip_prefix("ready ").map(str::to_owned);
        let server = Server::start_saying(&mut shell(script), log.clone(), find).unwrap();
        assert_eq!(server.url(), "http://127.0.0.1:8/mcp");
        server.stop().unwrap();
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn unclean_end_after_sigterm_is_an_error() {
        let log = log("unclean");
        let script = "trap 'exit 7' TERM; echo http://127.0.0.1:7/mcp; while :; do sleep 0.01; done";
        let server = Server::start(&mut shell(script), log.clone()).unwrap();
        let error = server.stop().unwrap_err().to_string();
        assert!(error.contains("exit status: 7"), "{error}");
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn server_that_ends_early_or_says_nothing_is_refused_and_reaped() {
        let log = log("silent");
        let error = Server::start(&mut shell("exit 1"), log.clone()).unwrap_err().to_string();
        assert_eq!(error, "the server ended before it printed its URL");
        let error = Server::start_within(&mut shell("exec sleep 60"), log.clone(), endpoint, Duration::from_millis(50));
        assert_eq!(error.unwrap_err().to_string(), "the server printed no URL within 50ms");
        fs::remove_file(log).unwrap();
    }
}
