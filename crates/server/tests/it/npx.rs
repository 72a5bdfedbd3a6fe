//! A server from npm as `npx` starts it (npm, a shell, node), with a daemon that left its session: nothing of it survives,
//! whatever is killed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::program::Running;

/// Nothing is left this long after the end.
const LIMIT: Duration = Duration::from_secs(2);

const MARKER: &str = "OUTBOARD_TEST_MARKER";

/// A server without packages, so that `npx` needs no registry. Its daemon forks twice and leaves its session.
const SERVER: &str = r#"#!/usr/bin/env node
const { spawnSync } = require("node:child_process");
const daemon = "trap '' TERM HUP INT; sleep 600 & touch daemon-runs; sleep 600";
const start = `setsid sh -c "${daemon}" >/dev/null 2>&1 </dev/null & until [ -e daemon-runs ]; do sleep 0.01; done`;
spawnSync("sh", ["-c", start]);
const answers = {
  initialize: (params) => ({
    protocolVersion: params.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "npx", version: "1" },
  }),
  "tools/list": () => ({ tools: [{ name: "hello", inputSchema: { type: "object" } }] }),
};
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method]
    ? { result: answers[method](params) }
    : { error: { code: -32601, message: "no such method" } };
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, ...answer }) + "\n");
});
"#;

/// A running outboard over the tree, and the marker that its processes carry in their environment.
fn lifted() -> (Running, String) {
    let directory = tempfile::tempdir().unwrap();
    let bin = directory.path().join("node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(directory.path().join("package.json"), r#"{"name":"here","private":true}"#).unwrap();
    std::fs::write(bin.join("hello-server"), SERVER).unwrap();
    std::fs::set_permissions(bin.join("hello-server"), Permissions::from_mode(0o755)).unwrap();
    let marker = format!("{}-{}", std::process::id(), directory.path().display());
    let variables = [(MARKER, marker.as_str())];
    let arguments = ["--env-pass", MARKER, "--stdio", "npx --no hello-server"];
    (Running::start_in(directory, &variables, &arguments), marker)
}

/// The command lines of the processes that carry the marker, but not of outboard itself.
fn carriers(marker: &str) -> Vec<(String, String)> {
    let wanted = format!("{MARKER}={marker}");
    let read = |entry: std::fs::DirEntry| {
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let carries = environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes());
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        carries.then(|| (entry.file_name().to_string_lossy().into_owned(), line))
    };
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| read(entry.ok()?));
    processes.filter(|(_, line)| !line.contains(" serve ")).collect()
}

/// Waits until nothing is left of `before`, at most as long as it may take.
fn assert_gone(marker: &str, before: &[(String, String)]) {
    let start = Instant::now();
    loop {
        let left: Vec<_> = carriers(marker).into_iter().filter(|process| before.contains(process)).collect();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() < LIMIT, "after {LIMIT:?} there are still {left:?}");
        std::thread::yield_now();
    }
}

fn kill(pid: &str) {
    assert!(std::process::Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
}

#[test]
fn nothing_of_an_npx_tree_survives_the_kill_of_the_server() {
    let (server, marker) = lifted();
    let tree = carriers(&marker);
    // The guard, npm, its shell, node, and the daemon's shell with two children.
    assert!(tree.len() >= 6 && tree.iter().any(|(_, line)| line.starts_with("sleep")), "{tree:?}");
    server.signal("KILL");
    assert_gone(&marker, &tree);
    assert_eq!(carriers(&marker), []);
}

#[test]
fn nothing_of_an_npx_tree_survives_the_kill_of_its_command() {
    let (server, marker) = lifted();
    let tree = carriers(&marker);
    let (npm, _) = tree.iter().find(|(_, line)| line.starts_with("npm exec")).expect("npm runs the tree");
    kill(npm);
    assert_gone(&marker, &tree);
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    assert_eq!(carriers(&marker), []);
}

#[test]
fn nothing_of_an_npx_tree_survives_a_clean_end() {
    let (server, marker) = lifted();
    let tree = carriers(&marker);
    // As a person ends it: SIGTERM leaves balancers a while first.
    server.signal("INT");
    assert_gone(&marker, &tree);
    assert_eq!(server.ended().0, Some(0));
}
