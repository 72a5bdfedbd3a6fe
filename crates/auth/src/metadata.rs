//! Tells clients where to get a token: the metadata of a protected resource (RFC 9728), as a document and as a layer that
//! serves it.
//!
//! Everything in it is from the config. Nothing is from the request, least of all its host: who could choose that could
//! send clients to an issuer of theirs (RFC 9728 §7.3).

mod service;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use outboard_identity::Scope;
use serde::Serialize;
use url::Position;

use crate::challenge::told;
use crate::config::ResourceServerConfig;
use crate::resource::ResourceUri;

pub use service::{MetadataLayer, MetadataService};

/// The metadata of a protected resource, and where it is found. Cloning is cheap.
///
/// ```
/// use outboard_auth::{ProtectedResourceMetadata, ResourceServerConfig};
///
/// let config = ResourceServerConfig::new("https://mcp.example.com/notes".parse()?);
/// let metadata = ProtectedResourceMetadata::new(&config);
/// assert_eq!(metadata.url(), "https://mcp.example.com/.well-known/oauth-protected-resource/notes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProtectedResourceMetadata {
    url: Arc<str>,
    document: Bytes,
    paths: Vec<Box<str>>,
}

/// The document (RFC 9728 §2).
#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    /// Left out rather than empty (RFC 9728 §3.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<&'a str>,
    bearer_methods_supported: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
}

impl ProtectedResourceMetadata {
    /// The metadata of what this config protects, served for its path and, as clients ask there next, for the root of its
    /// host.
    ///
    /// # Panics
    ///
    /// Never: what is in the document can be written as JSON.
    #[must_use]
    pub fn new(config: &ResourceServerConfig) -> Self {
        let document = Document {
            resource: config.resource.as_str(),
            authorization_servers: config.issuers.iter().map(|issuer| &*issuer.issuer).collect(),
            scopes_supported: told(&config.scopes_supported).map(Scope::as_str).collect(),
            bearer_methods_supported: ["header"],
            resource_name: config.resource_name.as_deref(),
        };
        let document = serde_json::to_vec(&document).expect("texts and lists of texts can be written as JSON").into();
        let metadata = Self { url: metadata_url(&config.resource).into(), document, paths: vec![WELL_KNOWN.into()] };
        metadata.mounted_at(config.resource.url().path())
    }

    /// The same, served also for the resource at this path: where it is reached through a proxy that takes a prefix away,
    /// and the service behind it has another path than the URL that clients know.
    #[must_use]
    pub fn mounted_at(mut self, path: &str) -> Self {
        let path = well_known_path(path).into();
        if !self.paths.contains(&path) {
            self.paths.push(path);
        }
        self
    }

    /// The same, not served for the root of the host (unless the resource is there): where a host has several resources, the
    /// root can speak of one only.
    #[must_use]
    pub fn without_root(mut self) -> Self {
        if !self.url.ends_with(WELL_KNOWN) {
            self.paths.retain(|path| **path != *WELL_KNOWN);
        }
        self
    }

    /// Where clients find it: what challenges name as `resource_metadata` (RFC 9728 §5.1).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The document, as JSON.
    #[must_use]
    pub const fn document(&self) -> &Bytes {
        &self.document
    }

    /// The paths that it is served at.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.paths.iter().map(|path| &**path)
    }

    /// The answer to a request, if it is for the metadata. Any page may read it, and it may be kept for five minutes: it is
    /// the same for all (RFC 9728 §3.2).
    #[must_use]
    pub fn response<B, R: From<Bytes>>(&self, request: &Request<B>) -> Option<Response<R>> {
        let path = request.uri().path();
        if !self.paths.iter().any(|served| **served == *path) {
            return None;
        }
        let (status, body) = match *request.method() {
            Method::GET => (StatusCode::OK, self.document.clone()),
            Method::HEAD => (StatusCode::OK, Bytes::new()),
            Method::OPTIONS => (StatusCode::NO_CONTENT, Bytes::new()),
            _ => (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
        };
        let mut response = Response::new(R::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let mut say = |name, value| headers.insert(name, HeaderValue::from_static(value));
        say(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        match status {
            StatusCode::OK => {
                say(header::CONTENT_TYPE, "application/json");
                say(header::CACHE_CONTROL, "public, max-age=300");
                // A HEAD is answered with it too, where nobody could count.
                headers.insert(header::CONTENT_LENGTH, self.document.len().into());
            }
            StatusCode::NO_CONTENT => {
                say(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD");
                // Clients send headers of their protocol along.
                say(header::ACCESS_CONTROL_ALLOW_HEADERS, "*");
                say(header::ACCESS_CONTROL_MAX_AGE, "3600");
            }
            _ => {
                say(header::ALLOW, "GET, HEAD, OPTIONS");
            }
        }
        Some(response)
    }
}

/// The URL of a resource's metadata (RFC 9728 §3.1).
///
/// It is written as URLs are normalised, so that every client can ask for it; `resource` in the document is the text of the
/// config.
pub(crate) fn metadata_url(resource: &ResourceUri) -> String {
    let url = resource.url();
    format!("{}{}", &url[..Position::BeforePath], well_known_path(url.path()))
}

/// The path of the metadata of a resource at `path`; a slash that is all of a path counts for nothing (RFC 9728 §3.1).
fn well_known_path(path: &str) -> String {
    match path {
        "" | "/" => WELL_KNOWN.to_owned(),
        _ if path.starts_with('/') => format!("{WELL_KNOWN}{path}"),
        _ => format!("{WELL_KNOWN}/{path}"),
    }
}

/// What goes between host and path (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
