//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use outboard_testkit::replicas::Proxy;

const USAGE: &str = "\
Usage: outboard-harness MODE --server PATH [OPTIONS]

Modes:
  matrix  every cross-replica case at named replicas
  chaos   clients of both eras while replicas are killed and rolled, keys rotate and Redis restarts
  faults  each fault of Redis under load
  prove   whether the harness goes red with a part of the server switched off
  serve   only the replicas and the balancer, until standard input ends

Options:
  --server PATH     the server to start
  --replicas N      how many [default: 3]
  --seconds N       how long chaos, or the load of each fault, lasts [default: 180, 20 for faults]
  --seed N          what all choices grow from [default: the time]
  --proxy NAME      haproxy or nginx [default: haproxy]
  --fault NAME      only this fault
  --clocks N,N,…    what each replica's clock is ahead, in seconds [default: 30,-30,0 for matrix, else 0]
  --config FILE     lines for the configuration of each replica";

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Matrix,
    Chaos,
    Faults,
    Prove,
    Serve,
}

/// The command line.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) mode: Mode,
    pub(crate) server: PathBuf,
    pub(crate) replicas: usize,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) proxy: Proxy,
    pub(crate) fault: Option<String>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) clocks: Vec<i64>,
}

impl Arguments {
    /// Reads the words after the program's name; what is wrong is told with how it should be.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mode = match words.next().as_deref() {
            Some("matrix") => Mode::Matrix,
            Some("chaos") => Mode::Chaos,
            Some("faults") => Mode::Faults,
            Some("prove") => Mode::Prove,
            Some("serve") => Mode::Serve,
            _ => return Err(USAGE.to_owned()),
        };
        let (mut server, mut seconds, mut seed) = (None, None, None);
        // What is right only while all clocks agree is not right.
        let mut clocks = if mode == Mode::Matrix { vec![30, -30, 0] } else { Vec::new() };
        let (mut replicas, mut proxy, mut fault, mut config) = (3, Proxy::Haproxy, None, None);
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| format!("{option}: a value is missing\n\n{USAGE}"))?;
            let number = || value.parse().map_err(|_| format!("{option} {value}: expected a whole number"));
            match option.as_str() {
                "--server" => server = Some(PathBuf::from(&value)),
                "--replicas" => replicas = usize::try_from(number()?).unwrap_or(usize::MAX),
                "--seconds" => seconds = Some(number()?),
                "--seed" => seed = Some(number()?),
                "--fault" => fault = Some(value),
                "--config" => config = Some(PathBuf::from(&value)),
                "--clocks" => {
                    let read: Result<Vec<i64>, _> = value.split(',').map(str::parse).collect();
                    clocks = read.map_err(|_| format!("{option} {value}: expected whole numbers with commas"))?;
                }
                "--proxy" if value == "haproxy" => proxy = Proxy::Haproxy,
                "--proxy" if value == "nginx" => proxy = Proxy::Nginx,
                _ => return Err(format!("{option} {value}: not known\n\n{USAGE}")),
            }
        }
        let server = server.ok_or_else(|| format!("--server is missing\n\n{USAGE}"))?;
        if !(1..=16).contains(&replicas) {
            return Err(format!("--replicas {replicas}: expected 1 to 16"));
        }
        let server = std::path::absolute(&server).map_err(|error| format!("--server: {error}"))?;
        let seconds = seconds.unwrap_or(if mode == Mode::Faults { 20 } else { 180 });
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        Ok(Self { mode, server, replicas, time: Duration::from_secs(seconds), seed, proxy, fault, config, clocks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_and_have_defaults() {
        let arguments = parse("chaos --server /x --seconds 9 --seed 7 --proxy nginx --replicas 2").unwrap();
        assert_eq!((arguments.mode, arguments.replicas, arguments.seed), (Mode::Chaos, 2, 7));
        assert_eq!((arguments.time, arguments.proxy), (Duration::from_secs(9), Proxy::Nginx));
        let defaults = parse("faults --server /x").unwrap();
        assert_eq!((defaults.replicas, defaults.time), (3, Duration::from_secs(20)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, told) in [
            ("", "Usage"),
            ("dance --server /x", "Usage"),
            ("chaos", "--server is missing"),
            ("chaos --server", "a value is missing"),
            ("chaos --server /x --seconds soon", "whole number"),
            ("chaos --server /x --replicas 0", "1 to 16"),
            ("chaos --server /x --colour red", "not known"),
        ] {
            assert!(parse(line).unwrap_err().contains(told), "{line}");
        }
    }
}
