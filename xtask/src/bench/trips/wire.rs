//! A client of both eras that does one thing after the other: requests over a kept connection, and answers as JSON or as
//! events while they come.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// How long the server may be silent where it has something to say.
const PATIENCE: Duration = Duration::from_secs(10);

/// The revisions that are spoken.
const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// A kept connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    authority: String,
    path: String,
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

/// Events as they come.
#[derive(Debug)]
pub(super) struct Events<'a> {
    connection: &'a mut Connection,
    /// What has come of the next ones.
    text: Vec<u8>,
}

impl Connection {
    /// Connects to the server at this URL.
    pub(super) fn open(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no plain URL"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), authority: authority.to_owned(), path: format!("/{path}") })
    }

    /// Sends a modern request.
    pub(super) fn modern(&mut self, method: &str, mut params: Value) -> Result<Head> {
        let name = params.get("name").and_then(Value::as_str).map(|name| format!("Mcp-Name: {name}\r\n"));
        if let Some(params) = params.as_object_mut() {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": {"name": "xtask", "version": "0"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            params.insert("_meta".to_owned(), meta);
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let name = name.unwrap_or_default();
        let headers = format!("MCP-Protocol-Version: {MODERN}\r\nMcp-Method: {method}\r\n{name}");
        self.send("POST", &headers, &body.to_string())
    }

    /// Sends a legacy message, within a session if there is one.
    pub(super) fn legacy(&mut self, session: Option<&str>, message: &Value) -> Result<Head> {
        let headers = session.map(in_session).unwrap_or_default();
        self.send("POST", &headers, &message.to_string())
    }

    /// Asks for the stream of a session.
    pub(super) fn get(&mut self, session: &str) -> Result<Head> {
        self.send("GET", &in_session(session), "")
    }

    fn send(&mut self, method: &str, headers: &str, body: &str) -> Result<Head> {
        let accept = if method == "GET" { "text/event-stream" } else { "application/json, text/event-stream" };
        let (path, authority, length) = (&self.path, &self.authority, body.len());
        let content = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Type: application/json\r\nContent-Length: {length}\r\n")
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nAccept: {accept}\r\n{headers}{content}\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).context("there is no status")?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { return Ok(Head { status, headers }) };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The body of an answer that has a length.
    pub(super) fn body(&mut self, head: &Head) -> Result<String> {
        let length = head.header("content-length").context("the answer has no length")?;
        let mut body = vec![0; length.parse().context("the length is no number")?];
        self.stream.read_exact(&mut body)?;
        String::from_utf8(body).context("the answer is no text")
    }

    /// The events of an answer that is a stream.
    pub(super) fn events(&mut self, head: &Head) -> Result<Events<'_>> {
        let kind = head.header("content-type").unwrap_or_default();
        ensure!(head.status == 200 && kind == "text/event-stream", "no stream: {} {kind:?}", head.status);
        Ok(Events { connection: self, text: Vec::new() })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line).context("no answer came")? > 0, "the server closed the connection");
        Ok(line.trim_end().to_owned())
    }
}

impl Head {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

impl Events<'_> {
    /// The next message of the stream; nothing at its end. What has no data is no message.
    pub(super) fn next(&mut self) -> Result<Option<Value>> {
        loop {
            if let Some(event) = self.complete()? {
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                if !data.trim().is_empty() {
                    return serde_json::from_str(data.trim()).map(Some).context("an event is no JSON");
                }
            } else if !self.chunk()? {
                return Ok(None);
            }
        }
    }

    /// Takes the first event out, once its last byte is there.
    fn complete(&mut self) -> Result<Option<String>> {
        const END: &[u8] = b"\n\n";
        let Some(end) = self.text.windows(END.len()).position(|window| window == END) else { return Ok(None) };
        let event = self.text.drain(..end + END.len()).collect();
        String::from_utf8(event).map(Some).context("an event is no text")
    }

    /// Reads a chunk; `false` at the end of all.
    fn chunk(&mut self) -> Result<bool> {
        let line = self.connection.line()?;
        let Ok(size) = usize::from_str_radix(&line, 16) else { bail!("{line:?} is no size of a chunk") };
        let mut chunk = vec![0; size + "\r\n".len()];
        self.connection.stream.read_exact(&mut chunk)?;
        chunk.truncate(size);
        self.text.extend(chunk);
        Ok(size > 0)
    }
}

/// The headers of what belongs to a session.
fn in_session(session: &str) -> String {
    format!("Mcp-Session-Id: {session}\r\nMCP-Protocol-Version: {LEGACY}\r\n")
}

/// Opens a session that can be asked questions; returns its id.
pub(super) fn initialize(connection: &mut Connection) -> Result<String> {
    let params = json!({
        "protocolVersion": LEGACY,
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "xtask", "version": "0"},
    });
    let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let head = connection.legacy(None, &message)?;
    let body = connection.body(&head)?;
    let session = head.header("mcp-session-id").with_context(|| format!("there is no session: {body}"))?.to_owned();
    let message = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let head = connection.legacy(Some(&session), &message)?;
    ensure!(head.status == 202, "the session's first notification is answered by {}", head.status);
    skip_body(connection, &head)?;
    Ok(session)
}

/// Reads what an answer of no interest may have.
pub(super) fn skip_body(connection: &mut Connection, head: &Head) -> Result<()> {
    if head.header("content-length").is_some() {
        connection.body(head)?;
    } else if head.header("transfer-encoding").is_some() {
        let mut events = connection.events(head)?;
        while events.next()?.is_some() {}
    }
    Ok(())
}
