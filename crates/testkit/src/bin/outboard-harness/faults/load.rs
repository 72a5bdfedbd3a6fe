//! Clients of both eras that go on while the store is broken, and what they were answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outboard_protocol::headers;
use outboard_testkit::http::{HttpRequest, legacy, modern};
use outboard_testkit::model::{Place, Wire};
use outboard_testkit::replicas::Topology;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::chaos::cast;

/// What came of all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) modern_ok: u64,
    pub(crate) modern_bad: u64,
    pub(crate) legacy_ok: u64,
    /// 503 with `Retry-After`.
    pub(crate) legacy_refused: u64,
    /// Anything else.
    pub(crate) wrong: u64,
    pub(crate) first_wrong: Option<String>,
    pub(crate) slowest: Duration,
    /// When something was refused, or failed, last.
    pub(crate) last_refused: Option<Instant>,
}

/// A load that goes on until it is finished.
pub(crate) struct Load {
    tally: Arc<Mutex<Tally>>,
    clients: JoinSet<()>,
}

/// What a request needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// No store: it has to be served.
    Nothing,
    /// The store.
    Store,
}

const REVISION: &str = "2025-11-25";

impl Load {
    /// Opens the sessions and begins.
    pub(crate) async fn start(topology: &Topology) -> Self {
        let place = Place { address: topology.public(), host: topology.public().to_string() };
        let tally = Arc::new(Mutex::new(Tally::default()));
        let mut clients = JoinSet::new();
        for (number, caller) in cast::callers().into_iter().enumerate() {
            let wire = Wire::new(&place, &caller, format!("modern-{number}"));
            clients.spawn(call_modern(wire, tally.clone(), caller.name.clone()));
            let wire = Wire::new(&place, &caller, format!("legacy-{number}"));
            let session = open(&wire).await;
            clients.spawn(call_legacy(wire, tally.clone(), session, caller.name));
        }
        Self { tally, clients }
    }

    pub(crate) fn tally(&self) -> Tally {
        lock(&self.tally).clone()
    }

    /// When something was refused, or failed, last.
    pub(crate) fn last_refused(&self) -> Option<Instant> {
        lock(&self.tally).last_refused
    }

    pub(crate) async fn finish(mut self) -> Tally {
        self.clients.shutdown().await;
        self.tally()
    }
}

async fn open(wire: &Wire) -> String {
    let params = json!({
        "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "testkit", "version": "1"}
    });
    let answered = wire.send(legacy("initialize", params)).await.expect("a session is opened");
    let id = answered.headers.get(headers::SESSION_ID).and_then(|id| id.to_str().ok());
    id.expect("a session has an id").to_owned()
}

/// Echoes, which need no store.
async fn call_modern(wire: Wire, tally: Arc<Mutex<Tally>>, name: String) {
    for number in 0_u64.. {
        let marker = format!("{name}-{number}");
        let begun = Instant::now();
        let answered = wire.send(modern("tools/call", echo(&marker))).await;
        let problem = match &answered {
            Ok(answered) if answered.status == 200 && echoes(&answered.messages, &marker) => None,
            Ok(answered) => Some(format!("modern: {} {:?}", answered.status, answered.messages)),
            Err(error) => Some(format!("modern: {error}")),
        };
        {
            let mut tally = lock(&tally);
            tally.slowest = tally.slowest.max(begun.elapsed());
            if let Some(problem) = problem {
                tally.modern_bad += 1;
                tally.last_refused = Some(Instant::now());
                tally.first_wrong.get_or_insert(problem);
            } else {
                tally.modern_ok += 1;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Work in a session, some of which needs the store.
async fn call_legacy(wire: Wire, tally: Arc<Mutex<Tally>>, session: String, name: String) {
    for number in 0_u64.. {
        let marker = format!("legacy-{name}-{number}");
        let in_session = |request: HttpRequest| request.in_session(&session, REVISION);
        let (request, need) = match number % 4 {
            0 | 2 => (in_session(legacy("tools/call", echo(&marker))), Need::Nothing),
            1 => {
                // Another one each time: what stays as it is needs no write.
                let level = if number % 8 == 1 { "info" } else { "debug" };
                (in_session(legacy("logging/setLevel", json!({"level": level}))), Need::Store)
            }
            _ => {
                let params = json!({
                    "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}
                });
                // Where sessions cannot be counted, they may be refused.
                (legacy("initialize", params), Need::Store)
            }
        };
        let begun = Instant::now();
        let answered = wire.send(request).await;
        let (is_ok, is_refused) = match &answered {
            Ok(answered) => (
                answered.status == 200 && (need == Need::Store || echoes(&answered.messages, &marker)),
                need == Need::Store && answered.status == 503 && answered.headers.contains_key("retry-after"),
            ),
            Err(_) => (false, false),
        };
        {
            let mut tally = lock(&tally);
            tally.slowest = tally.slowest.max(begun.elapsed());
            if is_ok {
                tally.legacy_ok += 1;
            } else {
                tally.last_refused = Some(Instant::now());
                if is_refused {
                    tally.legacy_refused += 1;
                } else {
                    tally.wrong += 1;
                    tally.first_wrong.get_or_insert_with(|| match answered {
                        Ok(answered) => format!("legacy {}: {} {:?}", number % 4, answered.status, answered.messages),
                        Err(error) => format!("legacy {}: {error}", number % 4),
                    });
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn echo(marker: &str) -> Value {
    json!({"name": "echo", "arguments": {"message": marker}})
}

fn echoes(messages: &[(Option<String>, Value)], marker: &str) -> bool {
    messages.iter().any(|(_, message)| message.to_string().contains(marker))
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Between two requests of one client: a machine with two cores has to breathe.
const PAUSE: Duration = Duration::from_millis(50);
