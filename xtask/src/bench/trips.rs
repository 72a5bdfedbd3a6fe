//! How often a call goes to the store, by its kind, counted by Redis itself and compared with what the design allows.

mod wire;

use std::{iter::Sum, thread, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use self::wire::{Connection, Events, initialize, skip_body};
use super::redis::TripCounter;
use crate::{clock::Started, say::say, table};

/// How many plain calls.
const CALLS: usize = 500;

/// How many clients make calls that take their time; no more questions than this may be open for a principal.
const AT_ONCE: usize = 8;

/// How many such calls each of them makes.
const EACH: usize = 5;

/// How many streams of notifications are added to the first.
const LISTENERS: usize = 20;

/// How many changes the listeners hear of.
const CHANGES: usize = 5;

/// How long the listeners have for each.
const BETWEEN_CHANGES: Duration = Duration::from_millis(100);

/// How long it is watched what goes to the store without any call: twice the time in which all of that comes once.
const IDLE: Duration = Duration::from_secs(10);

/// How far off a kind may be, in trips per call: what happens beside the calls is not quite even.
const TOLERANCE: f64 = 0.15;

/// Measures every kind, prints the table, and fails if one is not what it has to be.
pub(super) fn run(url: &str, counter: TripCounter) -> Result<()> {
    let mut measured = Measured { counter, idle_per_second: 0.0, rows: Vec::new() };
    measured.idle()?;
    measured.kind("modern call", || modern_calls(url))?;
    let session = initialize(&mut Connection::open(url)?)?;
    measured.kind("legacy call, answered as JSON", || legacy_calls(url, &session))?;
    measured.kind("legacy call, streamed: 1 + its events", || at_once(|| streamed(url, &session)))?;
    measured.kind("legacy call with a question: that + 5 of who waits + 1 for the reply", || {
        at_once(|| asked(url, &session))
    })?;
    measured.listeners("listen stream", || listen(url), url)?;
    measured.listeners("GET stream", || get(url), url)?;
    say!("\n{}", measured.table());
    measured.judge()
}

/// What calls of one kind should have needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Needed {
    calls: usize,
    /// For all of them together.
    trips: usize,
}

impl Sum for Needed {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self { calls: sum.calls + one.calls, trips: sum.trips + one.trips })
    }
}

/// What was found.
#[derive(Debug)]
struct Measured {
    counter: TripCounter,
    /// Trips without any call.
    idle_per_second: f64,
    rows: Vec<Row>,
}

/// One kind.
#[derive(Debug, PartialEq)]
struct Row {
    kind: String,
    /// Trips per call.
    expected: f64,
    found: f64,
}

impl Measured {
    /// Learns what goes on without calls.
    fn idle(&mut self) -> Result<()> {
        let before = self.counter.trips()?;
        thread::sleep(IDLE);
        self.idle_per_second = (self.counter.trips()? - before) as f64 / IDLE.as_secs_f64();
        Ok(())
    }

    /// The trips during this, without those that there would have been anyway; and what it says.
    fn during<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
        let (before, started) = (self.counter.trips()?, Started::now());
        let done = work()?;
        let anyway = self.idle_per_second * started.elapsed().as_secs_f64();
        Ok(((self.counter.trips()? - before) as f64 - anyway, done))
    }

    fn kind(&mut self, kind: &str, work: impl FnOnce() -> Result<Needed>) -> Result<()> {
        let (trips, needed) = self.during(work).with_context(|| kind.to_owned())?;
        let calls = needed.calls as f64;
        self.rows.push(Row { kind: kind.to_owned(), expected: needed.trips as f64 / calls, found: trips / calls });
        Ok(())
    }

    /// What each further stream costs while changes are told: a replica reads once for all of its own.
    fn listeners(&mut self, kind: &str, open: impl Fn() -> Result<Listener>, url: &str) -> Result<()> {
        let mut listeners = vec![open()?];
        let (one, ()) = self.during(|| changes(url))?;
        for _ in 0..LISTENERS {
            listeners.push(open()?);
        }
        let (all, ()) = self.during(|| changes(url))?;
        for mut listener in listeners {
            listener.hears().with_context(|| kind.to_owned())?;
        }
        let found = (all - one) / LISTENERS as f64;
        self.rows.push(Row { kind: format!("{kind}, each, of {CHANGES} changes"), expected: 0.0, found });
        Ok(())
    }

    fn table(&self) -> String {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let verdict = if row.holds() { "ok" } else { "FAILED" };
                [row.kind.clone(), format!("{:.2}", row.expected), format!("{:.2}", row.found), verdict.to_owned()]
            })
            .collect();
        let table = table::markdown(["trips to the store", "expected", "found", "verdict"], &rows);
        format!("{table}\n\nTaken off: {:.1} trips per second that there are without any call.", self.idle_per_second)
    }

    fn judge(&self) -> Result<()> {
        let bad: Vec<_> = self.rows.iter().filter(|row| !row.holds()).map(|row| row.kind.as_str()).collect();
        ensure!(bad.is_empty(), "not as many trips to the store as there should be: {}", bad.join("; "));
        Ok(())
    }
}

impl Row {
    fn holds(&self) -> bool {
        (self.found - self.expected).abs() <= TOLERANCE
    }
}

