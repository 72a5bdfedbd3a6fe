//! `cargo xtask interop`: the official SDKs' clients, of both generations, against lifted stdio servers.
//!
//! Every cell is one program from `interop/`, run as its users would run it: connect, list, call, close. Clients and servers
//! come from the package registries by the lock files there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::{
    node::{self, Node, Pinned},
    process,
    say::say,
    server::{self, Server},
    table,
    workspace::{Profile, Workspace},
};

/// How long one client may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A client: its name, its program, and the revision that it ends up with.
struct Client {
    name: &'static str,
    program: Program,
    revision: &'static str,
}

enum Program {
    /// A script for Node.js, with the mode of negotiation for those that have one.
    Node(&'static str, Option<&'static str>),
    /// A virtual environment and a script for its Python.
    Python(&'static str, &'static str),
}

const CLIENTS: [Client; 6] = [
    Client { name: "TypeScript 1.32.2", program: Program::Node("ts-1.mjs", None), revision: "2025-11-25" },
    Client { name: "TypeScript 2.4.0", program: Program::Node("ts-2.mjs", None), revision: "2025-11-25" },
    Client { name: "TypeScript 2.4.0 auto", program: Program::Node("ts-2.mjs", Some("auto")), revision: "2026-07-28" },
    Client {
        name: "TypeScript 2.4.0 pinned",
        program: Program::Node("ts-2.mjs", Some("2026-07-28")),
        revision: "2026-07-28",
    },
    Client { name: "Python 1.30.0", program: Program::Python("mcp-1", "py_1.py"), revision: "2025-11-25" },
    Client { name: "Python 2.3.0", program: Program::Python("mcp-2", "py_2.py"), revision: "2026-07-28" },
];

/// A stdio server to lift: its name, its command, and a call whose answer is known.
struct Backend {
    name: &'static str,
    command: String,
    tool: &'static str,
    arguments: &'static str,
    /// What the answer must contain.
    answer: &'static str,
}

/// What a client prints.
#[derive(Debug, Deserialize)]
struct Report {
    revision: String,
    tools: Vec<String>,
    answer: String,
}

/// Runs the matrix; fails if one cell does.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let outboard = workspace.build("outboard-server", "outboard", Profile::Debug)?;
    let place = Place::install(workspace)?;
    let everything = Backend {
        name: "npm server-everything",
        command: "npx -y @modelcontextprotocol/server-everything".to_owned(),
        tool: "echo",
        arguments: r#"{"message":"over the water"}"#,
        answer: "Echo: over the water",
    };
    let time = Backend {
        name: "PyPI mcp-server-time",
        command: format!("'{}'", place.folder.join("server-time/bin/mcp-server-time").display()),
        tool: "convert_time",
        arguments: r#"{"source_timezone":"UTC","time":"12:00","target_timezone":"Asia/Tokyo"}"#,
        answer: "+9.0h",
    };
    let columns = [place.column(&outboard, &everything)?, place.column(&outboard, &time)?];
    let [left, right] = columns.each_ref();
    let cells = left.iter().zip(right).map(|cells| [shown(cells.0), shown(cells.1)]);
    let rows: Vec<_> = CLIENTS.iter().zip(cells).map(|(client, [a, b])| [client.name.to_owned(), a, b]).collect();
    say!("\n{}", table::markdown(["client", everything.name, time.name], &rows));
    let failed = columns.iter().flatten().filter(|cell| cell.is_err()).count();
    ensure!(failed == 0, "{failed} cells of the matrix failed");
    Ok(())
}

/// What the matrix says of a cell; why it failed is printed when it fails.
fn shown(cell: &Result<String>) -> String {
    cell.as_deref().unwrap_or("FAILED").to_owned()
}

/// Where clients and servers are installed.
struct Place {
    folder: PathBuf,
    node: Node,
}

impl Place {
    /// Installs what the lock files say.
    fn install(workspace: &Workspace) -> Result<Self> {
        let node = Node::install(workspace)?;
        node::npm_ci(workspace, "interop", Pinned::Install)?;
        let folder = workspace.scratch("interop")?;
        for environment in ["mcp-1", "mcp-2", "server-time"] {
            pip(workspace, environment)?;
        }
        // Beside the installed packages, because that is where Node looks for what a script imports.
        for script in ["ts-1.mjs", "ts-2.mjs", "py_1.py", "py_2.py"] {
            fs::copy(workspace.root.join("interop").join(script), folder.join(script))
                .with_context(|| format!("cannot copy {script}"))?;
        }
        Ok(Self { folder, node })
    }

