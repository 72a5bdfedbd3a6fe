//! While the store fails, or does not answer: what does not need it is served, what does is refused soon, and afterwards
//! everything goes on.

mod store;

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use outboard_protocol::meta;
use outboard_runtime::{Context, resource, tool};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{AnswerStream, HttpRequest, modern};
use outboard_transport::{Authentication, HttpConfig, LegacyConfig, StreamableHttp};
use serde_json::{Value, json};
use tokio::time::Instant;

use self::store::{ANSWERS_WITHIN, Fault, Switch};
use crate::support::{LegacySession, Setup, Shared, assert_error, catalog, direct, initialize};

/// Nothing that a client waits for takes longer.
const AT_MOST: Duration = Duration::from_secs(2);

/// A note.
#[resource(template = "note:{number}", name = "notes")]
async fn notes(number: String) -> String {
    number
}

/// Tells more than is kept ready of it.
#[tool]
async fn count(ctx: &Context) -> &'static str {
    for number in 1..=EVENTS {
        ctx.progress(f64::from(number), None, None);
        tokio::task::yield_now().await;
    }
    "counted"
}

const EVENTS: u32 = 300;

fn replica(gate: &Gate, shared: Shared) -> Setup {
    let legacy = LegacyConfig {
        initialize_rate: NonZeroU32::MIN,
        initialize_burst: NonZeroU32::new(3).unwrap(),
        ..LegacyConfig::default()
    };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    Setup { catalog: catalog().tool(count).tool(gate.tool()).resource(notes), http, shared, ..Setup::new() }
}

/// The status of an answer, and how long it took.
async fn timed(service: &StreamableHttp, request: HttpRequest) -> (AnswerStream, Duration) {
    let started = Instant::now();
    let answer = direct(service, request).await;
    (answer, started.elapsed())
}

