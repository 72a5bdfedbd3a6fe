//! `cargo xtask tidy`: the rules of the tree that no compiler knows. Quick (under a second) and without a build.
//!
//! Each rule is a function from the [`Tree`] to what breaks it, with a test that shows it refusing a bad example.

mod arrows;
mod errors;
mod manifests;
mod sources;
mod texts;
mod tree;

use std::fmt;

use anyhow::{Result, bail};

use self::tree::Tree;
use crate::{say::say, workspace::Workspace};

/// One place that breaks one rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    /// The file, relative to the root of the tree.
    path: String,
    /// Its line, counted from 1, where there is one.
    line: Option<usize>,
    /// What is wrong and what to do about it.
    message: String,
}

impl Violation {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, message: message.into() }
    }

    fn at(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(path, message) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// A rule.
type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: &[Rule] = &[
    arrows::siblings,
    arrows::externals,
    manifests::inherited,
    manifests::described,
    manifests::no_features,
    manifests::shared_at_root,
    manifests::used_at_root,
    sources::first_line,
    sources::length,
    sources::no_mod_rs,
    sources::no_evasive_tests,
    sources::one_integration_binary,
    sources::nothing_left_open,
    errors::no_bare_strings,
    texts::no_trailing_space,
    texts::no_foreign_places,
    texts::locks_name_no_place,
    texts::map_names_each_crate,
];

/// Applies all rules; fails if one is broken.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace)?;
    let violations: Vec<Violation> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    for violation in &violations {
        say!("{violation}");
    }
    if !violations.is_empty() {
        bail!("{} violations of the rules of the tree", violations.len());
    }
    say!("tidy: {} rules hold in {} files", RULES.len(), tree.files.len());
    Ok(())
}
