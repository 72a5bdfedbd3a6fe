//! Several replicas with keys that they share: rotated under them, read again on SIGHUP, and kept when the file is bad.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use outboard_testkit::program::Program;
use outboard_testkit::redis::Redis;
use serde_json::json;
use tempfile::TempDir;

use crate::drain::wait_until;
use crate::program::{header, outboard, request};

/// Keys as `openssl rand -base64 32` makes them.
const A: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
const B: &str = "ASNFZ4mrze/+3LqYdlQyEAEjRWeJq83v/ty6mHZUMhA=";

/// A server with a file of keys, on a Redis. Its log can be read while it runs.
struct Replica {
    program: Program,
    url: String,
    directory: TempDir,
}

impl Replica {
    fn start(redis: &Redis, keys: &[&str], settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listen = if settings.contains("listen") { "" } else { "listen = '127.0.0.1:0'\n" };
        let file = format!(
            "session.key_file = 'keys'\nstore.redis.url = 'redis://127.0.0.1:{}'\ndrain.delay = '0s'\n{listen}{settings}",
            redis.port()
        );
        std::fs::write(directory.path().join("outboard.toml"), file).unwrap();
        write_keys(directory.path(), keys);
        let program = outboard();
        // Standard error goes to a file, so that it can be read before the end.
        let mut command = Command::new("/bin/sh");
        command.env_clear().args(["-c", "exec \"$0\" \"$@\" 2>log"]).arg(program.get_program());
        command.args(["serve", "--config", "outboard.toml"]);
        command.current_dir(directory.path()).env("HOME", directory.path());
        let program = Program::start(&mut command);
        let Some(url) = url(&program) else {
            panic!("{}", std::fs::read_to_string(directory.path().join("log")).unwrap())
        };
        Self { program, url, directory }
    }

    /// Puts other keys in the place of these, as a whole.
    fn rotate(&self, keys: &[&str]) {
        write_keys(self.directory.path(), keys);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Opens a session; returns its id.
    fn open(&self) -> String {
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
        });
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
        let opened = self.post(&initialize, &[]);
        header(&opened, "mcp-session-id").unwrap_or_else(|| panic!("no session: {opened}"))
    }

    /// The status of a request in the session.
    fn status(&self, session: &str) -> String {
        self.status_with(session, &[])
    }

    /// The same with other headers.
    fn status_with(&self, session: &str, headers: &[&str]) -> String {
        let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}).to_string();
        let of_session = [&format!("Mcp-Session-Id: {session}"), "MCP-Protocol-Version: 2025-11-25"];
        let answer = self.post(&ping, &[&of_session, headers].concat());
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn post(&self, body: &str, headers: &[&str]) -> String {
        let both = ["Content-Type: application/json", "Accept: application/json, text/event-stream"];
        request(&self.url, "POST", body, &[&both, headers].concat())
    }
}

/// The URL of the banner; `None` when the server has ended without one.
fn url(program: &Program) -> Option<String> {
    loop {
        let line = program.line()?;
        if let Some((_, rest)) = line.split_once(" on http://") {
            return Some(format!("http://{rest}"));
        }
    }
}

/// In the place of the former file, never half written.
fn write_keys(directory: &Path, keys: &[&str]) {
    let new = directory.join("keys.new");
    std::fs::write(&new, format!("# the first one seals\n{}\n", keys.join("\n"))).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(new, directory.join("keys")).unwrap();
}

/// What of a session's id tells by which key it is sealed.
fn sealed_by(session: &str) -> &str {
    session.get(..6).expect("an id is longer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_in_three_steps_and_no_session_is_lost_before_the_last() {
    let redis = Redis::start().await;
    let watched = Replica::start(&redis, &[A], "");
    let of_a = watched.open();
    let ahead = Replica::start(&redis, &[B, A], "");
    let of_b = ahead.open();
    assert_ne!(sealed_by(&of_a), sealed_by(&of_b));
    assert_eq!(ahead.status(&of_a), "200", "any replica with the key opens it");
    assert_eq!(watched.status(&of_b), "404", "its key is not here yet");

    watched.rotate(&[A, B]);
    wait_until("the appended key opens", || watched.status(&of_b) == "200");
    assert_eq!(sealed_by(&watched.open()), sealed_by(&of_a), "the first one still seals");

    watched.rotate(&[B, A]);
    // Each look takes what it finds whole, and says so once.
    wait_until("the other order counts", || watched.log().matches("the keys were replaced").count() == 2);
    assert_eq!(sealed_by(&watched.open()), sealed_by(&of_b), "the other key seals");
    assert_eq!([&of_a, &of_b].map(|session| watched.status(session)), ["200", "200"]);

    watched.rotate(&[B]);
    wait_until("the old key is gone", || watched.status(&of_a) == "404");
    assert_eq!(watched.status(&of_b), "200");
    let log = watched.log();
    assert!(![A, B].iter().any(|key| log.contains(key)), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_changes_nothing_and_the_next_good_one_counts() {
    let redis = Redis::start().await;
    let server = Replica::start(&redis, &[A], "");
    let session = server.open();
    let told = |what: &str| wait_until(what, || server.log().contains(what));
    server.rotate(&[A, "bm90IGEga2V5"]);
    told("line 3");
    assert!(!server.log().contains("bm90IGEga2V5"), "{}", server.log());
    assert_eq!(server.status(&session), "200");
    std::fs::remove_file(server.directory.path().join("keys")).unwrap();
    told("it cannot be read");
    assert_eq!(server.status(&session), "200");
    server.rotate(&[B]);
    wait_until("the good file counts", || server.status(&session) == "404");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reads_the_keys_again_and_ends_nothing() {
    let redis = Redis::start().await;
    let server = Replica::start(&redis, &[A], "");
    let session = server.open();
    assert!(!server.log().contains("read again"), "{}", server.log());
    server.program.signal("HUP");
    wait_until("it says that it did", || server.log().contains("read again"));
    assert_eq!(server.status(&session), "200");
}

/// Without authentication, a proxy on this machine may stand in front, as long as it says nothing of its own.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_on_loopback_serve_under_the_name_of_their_proxy() {
    let redis = Redis::start().await;
    let proxy = "127.0.0.1:9";
    let [one, other] = [0; 2].map(|_| {
        // The banner names the proxy, so the address has to be known before.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = format!("replicas = 2\nlisten = '{address}'\npublic_url = 'http://{proxy}'\n");
        let mut replica = Replica::start(&redis, &[A], &settings);
        assert_eq!(replica.url, format!("http://{proxy}/mcp"));
        replica.url = format!("http://{address}/mcp");
        replica
    });
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }})
    .to_string();
    let host = format!("Host: {proxy}");
    let opened = one.post(&initialize, &[&host]);
    let session = header(&opened, "mcp-session-id").unwrap_or_else(|| panic!("no session: {opened}"));
    assert_eq!(other.status_with(&session, &[&host]), "200");
    for refused in ["Host: 127.0.0.1:10", "Host: mcp.example.com"] {
        assert_eq!(other.status_with(&session, &[refused]), "403", "{refused}");
    }
    assert_eq!(other.status_with(&session, &[&host, "X-Forwarded-For: 192.0.2.1"]), "403");
}
