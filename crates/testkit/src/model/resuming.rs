//! Streams of answers that are dropped by their client, and fetched from another place.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::legacy::is_silence;
use super::marker::Marker;
use super::modern::expect_counted;
use super::scene::{Scene, Work};
use super::session::Session;
use super::timeline::Fault;
use super::verdict::Miss;
use super::wire::Wire;

/// Work that resumes streams of answers.
pub const RESUMING: &[Work] = &[
    Work { name: "resume running", run: |scene| Box::pin(running(scene)) },
    Work { name: "resume after", run: |scene| Box::pin(after(scene)) },
];

/// How far the calls count: long enough that one is dropped and resumed in the middle.
const STEPS: u32 = 12;

/// Drops the stream in the middle, and reads the rest while the call still runs.
async fn running(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let begun = begin(scene, &session, &marker).await?;
    rest(scene, &session, (&scene.answer, &begun.third), (&marker, 4..=STEPS)).await
}

/// Reads the rest twice more after the call has ended, from different events, at both places.
async fn after(scene: &Scene) -> Result<(), Miss> {
    let marker = scene.mark();
    let session = Session::open(scene, &scene.ask).await?;
    let begun = begin(scene, &session, &marker).await?;
    rest(scene, &session, (&scene.ask, &begun.third), (&marker, 4..=STEPS)).await?;
    rest(scene, &session, (&scene.answer, &begun.third), (&marker, 4..=STEPS)).await?;
    rest(scene, &session, (&scene.answer, &begun.priming), (&marker, 1..=STEPS)).await
}

/// Ids of events of a stream that was dropped.
pub(super) struct Begun {
    /// Before the first message.
    pub(super) priming: String,
    /// With the third message.
    pub(super) third: String,
}

/// Starts a call, reads three numbers, and drops the connection.
pub(super) async fn begin(scene: &Scene, session: &Session, marker: &Marker) -> Result<Begun, Miss> {
    let count = json!({"marker": marker.to_string(), "steps": STEPS, "pause_ms": 40});
    let mut stream = scene.open(&scene.ask, session.call("count_slowly", &count)).await?;
    let first = stream.next().await.map_err(|broken| scene.missed(&broken))?;
    let Some(priming) = first.and_then(|told| told.id) else {
        return Err(Miss::wrong(format!("the stream of {marker} does not begin with an event id")));
    };
    for step in 1..=3 {
        let (id, message) = scene.message(&mut stream).await?;
        let told = message.pointer("/params/message").and_then(Value::as_str);
        if told != Some(&format!("{marker} {step}")) {
            return Err(Miss::wrong(format!("expected number {step} of {marker}: {message}")));
        }
        if let (3, Some(third)) = (step, id) {
            return Ok(Begun { priming, third });
        }
    }
    Err(Miss::wrong(format!("events of {marker} have no ids")))
}

/// Reads what follows an event at a place: those numbers, then the answer.
async fn rest(
    scene: &Scene,
    session: &Session,
    from: (&Wire, &str),
    expected: (&Marker, RangeInclusive<u32>),
) -> Result<(), Miss> {
    let (wire, event) = from;
    let (marker, steps) = expected;
    let answered = wire.send(session.get(Some(event))).await.map_err(|broken| {
        // Whoever could have written the rest was killed.
        if is_silence(&broken) && scene.was(Fault::Kill) {
            Miss::cut(broken.to_string())
        } else {
            scene.missed(&broken)
        }
    })?;
    let whole = session.accepted(scene, answered);
    let counted = whole.and_then(|answered| expect_counted(&answered.messages, marker, steps));
    counted.map_err(|miss| match () {
        () if !miss.verdict.is_finding() => miss,
        () if scene.was(Fault::Store) => Miss::refused(miss.why),
        () if scene.was(Fault::Kill) => Miss::cut(miss.why),
        () => miss,
    })
}
