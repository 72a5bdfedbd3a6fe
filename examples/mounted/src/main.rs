//! MCP inside of an axum application that has routes, users and a shutdown of its own.
//!
//! Run it with `cargo run -p mounted -- 127.0.0.1:8080`, then:
//!
//! ```text
//! curl http://127.0.0.1:8080/
//! curl -H 'Authorization: Bearer alices-token' http://127.0.0.1:8080/notes
//! outboard call http://127.0.0.1:8080/mcp take_note text=hello --header 'Authorization: Bearer alices-token'
//! ```
//!
//! Whoever speaks MCP passes the same authentication as whoever reads `/notes`, and then the call stack: deadline, limit
//! on calls at a time, validation of arguments, a net under panics.

mod mcp;
mod notes;
mod users;

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use axum::routing::get;
use axum::{Router, middleware};
use outboard_transport::{HostOriginLayer, HostOriginPolicy, Shutdown, StreamableHttp};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.with_context(|| format!("{address} cannot be listened on"))?;
    let address = listener.local_addr()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    writeln!(std::io::stdout(), "notes on http://{address}/, MCP on http://{address}/mcp")?;

    let runtime = mcp::runtime()?;
    let shutdown = Shutdown::default();
    let app = app(mcp::transport(runtime.clone(), shutdown.clone()), address);
    let Shutdown { tasks, draining } = shutdown;
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Streams of notifications end here; axum waits for every connection, and they would never end by themselves.
        draining.cancel();
    });
    tokio::select! {
        served = serving => served?,
        // Tells clients of changes, as long as the server runs.
        never = runtime.follow() => match never {},
    }
    // Calls of clients that hold a session outlive their connection.
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// The application: a page for all, notes and MCP for users.
fn app(transport: StreamableHttp, address: SocketAddr) -> Router {
    let for_users = Router::new()
        .route("/notes", get(notes::page))
        .route_service("/mcp", transport)
        .route_layer(middleware::from_fn(users::authenticate));
    Router::new()
        .route("/", get(|| async { "Notes. Yours are at /notes, and a model takes them at /mcp.\n" }))
        .merge(for_users)
        // Around everything: a web page that reaches one route by DNS rebinding would reach the others.
        .layer(HostOriginLayer::new(HostOriginPolicy::listening_on(address)))
}
