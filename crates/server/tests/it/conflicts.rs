//! Several lifted servers with resources of the same URI: refused, unless the config says whose is meant.

use std::process::Stdio;

use serde_json::json;

use crate::program::{Running, outboard};
use crate::wire::{modern, text_of};

/// A stdio server that lists one resource, or one template, and reads everything as its own name.
const SERVER: &str = r#"
import json, sys
name, kind, uri = sys.argv[1:4]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer = message["method"], {}
    if method == "initialize":
        answer["result"] = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"resources": {}},
                            "serverInfo": {"name": name, "version": "1"}}
    elif method == "resources/list":
        answer["result"] = {"resources": [{"uri": uri, "name": name}] if kind == "resource" else []}
    elif method == "resources/templates/list":
        answer["result"] = {"resourceTemplates": [{"uriTemplate": uri, "name": name}] if kind == "template" else []}
    elif method == "resources/read":
        answer["result"] = {"contents": [{"uri": message["params"]["uri"], "text": name}]}
    else:
        answer["error"] = {"code": -32601, "message": "no such method"}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

/// A directory with the config of two servers, `one` and `two`, that list these.
fn directory([one, two]: [(&str, &str); 2], before: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("server.py"), SERVER).unwrap();
    let mut config = format!("{before}\n");
    for (name, (kind, uri)) in [("one", one), ("two", two)] {
        let table = format!("[backends.{name}]\ncommand = 'python3'\ncwd = '.'\n");
        config.push_str(&format!("{table}args = ['server.py', '{name}', '{kind}', '{uri}']\n"));
    }
    std::fs::write(directory.path().join("outboard.toml"), config).unwrap();
    directory
}

#[test]
fn two_servers_with_the_same_resource_do_not_start() {
    let cases = [
        [("resource", "test://same"), ("resource", "test://same")],
        [("template", "test://{id}/data"), ("template", "test://{name}/data")],
        [("template", "test://{id}/data"), ("resource", "test://7/data")],
    ];
    for lists in cases {
        let directory = directory(lists, "");
        for transport in ["http", "stdio"] {
            let mut command = outboard();
            command.current_dir(directory.path()).env("HOME", directory.path()).stdin(Stdio::null());
            command.args(["serve", "--config", "outboard.toml", "--transport", transport]);
            command.env("OUTBOARD_LISTEN", "127.0.0.1:0");
            let refused = command.output().unwrap();
            assert_eq!(refused.status.code(), Some(64), "{refused:?}");
            let said = String::from_utf8(refused.stderr).unwrap();
            for part in [lists[1].1, "'one'", "'two'", "resource_order"] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert!(refused.stdout.is_empty());
        }
    }
}

#[test]
fn the_order_of_the_config_says_whose_resource_is_read() {
    for (order, first) in [("['one', 'two']", "one"), ("['two', 'one']", "two")] {
        let same = [("resource", "test://same"), ("resource", "test://same")];
        let directory = directory(same, &format!("resource_order = {order}"));
        let server = Running::start_in(directory, &[], &["--config", "outboard.toml"]);
        let listed = modern(&server.url, "resources/list", json!({}), &json!({}));
        assert_eq!(listed["result"]["resources"].as_array().unwrap().len(), 1, "{listed}");
        let read = modern(&server.url, "resources/read", json!({"uri": "test://same"}), &json!({}));
        assert_eq!(text_of(&read), first, "{order}");
    }
}

#[test]
fn servers_with_different_resources_stand_side_by_side() {
    let lists = [("resource", "test://one"), ("template", "test://two/{id}")];
    let server = Running::start_in(directory(lists, ""), &[], &["--config", "outboard.toml"]);
    for (uri, name) in [("test://one", "one"), ("test://two/7", "two")] {
        let read = modern(&server.url, "resources/read", json!({ "uri": uri }), &json!({}));
        assert_eq!(text_of(&read), name);
    }
}
