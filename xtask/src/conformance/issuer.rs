//! The suite for authorization servers, against the issuer for development.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Suite, results::Results};
use crate::say::say;

/// How many checks there are: of the metadata, of its word on client documents, and of a grant.
const CHECKS: usize = 3;

/// How the line begins by which the suite says that its callback listens.
const LISTENING: &str = "Callback server started";

/// Registers a client, runs the suite, and takes the place of the person whom the suite asks to open a URL.
pub(super) fn run(suite: &Suite, endpoint: &str) -> Result<()> {
    let issuer = endpoint.strip_suffix("/mcp").context("the endpoint is not at /mcp")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let client = registered(issuer, port)?;
    let output = suite.results.join("authorization");
    let mut child = suite
        .node
        .script(suite.program())?
        .args(["authorization", "--url", issuer, "--client-id", &client, "--resource", endpoint])
        .args(["--port", &port.to_string()])
        .arg("--output-dir")
        .arg(&output)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the suite")?;
    let console = child.stdout.take().context("the suite's stdout is not a pipe")?;
    let mut asked = None;
    for line in BufReader::new(console).lines().map_while(Result::ok) {
        asked = authorization_url(&line, issuer).map(str::to_owned).or(asked);
        // Only then it listens for the person who comes back.
        if line.starts_with(LISTENING)
            && let Some(url) = asked.take()
        {
            follow(&url)?;
        }
    }
    let ended = child.wait_with_output()?;
    let results = Results::read(&output)?;
    say!("\nauthorization: {}", results.summary());
    for check in &results.failing {
        say!("  FAILED   {check}");
    }
    ensure!(results.failing.is_empty(), "{} checks failed", results.failing.len());
    ensure!(ended.status.success(), "the suite ended with {}", ended.status);
    ensure!(results.passed() == CHECKS, "{} checks passed; on the whole way there are {CHECKS}", results.passed());
    Ok(())
}

/// Registers a public client with the callback of the suite; returns its id.
fn registered(issuer: &str, port: u16) -> Result<String> {
    let metadata = json!({
        "client_name": "conformance",
        "redirect_uris": [format!("http://127.0.0.1:{port}/callback")],
        "token_endpoint_auth_method": "none",
    });
    let (head, body) = exchange(
        &format!("{issuer}/register"),
        "POST",
        &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", metadata.to_string().len()),
        &metadata.to_string(),
    )?;
    ensure!(head.starts_with("HTTP/1.1 201"), "no client was registered: {head}\n{body}");
    let client: Value = serde_json::from_str(&body)?;
    Ok(client.get("client_id").and_then(Value::as_str).context("the client has no id")?.to_owned())
}

/// The URL that a person is asked to open.
fn authorization_url<'a>(line: &'a str, issuer: &str) -> Option<&'a str> {
    let start = line.find(issuer)?;
    let url = line.get(start..)?.split_whitespace().next()?;
    url.contains("response_type=code").then_some(url)
}

/// Opens a URL and goes where it leads, once: to the callback of the client.
fn follow(url: &str) -> Result<()> {
    let (head, body) = exchange(url, "GET", "", "")?;
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim())
    });
    let Some(location) = location else { bail!("the issuer does not lead back to the client: {head}\n{body}") };
    exchange(location, "GET", "", "")?;
    Ok(())
}

/// One request to a server on this machine; returns head and body.
fn exchange(url: &str, method: &str, headers: &str, body: &str) -> Result<(String, String)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no plain URL"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority)?;
    write!(stream, "{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{headers}\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of its head")?;
    Ok((head.to_owned(), body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_found_in_what_the_suite_prints() {
        let issuer = "http://127.0.0.1:4711";
        let url = "http://127.0.0.1:4711/authorize?response_type=code&client_id=c";
        assert_eq!(authorization_url(url, issuer), Some(url));
        assert_eq!(authorization_url(&format!("Open: {url} now"), issuer), Some(url));
        assert_eq!(authorization_url("http://127.0.0.1:4711/.well-known/x", issuer), None);
    }
}
