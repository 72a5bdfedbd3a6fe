//! The transport inside of somebody else's axum application.

use axum::Router;
use axum::routing::get;
use outboard_testkit::http::{HttpRequest, Served, modern};
use outboard_transport::{HostOriginLayer, HostOriginPolicy};
use serde_json::json;
use tower::Layer as _;

use crate::support::{LegacySession, Setup};

fn application() -> Router {
    Router::new().route("/about", get(|| async { "about" })).route_service("/mcp", Setup::new().service())
}

#[tokio::test]
async fn both_eras_are_served_beside_other_routes() {
    let served = Served::start(application()).await;
    let call = json!({"name": "echo", "arguments": {"text": "x"}});
    let answer = served.send(modern("tools/call", call.clone())).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "x");

    let session = LegacySession::open(&served, "2025-06-18").await;
    let answer = served.send(session.request("tools/call", call)).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "x");

    let get = |path: &str| HttpRequest { path: path.to_owned(), ..HttpRequest::of(http::Method::GET) };
    assert_eq!(served.send(get("/about")).await.text(), "about");
    assert_eq!(served.send(get("/mcp")).await.status, 400, "there is no stream without a session");
    assert_eq!(served.send(get("/mcp/")).await.status, 404);
}

#[tokio::test]
async fn a_whole_application_is_kept_from_foreign_pages() {
    let policy = HostOriginPolicy::listening_on("127.0.0.1:8080".parse().unwrap());
    let served = Served::start(HostOriginLayer::new(policy).layer(application())).await;
    for (host, status) in [("127.0.0.1:8080", 200), ("evil.example", 403)] {
        let about = HttpRequest { path: "/about".to_owned(), ..HttpRequest::of(http::Method::GET) };
        for request in [about, modern("tools/list", json!({}))] {
            assert_eq!(served.send(request.with("host", host)).await.status.as_u16(), status, "{host}");
        }
    }
}