/// Plain modern calls.
fn modern_calls(url: &str) -> Result<Needed> {
    let mut connection = Connection::open(url)?;
    for _ in 0..CALLS {
        let head = connection.modern("tools/call", json!({"name": "echo", "arguments": {"message": "again"}}))?;
        right(&connection.body(&head)?, "again")?;
    }
    Ok(Needed { calls: CALLS, trips: 0 })
}

/// Plain legacy calls: each looks whether its session has ended.
fn legacy_calls(url: &str, session: &str) -> Result<Needed> {
    let mut connection = Connection::open(url)?;
    for _ in 0..CALLS {
        let head = connection.legacy(Some(session), &call("echo", &json!({"message": "again"})))?;
        right(&connection.body(&head)?, "again")?;
    }
    Ok(Needed { calls: CALLS, trips: CALLS })
}

/// The same of several clients at once, again and again.
fn at_once(work: impl Fn() -> Result<Needed> + Sync) -> Result<Needed> {
    let client = || (0..EACH).map(|_| work()).sum();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(client)).collect();
        let ended = clients.into_iter().map(|client| client.join().unwrap_or_else(|_| bail!("a client has panicked")));
        ended.sum()
    })
}

/// A call that tells its progress: each event is kept for whoever comes back.
fn streamed(url: &str, session: &str) -> Result<Needed> {
    let mut connection = Connection::open(url)?;
    let head = connection.legacy(Some(session), &call("test_tool_with_progress", &json!({})))?;
    let mut events = connection.events(&head)?;
    // The event without data that the stream begins with, and the answer.
    let mut count = 2;
    while !is_result(&message(&mut events)?) {
        count += 1;
    }
    ensure!(count > 2, "there was no progress");
    Ok(Needed { calls: 1, trips: 1 + count })
}

/// A call that asks; the reply comes on another connection.
fn asked(url: &str, session: &str) -> Result<Needed> {
    let mut connection = Connection::open(url)?;
    let head = connection.legacy(Some(session), &call("test_elicitation", &json!({"message": "Who are you?"})))?;
    let mut events = connection.events(&head)?;
    let question = message(&mut events)?;
    let id = question.get("id").with_context(|| format!("this is no question: {question}"))?;
    let content = json!({"username": "countess", "email": "ada@example.com"});
    let reply = json!({"jsonrpc": "2.0", "id": id, "result": {"action": "accept", "content": content}});
    let mut other = Connection::open(url)?;
    let head = other.legacy(Some(session), &reply)?;
    ensure!(head.status == 202, "the reply is answered by {}", head.status);
    skip_body(&mut other, &head)?;
    let answer = message(&mut events)?;
    right(&answer.to_string(), "countess")?;
    ensure!(is_result(&answer), "there is more than a question and an answer: {answer}");
    // The first event has no data. Who waits opens the mailbox, reads it, looks whether it is still empty, reads the reply and
    // closes it.
    let (session, events, mailbox, reply) = (1, 3, 5, 1);
    Ok(Needed { calls: 1, trips: session + events + mailbox + reply })
}

/// Tells of changes, and leaves time to hear of each.
fn changes(url: &str) -> Result<()> {
    let mut connection = Connection::open(url)?;
    for _ in 0..CHANGES {
        let head = connection.modern("tools/call", json!({"name": "test_trigger_tool_change", "arguments": {}}))?;
        ensure!(head.status == 200, "the change is answered by {}", head.status);
        skip_body(&mut connection, &head)?;
        thread::sleep(BETWEEN_CHANGES);
    }
    Ok(())
}

/// An open stream of notifications.
struct Listener {
    connection: Connection,
    head: wire::Head,
}

impl Listener {
    /// Reads until it hears that tools have changed.
    fn hears(&mut self) -> Result<()> {
        let mut events = self.connection.events(&self.head)?;
        while !message(&mut events)?.to_string().contains("notifications/tools/list_changed") {}
        Ok(())
    }
}

fn listen(url: &str) -> Result<Listener> {
    let mut connection = Connection::open(url)?;
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    let head = connection.modern("subscriptions/listen", wanted)?;
    Ok(Listener { connection, head })
}

fn get(url: &str) -> Result<Listener> {
    let mut connection = Connection::open(url)?;
    let session = initialize(&mut connection)?;
    let head = connection.get(&session)?;
    Ok(Listener { connection, head })
}

/// A legacy call of a tool, with a token for its progress.
fn call(tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": 1}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

fn message(events: &mut Events<'_>) -> Result<Value> {
    events.next()?.context("the stream ended early")
}

fn is_result(message: &Value) -> bool {
    message.get("result").is_some()
}

/// An answer that says this, and is no error.
fn right(answer: &str, says: &str) -> Result<()> {
    ensure!(answer.contains("\"result\"") && answer.contains(says), "a wrong answer: {answer}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_as_many_trips_as_expected_hold() {
        let cases = [(1.0, 1.0, true), (0.0, 0.05, true), (1.0, 0.0, false), (4.0, 5.0, false), (0.0, 0.2, false)];
        for (expected, found, holds) in cases {
            assert_eq!(Row { kind: String::new(), expected, found }.holds(), holds, "{expected} {found}");
        }
    }
}
