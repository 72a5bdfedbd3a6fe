//! What probes are told: alone, with lifted servers that fail, without Redis, and beside a replica with other keys.

use std::fs;
use std::path::Path;

use outboard_testkit::redis::Redis;
use serde_json::{Value, json};

use crate::drain::wait_until;
use crate::program::{Running, header, request};

/// A stdio server with one tool.
const LIFTED: &str = r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer = message["method"], {}
    if method == "initialize":
        answer["result"] = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                            "serverInfo": {"name": "lifted", "version": "1"}}
    elif method == "tools/list":
        answer["result"] = {"tools": [{"name": "who", "inputSchema": {"type": "object"}}]}
    else:
        answer["error"] = {"code": -32601, "message": "no such method"}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

/// Keys as `openssl rand -base64 32` makes them.
const A: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
const B: &str = "ASNFZ4mrze/+3LqYdlQyEAEjRWeJq83v/ty6mHZUMhA=";

fn server(config: &str) -> Running {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("lifted.py"), LIFTED).unwrap();
    fs::write(directory.path().join("outboard.toml"), config).unwrap();
    Running::start_in(directory, &[], &["--config", "outboard.toml"])
}

/// One of several on this Redis, with these keys.
fn replica(redis: &Redis, keys: &[&str], config: &str) -> Running {
    let directory = tempfile::tempdir().unwrap();
    write_keys(directory.path(), keys);
    let shared = format!("session.key_file = 'keys'\nstore.redis.url = 'redis://127.0.0.1:{}'\n", redis.port());
    fs::write(directory.path().join("outboard.toml"), shared + config).unwrap();
    Running::start_in(directory, &[], &["--config", "outboard.toml"])
}

/// In the place of the former file, never half written.
fn write_keys(directory: &Path, keys: &[&str]) {
    use std::os::unix::fs::PermissionsExt as _;
    let new = directory.join("keys.new");
    fs::write(&new, keys.join("\n")).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, directory.join("keys")).unwrap();
}

fn probe(server: &Running, path: &str) -> (u16, Value) {
    let answer = request(&server.url.replace("/mcp", path), "GET", "", &[]);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
}

/// Waits until readiness is so; returns what is told.
fn wait_for(server: &Running, code: u16, status: &str) -> Value {
    let mut told = Value::Null;
    wait_until(&format!("{code} {status}"), || {
        let (found, value) = probe(server, "/readyz");
        told = value;
        found == code && told["status"] == status
    });
    told
}

/// Ends the server; the lines of its log about readiness.
fn lines(server: Running) -> Vec<String> {
    server.signal("INT");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    log.lines().filter(|line| line.contains("ready")).map(str::to_owned).collect()
}

#[test]
fn probes_are_answered_as_json_that_nobody_keeps_whatever_their_host_is() {
    let server = server("");
    for (path, told) in [
        ("/livez", json!({"status": "alive"})),
        ("/readyz", json!({"status": "ready", "checks": {"store": {"status": "ready"}}})),
        ("/healthz", json!({"status": "ready", "checks": {"store": "ready"}})),
        ("/health", json!({"status": "ready", "checks": {"store": "ready"}})),
    ] {
        let url = server.url.replace("/mcp", path);
        for method in ["GET", "HEAD"] {
            let answer = request(&url, method, "", &["Host: 192.0.2.1"]);
            assert!(answer.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
            assert_eq!(header(&answer, "content-type").as_deref(), Some("application/json"), "{method} {path}");
            assert_eq!(header(&answer, "cache-control").as_deref(), Some("no-store"), "{method} {path}");
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.is_empty(), method == "HEAD", "{answer}");
        }
        assert_eq!(probe(&server, path), (200, told), "{path}");
        assert!(request(&url, "POST", "", &[]).starts_with("HTTP/1.1 404"), "{path} is only read");
    }
}

