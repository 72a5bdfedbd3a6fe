//! Debian's packages with the programs that tests, the harness and the benchmark start: looked for, installed where missing.
//!
//! No service is started for it: what comes with the packages is used as programs, on free ports.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{process, say::say};

/// A program, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needed {
    program: &'static str,
    /// Debian's package, and Ubuntu's.
    package: &'static str,
    /// The service that the package would start with the machine.
    unit: Option<&'static str>,
}

/// The store.
pub(crate) const REDIS: Needed = service("redis-server", "redis-server", "redis-server");

/// What the tests of the workspace start.
pub(crate) const FOR_TESTS: [Needed; 5] = [REDIS, SENTINEL, REDIS_CLI, HAPROXY, program("faketime", "faketime")];

/// What the replicas harness starts.
pub(crate) const FOR_REPLICAS: [Needed; 6] =
    [REDIS, SENTINEL, REDIS_CLI, HAPROXY, service("nginx", "nginx-light", "nginx"), program("faketime", "faketime")];

/// What the tests in a browser start.
pub(crate) const FOR_BROWSER: [Needed; 1] = [program("chromium", "chromium")];

const SENTINEL: Needed = service("redis-sentinel", "redis-sentinel", "redis-sentinel");
const REDIS_CLI: Needed = program("redis-cli", "redis-tools");
const HAPROXY: Needed = service("haproxy", "haproxy", "haproxy");

const fn program(program: &'static str, package: &'static str) -> Needed {
    Needed { program, package, unit: None }
}

const fn service(program: &'static str, package: &'static str, unit: &'static str) -> Needed {
    Needed { program, package, unit: Some(unit) }
}

/// Where Debian puts servers; it is not in everybody's search path.
const SERVERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Installs `$PACKAGES`. Until that is done, a policy keeps every service from being started (policy-rc.d: 101 is "not
/// allowed"); where the machine has one already, that is left alone. `$UNITS` are kept from starting with the machine.
const INSTALL: &str = r#"
set -eu
policy=/usr/sbin/policy-rc.d
ours=
trap 'test -z "$ours" || rm -f "$policy"' EXIT
trap 'exit 1' HUP INT TERM
if ! test -e "$policy"; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $PACKAGES > /dev/null
if test -n "$UNITS" && test -d /run/systemd/system; then
    systemctl --quiet disable $UNITS || :
fi
"#;

/// Installs what is missing, and says so; fails with the command for a person where that cannot be done.
pub(crate) fn ensure(needed: &[Needed]) -> Result<()> {
    let missing: Vec<_> = needed.iter().copied().filter(|one| located(one.program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = words(missing.iter().map(|one| one.package));
    let command = format!("apt-get install --no-install-recommends {packages}");
    if located("apt-get").is_none() {
        bail!("needed and not there: {} (Debian: {command})", words(missing.iter().map(|one| one.program)));
    }
    say!("installing Debian's packages {packages}");
    let units = words(missing.iter().filter_map(|one| one.unit));
    process::run(&mut as_root(&packages, &units)).with_context(|| format!("as root: {command}"))?;
    if let Some(one) = missing.iter().find(|one| located(one.program).is_none()) {
        bail!("the package {} is installed, and there is no {}", one.package, one.program);
    }
    Ok(())
}

/// A search path that also has the folders of servers.
pub(crate) fn search_path() -> Result<std::ffi::OsString> {
    Ok(std::env::join_paths(folders())?)
}

/// The file of a program.
fn located(program: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn folders() -> Vec<PathBuf> {
    let servers = SERVERS.into_iter().map(PathBuf::from);
    process::search_path().into_iter().chain(servers).collect()
}

/// The installation, with the rights that it needs: ours if we are root, else sudo's where it asks for no password.
fn as_root(packages: &str, units: &str) -> Command {
    let variables = [format!("PACKAGES={packages}"), format!("UNITS={units}")];
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("env")
    } else {
        let mut command = Command::new("sudo");
        command.args(["-n", "env"]);
        command
    };
    command.args(variables).args(["sh", "-c", INSTALL]);
    command
}

/// Each once, in their order.
fn words<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut each: Vec<&str> = Vec::new();
    for word in all {
        if !each.contains(&word) {
            each.push(word);
        }
    }
    each.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_is_found_where_it_is_and_not_where_it_is_not() {
        assert!(located("cargo").is_some());
        assert!(located("no-such-program-here").is_none());
        ensure(&[program("cargo", "no-such-package")]).unwrap();
    }

    #[test]
    fn package_of_several_programs_is_named_once() {
        assert_eq!(words(["b", "a", "b"].into_iter()), "b a");
        assert_eq!(words([].into_iter()), "");
    }

    #[test]
    fn script_is_one_that_a_shell_understands() {
        process::capture(Command::new("sh").args(["-n", "-c", INSTALL])).unwrap();
    }
}
