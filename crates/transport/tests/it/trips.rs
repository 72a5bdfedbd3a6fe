//! How often the store is asked: once for a plain legacy answer and for the reply to a question, once more for each event of
//! a stream, never for a modern call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use outboard_runtime::{Context, tool};
use outboard_store::{
    BoxFuture, Cell, CellKey, Cells, LogKey, LogLimits, LogPage, Logs, Put, Sequence, Store, StoreError, Version,
};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{modern, patiently};
use serde_json::json;

use crate::support::{LegacySession, Setup, Shared, catalog};

/// Counts what is asked of a store.
#[derive(Debug)]
struct Counted<T> {
    inner: T,
    asked: Arc<AtomicUsize>,
}

impl<T> Counted<T> {
    fn asked(&self) -> &T {
        self.asked.fetch_add(1, Ordering::SeqCst);
        &self.inner
    }
}

impl Cells for Counted<Arc<dyn Cells>> {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        self.asked().get(key)
    }

    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        self.asked().get_both(first, second)
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        self.asked().put_if_absent(key, value, ttl)
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        self.asked().put_if_version(key, version, value, ttl)
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.asked().delete(key)
    }

    fn value_bytes_max(&self) -> usize {
        self.inner.value_bytes_max()
    }
}

impl Logs for Counted<Arc<dyn Logs>> {
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        self.asked().append(key, entry, limits)
    }

    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        self.asked().append_if_present(key, entry, limits)
    }

    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.asked().read(key, after, entries_max)
    }

    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        self.asked().tail(key, after)
    }

    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.asked().delete(key)
    }

    fn entry_bytes_max(&self) -> usize {
        self.inner.entry_bytes_max()
    }
}

fn counted() -> (Shared, Arc<AtomicUsize>) {
    counted_over(Shared::new())
}

/// Another replica over the same store.
fn counted_over(Shared { store, clock }: Shared) -> (Shared, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let cells = Arc::new(Counted { inner: store.cells, asked: Arc::clone(&asked) });
    let logs = Arc::new(Counted { inner: store.logs, asked: Arc::clone(&asked) });
    (Shared { store: Store { cells, logs, ..store }, clock }, asked)
}

#[tokio::test]
async fn plain_answers_cost_one_read_in_a_session_and_none_without() {
    let (shared, asked) = counted();
    let served = Setup { shared, ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a session is stored nowhere");
    let call = || json!({"name": "echo", "arguments": {"text": "x"}});
    for request in [modern("tools/call", call()), modern("tools/list", json!({}))] {
        assert_eq!(served.send(request).await.status, 200);
        assert_eq!(asked.swap(0, Ordering::SeqCst), 0);
    }
    for method in ["tools/call", "tools/list", "ping"] {
        let answer = served.send(session.request(method, call())).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(asked.swap(0, Ordering::SeqCst), 1, "{method}");
    }
}

/// Asks, and tells how often the store was asked when the answer was there.
#[tool]
async fn agree(ctx: &Context) -> &'static str {
    if ctx.confirm("sure", "Are you sure?").await { "agreed" } else { "not agreed" }
}

#[tokio::test]
async fn reply_to_a_question_costs_one_trip_beside_those_of_who_waits() {
    let (shared, asked) = counted();
    let here = Setup { catalog: catalog().tool(agree), shared: shared.clone(), ..Setup::new() }.serve().await;
    let (there_shared, asked_there) = counted_over(shared);
    let there = Setup { shared: there_shared, ..Setup::new() }.serve().await;
    let session = LegacySession::of_client(&here, "2025-06-18", &json!({"elicitation": {}})).await;
    let mut stream = here.open(session.request("tools/call", json!({"name": "agree"}))).await;
    let question = stream.next().await.unwrap().message();
    let reply = session.answer(question["id"].as_str().unwrap(), &json!({"result": {"action": "decline"}}));
    assert_eq!(asked_there.swap(0, Ordering::SeqCst), 0);
    assert_eq!(there.send(reply.clone()).await.status, 202);
    assert_eq!(asked_there.swap(0, Ordering::SeqCst), 1);
    assert!(stream.next().await.is_some(), "it is answered");
    assert_eq!(there.send(reply).await.status, 202);
    assert_eq!(asked_there.swap(0, Ordering::SeqCst), 2, "a late one: nobody waits, so the session is looked at");
    assert!(asked.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn cancellation_costs_one_read_wherever_its_call_runs() {
    let gate = Gate::new();
    let (shared, asked) = counted();
    let served = Setup { catalog: catalog().tool(gate.tool()), shared, ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let json = session.request("tools/call", json!({"name": "wait"})).with("accept", "application/json");
    let cancel = |id| session.request("notifications/cancelled", json!({"requestId": id})).notification();
    let cancelled = async {
        gate.started().await;
        asked.store(0, Ordering::SeqCst);
        for id in [1, 2] {
            assert_eq!(served.send(cancel(id)).await.status, 202);
            assert_eq!(asked.swap(0, Ordering::SeqCst), 1, "{id}");
        }
    };
    let (answer, ()) = tokio::join!(served.send(json), cancelled);
    assert_eq!(answer.json()["error"]["code"], 1499);
}

#[tokio::test]
async fn streamed_answer_costs_one_append_for_each_event() {
    let gate = Gate::new();
    let (shared, asked) = counted();
    let served = Setup { catalog: catalog().tool(gate.tool()), shared, ..Setup::new() }.serve().await;
    for (revision, events) in [("2025-06-18", 3), ("2025-11-25", 4)] {
        let session = LegacySession::open(&served, revision).await;
        gate.open();
        let call = session.request("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}));
        let answer = served.open(call).await.whole().await;
        assert_eq!(answer.text().matches("id: ").count(), events);
        // Its last append may come after its last byte.
        let appended = async {
            while asked.load(Ordering::SeqCst) < 1 + events {
                tokio::task::yield_now().await;
            }
        };
        patiently("the last append", appended).await;
        assert_eq!(asked.swap(0, Ordering::SeqCst), 1 + events, "{revision}");
    }
}
