//! Work of legacy clients: sessions that are opened at one place and used at another.

use std::time::Duration;

use outboard_protocol::types::LoggingLevel;
use serde_json::{Value, json};

use super::marker::Marker;
use super::modern::expect_counted;
use super::scene::{Scene, Work, expect_text, result_of};
use super::session::Session;
use super::timeline::Fault;
use super::verdict::Miss;
use super::wire::{Broken, Trickle};

/// Work of legacy clients, but for listening and resuming.
pub const LEGACY: &[Work] = &[
    Work { name: "session", run: |scene| Box::pin(session(scene)) },
    Work { name: KEPT_SESSION, run: |scene| Box::pin(kept_session(scene)) },
    Work { name: "reply", run: |scene| Box::pin(reply(scene)) },
    Work { name: "sampling", run: |scene| Box::pin(sampling(scene)) },
    Work { name: "setLevel", run: |scene| Box::pin(level(scene)) },
    Work { name: "cancel", run: |scene| Box::pin(cancel(scene)) },
    Work { name: "DELETE", run: |scene| Box::pin(delete(scene)) },
];

/// The work that uses one session until it is too old.
pub const KEPT_SESSION: &str = "kept session";

async fn session(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let pong = session.accepted(scene, scene.send(&scene.answer, session.request("ping", json!({}))).await?)?;
    if !pong.messages.iter().any(|(_, message)| message.get("result") == Some(&json!({}))) {
        return Err(Miss::wrong(format!("no answer to a ping: {pong:?}")));
    }
    echo(scene, &session, &marker).await?;
    let count = session.call("count_slowly", &json!({"marker": marker.to_string(), "steps": 3, "pause_ms": 20}));
    let counted = session.accepted(scene, scene.send(&scene.answer, count).await?)?;
    expect_counted(&counted.messages, &marker, 1..=3)
}

/// Uses one session for as long as it lives.
async fn kept_session(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let mut kept = scene.kept.lock().await;
    let session = match kept.take() {
        Some(session) => session,
        None => Session::open(scene, &scene.ask).await?,
    };
    let ended = echo(scene, &session, &marker).await;
    let is_over = session.has_to_end();
    if !is_over {
        *kept = Some(session);
    }
    ended
}

async fn echo(scene: &Scene, session: &Session, marker: &Marker) -> Result<(), Miss> {
    let echo = session.call("echo", &json!({"message": marker.to_string()}));
    let answered = session.accepted(scene, scene.send(&scene.answer, echo).await?)?;
    let last = answered.messages.into_iter().next_back().map(|(_, message)| message).unwrap_or_default();
    expect_text(&result_of(last)?, &marker.to_string())
}

async fn reply(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let mut stream = scene.open(&scene.ask, session.call("ask_twice", &json!({"marker": marker.to_string()}))).await?;
    let name = format!("{marker} Ada");
    for content in [json!({"name": name}), json!({"color": "red"})] {
        let question = question(scene, &mut stream, "elicitation/create", &marker).await?;
        replied(scene, &session, &question, &json!({"action": "accept", "content": content})).await?;
    }
    let (_, last) = scene.message(&mut stream).await?;
    expect_text(&result_of(last)?, &format!("{marker} heard that {name} likes red"))
}

async fn sampling(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let mut stream = scene.open(&scene.ask, session.call("ask_model", &json!({"marker": marker.to_string()}))).await?;
    let question = question(scene, &mut stream, "sampling/createMessage", &marker).await?;
    let said = format!("{marker} nothing");
    let message = json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": said}});
    replied(scene, &session, &question, &message).await?;
    let (_, last) = scene.message(&mut stream).await?;
    expect_text(&result_of(last)?, &format!("{marker} heard {said}"))
}

/// Reads a question, which has the marker in its words.
pub(super) async fn question(
    scene: &Scene,
    stream: &mut Trickle,
    method: &str,
    marker: &Marker,
) -> Result<Value, Miss> {
    let (_, question) = scene.message(stream).await?;
    if question.get("method").and_then(Value::as_str) == Some(method)
        && Marker::all_in(&question.to_string()).contains(marker)
    {
        return Ok(question);
    }
    Err(Miss::wrong(format!("expected {method} of {marker}: {question}")))
}

/// Answers a question at the second place.
async fn replied(scene: &Scene, session: &Session, question: &Value, result: &Value) -> Result<(), Miss> {
    let answered = scene.send(&scene.answer, session.reply(question, result)).await?;
    session.accepted(scene, answered).map(drop)
}

async fn level(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    for (level, lines) in [(LoggingLevel::Info, 3), (LoggingLevel::Error, 0)] {
        let set = session.request("logging/setLevel", json!({"level": level}));
        session.accepted(scene, scene.send(&scene.ask, set).await?)?;
        let call = session.call("test_tool_with_logging", &json!({}));
        let answered = session.accepted(scene, scene.send(&scene.answer, call).await?)?;
        let is_line = |message: &Value| message.get("method").and_then(Value::as_str) == Some("notifications/message");
        let told = answered.messages.iter().filter(|(_, message)| is_line(message)).count();
        if told != lines && !scene.was(Fault::Store) {
            return Err(Miss::wrong(format!("{marker}: {told} lines, not {lines}, at level {level:?}")));
        }
    }
    Ok(())
}

async fn cancel(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let count = json!({"marker": marker.to_string(), "steps": 1000, "pause_ms": 50});
    let mut stream = scene.open(&scene.ask, session.call("count_slowly", &count).id(marker.to_string())).await?;
    scene.message(&mut stream).await?;
    let cancelled = session.request("notifications/cancelled", json!({"requestId": marker.to_string()})).notification();
    session.accepted(scene, scene.send(&scene.answer, cancelled).await?)?;
    let ends = async {
        loop {
            match stream.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(told)) if told.message.as_ref().is_some_and(|message| message.get("result").is_some()) => {
                    return Err(Miss::wrong(format!("{marker} was cancelled and answered: {told:?}")));
                }
                Ok(Some(_)) => {}
                Err(broken) => return Err(scene.missed(&broken)),
            }
        }
    };
    let ended = tokio::time::timeout(CANCELLED_WITHIN, ends).await;
    ended.unwrap_or_else(|_| match scene.was(Fault::Store) || scene.was(Fault::Kill) {
        true => Err(Miss::refused(format!("{marker} goes on: the cancellation was lost"))),
        false => Err(Miss::wrong(format!("{marker} goes on {CANCELLED_WITHIN:?} after it was cancelled"))),
    })
}

async fn delete(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    echo(scene, &session, &marker).await?;
    session.accepted(scene, scene.send(&scene.answer, session.delete()).await?)?;
    let wires = [&scene.ask, &scene.answer, &scene.ask, &scene.answer];
    for wire in wires {
        let echo = session.call("echo", &json!({"message": marker.to_string()}));
        let answered = scene.send(wire, echo).await?;
        if answered.status == 404 {
            continue;
        }
        let answered = scene.accepted(answered)?;
        // The mark goes with the store, and counts for nothing while that is away.
        if !scene.was(Fault::Store) {
            return Err(Miss::wrong(format!("{marker}: a terminated session goes on: {answered:?}")));
        }
    }
    Ok(())
}

/// How soon a call ends after it was cancelled anywhere.
const CANCELLED_WITHIN: Duration = Duration::from_secs(5);

/// Whether it is only that nothing came in time.
pub(super) const fn is_silence(broken: &Broken) -> bool {
    matches!(broken, Broken::Hung)
}
