//! `cargo xtask authserver`: installs the authorization server that tests start, so that they install nothing themselves.

use anyhow::Result;

use crate::{
    node::{self, Node},
    workspace::Workspace,
};

/// The folder with the server, in our tree and in the target folder.
const FOLDER: &str = "authserver";

/// Installs what the lock file pins into `target/authserver`, with the scripts.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    Node::install_with(workspace, FOLDER)?;
    node::copy_scripts(&workspace.root.join(FOLDER), &workspace.scratch(FOLDER)?)
}
