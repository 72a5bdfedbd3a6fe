//! Files in which MCP clients keep their servers: `{"mcpServers": {"NAME": {"command": …}}}` of Claude, Cursor and most
//! others, `{"servers": …}` of VS Code.
//!
//! It finds the entries; what they say is judged where they become backends. Members that no backend needs are not
//! looked at: the files hold other settings of their clients too.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Unreadable, read_text};

/// The members of a file that hold servers.
const TABLES: [&str; 2] = ["mcpServers", "servers"];

/// One server of a file.
pub(super) struct Entry {
    /// The file and the member that holds the servers, for messages: `mcp.json: mcpServers`.
    pub(super) table: String,
    /// What the client calls the server.
    pub(super) name: String,
    /// What the file says about it.
    pub(super) value: Value,
}

/// Why there is nothing to import.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImportError {
    /// The file as a file.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Not JSON. The parser's words hold nothing of the text.
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// JSON, but no object with servers.
    #[error("there is no object `mcpServers` or `servers` in it")]
    NoServers,
}

/// Reads the servers of a file, in its order.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, ImportError> {
    let text = read_text(path)?;
    // Windows editors begin a file with a byte order mark.
    let root: Map<String, Value> = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(root)) => root,
        Ok(_) => return Err(ImportError::NoServers),
        Err(mistake) => return Err(ImportError::NotJson(mistake)),
    };
    let mut entries = Vec::new();
    let mut is_empty = true;
    for (key, servers) in root {
        let (true, Value::Object(servers)) = (TABLES.contains(&key.as_str()), servers) else { continue };
        is_empty = false;
        let table = format!("{}: {key}", path.display());
        entries.extend(servers.into_iter().map(|(name, value)| Entry { table: table.clone(), name, value }));
    }
    if is_empty { Err(ImportError::NoServers) } else { Ok(entries) }
}
