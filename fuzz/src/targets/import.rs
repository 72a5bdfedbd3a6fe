//! The files of MCP clients: imported or refused in order, and nothing of what they keep for their servers alone is shown.
//!
//! The input is the file.

use std::io::Write as _;

use outboard_server::fuzzing::judge;
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use super::config::{CANARY, KEPT, VARIABLES, is_in_order, shows_none_of};

pub(super) fn run(data: &[u8]) {
    let mut file = NamedTempFile::new().expect("there is a place for a file");
    file.write_all(data).expect("the file can be written");
    let judged = judge("", &[file.path().to_owned()], &VARIABLES);
    is_in_order(&judged);
    let text = std::str::from_utf8(data).map(|text| text.trim_start_matches('\u{feff}'));
    let Some(root) = text.ok().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        assert!(judged.has_errors, "what is no JSON is imported");
        shows_none_of(&judged, CANARY);
        return;
    };
    let servers: Vec<_> = servers(&root).collect();
    if let Some(shown) = &judged.shown {
        let commands =
            shown.lines().filter_map(|line| line.split_once(" = ")).filter(|(key, _)| key.ends_with(".command"));
        let expected = servers.iter().filter(|server| is_started(server)).count();
        assert_eq!(commands.count(), expected, "{shown}");
    }
    let secrets = |needle| servers.iter().map(|server| in_secret_places(server, needle)).sum::<usize>();
    // With a placeholder, a name is meant that may be shown.
    if secrets(CANARY) == count(&root, CANARY) && count(&root, "${") == 0 {
        shows_none_of(&judged, CANARY);
    }
    if secrets("${") == count(&root, "${") && count(&root, KEPT) == 0 {
        shows_none_of(&judged, KEPT);
    }
}

fn servers(root: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let tables = ["mcpServers", "servers"].into_iter().filter_map(|name| root.get(name)?.as_object());
    tables.flat_map(|table| table.values()).filter_map(Value::as_object)
}

/// Whether it is a server that a command starts, and is not switched off.
fn is_started(server: &Map<String, Value>) -> bool {
    let is_off = server.get("disabled") == Some(&Value::Bool(true));
    let is_remote = ["url", "serverUrl", "httpUrl"].iter().any(|key| server.contains_key(*key))
        || server.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "stdio");
    !is_off && !is_remote
}

/// How often a text stands in the arguments and in the values of variables.
fn in_secret_places(server: &Map<String, Value>, needle: &str) -> usize {
    let arguments = server.get("args").and_then(Value::as_array).into_iter().flatten();
    let variables = server.get("env").and_then(Value::as_object).into_iter().flat_map(Map::values);
    arguments.chain(variables).filter_map(Value::as_str).map(|text| text.matches(needle).count()).sum()
}

/// How often a text stands anywhere.
fn count(value: &Value, needle: &str) -> usize {
    match value {
        Value::String(text) => text.matches(needle).count(),
        Value::Array(items) => items.iter().map(|item| count(item, needle)).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.matches(needle).count() + count(value, needle)).sum()
        }
        _ => 0,
    }
}
