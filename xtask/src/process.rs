//! Runs other programs to their end, and says which one failed.

use std::{
    env,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};

use crate::clock::Started;

/// How long a program that was told to end may take, before it is killed.
const ENDING: Duration = Duration::from_secs(20);

/// Runs the command with our own terminal and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// The same for a program that may hang and has children of its own: past the limit it is told to end, with them.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(command)))?;
    if let Some(status) = ended(&mut child, limit)? {
        if !status.success() {
            bail!("{} ended with {status}", shown(command));
        }
        return Ok(());
    }
    rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).context("cannot signal the program")?;
    if ended(&mut child, ENDING)?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    bail!("{} was still running after {limit:?} and was ended", shown(command))
}

/// Waits for the end of a program, but no longer than this.
fn ended(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let started = Started::now();
    loop {
        let status = child.try_wait()?;
        if status.is_some() || started.elapsed() > limit {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs the command and returns what it printed; its stderr is shown only if it fails.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", shown(command)))?;
    printed(command, output)
}

/// The same for a program that may hang: it is killed when it takes longer than the limit.
pub(crate) fn capture_within(limit: Duration, command: &mut Command) -> Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let Some(status) = ended(&mut child, limit)? else {
        child.kill()?;
        child.wait()?;
        bail!("{} was still running after {limit:?} and was killed", shown(command));
    };
    printed(command, Output { status, stdout: joined(stdout), stderr: joined(stderr) })
}

/// Reads a pipe to its end on a thread of its own, so that the program never blocks on it.
fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth showing.
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        bytes
    })
}

fn joined(reader: JoinHandle<Vec<u8>>) -> Vec<u8> {
    reader.join().unwrap_or_default()
}

/// What a program printed, if it succeeded.
fn printed(command: &Command, output: Output) -> Result<String> {
    if !output.status.success() {
        bail!(
            "{} ended with {}\n{}{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} did not print UTF-8", shown(command)))
}

/// Whether a program by this name can be started.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// The folders in which programs are looked for.
#[expect(clippy::disallowed_methods, reason = "a build tool looks where its user's programs are")]
pub(crate) fn search_path() -> Vec<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect()
}

/// The command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    command.get_args().fold(name, |line, argument| format!("{line} {}", argument.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_command_is_named_with_what_it_said() {
        let error = capture(Command::new("sh").args(["-c", "echo because >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.starts_with("sh -c echo because"), "{error}");
        assert!(error.contains("exit status: 3") && error.ends_with("because\n"), "{error}");
    }

    #[test]
    fn hanging_command_is_killed() {
        let hang = Duration::from_millis(50);
        let error = capture_within(hang, Command::new("sleep").arg("60")).unwrap_err().to_string();
        assert_eq!(error, "sleep 60 was still running after 50ms and was killed");
        let long = Duration::from_secs(60);
        assert_eq!(capture_within(long, Command::new("sh").args(["-c", "echo out"])).unwrap(), "out\n");
        assert!(capture_within(long, Command::new("sh").args(["-c", "echo err >&2; exit 1"])).is_err());
    }

    #[test]
    fn hanging_program_is_told_to_end() {
        let error = run_within(Duration::from_millis(50), Command::new("sleep").arg("60")).unwrap_err().to_string();
        assert_eq!(error, "sleep 60 was still running after 50ms and was ended");
        let long = Duration::from_secs(60);
        run_within(long, Command::new("sh").args(["-c", "exit 0"])).unwrap();
        let error = run_within(long, Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert_eq!(error, "sh -c exit 3 ended with exit status: 3");
    }

    #[test]
    fn missing_program_does_not_exist() {
        assert!(exists("cargo"));
        assert!(!exists("no-such-program-here"));
    }
}
