//! What a test does to the server: its faults, its keys, its counters, and tokens that it would never issue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{OidcProvider, answered, text};
use crate::http::HttpRequest;

/// What goes wrong at one path, until it is cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 500 with a text.
    InternalError,
    /// No answer. The connection is closed when the faults are cleared.
    Hang,
    /// The true answer, after this time.
    Slow(Duration),
    /// 200 with an empty body of the right type.
    Empty,
    /// 200 with something that is no JSON.
    Garbage,
    /// 200 with a page.
    Html,
    /// 200 with 64 MiB of JSON.
    Huge,
    /// 302 to this place.
    Redirect {
        /// The `Location`.
        to: String,
    },
}

impl OidcProvider {
    /// Sets what goes wrong at a path, in place of what went wrong there before.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have happened.
    pub async fn fault(&self, path: &str, fault: Fault) {
        let (kind, member) = match fault {
            Fault::InternalError => ("500", None),
            Fault::Hang => ("hang", None),
            Fault::Slow(time) => {
                ("slow", Some(("ms", Value::from(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))))
            }
            Fault::Empty => ("empty", None),
            Fault::Garbage => ("garbage", None),
            Fault::Html => ("html", None),
            Fault::Huge => ("huge", None),
            Fault::Redirect { to } => ("redirect", Some(("to", to.into()))),
        };
        let members = [("path", path.into()), ("kind", kind.into())].into_iter().chain(member);
        let body: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value)).collect();
        self.command("/fault", &body.into()).await;
    }

    /// Ends all faults; what hangs loses its connection.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have happened.
    pub async fn clear(&self) {
        self.command("/clear", &json!({})).await;
    }

    /// Adds a key of an algorithm, which signs from now on, and drops others by their ids. Returns the public JWKs.
    ///
    /// # Panics
    ///
    /// When there is no such algorithm (`RS256`, `ES256`, `EdDSA`) or key.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have happened.
    pub async fn rotate(&self, add: Option<&str>, drop: &[&str]) -> Vec<Value> {
        let mut body = json!({"drop": drop});
        if let (Some(algorithm), Some(members)) = (add, body.as_object_mut()) {
            members.insert("add".to_owned(), algorithm.into());
        }
        self.command("/rotate", &body).await.get("keys").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A token with this header and these claims, which nobody has checked, signed with the key of this id or algorithm.
    /// The header comes over that of a good access token; a member that is null is left out.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn mint(&self, key: &str, header: &Value, payload: &Value) -> String {
        let minted = self.command("/mint", &json!({"key": key, "header": header, "payload": payload})).await;
        text(&minted, "token").to_owned()
    }

    /// Revokes an opaque token or a refresh token; whether there was one.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have happened.
    pub async fn revoke(&self, token: &str) -> bool {
        self.command("/revoke", &json!({"token": token})).await.get("revoked") == Some(&Value::Bool(true))
    }

    /// How many requests have come for each path, faults included, the control plane excluded.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn counters(&self) -> BTreeMap<String, u64> {
        let answer = self.get(&format!("{}/counters", text(&self.ready, "control"))).await;
        serde_json::from_slice(&answer.body).expect("counters are numbers by path")
    }

    /// How many requests have come for one path.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn count(&self, path: &str) -> u64 {
        self.counters().await.get(path).copied().unwrap_or_default()
    }

    pub(super) async fn command(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", text(&self.ready, "control"));
        let answer = answered(&url, HttpRequest::post([]).json(body)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }
}
