//! The same runs on several replicas behind a round-robin proxy: what each scenario says has to be what it said of one.
//!
//! The issuer for development is one process; so where everybody is asked for a token, it is an API key.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};

use super::{RESULTS, RUNS, Suite, results::Results};
use crate::{replicas, say::say, server::Server, workspace::Workspace};

/// The folder with what each scenario said of the replicas.
const REPLICATED: &str = "conformance/replicas";

/// How an API key is told where the server keeps them.
const TABLE: &str = "[[auth.api_keys]]";

/// Returns which runs failed, or were not as on one replica.
pub(super) fn run(workspace: &Workspace, replicas: u32) -> Result<Vec<String>> {
    say!("\non {replicas} replicas behind a round-robin proxy:");
    let suite = Suite::install(workspace, REPLICATED)?;
    let one = workspace.target.join(RESULTS);
    let log = |name: &str| suite.place.join(format!("replicas{name}.log"));

    let server = replicas::serve(workspace, replicas, None, log(""))?;
    let mut failed = suite.judge("", server.url());
    server.stop()?;

    let key = Key::make(&suite)?;
    let server = replicas::serve(workspace, replicas, Some(&key.config), log("-with-auth"))?;
    let script = suite.root.join("conformance/with-token.mjs");
    let mut command = suite.node.script(script)?;
    command.arg(server.url()).env("TOKEN", &key.key);
    let proxy = Server::start(&mut command, log("-with-token"))?;
    failed.extend(suite.judge(WITH_TOKEN, proxy.url()));
    proxy.kill()?;
    server.stop()?;

    for (selected, ..) in RUNS {
        for suffix in ["", WITH_TOKEN] {
            let name = format!("{selected}{suffix}");
            let differences = Results::read(&suite.results.join(&name))?.differences(&Results::read(&one.join(&name))?);
            for difference in &differences {
                say!("  DIFFERS  {name}: {difference} on one replica");
            }
            if !differences.is_empty() && !failed.contains(&name) {
                failed.push(name);
            }
        }
    }
    Ok(failed.into_iter().map(|name| format!("{name} on {replicas} replicas")).collect())
}

/// What the names of those runs end with.
pub(super) const WITH_TOKEN: &str = " with a token";

/// An API key, and the configuration that knows it.
struct Key {
    key: String,
    config: PathBuf,
}

impl Key {
    /// Has the server make one: it prints the key, and on stderr what belongs into the configuration.
    fn make(suite: &Suite) -> Result<Self> {
        let output = Command::new(&suite.everything).args(["token", "--api-key", "conformance"]).output()?;
        ensure!(output.status.success(), "there is no API key to be had: {}", output.status);
        let told = String::from_utf8(output.stderr)?;
        let table = told.find(TABLE).and_then(|start| told.get(start..)).context("the key comes without its table")?;
        let config = suite.place.join("replicas.toml");
        fs::write(&config, table).with_context(|| format!("cannot write {}", config.display()))?;
        Ok(Self { key: String::from_utf8(output.stdout)?.trim().to_owned(), config })
    }
}
