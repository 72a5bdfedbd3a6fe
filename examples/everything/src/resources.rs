//! Resources: text, bytes, one that changes, and a template.

use outboard_server::types::ResourceContents;
use outboard_server::{Catalog, resource};
use serde_json::json;

use crate::media;

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog.resource(static_text).resource(static_binary).resource(watched_resource).resource(template)
}

/// The resource that clients are told of when it changes.
pub(crate) const WATCHED: &str = "test://watched-resource";

/// A text that stays as it is.
#[resource(uri = "test://static-text", name = "static-text", mime_type = "text/plain")]
async fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// A picture.
#[resource(uri = "test://static-binary", name = "static-binary", mime_type = "image/png")]
async fn static_binary() -> ResourceContents {
    ResourceContents::blob("test://static-binary", "image/png", media::PNG)
}

/// A text that can be watched.
#[resource(uri = "test://watched-resource", name = "watched-resource", mime_type = "text/plain")]
async fn watched_resource() -> &'static str {
    "Whoever subscribes is told when this changes."
}

/// The data of what an id names.
#[resource(template = "test://template/{id}/data", name = "template", mime_type = "application/json")]
async fn template(id: String) -> String {
    json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string()
}