    /// All clients against one lifted server; what each cell of its column says.
    fn column(&self, outboard: &Path, backend: &Backend) -> Result<Vec<Result<String>>> {
        say!("\n{}: outboard serve --stdio \"{}\"", backend.name, backend.command);
        let log = self.folder.join(format!("{}.log", backend.name.replace(' ', "-")));
        let mut command = server::serve(self.node.command(outboard)?, &self.folder)?;
        command.current_dir(&self.folder).args(["--stdio", &backend.command]);
        let server = Server::start(&mut command, log)?;
        let mut cells = Vec::new();
        for client in &CLIENTS {
            let cell = self.cell(client, backend, server.url());
            match &cell {
                Ok(text) => say!("  {}: {text}", client.name),
                Err(error) => say!("  FAILED {}: {error:#}", client.name),
            }
            cells.push(cell);
        }
        if cells.iter().any(Result::is_err) {
            // Dropped, not stopped: its log is wanted.
            drop(server);
        } else {
            server.stop()?;
        }
        Ok(cells)
    }

    /// One client against one server.
    fn cell(&self, client: &Client, backend: &Backend, url: &str) -> Result<String> {
        let (mut command, mode) = match client.program {
            Program::Node(script, mode) => (self.node.script(self.folder.join(script))?, mode),
            Program::Python(environment, script) => {
                let mut command = Command::new(self.folder.join(environment).join("bin/python"));
                command.arg(self.folder.join(script));
                (command, None)
            }
        };
        command.args([url, backend.tool, backend.arguments]).args(mode);
        let printed = process::capture_within(LIMIT, &mut command)?;
        let report: Report =
            serde_json::from_str(&printed).with_context(|| format!("the client printed {printed:?}"))?;
        judge(&report, client.revision, backend)
    }
}

/// What a good cell says; a bad one is an error.
fn judge(report: &Report, revision: &str, backend: &Backend) -> Result<String> {
    let Report { revision: negotiated, tools, answer } = report;
    ensure!(negotiated == revision, "the client negotiated {negotiated}, not {revision}");
    ensure!(tools.iter().any(|tool| tool == backend.tool), "{} is not listed in {tools:?}", backend.tool);
    ensure!(answer.contains(backend.answer), "the answer is {answer:?}");
    Ok(format!("{negotiated}, {} tools", tools.len()))
}

/// Installs a locked list of Python packages into an environment of its own, unless it is there already.
fn pip(workspace: &Workspace, environment: &str) -> Result<()> {
    let list = workspace.root.join(format!("interop/python/{environment}.txt"));
    let lock = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let folder = workspace.target.join("interop").join(environment);
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !process::exists("python3") {
        bail!("Python 3.11 or newer is needed (Debian: apt-get install python3-venv)");
    }
    say!("installing the packages of interop/python/{environment}.txt");
    let made = process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    made.context("no virtual environment (Debian: apt-get install python3-venv)")?;
    process::run(
        Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"])
            .arg(&list),
    )?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_fails_on_another_revision_a_missing_tool_or_a_wrong_answer() {
        let backend =
            Backend { name: "x", command: String::new(), tool: "echo", arguments: "{}", answer: "Echo: over" };
        let report = |revision: &str, tool: &str, answer: &str| {
            let report =
                Report { revision: revision.to_owned(), tools: vec![tool.to_owned()], answer: answer.to_owned() };
            judge(&report, "2026-07-28", &backend).map_err(|error| error.to_string())
        };
        assert_eq!(report("2026-07-28", "echo", "Echo: over the water").unwrap(), "2026-07-28, 1 tools");
        let cases = [
            (("2025-11-25", "echo", "Echo: over"), "the client negotiated 2025-11-25, not 2026-07-28"),
            (("2026-07-28", "other", "Echo: over"), "echo is not listed in [\"other\"]"),
            (("2026-07-28", "echo", "nothing"), "the answer is \"nothing\""),
        ];
        for ((revision, tool, answer), expected) in cases {
            assert_eq!(report(revision, tool, answer).unwrap_err(), expected);
        }
    }
}
