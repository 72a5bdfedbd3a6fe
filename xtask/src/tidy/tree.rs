//! What the rules look at: the members with their manifests, and the text of every file that a person or a tool maintains.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use toml::Table;

use crate::workspace::{Dependency, Workspace};

/// Folders that are made, not written.
const MADE: [&str; 4] = ["target", "node_modules", "__pycache__", ".git"];

/// The tree as the rules see it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) packages: Vec<Package>,
    pub(super) root_manifest: Table,
    pub(super) files: Vec<File>,
}

/// One member of the workspace.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its folder, relative to the root, with `/` between the parts.
    pub(super) folder: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) manifest: Table,
}

/// One text file.
#[derive(Debug, Default)]
pub(super) struct File {
    /// Its path, relative to the root, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Reads the tree from disk.
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let root = &workspace.root;
        let mut files = Vec::new();
        walk(root, root, &workspace.target, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let packages = workspace.packages.iter().map(|package| {
            let folder = package.manifest_path.parent().unwrap_or(root);
            Ok(Package {
                name: package.name.clone(),
                folder: relative(root, folder),
                dependencies: package.dependencies.clone(),
                manifest: read_toml(&package.manifest_path)?,
            })
        });
        Ok(Self {
            packages: packages.collect::<Result<_>>()?,
            root_manifest: read_toml(&root.join("Cargo.toml"))?,
            files,
        })
    }

    /// The file at this path.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// All Rust sources.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.extension() == "rs")
    }
}

impl Package {
    /// The path of its manifest.
    pub(super) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// Whether it is one of the crates that are published, not a tool, an example or a measurement.
    pub(super) fn is_crate(&self) -> bool {
        self.folder.starts_with("crates/")
    }
}

impl File {
    /// What stands behind the last dot of its name.
    pub(super) fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
    }

    /// Its name without folders.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Its lines with their numbers, counted from 1.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
    }

    /// How many lines stand in front of the module of unit tests, which stands last.
    pub(super) fn lines_of_code(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests =
            lines.windows(2).position(|pair| matches!(pair, ["#[cfg(test)]", next] if next.starts_with("mod ")));
        tests.unwrap_or(lines.len())
    }
}

fn walk(root: &Path, folder: &Path, target: &Path, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_symlink() || MADE.contains(&name) || path == target {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, target, files)?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            // What is not UTF-8 is a picture or the like.
            files.push(File { path: relative(root, &path), text });
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(root).unwrap_or(path);
    inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn read_toml(path: &PathBuf) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("cannot understand {}", path.display()))
}

/// Small trees for the tests of the rules.
#[cfg(test)]
pub(super) mod example {
    use super::*;

    /// A tree of files only.
    pub(in crate::tidy) fn files<const N: usize>(files: [(&str, &str); N]) -> Tree {
        let files = files.map(|(path, text)| File { path: path.to_owned(), text: text.to_owned() });
        Tree { files: files.into(), ..Tree::default() }
    }

    /// A member of the name `outboard-NAME` in `crates/NAME`.
    pub(in crate::tidy) fn package(name: &str, manifest: &str) -> Package {
        Package {
            name: format!("outboard-{name}"),
            folder: format!("crates/{name}"),
            dependencies: Vec::new(),
            manifest: manifest.parse().unwrap(),
        }
    }

    /// The same with dependencies: `("tokio", "")` is a normal one, `("tokio", "dev")` one of the tests.
    pub(in crate::tidy) fn depending<const N: usize>(name: &str, dependencies: [(&str, &str); N]) -> Package {
        let dependencies = dependencies.map(|(name, kind)| Dependency {
            name: name.to_owned(),
            kind: (!kind.is_empty()).then(|| kind.to_owned()),
        });
        Package { dependencies: dependencies.into(), ..package(name, "") }
    }

    /// What the violations say, each on one line.
    pub(in crate::tidy) fn shown(violations: &[crate::tidy::Violation]) -> Vec<String> {
        violations.iter().map(ToString::to_string).collect()
    }
}
