//! Work of modern clients: every request stands alone.

use outboard_protocol::meta;
use serde_json::{Value, json};

use super::marker::Marker;
use super::scene::{Scene, Work, expect_text, text_of};
use super::timeline::Fault;
use super::verdict::Miss;
use super::wire::Wire;
use crate::http::{HttpRequest, modern};

/// Work of modern clients, but for listening.
pub const MODERN: &[Work] = &[
    Work { name: "echo", run: |scene| Box::pin(echo(scene)) },
    Work { name: "progress", run: |scene| Box::pin(progress(scene)) },
    Work { name: "requestState", run: |scene| Box::pin(rounds(scene)) },
    Work { name: "single use", run: |scene| Box::pin(single_use(scene)) },
    Work { name: "cursor", run: |scene| Box::pin(pages(scene)) },
    Work { name: "state handle", run: |scene| Box::pin(handle(scene)) },
];

/// A call of a client that can be asked everything, and wants to hear of its progress.
pub(super) fn call(tool: &str, arguments: &Value) -> HttpRequest {
    modern(
        "tools/call",
        json!({"name": tool, "arguments": arguments, "_meta": {
            "progressToken": "p",
            meta::CLIENT_CAPABILITIES: {"elicitation": {}, "sampling": {}, "roots": {}},
        }}),
    )
}

/// A question that a call came back with, which is the caller's own.
pub(super) struct Asked {
    pub(super) state: Value,
}

/// Sends a call that asks; asserts that it asks under this key, with the marker in its words.
pub(super) async fn asks(
    scene: &Scene,
    wire: &Wire,
    request: HttpRequest,
    key: &str,
    marker: &Marker,
) -> Result<Asked, Miss> {
    let mut result = scene.result(wire, request).await?;
    let message = result.pointer(&format!("/inputRequests/{key}/params/message")).and_then(Value::as_str);
    if !message.is_some_and(|message| message.starts_with(&marker.to_string())) {
        return Err(Miss::wrong(format!("expected the question {key} of {marker}: {result}")));
    }
    match result.get_mut("requestState").map(Value::take) {
        Some(state) => Ok(Asked { state }),
        None => Err(Miss::wrong(format!("no requestState: {result}"))),
    }
}

/// The same call again, with an answer.
pub(super) fn again(request: &HttpRequest, asked: &Asked, key: &str, content: &Value) -> HttpRequest {
    request.clone().edit(|message| {
        if let Some(params) = message.get_mut("params").and_then(Value::as_object_mut) {
            params.insert("requestState".to_owned(), asked.state.clone());
            let responses = json!({key: {"action": "accept", "content": content}});
            params.insert("inputResponses".to_owned(), responses);
        }
    })
}

async fn echo(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark().to_string();
    for wire in [&scene.ask, &scene.answer] {
        expect_text(&scene.result(wire, call("echo", &json!({"message": marker}))).await?, &marker)?;
    }
    Ok(())
}

async fn progress(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    for wire in [&scene.ask, &scene.answer] {
        let request = call("count_slowly", &json!({"marker": marker.to_string(), "steps": 3, "pause_ms": 20}));
        let answered = scene.accepted(scene.send(wire, request).await?)?;
        expect_counted(&answered.messages, &marker, 1..=3)?;
    }
    Ok(())
}

/// Asserts that the messages are those numbers in order, then the answer that they were counted.
pub(super) fn expect_counted(
    messages: &[(Option<String>, Value)],
    marker: &Marker,
    steps: std::ops::RangeInclusive<u32>,
) -> Result<(), Miss> {
    let last = *steps.end();
    let expected = steps.map(|step| format!("{marker} {step}")).chain([format!("{marker} counted to {last}")]);
    let told = messages.iter().map(|(_, message)| {
        let progress = message.pointer("/params/message").and_then(Value::as_str);
        progress.or_else(|| text_of(message.get("result")?)).unwrap_or_default()
    });
    let told: Vec<&str> = told.collect();
    if told == expected.collect::<Vec<_>>() {
        return Ok(());
    }
    Err(Miss::wrong(format!("{marker} was not counted to {last} without gap and double: {messages:?}")))
}

