//! Real servers, unchanged, from npm and `PyPI`: lifted, imported, and attacked.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::drain::wait_until;
use crate::program::Running;
use crate::servers;
use crate::wire::{Session, modern, text_of};

/// A running outboard over these backends.
fn serving(directory: TempDir, config: &str) -> Running {
    fs::write(directory.path().join("outboard.toml"), config).unwrap();
    Running::start_in(directory, &[], &["--config", "outboard.toml"])
}

/// The table of a backend with this command line.
fn table(name: &str, line: &[String], more: &str) -> String {
    let (command, arguments) = line.split_first().unwrap();
    format!("[backends.{name}]\ncommand = {command:?}\nargs = {arguments:?}\n{more}\n")
}

fn called(url: &str, tool: &str, arguments: &Value) -> Value {
    modern(url, "tools/call", json!({"name": tool, "arguments": arguments}), &json!({}))
}

/// Two directories with a file each, of which the first is offered.
struct Disk {
    directory: TempDir,
}

impl Disk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["inside", "outside"] {
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join("file"), format!("canary {name}")).unwrap();
        }
        Self { directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().canonicalize().unwrap().join(name)
    }

    fn file(&self, name: &str) -> Value {
        json!({"path": self.path(name).join("file")})
    }
}

#[test]
fn roots_of_a_caller_do_not_become_those_of_a_lifted_server() {
    let disk = Disk::new();
    let line = servers::filesystem(&disk.path("inside"));
    let server = serving(tempfile::tempdir().unwrap(), &table("files", &line, ""));
    // A client that offers the whole disk, and says so at every opportunity.
    let capabilities = json!({"roots": {"listChanged": true}, "elicitation": {}, "sampling": {}});
    let everything = json!({"roots": {"action": "accept", "roots": [{"uri": "file:///"}]}});
    let session = Session::open(&server.url, &capabilities);
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"});
    assert!(session.post(&changed).starts_with("HTTP/1.1 202"));
    for (name, is_read) in [("outside", false), ("inside", true)] {
        let call = json!({"name": "read_text_file", "arguments": disk.file(name)});
        let mut rounds = call.clone();
        rounds["inputResponses"] = everything.clone();
        let answers = [
            // If the client were asked, the call would wait for an answer that never comes.
            session.ask("tools/call", &call),
            modern(&server.url, "tools/call", call, &capabilities),
            modern(&server.url, "tools/call", rounds, &capabilities),
        ];
        for answer in answers {
            assert_eq!(answer.to_string().contains(&format!("canary {name}")), is_read, "{answer}");
            assert_eq!(answer["result"]["isError"] == true, !is_read, "{answer}");
        }
    }
    let allowed = session.ask("tools/call", &json!({"name": "list_allowed_directories", "arguments": {}}));
    let lines: Vec<&str> = text_of(&allowed).lines().collect();
    assert_eq!(lines, ["Allowed directories:", disk.path("inside").to_str().unwrap()], "{allowed}");
}

#[test]
fn roots_of_the_config_are_those_of_a_lifted_server() {
    let disk = Disk::new();
    let line = servers::filesystem(&disk.path("inside"));
    let roots = format!("roots = [{:?}]", disk.path("outside"));
    let server = serving(tempfile::tempdir().unwrap(), &table("files", &line, &roots));
    let session = Session::open(&server.url, &json!({"roots": {"listChanged": true}}));
    // The server asks for roots once it is initialized, beside what it is asked.
    let read = |name: &str| session.ask("tools/call", &json!({"name": "read_text_file", "arguments": disk.file(name)}));
    wait_until("the roots reach it", || read("outside")["result"]["isError"] != true);
    assert!(text_of(&read("outside")).contains("canary outside"));
    let refused = read("inside");
    assert_eq!(refused["result"]["isError"], true, "{refused}");
}

#[test]
fn servers_from_pypi_are_listed_and_called() {
    let directory = tempfile::tempdir().unwrap();
    let repository = directory.path().join("repository");
    fs::create_dir(&repository).unwrap();
    let initialized = Command::new("git").args(["init", "--quiet"]).current_dir(&repository).output().unwrap();
    assert!(initialized.status.success(), "{initialized:?}");
    fs::write(repository.join("untracked-canary"), "").unwrap();
    let time = [servers::python("mcp-server-time"), "--local-timezone".to_owned(), "UTC".to_owned()];
    let git = [servers::python("mcp-server-git"), "--repository".to_owned(), shown(&repository)];
    let config = format!("{}{}", table("time", &time, ""), table("git", &git, ""));
    let server = serving(directory, &config);
    let listed = String::from_utf8(server.outboard("list", &[]).stdout).unwrap();
    for tool in ["git_git_status", "git_git_log", "time_convert_time", "time_get_current_time"] {
        assert!(listed.lines().any(|line| line.split_whitespace().next() == Some(tool)), "{tool}: {listed}");
    }
    let status = called(&server.url, "git_git_status", &json!({"repo_path": repository}));
    assert!(text_of(&status).contains("untracked-canary"), "{status}");
    let times = json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"});
    let session = Session::open(&server.url, &json!({}));
    for answer in [
        called(&server.url, "time_convert_time", &times),
        session.ask("tools/call", &json!({"name": "time_convert_time", "arguments": times})),
    ] {
        assert!(text_of(&answer).contains("+9.0h"), "{answer}");
    }
    let outside = called(&server.url, "git_git_status", &json!({"repo_path": "/"}));
    assert_eq!(outside["result"]["isError"], true, "{outside}");
}

#[test]
fn the_servers_of_a_clients_file_are_lifted() {
    let disk = Disk::new();
    let directory = tempfile::tempdir().unwrap();
    let files = servers::filesystem(&disk.path("inside"));
    let (command, arguments) = files.split_first().unwrap();
    let imported = json!({"mcpServers": {
        "files": {"command": command, "args": arguments},
        "clock": {"type": "stdio", "command": servers::python("mcp-server-time"), "env": {"TZ": "UTC"}},
        "far": {"url": "https://mcp.example.com/mcp"},
        "off": {"command": "/does/not/exist", "disabled": true},
    }});
    fs::write(directory.path().join("mcp.json"), imported.to_string()).unwrap();
    let server = Running::start_in(directory, &[], &["--import", "mcp.json"]);
    let read = called(&server.url, "files_read_text_file", &disk.file("inside"));
    assert_eq!(text_of(&read), "canary inside");
    let time = called(&server.url, "clock_get_current_time", &json!({"timezone": "UTC"}));
    assert!(text_of(&time).contains("UTC"), "{time}");
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("mcpServers.far.url"), "{log}");
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