#[test]
fn lifted_servers_that_fail_are_told_by_their_names() {
    let working = "[backends.good]\ncommand = 'python3'\nargs = ['lifted.py']\ncwd = '.'\n";
    let broken =
        "[backends.broken]\ncommand = 'sh'\nargs = ['-c', 'test -f mended && exec python3 lifted.py']\ncwd = '.'\n";
    for (config, code, status) in
        [(working.to_owned() + broken, 200, "degraded"), (broken.to_owned(), 503, "not ready")]
    {
        let server = server(&config);
        let told = wait_for(&server, code, status);
        let backends = &told["checks"]["backends"];
        assert_eq!(backends["status"], status);
        let reason = backends["reason"].as_str().unwrap();
        assert!(reason.contains("'broken'") && !reason.contains("'good'"), "{reason}");
        fs::write(server.directory().join("mended"), "").unwrap();
        wait_for(&server, 200, "ready");
        let lines = lines(server);
        let said = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        let bad = if code == 200 { "\"ready, but degraded\"" } else { "\"not ready\"" };
        assert_eq!((said(bad), said("\"ready\"")), (1, 1), "one line for each change: {lines:#?}");
        assert!(lines.iter().any(|line| line.contains(bad) && line.contains("'broken' has failed")), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_server_is_degraded_and_takes_requests() {
    let mut redis = Redis::start().await;
    let server = replica(&redis, &[A], "");
    wait_for(&server, 200, "ready");
    redis.kill();
    let told = wait_for(&server, 200, "degraded");
    let reason = told["checks"]["store"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Redis does not answer since ") && !reason.contains("127.0.0.1"), "{reason}");
    assert_eq!(told["checks"]["keys"]["status"], "ready", "what was known of the others stands");
    redis.restart().await;
    let told = wait_for(&server, 200, "ready");
    assert_eq!(told["checks"], json!({"store": {"status": "ready"}, "keys": {"status": "ready"}}));
    let changes: Vec<String> = lines(server);
    let count = |text: &str| changes.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("ready, but degraded"), 1, "a change is one line, however often it is asked for: {changes:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_without_redis_is_degraded_and_no_less() {
    let mut redis = Redis::start().await;
    redis.kill();
    let server = replica(&redis, &[A], "");
    wait_for(&server, 200, "degraded");
    redis.restart().await;
    wait_for(&server, 200, "ready");
    wait_until("it sees itself", || probe(&server, "/healthz").1["replicas"] == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_lack_each_others_keys_are_not_ready_until_they_have_them() {
    let redis = Redis::start().await;
    let a = replica(&redis, &[A], "");
    wait_for(&a, 200, "ready");
    let b = replica(&redis, &[B], "");
    let lacks = |server: &_| {
        let mut reason = String::new();
        // Until it has heard of the other, it is not ready because it has not looked.
        wait_until("it lacks a key", || {
            let (code, told) = probe(server, "/readyz");
            reason = told["checks"]["keys"]["reason"].as_str().unwrap_or_default().to_owned();
            code == 503 && reason.contains("seals")
        });
        assert!(reason.contains("is not in the key ring of this one"), "{reason}");
        reason.split(' ').nth(2).unwrap().trim_end_matches(',').to_owned()
    };
    let mut lacking = vec![lacks(&b)];
    assert_eq!(probe(&a, "/readyz").0, 200, "the newcomer keeps nobody from work but itself");
    write_keys(b.directory(), &[B, A]);
    wait_for(&b, 200, "ready");
    lacking.insert(0, lacks(&a));
    assert_ne!(lacking[0], lacking[1], "each names the key of the other");
    write_keys(a.directory(), &[A, B]);
    for server in [&a, &b] {
        wait_for(server, 200, "ready");
    }
    let lines = lines(a);
    assert!(lines.iter().any(|line| line.contains("not ready") && line.contains(&lacking[0])), "{lines:#?}");
    // What ends in order is gone at once; what was seen of it would stand for 20 s otherwise.
    let start = tokio::time::Instant::now();
    wait_until("the other is alone", || probe(&b, "/healthz").1["replicas"] == 1);
    assert!(start.elapsed() < std::time::Duration::from_secs(15));
}
