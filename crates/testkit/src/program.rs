//! A program as whoever uses it starts it: its lines read as they come, its log kept whole, nothing of it left behind.
//!
//! It knows neither HTTP nor MCP: what is on the lines is for the test.

use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than anything in a test takes on a busy machine; only a hang lasts longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running program on three pipes; killed when it is dropped.
#[derive(Debug)]
pub struct Program {
    process: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    log: mpsc::Receiver<String>,
}

impl Program {
    /// Starts the command. Both its outputs are read until they end, so that it never waits for the test to read.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the program can be started");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("its output is a pipe"));
        let mut errors = process.stderr.take().expect("its log is a pipe");
        let (tell_line, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A test that reads no more must not stop the reading.
                drop(tell_line.send(line));
            }
        });
        let (tell_log, log) = mpsc::channel();
        thread::spawn(move || {
            let mut text = Vec::new();
            drop(errors.read_to_end(&mut text));
            drop(tell_log.send(String::from_utf8_lossy(&text).into_owned()));
        });
        Self { process, input, lines, log }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next line of its output; `None` when the output has ended.
    ///
    /// # Panics
    ///
    /// When none comes within [`PATIENCE`].
    #[must_use]
    pub fn line(&self) -> Option<String> {
        let line = self.lines.recv_timeout(PATIENCE);
        assert_ne!(line, Err(mpsc::RecvTimeoutError::Timeout), "the program writes a line or ends");
        line.ok()
    }

    /// The first `http://` URL that it writes, up to the next space; lines before it are skipped.
    ///
    /// # Panics
    ///
    /// When its output ends without one, or none comes within [`PATIENCE`].
    #[must_use]
    pub fn url(&self) -> String {
        loop {
            let line = self.line().expect("the program writes its URL before it ends");
            if let Some((_, rest)) = line.split_once("http://") {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                return format!("http://{}", rest.split_at(end).0);
            }
        }
    }

    /// Writes a line to its input.
    ///
    /// # Panics
    ///
    /// When its input is closed, on either side.
    pub fn write(&mut self, line: impl Display) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{line}").expect("it reads its input");
    }

    /// Closes its input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Sends it a signal by its name: `TERM`.
    ///
    /// # Panics
    ///
    /// When there is no such signal, or nobody to send it to.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{name} cannot be sent");
    }

    /// Waits until it has ended; returns its exit code, where no signal ended it, and all that it logged.
    ///
    /// # Panics
    ///
    /// When it goes on for [`PATIENCE`], or something that it has started keeps its log open; at a second call.
    pub fn ended(&mut self) -> (Option<i32>, String) {
        let log = self.log.recv_timeout(PATIENCE).expect("the program ends");
        (self.process.wait().expect("it is our child").code(), log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn shell(script: &str) -> Program {
        Program::start(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn a_program_is_spoken_with_line_by_line_until_it_ends() {
        let mut program = shell("echo ready at http://127.0.0.1:1/mcp now; echo told >&2; cat; exit 3");
        assert_eq!(program.url(), "http://127.0.0.1:1/mcp");
        program.write("a line");
        assert_eq!(program.line().as_deref(), Some("a line"));
        program.close_input();
        assert_eq!(program.line(), None);
        assert_eq!(program.ended(), (Some(3), "told\n".to_owned()));
    }

    #[test]
    fn a_signal_reaches_the_program() {
        let mut program = shell("trap 'exit 7' TERM; echo ready; while :; do read line; done");
        assert_eq!(program.line().as_deref(), Some("ready"));
        program.signal("TERM");
        program.close_input();
        assert_eq!(program.ended().0, Some(7));
    }

    #[test]
    fn nothing_is_left_of_a_program_that_is_dropped() {
        let program = shell("echo ready; exec cat");
        assert_eq!(program.line().as_deref(), Some("ready"));
        let process = PathBuf::from(format!("/proc/{}", program.id()));
        assert!(process.exists());
        drop(program);
        assert!(!process.exists());
    }
}
