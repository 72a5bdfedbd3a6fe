//! One request, written byte by byte so that it can be as wrong as it must be, and its answer.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::program::PATIENCE;
use crate::wire::{modern_headers, modern_message};

/// A request on a connection of its own.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) method: &'static str,
    pub(super) target: String,
    /// All header lines but `Connection`, `Content-Length` and, unless it is here, `Host`.
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) body: String,
    /// A length that is not that of the body.
    length: Option<usize>,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn new(method: &'static str, target: &str) -> Self {
        Self { method, target: target.to_owned(), lines: Vec::new(), body: String::new(), length: None }
    }

    /// A request of the stateless revision.
    pub(super) fn modern(method: &str, params: Value) -> Self {
        let message = modern_message(1, method, params, &json!({}));
        let asked =
            modern_headers(&message).into_iter().fold(Self::new("POST", "/mcp"), |asked, line| asked.line(line));
        asked.body(message.to_string())
    }

    /// A call of a tool, in the stateless revision.
    pub(super) fn call(tool: &str, arguments: &Value) -> Self {
        Self::modern("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// The call that every valid token is good for.
    pub(super) fn plain() -> Self {
        Self::modern("tools/list", json!({}))
    }

    /// A message of revision 2025-11-25.
    pub(super) fn legacy(message: &Value) -> Self {
        Self::new("POST", "/mcp")
            .line("Content-Type: application/json")
            .line("Accept: application/json, text/event-stream")
            .body(message.to_string())
    }

    pub(super) fn initialize() -> Self {
        let info = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info});
        Self::legacy(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
    }

    pub(super) fn in_session(self, id: &str) -> Self {
        self.line(format!("Mcp-Session-Id: {id}")).line("MCP-Protocol-Version: 2025-11-25")
    }

    pub(super) fn line(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines.push(line.as_ref().to_vec());
        self
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.line(format!("Authorization: Bearer {token}"))
    }

    pub(super) fn at(self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self }
    }

    pub(super) fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Says that the body is longer than what is sent of it.
    pub(super) fn declaring(self, length: usize) -> Self {
        Self { length: Some(length), ..self }
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let length = self.length.unwrap_or(self.body.len());
        let first =
            format!("{} {} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n", self.method, self.target);
        let mut bytes = first.into_bytes();
        if !self.lines.iter().any(|line| line.starts_with(b"Host:")) {
            bytes.extend(format!("Host: {host}\r\n").bytes());
        }
        for line in &self.lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_bytes());
        bytes
    }

    /// Sends it, and leaves the answer to whoever reads it.
    pub(super) fn open(&self, host: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A refusal may come, and the connection end, before all is sent.
        drop(stream.write_all(&self.bytes(host)));
        BufReader::new(stream)
    }

    /// Sends it, and reads the whole answer.
    pub(super) fn send(&self, host: &str) -> Answer {
        let mut bytes = Vec::new();
        // So that a reset behind the answer does not take the answer away.
        let end = self.open(host).read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        Answer::read(&text).unwrap_or_else(|| panic!("{} {}: {end:?}: {text}", self.method, self.target))
    }
}

impl Answer {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Self { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// A header that stands once, or not at all.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands once: {}", self.head);
        value
    }

    /// The JSON that the body is, or that its last event carries.
    pub(super) fn json(&self) -> Value {
        let is_stream = self.header("content-type") == Some("text/event-stream");
        let event = || self.body.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
        let text = if is_stream { event().unwrap_or_default() } else { &self.body };
        serde_json::from_str(text).unwrap_or(Value::Null)
    }

    /// The text of a tool's first content.
    pub(super) fn told(&self) -> String {
        self.json()["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {self:?}")).to_owned()
    }
}
