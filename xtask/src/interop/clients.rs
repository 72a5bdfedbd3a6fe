//! The clients: their names, their programs, and the era that each ends up in.

use std::process::Command;

use anyhow::Result;

use super::place::Place;

/// Which words the client and the server end up speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Legacy,
    Modern,
}

impl Era {
    /// The revision that is negotiated: the newest of the era.
    pub(super) fn revision(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it is called in the table.
    pub(super) title: &'static str,
    pub(super) era: Era,
    pub(super) program: Program,
}

/// What is run; each takes the URL and the plan first. The last text is the mode, where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Program {
    /// A script for Node.js.
    Node(&'static str, &'static str),
    /// A virtual environment and a script for its Python.
    Python(&'static str, &'static str),
    /// The program over the official Rust SDK.
    Rmcp(&'static str),
    /// The command line of the MCP Inspector.
    Inspector(&'static str),
    /// A script for Node.js that speaks stdio to mcp-remote.
    Remote(&'static str, &'static str),
}

/// All of them, in the order of the table.
pub(super) const CLIENTS: [Client; 13] = [
    client("ts-1", "TypeScript 1.32.2", Era::Legacy, Program::Node("ts-1.mjs", "")),
    client("ts-2", "TypeScript 2.4.0", Era::Legacy, Program::Node("ts-2.mjs", "legacy")),
    client("ts-2-auto", "TypeScript 2.4.0 auto", Era::Modern, Program::Node("ts-2.mjs", "auto")),
    client("ts-2-pin", "TypeScript 2.4.0 pinned", Era::Modern, Program::Node("ts-2.mjs", "2026-07-28")),
    client("py-1", "Python 1.30.0", Era::Legacy, Program::Python("mcp-1", "py_1.py")),
    client("py-2", "Python 2.3.0", Era::Modern, Program::Python("mcp-2", "py_2.py")),
    client("fastmcp-4", "FastMCP 4.1.2", Era::Modern, Program::Python("fastmcp-4", "fastmcp_4.py")),
    client("rmcp", "rmcp 3.11.0 serve", Era::Legacy, Program::Rmcp("serve")),
    client("rmcp-auto", "rmcp 3.11.0 auto", Era::Modern, Program::Rmcp("auto")),
    client("inspector", "Inspector CLI 2.12.0", Era::Legacy, Program::Inspector("legacy")),
    client("inspector-modern", "Inspector CLI 2.12.0 modern", Era::Modern, Program::Inspector("modern")),
    client("mcp-remote", "mcp-remote 0.15.1", Era::Legacy, Program::Remote("ts-2.mjs", "legacy")),
    client("mcp-remote-modern", "mcp-remote 0.15.1 modern", Era::Modern, Program::Remote("ts-2.mjs", "2026-07-28")),
];

const fn client(name: &'static str, title: &'static str, era: Era, program: Program) -> Client {
    Client { name, title, era, program }
}

impl Client {
    /// The command that takes the steps of the plan against the server.
    pub(super) fn command(&self, place: &Place, url: &str, plan: &str) -> Result<Command> {
        let mut command = match self.program {
            Program::Node(script, _) | Program::Remote(script, _) => place.script(script)?,
            Program::Inspector(_) => place.script("inspector.mjs")?,
            Program::Python(environment, script) => place.python(environment, script),
            Program::Rmcp(_) => Command::new(place.rmcp()),
        };
        command.args([url, plan]);
        match self.program {
            Program::Python(..) => &mut command,
            Program::Node(_, mode) | Program::Rmcp(mode) => command.arg(mode),
            Program::Inspector(mode) => command.arg(mode).arg(place.inspector()),
            Program::Remote(_, mode) => command.arg(mode).arg(place.remote()),
        };
        command.env("BROWSER", place.browser());
        // Where a desktop is known, its own browser would be opened.
        command.env("XDG_CURRENT_DESKTOP", "X-Generic");
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// The version that the lock file of a program names.
    fn locked(program: Program) -> String {
        let read = |path: &str| {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop").join(path)).unwrap()
        };
        let npm = |folder: &str, package: &str| {
            let lock: Value = serde_json::from_str(&read(&format!("{folder}package-lock.json"))).unwrap();
            lock["packages"][format!("node_modules/{package}")]["version"].as_str().unwrap().to_owned()
        };
        let behind = |text: &str, label: &str| {
            let version = text.split_once(label).expect("it is locked").1;
            version.split(['"', ' ']).next().unwrap().to_owned()
        };
        match program {
            Program::Node("ts-1.mjs", _) => npm("", "@modelcontextprotocol/sdk"),
            Program::Node(..) => npm("", "@modelcontextprotocol/client"),
            Program::Inspector(_) => npm("inspector/", "@modelcontextprotocol/inspector"),
            Program::Remote(..) => npm("mcp-remote/", "mcp-remote"),
            Program::Rmcp(_) => behind(&read("rmcp/Cargo.lock"), "name = \"rmcp\"\nversion = \""),
            Program::Python(environment, _) => {
                let package = if environment == "fastmcp-4" { "fastmcp" } else { "mcp" };
                behind(&read(&format!("python/{environment}.txt")), &format!("\n{package}=="))
            }
        }
    }

    #[test]
    fn titles_name_the_versions_that_are_locked() {
        for client in &CLIENTS {
            let version = locked(client.program);
            assert!(client.title.split(' ').any(|word| word == version), "{}: {version} is locked", client.title);
        }
    }

    #[test]
    fn every_client_has_a_name_and_a_title_of_its_own() {
        let names: BTreeSet<_> = CLIENTS.iter().map(|client| client.name).collect();
        let titles: BTreeSet<_> = CLIENTS.iter().map(|client| client.title).collect();
        assert_eq!((names.len(), titles.len()), (CLIENTS.len(), CLIENTS.len()));
    }
}
