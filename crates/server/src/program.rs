//! The program: what `main` does, from the first line to the exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use outboard_runtime::Catalog;

use crate::cli::auth_args::AuthCommand;
use crate::cli::{self, Cli, Command};
use crate::config::{ProcessEnvironment, style_for};
use crate::diagnostics::Diagnostics;
use crate::hardening;

/// Runs the whole command line over a catalog: `serve`, `check`, `list`, `call`, `issuer`, `token` and `doctor`, with every flag
/// and the config file.
///
/// What the config lifts joins the catalog's own tools. An empty catalog with nothing to lift serves a few built-in tools,
/// so that there is something to try.
///
/// Call it as the only thing in `main`: lifted commands run under a guard, which is this program started again.
///
/// # Exit codes
///
/// 0: done · 1: a called tool reported an error, or `doctor` found one · 64: a mistake in the command line or the config · 69: a server could not
/// be reached, or a lifted one not be started · 70: our own failure.
#[must_use]
pub fn main(catalog: Catalog) -> ExitCode {
    if let Some(code) = outboard_backend::guard::run_if_guard() {
        return code;
    }
    hardening::apply();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version are no mistakes, and go to standard output.
            let code = if usage.use_stderr() { Failure::USAGE } else { 0 };
            drop(usage.print());
            return ExitCode::from(code);
        }
    };
    let done = match cli.command {
        Command::Serve(arguments) => cli::serve::run(&arguments, catalog),
        Command::Check(arguments) => cli::check::run(&arguments),
        Command::List(arguments) => cli::client::list(&arguments),
        Command::Call(arguments) => cli::client::call(&arguments),
        Command::Auth(AuthCommand::Issuer(arguments)) => cli::issuer::run(&arguments),
        Command::Auth(AuthCommand::Token(arguments)) => cli::token::run(&arguments),
        Command::Auth(AuthCommand::Doctor(arguments)) => cli::doctor::run(&arguments),
    };
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Why the program ends before its work is done, sorted by exit code.
pub(crate) enum Failure {
    /// The config has mistakes.
    Config(Diagnostics),
    /// The command line has a mistake.
    Usage(anyhow::Error),
    /// A server could not be reached, or a lifted one not be started.
    Unavailable(anyhow::Error),
    /// We failed.
    Ours(anyhow::Error),
}

impl Failure {
    /// `EX_USAGE` of sysexits.
    const USAGE: u8 = 64;
    /// `EX_UNAVAILABLE`.
    const UNAVAILABLE: u8 = 69;
    /// `EX_SOFTWARE`.
    const OURS: u8 = 70;

    fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Config(diagnostics) => {
                (diagnostics.to_text(style_for(&std::io::stderr(), &ProcessEnvironment)), Self::USAGE)
            }
            Self::Usage(error) => (format!("error: {error:#}\n"), Self::USAGE),
            Self::Unavailable(error) => (format!("error: {error:#}\n"), Self::UNAVAILABLE),
            Self::Ours(error) => (format!("error: {error:#}\n"), Self::OURS),
        };
        drop(std::io::stderr().write_all(text.as_bytes()));
        ExitCode::from(code)
    }
}

/// Runs a command's work in an async runtime, to which the process then owes nothing more.
///
/// Dropping a runtime waits, without limit, for what blocks its threads: a native tool's blocking work, say.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Ours(error.into()))?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LEFTOVERS_MAX);
    done
}

/// How long what is left in the runtime has to be dropped, once a command's work is done.
const LEFTOVERS_MAX: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_thread_does_not_hold_up_the_end() {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let done = block_on(async {
                let (start, started) = tokio::sync::oneshot::channel();
                drop(tokio::task::spawn_blocking(move || {
                    start.send(()).unwrap();
                    loop {
                        std::thread::park();
                    }
                }));
                started.await.unwrap();
                Ok(())
            });
            tell.send(done.is_ok()).unwrap();
        });
        assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(true));
    }
}
