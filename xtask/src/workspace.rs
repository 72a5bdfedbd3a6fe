//! Where things are: the root of the tree, the target folder, the built binaries; and how cargo is called.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// The tree that this build tool belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the user has put it.
    pub(crate) target: PathBuf,
    /// The members, as cargo understands their manifests.
    pub(crate) packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Absolute path of its manifest.
    pub(crate) manifest_path: PathBuf,
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
}

/// One declared dependency of a member.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// Which of cargo's two profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// The part of `cargo metadata` that is used.
#[derive(Debug, Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let text = process::capture(
            Command::new("cargo")
                .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"])
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
        )?;
        let metadata: Metadata = serde_json::from_str(&text).context("cannot read the output of cargo metadata")?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, packages: metadata.packages })
    }

    /// A cargo command in the root of the tree.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Builds one binary of one package and returns its path.
    pub(crate) fn build(&self, package: &str, binary: &str, profile: Profile) -> Result<PathBuf> {
        let mut command = self.cargo(["build", "--package", package, "--bin", binary]);
        let folder = match profile {
            Profile::Debug => "debug",
            Profile::Release => {
                command.arg("--release");
                "release"
            }
        };
        process::run(&mut command)?;
        Ok(self.target.join(folder).join(format!("{binary}{}", env::consts::EXE_SUFFIX)))
    }

    /// A folder of ours in the target folder, made if it is not there.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let path = self.target.join(name);
        make(&path)?;
        Ok(path)
    }

    /// The same, emptied.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.target.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot empty {}", path.display()))?;
        }
        make(&path)?;
        Ok(path)
    }
}

fn make(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))
}
