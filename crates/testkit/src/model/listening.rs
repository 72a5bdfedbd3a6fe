//! Streams that tell of changes, each opened at one place while the changes are told at the other.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::marker::Marker;
use super::modern;
use super::scene::{Scene, Work};
use super::session::Session;
use super::timeline::Fault;
use super::verdict::Miss;
use super::wire::{Broken, Trickle, Wire};

/// Work that listens.
pub const LISTENING: &[Work] = &[
    Work { name: LISTEN, run: |scene| Box::pin(listen(scene)) },
    Work { name: GET, run: |scene| Box::pin(get(scene)) },
];

/// The work that listens as modern clients do.
pub const LISTEN: &str = "listen";

/// The work that listens as legacy clients do.
pub const GET: &str = "GET";

/// How soon whoever listens hears of a change.
pub const HEARD_WITHIN: Duration = Duration::from_secs(2);

/// How many changes each stream has to hear of.
const CHANGES: u32 = 3;

async fn listen(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let uris: Vec<String> = (0..CHANGES).map(|number| uri(&marker, number)).collect();
    let notifications = json!({"toolsListChanged": true, "resourceSubscriptions": uris});
    let request = crate::http::modern("subscriptions/listen", json!({"notifications": notifications}));
    let mut stream = scene.open(&scene.ask, request).await?;
    let (_, acknowledged) = scene.message(&mut stream).await?;
    if method(&acknowledged) != Some("notifications/subscriptions/acknowledged") {
        return Err(Miss::wrong(format!("{marker}: no acknowledgement: {acknowledged}")));
    }
    for uri in &uris {
        let told = Instant::now();
        tell(scene, &scene.answer, "test_trigger_resource_update", &json!({"uri": uri})).await?;
        hear(scene, &mut stream, told, |message| resource(message) == Some(uri)).await?;
    }
    let told = Instant::now();
    tell(scene, &scene.answer, "test_trigger_tool_change", &json!({})).await?;
    hear(scene, &mut stream, told, |message| method(message) == Some("notifications/tools/list_changed")).await
}

/// Subscribes at the first place, listens at the second; changes are told at both.
async fn get(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    for number in 0..CHANGES {
        let subscribe = session.request("resources/subscribe", json!({"uri": uri(&marker, number)}));
        session.accepted(scene, scene.send(&scene.ask, subscribe).await?)?;
    }
    let mut stream = scene.open(&scene.answer, session.get(None)).await?;
    // The event without a message says that the stream delivers.
    stream.next().await.map_err(|broken| scene.missed(&broken))?;
    for (number, wire) in (0..CHANGES).zip([&scene.ask, &scene.answer].into_iter().cycle()) {
        let uri = uri(&marker, number);
        let told = Instant::now();
        let arguments = json!({"uri": uri});
        let told_by = session.call("test_trigger_resource_update", &arguments);
        session.accepted(scene, scene.send(wire, told_by).await?)?;
        hear(scene, &mut stream, told, |message| resource(message) == Some(&uri)).await?;
    }
    Ok(())
}

/// A resource whose every change belongs to one piece of work.
pub(super) fn uri(marker: &Marker, number: u32) -> String {
    format!("test://template/{marker}{number}/data")
}

async fn tell(scene: &Scene, wire: &Wire, tool: &str, arguments: &Value) -> Result<(), Miss> {
    scene.result(wire, modern::call(tool, arguments)).await.map(drop)
}

/// Reads until the expected notification comes; others may come before it.
async fn hear(
    scene: &Scene,
    stream: &mut Trickle,
    told: Instant,
    is_expected: impl Fn(&Value) -> bool,
) -> Result<(), Miss> {
    loop {
        match stream.next().await {
            Ok(Some(heard)) => {
                let Some(message) = heard.message else { continue };
                scene.mine(&message)?;
                if is_expected(&message) {
                    break;
                }
                if message.get("result").is_some() {
                    return Err(ended(scene));
                }
            }
            Ok(None) => return Err(ended(scene)),
            // A change that nobody told in time is not heard of; it is no request that hangs.
            Err(Broken::Hung) => return Err(unheard(scene)),
            Err(broken) => return Err(scene.missed(&broken)),
        }
    }
    if scene.was(Fault::Store) {
        return Ok(());
    }
    let after = told.elapsed();
    scene.heard_after(after);
    if after > HEARD_WITHIN { Err(Miss::wrong(format!("heard of a change after {after:?}"))) } else { Ok(()) }
}

fn ended(scene: &Scene) -> Miss {
    let why = "the stream was ended";
    match () {
        () if scene.was(Fault::Roll) => Miss::refused(why),
        () if scene.was(Fault::Kill) => Miss::cut(why),
        () => Miss::wrong(why),
    }
}

fn unheard(scene: &Scene) -> Miss {
    let why = "a change was never heard of";
    if scene.was(Fault::Store) { Miss::refused(why) } else { Miss::wrong(why) }
}

fn method(message: &Value) -> Option<&str> {
    message.get("method").and_then(Value::as_str)
}

fn resource(message: &Value) -> Option<&str> {
    message.pointer("/params/uri").and_then(Value::as_str)
}
