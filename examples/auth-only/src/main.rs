//! An axum application that has nothing to do with MCP. It prints a key that may read; to clear takes more.
//!
//! Run it with `cargo run -p auth-only`, then:
//!
//! ```text
//! curl -i http://127.0.0.1:8080/notes
//! curl -i -H "Authorization: Bearer $KEY" http://127.0.0.1:8080/notes
//! curl -i -H "Authorization: Bearer $KEY" -X DELETE http://127.0.0.1:8080/notes
//! curl http://127.0.0.1:8080/.well-known/oauth-protected-resource/notes
//! ```

use std::io::Write as _;

use axum::{Extension, Router, routing::delete};
use outboard_auth::{
    ApiKey, AuthLayer, FetchConfig, Fetcher, IssuerConfig, MetadataLayer, Principal, ProtectedResourceMetadata,
    RequireLayer, Requirement, ResourceServer, ResourceServerConfig,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind(std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let url = format!("http://{}/notes", listener.local_addr()?);
    // Yours: whose tokens are accepted, and what a client should ask for first.
    let mut config = ResourceServerConfig::new(url.parse()?).issuer(IssuerConfig::jwt("https://login.example.com"));
    config.initial_scopes = "notes:read".parse()?;
    let (key, reader) = ApiKey::generate("reader", "notes:read".parse()?);
    config.api_keys.push(reader);

    let server = ResourceServer::new(config, Fetcher::new(FetchConfig::default())?)?;
    let metadata = ProtectedResourceMetadata::new(server.config());
    let (may_read, may_clear) = ("notes:read".parse()?, "notes:clear".parse()?);
    let clear = delete(|| async { "cleared\n" }).route_layer(RequireLayer::new(Requirement::all_of(may_clear)));
    let app = Router::new()
        .route("/notes", clear.get(read))
        .layer(RequireLayer::new(Requirement::all_of(may_read)))
        .layer(AuthLayer::new(server))
        .layer(MetadataLayer::new(metadata));
    writeln!(std::io::stdout(), "notes at {url} for {}", *key)?;
    Ok(axum::serve(listener, app).await?)
}

async fn read(Extension(caller): Extension<Principal>) -> String {
    format!("the notes of {}\n", caller.subject_key().subject())
}
