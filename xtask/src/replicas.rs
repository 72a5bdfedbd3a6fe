//! `cargo xtask replicas`: several processes of the fixture behind a round-robin proxy, on one Redis, with clients of both
//! eras whose every right answer is known.
//!
//! What happens there is the business of `outboard-harness`; here it is built, started, and given its limits in time.

mod serve;

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};

pub(crate) use self::serve::serve;
use crate::{
    packages, process,
    say::say,
    workspace::{Profile, Workspace},
};

/// How long a mode may take besides its load: starting, the faults' own recovery, the checks at the end.
const BESIDES: Duration = Duration::from_secs(300);

/// How long all faults together may take.
const FAULTS: Duration = Duration::from_secs(1800);

/// How long all runs with a switched-off part together may take.
const PROVE: Duration = Duration::from_secs(1200);

/// What may be chosen. Without a mode: the matrix, then chaos.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Every cross-replica case at named replicas, all ordered pairs
    #[arg(long)]
    matrix: bool,
    /// Clients of both eras while replicas are killed and rolled, keys rotate and Redis restarts
    #[arg(long)]
    chaos: bool,
    /// Redis slow, down, hung, restarted empty, failed over and more, each under load
    #[arg(long)]
    faults: bool,
    /// Whether the harness goes red where a part of the server is switched off
    #[arg(long)]
    prove: bool,
    /// How long chaos lasts, in seconds
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    seconds: u64,
    /// Only this fault, by the name that the harness has for it
    #[arg(long, value_name = "NAME", requires = "faults")]
    fault: Option<String>,
    /// What the clients' choices grow from; without it, another one each time
    #[arg(long)]
    seed: Option<u64>,
    /// How many replicas
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=16))]
    replicas: u32,
    /// What stands before them
    #[arg(long, value_enum, default_value_t = Proxy::Haproxy)]
    proxy: Proxy,
}

/// A plain round-robin proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Proxy {
    Haproxy,
    Nginx,
}

/// What the harness does, in the order in which it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Matrix,
    Chaos,
    Faults,
    Prove,
}

/// Runs the chosen modes; fails if one does, and names it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    each(workspace, options, &options.modes(), Mode::profile)
}

/// The matrix alone, of the build that the tests have made already.
pub(crate) fn matrix(workspace: &Workspace) -> Result<()> {
    each(workspace, &Options::default(), &[Mode::Matrix], |_| Profile::Debug)
}

/// Every mode there is.
pub(crate) fn all(workspace: &Workspace) -> Result<()> {
    each(workspace, &Options::default(), &[Mode::Chaos, Mode::Faults, Mode::Prove], Mode::profile)
}

