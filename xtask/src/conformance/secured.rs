//! The same runs where everybody is asked for a token, and the suite for authorization servers.
//!
//! The suite brings no token, so a small program between the two adds one.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use super::{Suite, issuer, replicated::WITH_TOKEN};
use crate::{
    process,
    say::say,
    server::{self, Server},
};

/// How long it may take to get a token.
const TOKEN: Duration = Duration::from_secs(30);

/// Returns which runs failed.
pub(super) fn run(suite: &Suite) -> Result<Vec<String>> {
    let mut command = server::serve(Command::new(&suite.everything), &suite.place)?;
    command.args(["--dev-issuer", "--dev-issuer-auto-approve", "alice"]);
    let server = Server::start(&mut command, suite.place.join("server-with-auth.log"))?;
    let token = token(suite, server.url())?;
    let script = suite.root.join("conformance/with-token.mjs");
    let mut command = suite.node.script(script)?;
    command.arg(server.url()).env("TOKEN", token);
    let proxy = Server::start(&mut command, suite.place.join("with-token.log"))?;
    let mut failed = suite.judge(WITH_TOKEN, proxy.url());
    proxy.kill()?;
    if let Err(error) = issuer::run(suite, server.url()) {
        say!("FAILED authorization: {error:#}");
        failed.push("authorization".to_owned());
    }
    server.stop()?;
    Ok(failed)
}

/// A token for the server, as a script would get it.
fn token(suite: &Suite, url: &str) -> Result<String> {
    let mut command = Command::new(&suite.everything);
    command.arg("token").arg("--state-dir").arg(state(suite)).arg(url);
    let printed = process::capture_within(TOKEN, &mut command).context("there is no token to be had")?;
    Ok(printed.trim().to_owned())
}

/// Where the server keeps what is its own.
fn state(suite: &Suite) -> PathBuf {
    suite.place.join("state")
}
