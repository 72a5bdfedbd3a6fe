//! The settings that are in force, as a file that says each of them.
//!
//! What may be secret is left out: the arguments of backends and the values of their variables.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::amount::{Interval, Size};
use super::backends::Candidate;
use super::effective::Backend;
use super::file::File;

/// Writes a line for every setting, backends last.
pub(super) fn shown(file: &File, state_dir: &Path, candidates: &[Candidate]) -> String {
    let Value::Object(mut settings) = to_value(file) else { return String::new() };
    // Backends are shown as they were put together, from all their sources.
    settings.remove("backends");
    settings.insert("state_dir".to_owned(), json!(state_dir.to_string_lossy()));
    let mut out = String::new();
    write_table("", &settings, &mut out);
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
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let name = if is_bare { name.clone() } else { json!(name).to_string() };
    if let Value::Object(settings) = settings {
        write_table(&format!("backends.{name}."), &settings, out);
    }
}

/// A text in which nothing is replaced when it is read.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// Dotted keys, so that no line depends on another. A string of JSON is one of TOML, once DEL is escaped too.
fn write_table(path: &str, table: &Map<String, Value>, out: &mut String) {
    for (key, value) in table {
        let _ = match value {
            Value::Object(inner) => {
                write_table(&format!("{path}{key}."), inner, out);
                continue;
            }
            Value::Null => writeln!(out, "# {path}{key} is not set"),
            value => writeln!(out, "{path}{key} = {}", value.to_string().replace('\u{7f}', "\\u007f")),
        };
    }
}

fn to_value(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
