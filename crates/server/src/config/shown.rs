//! The settings that are in force, as a file that says each of them.
//!
//! What may be secret is left out: the arguments of backends and the values of their variables.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::amount::{Interval, Size};
use super::auth::{self, AuthConfig};
use super::backends::Candidate;
use super::effective::Backend;
use super::file::File;

/// Writes a line for every setting, backends last.
pub(super) fn shown(file: &File, state_dir: &Path, auth: Option<&AuthConfig>, candidates: &[Candidate]) -> String {
    let Value::Object(mut settings) = to_value(file) else { return String::new() };
    // Backends are shown as they were put together, from all their sources.
    settings.remove("backends");
    settings.insert("state_dir".to_owned(), json!(state_dir.to_string_lossy()));
    let mut out = String::new();
    write_table("", &settings, &mut out);
    for issuer in auth.into_iter().flat_map(AuthConfig::issuers) {
        let _ = writeln!(out, "# issuer {}", auth::told(issuer));
    }
    for candidate in candidates {
        write_backend(candidate, &mut out);
    }
    out
}

fn write_backend(candidate: &Candidate, out: &mut String) {
    let Candidate { backend, label, .. } = candidate;
    let Backend { name, bounds, .. } = backend;
    let variables: Vec<&str> = backend.env.names().collect();
    let variables = if variables.is_empty() { "none".to_owned() } else { variables.join(", ") };
    let count = backend.args.len();
    let _ = writeln!(out, "# {}: {count} arguments, variables: {variables}", label.escape_debug());
    let settings = json!({
        "command": literal(&backend.command),
        "env_pass": backend.env_pass,
        "cwd": backend.cwd.as_ref().map(|cwd| literal(&cwd.to_string_lossy())),
        "prefix": backend.prefix,
        "isolation": to_value(backend.isolation),
        "claims": backend.claims,
        "serial": backend.serial,
        "roots": backend.roots.iter().map(|root| root.as_str()).collect::<Vec<_>>(),
        "log_level": backend.log_level.as_str(),
        "start_timeout": Interval(bounds.start_timeout).to_string(),
        "stop_timeout": Interval(bounds.term_grace).to_string(),
        "restart_delay": Interval(bounds.backoff_min).to_string(),
        "restart_delay_max": Interval(bounds.backoff_max).to_string(),
        "probe_timeout": Interval(bounds.probe_timeout).to_string(),
        "line_bytes": Size(bounds.line_bytes_max).to_string(),
        "in_flight": bounds.in_flight_max,
        "queue_bytes": Size(usize::try_from(bounds.queue_bytes_max).unwrap_or(usize::MAX)).to_string(),
        "list_items": bounds.list_items_max,
        "list_bytes": Size(bounds.list_bytes_max).to_string(),
        "list_pages": bounds.list_pages_max,
        "questions": bounds.questions_max,
        "watched": bounds.watched_max,
    });
    if let Value::Object(settings) = settings {
        write_table(&format!("backends.{}.", key(name)), &settings, out);
    }
}

/// A text in which nothing is replaced when it is read.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// Dotted keys, so that no line depends on another. Of a list of tables, each has a line of its own.
fn write_table(path: &str, table: &Map<String, Value>, out: &mut String) {
    for (name, value) in table {
        let name = key(name);
        let _ = match value {
            Value::Object(inner) => {
                write_table(&format!("{path}{name}."), inner, out);
                continue;
            }
            Value::Null => writeln!(out, "# {path}{name} is not set"),
            Value::Array(list) if list.iter().any(Value::is_object) => {
                let lines: String = list.iter().map(|entry| format!("  {},\n", inline(entry))).collect();
                writeln!(out, "{path}{name} = [\n{lines}]")
            }
            value => writeln!(out, "{path}{name} = {}", inline(value)),
        };
    }
}

/// A value in one line; what is not set is left out. A string of JSON is one of TOML, once DEL is escaped too.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let set = table.iter().filter(|(_, value)| !value.is_null());
            let pairs: Vec<String> = set.map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string().replace('\u{7f}', "\\u007f"),
    }
}

/// A key, in quotes where it has to be.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { name.to_owned() } else { inline(&json!(name)) }
}

fn to_value(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
