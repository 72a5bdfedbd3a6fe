//! What a client of either era writes, over HTTP, and what it reads.

use serde_json::{Value, json};

use crate::program::{header, request};

/// A request of the stateless revision, from a client with these capabilities.
pub(crate) fn modern_message(id: u64, method: &str, mut params: Value, capabilities: &Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The headers that go with it.
pub(crate) fn modern_headers(message: &Value) -> Vec<String> {
    let method = message["method"].as_str().unwrap();
    let mut headers = vec![
        "Content-Type: application/json".to_owned(),
        "Accept: application/json, text/event-stream".to_owned(),
        "MCP-Protocol-Version: 2026-07-28".to_owned(),
        format!("Mcp-Method: {method}"),
    ];
    let params = &message["params"];
    let name = params["name"].as_str().or_else(|| params["uri"].as_str());
    headers.extend(name.map(|name| format!("Mcp-Name: {name}")));
    headers
}

/// Sends a request of the stateless revision, and reads the last message of the answer.
pub(crate) fn modern(url: &str, method: &str, params: Value, capabilities: &Value) -> Value {
    let message = modern_message(1, method, params, capabilities);
    let headers = modern_headers(&message);
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    last_message(&request(url, "POST", &message.to_string(), &headers))
}

/// A session of revision 2025-11-25.
pub(crate) struct Session {
    url: String,
    id: String,
}

impl Session {
    /// Opens one, for a client with these capabilities.
    pub(crate) fn open(url: &str, capabilities: &Value) -> Self {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "1"},
        });
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
        let headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream"];
        let opened = request(url, "POST", &initialize, &headers);
        let session = Self { url: url.to_owned(), id: header(&opened, "mcp-session-id").expect("a session") };
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert!(session.post(&initialized).starts_with("HTTP/1.1 202"));
        session
    }

    /// The headers of a request in it.
    pub(crate) fn headers(&self) -> Vec<String> {
        vec![
            "Content-Type: application/json".to_owned(),
            "Accept: application/json, text/event-stream".to_owned(),
            "MCP-Protocol-Version: 2025-11-25".to_owned(),
            format!("Mcp-Session-Id: {}", self.id),
        ]
    }

    /// Sends a message, and reads all of the answer.
    pub(crate) fn post(&self, message: &Value) -> String {
        let headers = self.headers();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        request(&self.url, "POST", &message.to_string(), &headers)
    }

    /// Sends a request, and reads the last message of the answer.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Value {
        last_message(&self.post(&json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params})))
    }
}

/// The text of a tool's or prompt's first content, or of a resource.
pub(crate) fn text_of(answer: &Value) -> &str {
    let result = &answer["result"];
    let texts = [&result["content"][0]["text"], &result["contents"][0]["text"]];
    texts.into_iter().find_map(Value::as_str).unwrap_or_else(|| panic!("no text: {answer}"))
}

/// The JSON that an answer is, or its last event carries.
fn last_message(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let message = if head.to_ascii_lowercase().contains("content-type: text/event-stream") {
        body.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().expect("an event")
    } else {
        body
    };
    serde_json::from_str(message).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
