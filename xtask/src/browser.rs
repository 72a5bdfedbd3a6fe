//! `cargo xtask browser`: sign-in and consent in a real browser, against our server with its issuer for development.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    node::{self, Node, Pinned},
    packages, process,
    say::say,
    server::Server,
    workspace::{Profile, Workspace},
};

/// The folder with the tests, in our tree and in the target folder.
const FOLDER: &str = "browser";

/// How long all tests may take; each wait in them has its own limit.
const LIMIT: Duration = Duration::from_secs(300);

/// What the server is told: the tools need a scope each, so that there is something to ask for, and one that is hard to show.
const CONFIG: &str = r#"
[drain]
delay = "0s"

[[auth.rules]]
tool = "echo"
all_of = ["notes:read"]

[[auth.rules]]
tool = "add"
all_of = ["notes:write"]

[[auth.rules]]
tool = "count"
all_of = ["notes:a_scope_that_is_as_long_as_they_come_and_has_no_place_to_break"]
"#;

/// Runs the tests in the machine's own Chromium; fails if one does.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    packages::ensure(&packages::FOR_BROWSER)?;
    let program = workspace.build("outboard-server", "outboard", Profile::Debug)?;
    let node = Node::install(workspace)?;
    node::npm_ci(workspace, FOLDER, Pinned::Install)?;
    let place = workspace.scratch(FOLDER)?;
    node::copy_scripts(&workspace.root.join(FOLDER), &place)?;

    let server = Server::start(&mut serve(&program, &place)?, place.join("server.log"))?;
    let mut tests = node.command("node")?;
    tests.args(["--test-reporter", "spec"]).arg(place.join("all.mjs")).env("OUTBOARD_URL", server.url());
    say!("{}", process::capture_within(LIMIT, &mut tests)?.trim_end());
    server.stop()
}

/// The server on a free port, with what it keeps and its configuration in `place`.
fn serve(program: &Path, place: &Path) -> Result<Command> {
    let config = place.join("outboard.toml");
    fs::write(&config, CONFIG).with_context(|| format!("cannot write {}", config.display()))?;
    let mut command = Command::new(program);
    command.args(["serve", "--dev-issuer", "--listen", "127.0.0.1:0", "--config"]).arg(config);
    command.arg("--state-dir").arg(place.join("state"));
    Ok(command)
}
