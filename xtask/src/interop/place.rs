//! Where clients and lifted servers are installed, and how they are started from there.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{
    clients::{Client, Program},
    document::Document,
    targets::{Kind, Target},
};
use crate::{
    node::{self, Node, Pinned},
    process,
    say::say,
    server,
    workspace::Workspace,
};

/// The folder with all that was installed.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    node: Node,
}

impl Place {
    /// Installs what these clients and targets need, as the lock files say.
    pub(super) fn install(workspace: &Workspace, clients: &[&Client], targets: &[&Target]) -> Result<Self> {
        let node = Node::install(workspace)?;
        node::npm_ci(workspace, "interop", Pinned::Install)?;
        let place = Self { folder: workspace.scratch("interop")?, node };
        node::copy_scripts(&workspace.root.join("interop"), &place.folder)?;
        for client in clients {
            match client.program {
                Program::Node(..) => {}
                Program::Python(environment, _) => pip(workspace, environment)?,
                Program::Rmcp(_) => place.build_rmcp(workspace)?,
                Program::Inspector(_) => drop(node::npm_ci(workspace, "interop/inspector", Pinned::Install)?),
                Program::Remote(..) => drop(node::npm_ci(workspace, "interop/mcp-remote", Pinned::Install)?),
            }
        }
        if targets.iter().any(|target| target.kind == Kind::Time) {
            pip(workspace, "server-time")?;
        }
        if targets.iter().any(|target| target.wants_document()) {
            pip(workspace, Document::ENVIRONMENT)?;
        }
        place.make_browser()?;
        Ok(place)
    }

    /// Makes what clients start as the browser. As a browser would, it leaves whoever starts it alone.
    fn make_browser(&self) -> Result<()> {
        let visit = self.script("browser.mjs")?;
        let words: Vec<_> = [visit.get_program()].into_iter().chain(visit.get_args()).collect();
        let line = words.iter().fold(String::new(), |line, word| format!("{line}'{}' ", word.display()));
        let path = self.browser();
        fs::write(&path, format!("#!/bin/sh\n{line}\"$@\" > /dev/null 2>&1 &\n"))
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Builds the client over the Rust SDK. It is a workspace of its own, with a lock file of its own.
    fn build_rmcp(&self, workspace: &Workspace) -> Result<()> {
        let mut command =
            workspace.cargo(["build", "--quiet", "--locked", "--manifest-path", "interop/rmcp/Cargo.toml"]);
        process::run(command.arg("--target-dir").arg(self.folder.join("rmcp")))
    }

    /// The command that starts a target, with our server's program, on a free port. Its issuer trusts the authority of the
    /// document.
    pub(super) fn serve(&self, program: &Path, target: &Target, document: Option<&Document>) -> Result<Command> {
        let folder = self.folder.join(format!("serve-{}", target.name));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut command = server::serve(self.node.command(program)?, &folder)?;
        File::options().append(true).open(folder.join("outboard.toml"))?.write_all(target.config().as_bytes())?;
        match target.kind {
            Kind::Fixture => {}
            Kind::Everything => {
                command.args(["--stdio", "npx -y @modelcontextprotocol/server-everything"]);
            }
            Kind::Time => {
                let program = self.folder.join("server-time/bin/mcp-server-time");
                command.arg("--stdio").arg(format!("'{}'", program.display()));
            }
            Kind::Secured(_) => {
                command.args(["--dev-issuer", "--dev-issuer-auto-approve", "alice"]);
                command.envs(document.map(|document| ("SSL_CERT_FILE", &document.authority)));
            }
        }
        // There `npx` finds what is installed.
        command.current_dir(&self.folder);
        Ok(command)
    }

    /// A script of ours for Node.js.
    pub(super) fn script(&self, name: &str) -> Result<Command> {
        self.node.script(self.folder.join(name))
    }

    /// A script of ours for the Python of a virtual environment.
    pub(super) fn python(&self, environment: &str, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(environment).join("bin/python"));
        command.arg(self.folder.join(name));
        command
    }

    /// What clients start as the browser.
    pub(super) fn browser(&self) -> PathBuf {
        self.folder.join("browser")
    }

    /// The client over the Rust SDK.
    pub(super) fn rmcp(&self) -> PathBuf {
        self.folder.join("rmcp/debug/rmcp-client")
    }

    /// The script of the MCP Inspector.
    pub(super) fn inspector(&self) -> PathBuf {
        self.folder.join("inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js")
    }

    /// The script of mcp-remote.
    pub(super) fn remote(&self) -> PathBuf {
        self.folder.join("mcp-remote/node_modules/mcp-remote/dist/proxy.js")
    }
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
