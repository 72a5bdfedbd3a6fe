//! The order in which what is wrong with a modern request is refused.

use outboard_protocol::{headers, meta};
use outboard_testkit::http::{HttpRequest, Served, modern};
use outboard_transport::{HostOriginLayer, HostOriginPolicy};
use serde_json::json;
use tower::Layer as _;

use crate::support::Setup;

/// One thing that is wrong with a request, and how that is refused.
struct Fault {
    what: &'static str,
    bend: fn(HttpRequest) -> HttpRequest,
    status: u16,
    code: i64,
    /// Whether the id could be read.
    has_id: bool,
    /// A part of the message.
    says: &'static str,
}

const fn fault(
    what: &'static str,
    bend: fn(HttpRequest) -> HttpRequest,
    status: u16,
    code: i64,
    says: &'static str,
) -> Fault {
    Fault { what, bend, status, code, has_id: true, says }
}

/// In the order in which they are refused.
const FAULTS: &[Fault] = &[
    Fault { has_id: false, ..fault("foreign host", |r| r.with("host", "evil.example"), 403, 1403, "Host") },
    Fault { has_id: false, ..fault("method", |r| HttpRequest { method: http::Method::PUT, ..r }, 405, -32601, "POST") },
    Fault {
        has_id: false,
        ..fault("content type", |r| r.with("content-type", "text/plain"), 415, 1415, "Content-Type")
    },
    Fault { has_id: false, ..fault("accept", |r| r.with("accept", "text/html"), 406, 1415, "Accept") },
    Fault { has_id: false, ..fault("broken JSON", |r| r.bytes("{\"jsonrpc\":"), 400, -32700, "not JSON") },
    fault("envelope", |r| r.edit(|m| m["jsonrpc"] = json!("1.0")), 400, -32600, "jsonrpc"),
    fault("Mcp-Method", |r| r.with(headers::METHOD, "tools/list"), 400, -32020, "mcp-method"),
    fault("no _meta", |r| r.edit(|m| drop(m["params"].as_object_mut().unwrap().remove("_meta"))), 400, -32602, "_meta"),
    fault("no version", |r| without_meta(r, meta::PROTOCOL_VERSION), 400, -32602, "protocolVersion"),
    fault("no capabilities", |r| without_meta(r, meta::CLIENT_CAPABILITIES), 400, -32602, "clientCapabilities"),
    fault("header's version", |r| r.with(headers::PROTOCOL_VERSION, "v998"), 400, -32020, "mcp-protocol-version"),
    fault("version", |r| in_version(r, "v999"), 400, -32022, "unsupported"),
    fault("Mcp-Name", |r| r.with(headers::NAME, "file:///b"), 400, -32020, "mcp-name"),
    fault("unserved method", |r| r, 404, -32601, "resources/read"),
];

fn without_meta(request: HttpRequest, key: &str) -> HttpRequest {
    request.edit(|message| drop(message["params"]["_meta"].as_object_mut().unwrap().remove(key)))
}

fn in_version(request: HttpRequest, version: &str) -> HttpRequest {
    request
        .with(headers::PROTOCOL_VERSION, version)
        .edit(|message| message["params"]["_meta"][meta::PROTOCOL_VERSION] = version.into())
}

#[tokio::test]
async fn of_several_faults_the_first_in_order_is_refused() {
    const OURS: &str = "127.0.0.1:8080";
    let policy = HostOriginPolicy::listening_on(OURS.parse().unwrap());
    let served = Served::start(HostOriginLayer::new(policy).layer(Setup::new().service())).await;
    for (place, fault) in FAULTS.iter().enumerate() {
        // The later faults first, so that the earlier ones are not mended by them.
        let request = modern("resources/read", json!({"uri": "file:///a"})).id(7).with("host", OURS);
        let request = FAULTS[place..].iter().rev().fold(request, |request, fault| (fault.bend)(request));
        let answer = served.send(request).await;
        let body = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &body["error"]["code"]),
            (fault.status, &fault.code.into()),
            "{}",
            fault.what
        );
        assert!(body["error"]["message"].as_str().unwrap().contains(fault.says), "{}: {body}", fault.what);
        assert_eq!(body.get("id"), fault.has_id.then_some(&json!(7)), "{}", fault.what);
        let data = match fault.code {
            -32022 => Some(json!({
                "requested": "v999", "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]
            })),
            _ => None,
        };
        assert_eq!(body["error"].get("data"), data.as_ref(), "{}", fault.what);
    }
}
