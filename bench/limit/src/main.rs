//! The limit to measure against: bare axum, one typed borrowed pass over the request, the right answer, and nothing else.
//!
//! It checks no header, knows no other method or tool, and holds no bound: what it costs is what nobody can go below
//! who speaks HTTP through axum. It answers the same bytes as the `echo` tool of `everything serve`.

use std::{
    borrow::Cow,
    io::{self, Write as _},
    net::Ipv4Addr,
};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt as _,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpListener;

/// A modern `tools/call` of `echo`.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Arguments<'a>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Serialize)]
struct Answer<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    result: EchoResult<'a>,
}

/// The members in the order in which the product writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EchoResult<'a> {
    content: [Text<'a>; 1],
    result_type: &'static str,
    #[serde(rename = "_meta")]
    meta: Meta,
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "io.modelcontextprotocol/serverInfo")]
    server_info: Implementation,
}

/// Who answers: what the product says of itself, or the bytes would differ.
#[derive(Serialize)]
struct Implementation {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "http://{}/mcp", listener.local_addr()?)?;
    // A socket that refuses the option still answers, only later.
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or_default());
    axum::serve(listener, Router::new().route("/mcp", post(echo))).await
}

async fn echo(body: Bytes) -> Response {
    answer(&body).map_or_else(
        |error| (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        |answer| ([(CONTENT_TYPE, "application/json")], answer).into_response(),
    )
}

fn answer(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    let content = [Text { r#type: "text", text: &request.params.arguments.message }];
    let meta = Meta { server_info: Implementation { name: "everything", version: env!("CARGO_PKG_VERSION") } };
    let result = EchoResult { content, result_type: "complete", meta };
    serde_json::to_vec(&Answer { jsonrpc: "2.0", id: request.id, result })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_comes_back_under_its_id() {
        let request = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"message":"a\nb"},"_meta":{}}}"#;
        let result = r#"{"content":[{"type":"text","text":"a\nb"}],"resultType":"complete""#;
        let meta = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"everything","version":"0.1.0"}}"#;
        let expected = format!(r#"{{"jsonrpc":"2.0","id":7,"result":{result},{meta}}}}}"#);
        assert_eq!(String::from_utf8(answer(request).unwrap()).unwrap(), expected);
        assert!(answer(b"{}").is_err());
    }
}