fn each(workspace: &Workspace, options: &Options, modes: &[Mode], profile: impl Fn(Mode) -> Profile) -> Result<()> {
    packages::ensure(&packages::FOR_REPLICAS)?;
    let mut failed = Vec::new();
    for mode in modes {
        say!("\n--- {} ---", mode.name());
        let harness = Harness::build(workspace, profile(*mode))?;
        let mut command = harness.command(mode.name(), &options.arguments(*mode))?;
        if let Err(error) = process::run_within(options.limit(*mode), &mut command) {
            say!("FAILED {}: {error:#}", mode.name());
            failed.push(mode.name());
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The programs.
#[derive(Debug)]
struct Harness {
    harness: PathBuf,
    /// What runs as replicas.
    server: PathBuf,
}

impl Harness {
    fn build(workspace: &Workspace, profile: Profile) -> Result<Self> {
        Ok(Self {
            harness: workspace.build("outboard-testkit", "outboard-harness", profile)?,
            server: workspace.build("everything", "everything", profile)?,
        })
    }

    /// The harness, told what to do. It finds proxies where Debian puts them.
    fn command(&self, word: &str, arguments: &[String]) -> Result<Command> {
        let mut command = Command::new(&self.harness);
        command.arg(word).arg("--server").arg(&self.server).args(arguments);
        command.env("PATH", packages::search_path().context("the search path cannot be made")?);
        Ok(command)
    }
}

impl Options {
    /// The chosen modes, or those that are meant without a choice.
    fn modes(&self) -> Vec<Mode> {
        let chosen = [
            (self.matrix, Mode::Matrix),
            (self.chaos, Mode::Chaos),
            (self.faults, Mode::Faults),
            (self.prove, Mode::Prove),
        ];
        let chosen: Vec<_> = chosen.into_iter().filter(|(is_chosen, _)| *is_chosen).map(|(_, mode)| mode).collect();
        if chosen.is_empty() { vec![Mode::Matrix, Mode::Chaos] } else { chosen }
    }

    /// What the harness is told for a mode.
    fn arguments(&self, mode: Mode) -> Vec<String> {
        let proxy = self.proxy.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        let mut arguments = vec!["--replicas".to_owned(), self.replicas.to_string(), "--proxy".to_owned(), proxy];
        if let Some(seed) = self.seed {
            arguments.extend(["--seed".to_owned(), seed.to_string()]);
        }
        if mode == Mode::Chaos {
            arguments.extend(["--seconds".to_owned(), self.seconds.to_string()]);
        }
        if let (Mode::Faults, Some(fault)) = (mode, &self.fault) {
            arguments.extend(["--fault".to_owned(), fault.clone()]);
        }
        arguments
    }

    fn limit(&self, mode: Mode) -> Duration {
        match mode {
            Mode::Matrix => BESIDES,
            Mode::Chaos => BESIDES + Duration::from_secs(self.seconds),
            Mode::Faults => FAULTS,
            Mode::Prove => PROVE,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            matrix: false,
            chaos: false,
            faults: false,
            prove: false,
            seconds: 180,
            fault: None,
            seed: None,
            replicas: 3,
            proxy: Proxy::Haproxy,
        }
    }
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Chaos => "chaos",
            Self::Faults => "faults",
            Self::Prove => "prove",
        }
    }

    /// Parts of the server can be switched off in debug builds only; the others meet what is shipped.
    fn profile(self) -> Profile {
        match self {
            Self::Matrix | Self::Chaos | Self::Faults => Profile::Release,
            Self::Prove => Profile::Debug,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Result<Options, clap::Error> {
        Line::try_parse_from(["replicas"].into_iter().chain(line.split_whitespace())).map(|line| line.options)
    }

    #[test]
    fn modes_run_in_their_order_and_two_of_them_without_a_choice() {
        let cases: [(&str, &[Mode]); 4] = [
            ("", &[Mode::Matrix, Mode::Chaos]),
            ("--seconds 20", &[Mode::Matrix, Mode::Chaos]),
            ("--prove --matrix", &[Mode::Matrix, Mode::Prove]),
            ("--faults", &[Mode::Faults]),
        ];
        for (line, expected) in cases {
            assert_eq!(parsed(line).unwrap().modes(), expected, "{line}");
        }
    }

    #[test]
    fn harness_is_told_what_belongs_to_the_mode() {
        let cases = [
            ("", Mode::Matrix, "--replicas 3 --proxy haproxy"),
            ("", Mode::Chaos, "--replicas 3 --proxy haproxy --seconds 180"),
            ("--seconds 60 --seed 7", Mode::Chaos, "--replicas 3 --proxy haproxy --seed 7 --seconds 60"),
            ("--seconds 60", Mode::Faults, "--replicas 3 --proxy haproxy"),
            ("--faults --fault hung", Mode::Faults, "--replicas 3 --proxy haproxy --fault hung"),
            ("--faults --fault hung", Mode::Matrix, "--replicas 3 --proxy haproxy"),
            ("--replicas 5 --proxy nginx", Mode::Prove, "--replicas 5 --proxy nginx"),
        ];
        for (line, mode, expected) in cases {
            assert_eq!(parsed(line).unwrap().arguments(mode).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--fault hung", "--replicas 1", "--seconds 1", "--proxy traefik"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn options_of_other_verbs_are_those_of_an_empty_line() {
        assert_eq!(format!("{:?}", parsed("").unwrap()), format!("{:?}", Options::default()));
    }
}