/// The next message of a stream; the event that it begins with is passed over.
async fn next(stream: &mut AnswerStream) -> Value {
    loop {
        let event = stream.next().await.expect("the stream has one more event");
        if event.field("data").is_some_and(|data| !data.is_empty()) {
            return event.message();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_needs_the_store_is_refused_soon_and_what_does_not_is_served() {
    for fault in [Fault::Fails, Fault::Hangs] {
        let (shared, switch) = Switch::over(Shared::in_runtime_time());
        let gate = Gate::new();
        let server = replica(&gate, shared).follow();
        let service = &server.service;
        let session = LegacySession::direct(service, "2025-11-25").await;
        let wait = session.request("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}));
        let mut running = direct(service, wait.id("w")).await;
        let begin = running.next().await.unwrap().field("id").unwrap().to_owned();
        gate.started().await;
        switch.turn(fault);
        let echo = || json!({"name": "echo", "arguments": {"text": "x"}});
        let uri = || json!({"uri": "note:1"});
        let nowhere = "A".repeat(22);
        let cases = [
            ("modern call", modern("tools/call", echo()), 200),
            ("modern list", modern("tools/list", json!({})), 200),
            ("call", session.request("tools/call", echo()), 200),
            ("list", session.request("tools/list", json!({})), 200),
            ("ping", session.request("ping", json!({})), 200),
            ("initialize", initialize("2025-11-25"), 200),
            ("cancel", session.request("notifications/cancelled", json!({"requestId": 9})).notification(), 202),
            ("level", session.request("logging/setLevel", json!({"level": "error"})), 503),
            ("subscribe", session.request("resources/subscribe", uri()), 503),
            ("unsubscribe", session.request("resources/unsubscribe", uri()), 503),
            ("reply", session.answer(&nowhere, &json!({"result": {}})), 503),
            ("stream", session.get(), 503),
            ("resume", session.resume(&begin), 503),
            ("delete", HttpRequest::of(Method::DELETE).in_session(&session.id, &session.revision), 503),
        ];
        for (what, request, status) in cases {
            let (answer, took) = timed(service, request).await;
            assert_eq!(answer.status, status, "{what}, {fault:?}");
            let retry = answer.header("retry-after").map(|seconds| seconds.parse::<u32>().unwrap() > 0);
            assert_eq!(retry, (status == 503).then_some(true), "{what}, {fault:?}");
            assert!(took < AT_MOST, "{what}, {fault:?}: {took:?}");
            assert!(took.is_zero() || !what.starts_with("modern"), "{what}, {fault:?}: {took:?}");
        }
        switch.turn(Fault::None);
        gate.open();
        let ping = direct(service, session.request("ping", json!({}))).await;
        assert_eq!(ping.status, 200, "the session was not ended");
        while next(&mut running).await.get("result").is_none() {}
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_are_opened_at_a_rate_by_each_replica_that_has_no_store() {
    let (shared, switch) = Switch::over(Shared::in_runtime_time());
    let service = replica(&Gate::new(), shared).service();
    switch.turn(Fault::Fails);
    for _ in 0..3 {
        LegacySession::direct(&service, "2025-11-25").await;
    }
    let refused = direct(&service, initialize("2025-11-25")).await.whole().await;
    assert_error(&refused, 429, 1429, &json!(1));
    assert_eq!(refused.header("retry-after"), Some("1"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    LegacySession::direct(&service, "2025-11-25").await;
}

#[tokio::test(start_paused = true)]
async fn call_goes_on_at_its_pace_though_nothing_of_it_can_be_kept() {
    let (shared, switch) = Switch::over(Shared::in_runtime_time());
    let server = replica(&Gate::new(), shared).follow();
    let session = LegacySession::direct(&server.service, "2025-11-25").await;
    switch.turn(Fault::Hangs);
    let started = Instant::now();
    let count = session.request("tools/call", json!({"name": "count", "_meta": {"progressToken": "t"}}));
    let mut stream = direct(&server.service, count).await;
    let mut heard = 0;
    let result = loop {
        let message = next(&mut stream).await;
        match message.get("result") {
            Some(result) => break result["content"][0]["text"].clone(),
            None => heard += 1,
        }
    };
    assert_eq!(result, "counted");
    assert!(heard > 0 && stream.next().await.is_none());
    assert!(started.elapsed() < 10 * ANSWERS_WITHIN, "{:?}", started.elapsed());
}

fn listen() -> HttpRequest {
    let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": ["note:1"]});
    modern("subscriptions/listen", json!({"notifications": wanted}))
}

/// Reads what a listener is told, until it was told of both that it listens for.
async fn told_of_both(stream: &mut AnswerStream) {
    let mut missing = vec!["notifications/tools/list_changed", "notifications/resources/updated"];
    while !missing.is_empty() {
        let message = next(stream).await;
        assert!(message["params"]["_meta"].get(meta::SUBSCRIPTION_ID).is_some(), "{message}");
        missing.retain(|method| message["method"] != *method);
    }
}

#[tokio::test(start_paused = true)]
async fn who_listens_hears_of_everything_when_the_store_is_back() {
    for fault in [Fault::Fails, Fault::Hangs] {
        let shared = Shared::in_runtime_time();
        let (cut_off, switch) = Switch::over(shared.clone());
        let here = replica(&Gate::new(), cut_off).follow();
        let there = replica(&Gate::new(), shared).follow();
        let mut before = direct(&here.service, listen()).await;
        before.message().await;
        switch.turn(fault);
        let mut meanwhile = direct(&here.service, listen()).await;
        let acknowledged = meanwhile.message().await;
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "it needs no store");
        there.runtime.notify().tools_changed();
        here.runtime.notify().resource_updated("note:1");
        tokio::time::sleep(Duration::from_secs(20)).await;
        switch.turn(Fault::None);
        let back = Instant::now();
        told_of_both(&mut before).await;
        told_of_both(&mut meanwhile).await;
        assert!(back.elapsed() <= AT_MOST, "{fault:?}: {:?}", back.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_is_passed_on_when_the_store_is_back() {
    for fault in [Fault::Fails, Fault::Hangs] {
        let shared = Shared::in_runtime_time();
        let (cut_off, switch) = Switch::over(shared.clone());
        let gate = Gate::new();
        let here = replica(&gate, shared).follow();
        let there = replica(&gate, cut_off).follow();
        let session = LegacySession::direct(&here.service, "2025-11-25").await;
        let wait = session.request("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}));
        let mut stream = direct(&here.service, wait).await;
        next(&mut stream).await;
        switch.turn(fault);
        let cancel = session.request("notifications/cancelled", json!({"requestId": 1})).notification();
        let (answer, took) = timed(&there.service, cancel).await;
        assert!(answer.status == 202 && took <= AT_MOST, "{fault:?}: {} {took:?}", answer.status);
        assert!(!gate.has_dropped(), "nobody could say so");
        switch.turn(Fault::None);
        let back = Instant::now();
        gate.dropped().await;
        assert!(back.elapsed() <= AT_MOST, "{fault:?}: {:?}", back.elapsed());
    }
}
