//! A stranger who knows what is not his: session ids, event ids, handles, states, cursors. Nothing of it is any use to him.

use serde_json::{Value, json};

use super::legacy::question;
use super::modern::{again, asks, call};
use super::resuming::begin;
use super::scene::{Scene, Work, expect_text, result_of, text_of};
use super::session::Session;
use super::timeline::Fault;
use super::verdict::Miss;
use crate::http::modern;

/// Attacks of one principal on what another has.
pub const ATTACKS: &[Work] = &[
    Work { name: "foreign session", run: |scene| Box::pin(session(scene)) },
    Work { name: "foreign event id", run: |scene| Box::pin(event_id(scene)) },
    Work { name: "foreign question", run: |scene| Box::pin(answer(scene)) },
    Work { name: "foreign handle", run: |scene| Box::pin(handle(scene)) },
    Work { name: "foreign requestState", run: |scene| Box::pin(state(scene)) },
    Work { name: "foreign cursor", run: |scene| Box::pin(cursor(scene)) },
];

async fn session(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark().to_string();
    let session = Session::open(scene, &scene.ask).await?;
    let attempts = [session.call("echo", &json!({"message": marker})), session.get(None), session.delete()];
    for attempt in attempts {
        let stream = scene.stranger.open(attempt).await.map_err(|broken| scene.missed(&broken))?;
        match stream.status.as_u16() {
            404 => {}
            200..=299 => return Err(Miss::foreign(format!("{marker}: a foreign session was accepted"))),
            _ => {
                let answered = stream.whole().await.map_err(|broken| scene.missed(&broken))?;
                scene.accepted(answered)?;
            }
        }
    }
    // And it was not ended by it.
    let echo = session.call("echo", &json!({"message": marker}));
    expect_text(&scene.result(&scene.answer, echo).await?, &marker)
}

async fn event_id(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let begun = begin(scene, &session, &marker).await?;
    let own = Session::open(scene, &scene.stranger).await?;
    for session in [&session, &own] {
        let stream = scene.stranger.open(session.get(Some(&begun.third))).await;
        let mut stream = stream.map_err(|broken| scene.missed(&broken))?;
        if !stream.status.is_success() {
            continue;
        }
        // Before any event, it is no more than a stream of his own.
        while let Ok(Some(told)) = stream.next_within(std::time::Duration::from_millis(500)).await {
            if told.message.is_some() {
                return Err(Miss::foreign(format!("{marker}: a stranger resumed: {told:?}")));
            }
        }
    }
    Ok(())
}

async fn answer(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let own = Session::open(scene, &scene.stranger).await?;
    let mut stream = scene.open(&scene.ask, session.call("ask_twice", &json!({"marker": marker.to_string()}))).await?;
    let asked = question(scene, &mut stream, "elicitation/create", &marker).await?;
    let forged = json!({"action": "accept", "content": {"name": "Eve"}});
    for session in [&session, &own] {
        // Whatever it is answered with, it must have no effect.
        let forged = scene.stranger.send(session.reply(&asked, &forged)).await;
        forged.map_err(|broken| scene.missed(&broken))?;
    }
    let name = format!("{marker} Ada");
    let mut asked = asked;
    for content in [json!({"name": name}), json!({"color": "red"})] {
        let replied =
            scene.send(&scene.answer, session.reply(&asked, &json!({"action": "accept", "content": content})));
        session.accepted(scene, replied.await?)?;
        (_, asked) = scene.message(&mut stream).await?;
        if asked.to_string().contains("Eve") {
            return Err(Miss::foreign(format!("{marker}: a stranger answered a question: {asked}")));
        }
    }
    expect_text(&result_of(asked)?, &format!("{marker} heard that {name} likes red"))
}

async fn handle(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark().to_string();
    let created = scene.result(&scene.ask, call("test_state_create", &json!({"value": marker}))).await?;
    let handle = text_of(&created).ok_or_else(|| Miss::wrong(format!("no handle: {created}")))?.to_owned();
    let attempts = [
        call("test_state_get", &json!({"handle": handle})),
        call("test_state_update", &json!({"handle": handle, "value": "stolen"})),
        call("test_state_remove", &json!({"handle": handle})),
    ];
    for attempt in attempts {
        scene.denied(&scene.stranger, attempt, "a foreign handle was accepted").await?;
    }
    let kept = scene.result(&scene.answer, call("test_state_get", &json!({"handle": handle}))).await?;
    expect_text(&kept, &marker).map_err(|miss| match scene.was(Fault::Store) {
        true => Miss::refused(miss.why),
        false => miss,
    })
}

async fn state(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let request = call("ask_twice", &json!({"marker": marker.to_string()}));
    let first = asks(scene, &scene.ask, request.clone(), "name", &marker).await?;
    let second = again(&request, &first, "name", &json!({"name": "Ada"}));
    let second = asks(scene, &scene.ask, second, "colour", &marker).await?;
    let stolen = again(&request, &second, "colour", &json!({"color": "red"}));
    let answered = scene.stranger.send(stolen).await.map_err(|broken| scene.missed(&broken))?;
    // Only the state knows the name.
    if answered.messages.iter().any(|(_, message)| message.to_string().contains("Ada")) {
        return Err(Miss::foreign(format!("{marker}: a foreign requestState was accepted: {answered:?}")));
    }
    match answered.status.as_u16() {
        400..=499 => Ok(()),
        _ => scene.accepted(answered).map(drop),
    }
}

async fn cursor(scene: &Scene) -> Result<(), Miss> {
    scene.mark();
    let page = scene.result(&scene.ask, modern("tools/list", json!({}))).await?;
    let Some(cursor) = page.get("nextCursor").and_then(Value::as_str) else {
        return Err(Miss::wrong("the list of tools has one page, so there is no cursor to steal"));
    };
    let stolen = modern("tools/list", json!({"cursor": cursor}));
    scene.denied(&scene.stranger, stolen, "a foreign cursor was accepted").await
}
