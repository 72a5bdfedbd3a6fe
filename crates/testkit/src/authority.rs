//! An authorization server as a resource server sees it: metadata, keys and introspection over HTTP on a free loopback
//! port, with answers and faults that a test sets.
//!
//! It issues nothing ([`mint`](crate::mint) does) and checks nobody's credentials: what it was asked can be read back.
//! Nothing in it waits for time to pass but [`Fault::Slow`].

mod answer;
mod fault;
mod listener;
mod serve;
mod state;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use fault::{Fault, Scripted};
pub use listener::Listener;
pub use state::Seen;

use crate::http::patiently;
use state::State;

/// Where the keys are.
pub const JWKS: &str = "/jwks";
/// Where tokens are introspected.
pub const INTROSPECT: &str = "/introspect";

/// A scripted authorization server. Dropping it ends every connection and frees the port.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use outboard_testkit::authority::{Authority, Fault, JWKS};
/// use outboard_testkit::mint::Mint;
///
/// let authority = Authority::start().await;
/// let mint = Mint::new(authority.issuer(), "https://mcp.example/mcp", 1_785_240_000);
/// authority.set_keys(mint.keys());
/// authority.set(JWKS, Fault::EmptyKeys);
/// // … what is tested fetches the keys …
/// authority.clear();
/// assert_eq!(authority.count(JWKS), 0);
/// # });
/// ```
#[derive(Debug)]
pub struct Authority {
    address: SocketAddr,
    url: String,
    issuer: String,
    state: Arc<watch::Sender<State>>,
    _tasks: JoinSet<()>,
}

impl Authority {
    /// Starts one whose issuer is an origin without a path. It publishes no key and knows no token yet.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is served.
    pub async fn start() -> Self {
        Self::start_at("").await
    }

    /// Starts one whose issuer has a path, such as `/tenant`. Its metadata is where RFC 8414 §3.1 (inserted) and OpenID
    /// Connect Discovery §4 (appended) put it; the other endpoints are where they always are.
    ///
    /// # Panics
    ///
    /// When there is no free port, or the path does not begin with a slash, or ends with one.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is served.
    pub async fn start_at(path: &str) -> Self {
        assert!(path.is_empty() || (path.starts_with('/') && !path.ends_with('/')), "/tenant, or nothing: {path}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let url = format!("http://{address}");
        let issuer = format!("{url}{path}");
        let state = Arc::new(watch::Sender::new(State::new(&url, path)));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::all(listener, Arc::clone(&state)));
        Self { address, url, issuer, state, _tasks: tasks }
    }

    /// Its origin.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its issuer identifier: the origin, and the path it was started with.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The URL of its keys.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        format!("{}{JWKS}", self.url)
    }

    /// The URL of introspection.
    #[must_use]
    pub fn introspection_endpoint(&self) -> String {
        format!("{}{INTROSPECT}", self.url)
    }

    /// The paths at which it tells its metadata, in the order in which MCP clients try them.
    #[must_use]
    pub fn metadata_paths(&self) -> Vec<String> {
        self.state.borrow().metadata_paths.clone()
    }

    /// Publishes these keys (RFC 7517) instead of those before.
    pub fn set_keys(&self, keys: Vec<Value>) {
        self.state.send_modify(|state| state.keys = keys);
    }

    /// Sets a member of the metadata: another `issuer`, a `jwks_uri` on another host. Null takes it out.
    pub fn set_metadata(&self, member: &str, value: Value) {
        self.state.send_modify(|state| match value {
            Value::Null => drop(state.metadata.remove(member)),
            value => drop(state.metadata.insert(member.to_owned(), value)),
        });
    }

    /// Sends `Cache-Control` with each good answer at a path.
    ///
    /// # Panics
    ///
    /// When the value cannot stand in a header.
    pub fn set_cache_control(&self, path: &str, value: &str) {
        let value = value.parse().expect("the value can stand in a header");
        self.state.send_modify(|state| drop(state.cache_control.insert(path.to_owned(), value)));
    }

    /// Answers the introspection of one token (RFC 7662 §2.2). Other tokens are `{"active": false}`.
    pub fn set_introspection(&self, token: &str, answer: Value) {
        self.state.send_modify(|state| drop(state.answers.insert(token.to_owned(), answer)));
    }

    /// Answers the introspection of all tokens, instead of what was set token by token. The
    /// function must not ask the authority anything: it is answering.
    pub fn introspect_with(&self, answer: impl Fn(&str) -> Value + Send + Sync + 'static) {
        self.state.send_modify(|state| state.introspector = Some(Arc::new(answer)));
    }

    /// Answers at a path with a fault, from the next request on.
    pub fn set(&self, path: &str, fault: Fault) {
        self.state.send_modify(|state| drop(state.faults.insert(path.to_owned(), fault)));
    }

    /// Ends all faults. Requests that hang are answered now.
    pub fn clear(&self) {
        self.state.send_modify(|state| state.faults.clear());
    }

    /// How many requests have come to a path, whatever became of them. A query is not part of the path.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.state.borrow().count(path)
    }

    /// How many requests have come in all.
    #[must_use]
    pub fn count_all(&self) -> usize {
        self.state.borrow().counts.values().sum()
    }

    /// Waits until at least `requests` have come to a path since the start.
    ///
    /// # Panics
    ///
    /// When they do not come for long.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn counted(&self, path: &str, requests: usize) {
        let mut state = self.state.subscribe();
        let reached = state.wait_for(|state| state.count(path) >= requests);
        drop(patiently("a request to the authority", reached).await.expect("the authority is there"));
    }

    /// The newest requests to a path, oldest first; at most 256 are kept for all paths together.
    #[must_use]
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.state.borrow().seen.iter().filter(|seen| seen.path == path).cloned().collect()
    }
}
