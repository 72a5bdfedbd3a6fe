//! Web pages of other origins: what a browser is told before and after it calls for them.

use crate::program::{Running, header, request};

const PAGE: &str = "https://app.example.com";

/// A server that pages of one origin may call.
fn server() -> Running {
    Running::start_in(tempfile::tempdir().unwrap(), &[], &["--allowed-origin", PAGE])
}

fn preflight(server: &Running, origin: &str) -> String {
    let origin = format!("Origin: {origin}");
    let wanted = "Access-Control-Request-Headers: content-type,mcp-protocol-version,mcp-param-city";
    request(&server.url, "OPTIONS", "", &[&origin, "Access-Control-Request-Method: POST", wanted])
}

#[test]
fn a_listed_page_may_call_and_read_the_answer() {
    let server = server();
    let told = preflight(&server, PAGE);
    assert!(told.starts_with("HTTP/1.1 204") && told.ends_with("\r\n\r\n"), "{told}");
    let expected = [
        ("access-control-allow-origin", Some(PAGE)),
        ("access-control-allow-methods", Some("POST,DELETE")),
        ("access-control-allow-headers", Some("content-type,mcp-protocol-version,mcp-param-city")),
        ("access-control-max-age", Some("3600")),
        ("access-control-allow-credentials", None),
        ("vary", Some("origin, access-control-request-method, access-control-request-headers")),
        ("content-length", None),
    ];
    for (name, value) in expected {
        assert_eq!(header(&told, name).as_deref(), value, "{told}");
    }
    let origin = format!("Origin: {PAGE}");
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let answer = request(&server.url, "POST", initialize, &[&origin, "Content-Type: application/json"]);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let exposed = "mcp-session-id,www-authenticate,retry-after,x-request-id";
    let expected = [
        ("access-control-allow-origin", Some(PAGE)),
        ("access-control-expose-headers", Some(exposed)),
        ("access-control-allow-credentials", None),
    ];
    for (name, value) in expected {
        assert_eq!(header(&answer, name).as_deref(), value, "{answer}");
    }
    assert!(header(&answer, "vary").is_some_and(|vary| vary.contains("origin")), "{answer}");
}

#[test]
fn other_pages_are_refused_before_anything_is_told() {
    let listing = server();
    let own = Running::start_in(tempfile::tempdir().unwrap(), &[], &[]);
    for (server, origin) in [(&listing, "https://other.example.com"), (&listing, "null"), (&own, PAGE)] {
        let refused = preflight(server, origin);
        assert!(refused.starts_with("HTTP/1.1 403"), "{origin}: {refused}");
        assert_eq!(header(&refused, "access-control-allow-origin"), None, "{origin}: {refused}");
    }
}

#[test]
fn without_listed_pages_there_is_no_preflight() {
    let server = Running::start_in(tempfile::tempdir().unwrap(), &[], &[]);
    let origin = server.url.strip_suffix("/mcp").unwrap();
    let answer = preflight(&server, origin);
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    assert_eq!(header(&answer, "access-control-allow-origin"), None, "{answer}");
}
