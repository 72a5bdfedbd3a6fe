//! Node.js for the tools that need it: the machine's own if it is new enough, else the one that our lock file pins.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{process, say::say, workspace::Workspace};

/// The oldest version, major and minor, that everything runs on: the MCP Inspector asks for the newest.
const OLDEST: (u32, u32) = (22, 19);

/// A usable Node.js.
#[derive(Debug)]
pub(crate) struct Node {
    /// The folder of the pinned `node`, to be put in front of the search path; `None` means the machine's own.
    folder: Option<PathBuf>,
}

impl Node {
    /// Finds or installs it; also installs the packages that `conformance/package-lock.json` pins.
    pub(crate) fn install(workspace: &Workspace) -> Result<Self> {
        Self::install_with(workspace, "conformance")
    }

    /// The same with the packages of another folder, whose lock file has to pin a `node` as an optional package.
    pub(crate) fn install_with(workspace: &Workspace, folder: &str) -> Result<Self> {
        if !process::exists("npm") {
            bail!("npm is needed (Debian: apt-get install nodejs npm)");
        }
        let own_is_enough = machine_version().is_some_and(|version| version >= OLDEST);
        let modules = npm_ci(workspace, folder, if own_is_enough { Pinned::Skip } else { Pinned::Install })?;
        if own_is_enough {
            return Ok(Self { folder: None });
        }
        let architecture = if env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
        let folder = modules.join(format!("node-{}-{architecture}/bin", env::consts::OS));
        if !folder.join("node").exists() {
            let (major, minor) = OLDEST;
            bail!("Node.js {major}.{minor} or newer is needed, and none is pinned for this platform");
        }
        Ok(Self { folder: Some(folder) })
    }

    /// A command whose search path begins with this Node.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Result<Command> {
        let mut command = Command::new(program.as_ref());
        self.lead_path(&mut command)?;
        Ok(command)
    }

    /// Runs a script with this Node.
    pub(crate) fn script(&self, script: impl AsRef<Path>) -> Result<Command> {
        let program = self.folder.as_ref().map_or_else(|| PathBuf::from("node"), |folder| folder.join("node"));
        let mut command = self.command(program)?;
        command.arg(script.as_ref());
        Ok(command)
    }

    fn lead_path(&self, command: &mut Command) -> Result<()> {
        if let Some(folder) = &self.folder {
            let path = [folder.clone()].into_iter().chain(process::search_path());
            command.env("PATH", env::join_paths(path)?);
        }
        Ok(())
    }
}

/// Whether the optional packages of a lock file, which are the pinned Node, are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pinned {
    Install,
    Skip,
}

/// Installs `FOLDER/package-lock.json` of our tree into `target/FOLDER/node_modules` and returns that folder. Nothing is
/// done if that lock file is what is installed there already.
pub(crate) fn npm_ci(workspace: &Workspace, folder: &str, pinned: Pinned) -> Result<PathBuf> {
    let source = workspace.root.join(folder);
    let place = workspace.scratch(folder)?;
    let modules = place.join("node_modules");
    let stamp = modules.join(".installed");
    let lock = fs::read_to_string(source.join("package-lock.json"))
        .with_context(|| format!("cannot read {folder}/package-lock.json"))?;
    let state = format!("{pinned:?}\n{lock}");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == state) {
        return Ok(modules);
    }
    say!("installing the packages of {folder}/package-lock.json");
    for name in ["package.json", "package-lock.json"] {
        fs::copy(source.join(name), place.join(name)).with_context(|| format!("cannot copy {folder}/{name}"))?;
    }
    let mut command = Command::new("npm");
    command.current_dir(&place).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    if pinned == Pinned::Skip {
        command.arg("--omit=optional");
    }
    process::run(&mut command)?;
    fs::write(&stamp, state).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(modules)
}

/// Puts scripts beside the packages that they import, because that is where Node.js looks for these.
pub(crate) fn copy_scripts(source: &Path, place: &Path) -> Result<()> {
    for entry in fs::read_dir(source).with_context(|| format!("cannot list {}", source.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "mjs" || end == "py") {
            let name = path.file_name().unwrap_or_default();
            fs::copy(&path, place.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// The version of the machine's own Node.
fn machine_version() -> Option<(u32, u32)> {
    let printed = process::capture(Command::new("node").arg("--version")).ok()?;
    version(&printed)
}

/// The major and the minor version.
fn version(printed: &str) -> Option<(u32, u32)> {
    let mut parts = printed.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_what_node_prints() {
        let cases = [
            ("v22.23.3\n", Some((22, 23))),
            ("v8.1.0", Some((8, 1))),
            ("22.1.0", None),
            ("v22", None),
            ("vX.1", None),
            ("", None),
        ];
        for (printed, expected) in cases {
            assert_eq!(version(printed), expected, "{printed:?}");
        }
    }
}
