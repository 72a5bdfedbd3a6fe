//! The wire: the request with a place for its id, and a connection that sends it and reads one answer.

use std::{fmt, net::SocketAddr, str::FromStr};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Ids have this many digits, so that all requests have the same length.
pub(crate) const ID_DIGITS: usize = 10;

/// No answer to `echo` is longer than this many bytes, head included.
const ANSWER_MAX: usize = 64 * 1024;

/// The endpoint under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    address: SocketAddr,
    path: String,
}

/// A bearer token. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Token(String);

impl FromStr for Token {
    type Err = anyhow::Error;

    fn from_str(token: &str) -> Result<Self> {
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(is_token, "this is no token");
        Ok(Self(token.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("the URL must begin with http://")?;
        let (address, path) = rest.split_once('/').context("the URL has no path")?;
        let address = address.parse().context("the URL's host must be an IP address with a port")?;
        Ok(Self { address, path: format!("/{path}") })
    }
}

/// The message that the tool is to echo in the request with this id.
pub(crate) fn message(id: u64) -> String {
    format!("a message of ordinary length, number {id}")
}

/// One request, whose id is changed in place from call to call.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    /// Where the id stands.
    places: Vec<usize>,
}

impl Request {
    /// A modern `tools/call` of `echo`.
    pub(crate) fn new(target: &Target, token: Option<&Token>, id: u64) -> Self {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "bench-load", "version": env!("CARGO_PKG_VERSION")},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({"name": "echo", "arguments": {"message": message(id)}, "_meta": meta});
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string();
        let authorization = token.map(|Token(token)| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
             Mcp-Method: tools/call\r\nMcp-Name: echo\r\nContent-Length: {}\r\n\r\n",
            target.path,
            target.address,
            body.len()
        );
        let text = head + &body;
        // A token may have the digits of the id in it, too.
        let body_at = text.len() - body.len();
        let id = id.to_string();
        let places = text.match_indices(&id).map(|(place, _)| place).filter(|place| *place >= body_at).collect();
        Self { bytes: text.into_bytes(), places }
    }

    /// Puts another id of the same length in.
    pub(crate) fn set_id(&mut self, id: &[u8; ID_DIGITS]) {
        for place in &self.places {
            if let Some(digits) = self.bytes.get_mut(*place..place + ID_DIGITS) {
                digits.copy_from_slice(id);
            }
        }
    }
}

/// A keep-alive connection with at most one request in flight.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(target.address).await.context("cannot connect")?;
        stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends the request and returns the body of its answer.
    pub(crate) async fn call(&mut self, request: &Request) -> Result<&[u8]> {
        self.stream.write_all(&request.bytes).await.context("cannot send")?;
        self.buffer.clear();
        let mut head = None;
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.context("cannot receive")?;
            ensure!(read > 0, "the server closed the connection");
            ensure!(self.buffer.len() <= ANSWER_MAX, "the answer is longer than {ANSWER_MAX} bytes");
            if head.is_none() {
                head = Head::parse(&self.buffer)?;
            }
            if let Some(Head { length, body }) = head
                && self.buffer.len() >= length + body
            {
                ensure!(self.buffer.len() == length + body, "there are bytes behind the answer");
                return self.buffer.get(length..).context("the answer has no body");
            }
        }
    }
}

/// Where the head of an answer ends and how long its body is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    length: usize,
    body: usize,
}

impl Head {
    /// Reads the head once it is complete; only a plain JSON answer is good.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = bytes.windows(END.len()).position(|window| window == END) else { return Ok(None) };
        let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default()).context("the head is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap_or_default();
        ensure!(status.starts_with("HTTP/1.1 200"), "the status is {status:?}");
        let mut body = None;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                body = Some(value.trim().parse().context("the content length is not a number")?);
            } else if name.eq_ignore_ascii_case("content-type") && value.trim() != "application/json" {
                bail!("the content type is {:?}", value.trim());
            }
        }
        let body = body.context("the answer has no content length")?;
        Ok(Some(Self { length: end + END.len(), body }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_an_address_and_a_path() {
        let target: Target = "http://127.0.0.1:8080/mcp".parse().unwrap();
        assert_eq!(target, Target { address: "127.0.0.1:8080".parse().unwrap(), path: "/mcp".to_owned() });
        for wrong in ["https://127.0.0.1:1/mcp", "http://127.0.0.1:1", "http://localhost:1/mcp", "http://127.0.0.1/mcp"]
        {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn id_is_replaced_in_id_and_message() {
        let target = "http://127.0.0.1:1/mcp".parse().unwrap();
        let token: Token = "a1000000000".parse().unwrap();
        for token in [None, Some(&token)] {
            let mut request = Request::new(&target, token, 1_000_000_000);
            request.set_id(b"1000000042");
            assert_eq!(request.bytes, Request::new(&target, token, 1_000_000_042).bytes);
            assert_eq!(request.places.len(), 2);
        }
    }

    #[test]
    fn head_is_read_when_complete_and_refused_when_not_a_plain_answer() {
        let good = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(Head::parse(good).unwrap(), Some(Head { length: good.len() - 2, body: 2 }));
        assert_eq!(Head::parse(&good[..40]).unwrap(), None);
        let cases = [
            ("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", "503"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "no content length"),
            ("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1\r\n\r\n", "event-stream"),
            ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "not a number"),
        ];
        for (head, expected) in cases {
            let error = Head::parse(head.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
