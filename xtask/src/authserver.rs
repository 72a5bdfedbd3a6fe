//! `cargo xtask authserver`: installs the authorization server that tests start, so that they install nothing themselves.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{node::Node, workspace::Workspace};

/// The folder with the server, in our tree and in the target folder.
const FOLDER: &str = "authserver";

/// Installs what the lock file pins into `target/authserver`, and puts the scripts beside it, because that is where
/// Node.js looks for what a script imports.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    Node::install_with(workspace, FOLDER)?;
    let source = workspace.root.join(FOLDER);
    let place = workspace.scratch(FOLDER)?;
    for entry in fs::read_dir(&source).with_context(|| format!("cannot list {}", source.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "mjs") {
            let name = path.file_name().unwrap_or_default();
            fs::copy(&path, place.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}
