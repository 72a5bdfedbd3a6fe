//! A legacy session as its client sees it.

use std::time::Duration;

use http::Method;
use outboard_protocol::headers;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::scene::Scene;
use super::verdict::Miss;
use super::wire::{Answered, Wire};
use crate::http::{HttpRequest, legacy};

/// A legacy session as its client sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: String,
    opened: Instant,
}

/// The revision that all sessions here have: the one with every feature.
const REVISION: &str = "2025-11-25";

impl Session {
    /// Opens a session of a client that can be asked everything.
    ///
    /// # Errors
    ///
    /// It is not opened.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, there may be a session that nobody uses.
    pub(super) async fn open(scene: &Scene, wire: &Wire) -> Result<Self, Miss> {
        let opened = Instant::now();
        let params = json!({
            "protocolVersion": REVISION,
            "capabilities": {"elicitation": {}, "sampling": {}, "roots": {}},
            "clientInfo": {"name": "testkit", "version": "1"},
        });
        let answered = scene.send(wire, legacy("initialize", params)).await?;
        let answered = scene.accepted(answered)?;
        let id = answered.headers.get(headers::SESSION_ID).and_then(|id| id.to_str().ok());
        let id = id.ok_or_else(|| Miss::wrong(format!("no session: {answered:?}")))?.to_owned();
        let session = Self { id, opened };
        let ready = session.request("notifications/initialized", json!({})).notification();
        session.accepted(scene, scene.send(wire, ready).await?)?;
        Ok(session)
    }

    /// Whether it may be refused because of its age.
    pub(super) fn has_to_end(&self) -> bool {
        self.opened.elapsed() + SKEW >= SESSION_MAX_AGE
    }

    /// A request in it, with the id 1.
    pub(super) fn request(&self, method: &str, params: Value) -> HttpRequest {
        legacy(method, params).in_session(&self.id, REVISION)
    }

    /// A call of a tool that wants to hear of its progress.
    pub(super) fn call(&self, tool: &str, arguments: &Value) -> HttpRequest {
        let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}});
        self.request("tools/call", params)
    }

    /// The answer to a question.
    pub(super) fn reply(&self, question: &Value, result: &Value) -> HttpRequest {
        let id = question.get("id").cloned().unwrap_or_default();
        HttpRequest::post([])
            .json(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
            .in_session(&self.id, REVISION)
    }

    /// The stream of the session, or what is left of another.
    pub(super) fn get(&self, last_event_id: Option<&str>) -> HttpRequest {
        let get = HttpRequest::of(Method::GET).with("accept", "text/event-stream").in_session(&self.id, REVISION);
        match last_event_id {
            Some(id) => get.with("last-event-id", id),
            None => get,
        }
    }

    /// Its end.
    pub(super) fn delete(&self) -> HttpRequest {
        HttpRequest::of(Method::DELETE).in_session(&self.id, REVISION)
    }

    /// Takes an answer whose status is a success; one that the session is not found is by contract when it is too old.
    pub(super) fn accepted(&self, scene: &Scene, answered: Answered) -> Result<Answered, Miss> {
        if answered.status == 404 && self.has_to_end() {
            return Err(Miss::refused("the session is over"));
        }
        scene.accepted(answered)
    }
}

/// How long sessions live in the harness; its replicas are configured so.
const SESSION_MAX_AGE: Duration = Duration::from_secs(60);

/// How much the clocks of client and server may differ: servers count in whole seconds.
const SKEW: Duration = Duration::from_secs(2);