async fn rounds(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let request = call("ask_twice", &json!({"marker": marker.to_string()}));
    let name = format!("{marker} Ada");
    let first = asks(scene, &scene.ask, request.clone(), "name", &marker).await?;
    let second = again(&request, &first, "name", &json!({"name": name}));
    let second = asks(scene, &scene.answer, second, "colour", &marker).await?;
    let last = again(&request, &second, "colour", &json!({"color": "red"}));
    expect_text(&scene.result(&scene.ask, last).await?, &format!("{marker} heard that {name} likes red"))
}

async fn single_use(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let request = call("sign_once", &json!({"marker": marker.to_string()}));
    let asked = asks(scene, &scene.ask, request.clone(), "signature", &marker).await?;
    let signed = again(&request, &asked, "signature", &json!({"sign": true}));
    let expected = format!("{marker} was signed: true");
    expect_text(&scene.result(&scene.answer, signed.clone()).await?, &expected)?;
    for wire in [&scene.ask, &scene.answer] {
        let answered = scene.send(wire, signed.clone()).await?;
        let texts = answered.messages.iter().filter_map(|(_, message)| text_of(message.get("result")?));
        if texts.into_iter().any(|text| text == expected) && !scene.was(Fault::Store) {
            return Err(Miss::wrong(format!("{marker} was signed twice with one state")));
        }
    }
    Ok(())
}

async fn pages(scene: &Scene) -> Result<(), Miss> {
    scene.mark();
    let mut names = Vec::new();
    let mut params = json!({});
    for number in 1..=PAGES_MAX {
        let wire = if number % 2 == 1 { &scene.ask } else { &scene.answer };
        let mut page = scene.result(wire, modern("tools/list", params)).await?;
        let tools = page.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        names.extend(tools.iter().filter_map(|tool| Some(tool.get("name")?.as_str()?.to_owned())));
        let Some(cursor) = page.get_mut("nextCursor").map(Value::take) else {
            return expect_whole(names, number);
        };
        params = json!({"cursor": cursor});
    }
    Err(Miss::wrong(format!("the list of tools goes on after {PAGES_MAX} pages")))
}

/// Asserts that a list was told whole, each name once, on several pages.
fn expect_whole(mut names: Vec<String>, pages: u32) -> Result<(), Miss> {
    let told = names.len();
    names.sort();
    names.dedup();
    let first_and_last = ["echo", "sign_once"].iter().all(|name| names.iter().any(|told| told == name));
    if pages > 1 && names.len() == told && first_and_last {
        return Ok(());
    }
    Err(Miss::wrong(format!("{told} tools on {pages} pages, not each once: {names:?}")))
}

async fn handle(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark().to_string();
    let created = scene.result(&scene.ask, call("test_state_create", &json!({"value": marker}))).await?;
    let handle = text_of(&created).ok_or_else(|| Miss::wrong(format!("no handle: {created}")))?.to_owned();
    let get = call("test_state_get", &json!({"handle": handle}));
    let changed = format!("{marker} changed");
    let update = call("test_state_update", &json!({"handle": handle, "value": changed}));
    let remove = call("test_state_remove", &json!({"handle": handle}));
    let steps = [
        (&scene.answer, get.clone(), marker.as_str()),
        (&scene.answer, update, "kept"),
        (&scene.ask, get, changed.as_str()),
        (&scene.answer, remove, "removed"),
    ];
    for (wire, request, expected) in steps {
        let result = scene.result(wire, request).await?;
        // What is kept goes with the store.
        expect_text(&result, expected).map_err(|miss| match scene.was(Fault::Store) {
            true => Miss::refused(miss.why),
            false => miss,
        })?;
    }
    Ok(())
}

/// More pages than any list here has.
const PAGES_MAX: u32 = 50;
