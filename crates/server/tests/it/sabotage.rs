//! The faults that tests of replicas switch on: that they are there, so that those tests can be seen to fail.

use serde_json::json;

use crate::program::{Running, header, outboard, request};

/// A key for this holder: the key itself, and its lines for the file.
fn api_key(name: &str) -> (String, String) {
    let made = outboard().args(["token", "--api-key", name]).output().unwrap();
    // The key goes to standard output alone, so that it can be piped; the lines for people to standard error.
    let [key, told] = [made.stdout, made.stderr].map(|text| String::from_utf8(text).unwrap());
    let lines = told.find("[[auth.api_keys]]").map(|at| &told[at..]).unwrap();
    (key.trim().to_owned(), lines.to_owned())
}

fn post(url: &str, key: &str, body: &serde_json::Value, more: &[&str]) -> String {
    let token = format!("Authorization: Bearer {key}");
    let headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream", &token];
    request(url, "POST", &body.to_string(), &[&headers, more].concat())
}

/// The status of a request of bob in a session of alice.
fn status_of_a_stranger(variables: &[(&str, &str)]) -> String {
    let [(alice, first), (bob, second)] = ["alice", "bob"].map(api_key);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("outboard.toml"), format!("{first}\n{second}")).unwrap();
    let server = Running::start_in(directory, variables, &["--config", "outboard.toml"]);
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let opened = post(&server.url, &alice, &initialize, &[]);
    let session = header(&opened, "mcp-session-id").unwrap_or_else(|| panic!("no session: {opened}"));
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let answer = post(&server.url, &bob, &ping, &[&format!("Mcp-Session-Id: {session}")]);
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn without_the_check_of_owners_a_stranger_gets_in() {
    assert_eq!(status_of_a_stranger(&[]), "404");
    assert_eq!(status_of_a_stranger(&[("OUTBOARD_SABOTAGE", "owner")]), "200");
}
