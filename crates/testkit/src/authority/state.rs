//! What an authority says, what is wrong with it, and what it was asked.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::{Fault, INTROSPECT, JWKS};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// What stood after the question mark.
    pub query: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

pub(super) struct State {
    pub(super) metadata_paths: Vec<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) keys: Vec<Value>,
    pub(super) cache_control: HashMap<String, HeaderValue>,
    pub(super) answers: HashMap<String, Value>,
    pub(super) introspector: Option<Arc<Introspector>>,
    pub(super) faults: HashMap<String, Fault>,
    pub(super) counts: HashMap<String, usize>,
    pub(super) seen: VecDeque<Seen>,
}

/// Answers for a token.
pub(super) type Introspector = dyn Fn(&str) -> Value + Send + Sync;

impl State {
    /// Of an issuer at an origin, with a path or none.
    pub(super) fn new(origin: &str, path: &str) -> Self {
        const OAUTH: &str = "/.well-known/oauth-authorization-server";
        const OPENID: &str = "/.well-known/openid-configuration";
        let mut metadata_paths = vec![format!("{OAUTH}{path}"), format!("{OPENID}{path}")];
        if !path.is_empty() {
            metadata_paths.extend([format!("{path}{OPENID}"), format!("{path}{OAUTH}")]);
        }
        Self {
            metadata_paths,
            metadata: metadata(origin, path),
            keys: Vec::new(),
            cache_control: HashMap::new(),
            answers: HashMap::new(),
            introspector: None,
            faults: HashMap::new(),
            counts: HashMap::new(),
            seen: VecDeque::new(),
        }
    }

    pub(super) fn count(&self, path: &str) -> usize {
        self.counts.get(path).copied().unwrap_or_default()
    }

    pub(super) fn record(&mut self, seen: Seen) {
        const KEPT: usize = 256;
        *self.counts.entry(seen.path.clone()).or_default() += 1;
        if self.seen.len() == KEPT {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("faults", &self.faults).field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// What RFC 8414 §2 and OpenID Connect Discovery §3 require, and what MCP clients look for.
fn metadata(origin: &str, path: &str) -> Map<String, Value> {
    let document = json!({
        "issuer": format!("{origin}{path}"),
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "jwks_uri": format!("{origin}{JWKS}"),
        "introspection_endpoint": format!("{origin}{INTROSPECT}"),
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "authorization_response_iss_parameter_supported": true,
    });
    document.as_object().expect("metadata is an object").clone()
}
