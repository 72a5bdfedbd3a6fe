//! What a handler tells its caller before the answer.

use std::time::Duration;

use outboard_protocol::types::{LogMessage, LoggingLevel, ProgressToken};
use outboard_runtime::{Call, Catalog, Context, Event, tool};
use serde::Serialize;
use serde_json::{Value, json};

use crate::asked::Server;
use crate::support::call;

#[derive(Serialize)]
struct Line {
    table: &'static str,
    rows: u32,
}

/// Tells a line of each level, and more.
#[tool]
async fn tell(ctx: &Context) -> &'static str {
    for level in LoggingLevel::ALL {
        ctx.log(level, level.as_str());
    }
    ctx.log_from("store", LoggingLevel::Error, Line { table: "t", rows: 7 });
    // JSON has no names that are no texts.
    ctx.log(LoggingLevel::Error, std::collections::BTreeMap::from([((1, 2), 3)]));
    ctx.progress(1.0, None, None);
    ctx.progress(f64::NAN, None, None);
    "told"
}

async fn told(asked: Call) -> Vec<Event> {
    let server = Server::new(Catalog::new("test", "1").tool(tell));
    let outlet = asked.outlet.clone();
    assert_eq!(server.says(asked).await, "told");
    std::iter::from_fn(|| outlet.try_next()).collect()
}

fn lines(events: &[Event]) -> Vec<&LogMessage> {
    events.iter().filter_map(|event| if let Event::Log(line) = event { Some(line) } else { None }).collect()
}

#[tokio::test]
async fn log_lines_are_told_from_the_level_on_that_is_wanted() {
    for (at, wanted) in LoggingLevel::ALL.into_iter().enumerate() {
        let events = told(call("tell", &json!({})).with_telling(None, Some(wanted))).await;
        let lines = lines(&events);
        let by_level: Vec<&Value> = lines.iter().filter(|line| line.logger.is_none()).map(|line| &line.data).collect();
        let expected: Vec<Value> = LoggingLevel::ALL.iter().skip(at).map(|level| level.as_str().into()).collect();
        assert_eq!(by_level, expected.iter().collect::<Vec<_>>(), "{wanted}");
        let of_store = lines.iter().find(|line| line.logger.as_deref() == Some("store"));
        assert_eq!(of_store.is_some(), wanted <= LoggingLevel::Error);
        assert!(of_store.is_none_or(|line| line.data == json!({"table": "t", "rows": 7})));
        assert_eq!(events.len(), lines.len(), "progress was not asked for");
    }
}

#[tokio::test]
async fn who_wants_no_log_lines_is_told_none() {
    let events = told(call("tell", &json!({})).with_telling(Some(ProgressToken::from(1)), None)).await;
    assert!(matches!(events.as_slice(), [Event::Progress(progress)] if progress.progress == 1.0), "{events:?}");
    assert_eq!(told(call("tell", &json!({}))).await, []);
}

/// Tells its progress, also backwards, and from a clone.
#[tool]
async fn waver(ctx: Context) -> &'static str {
    let clone = ctx.clone();
    for progress in [0.0, 0.0, -1.0, 2.0, f64::INFINITY, 1.0] {
        ctx.progress(progress, None, Some("first"));
        clone.progress(progress, None, Some("second"));
    }
    clone.progress(2.5, Some(f64::NAN), None);
    "wavered"
}

#[tokio::test]
async fn progress_that_does_not_grow_is_left_out() {
    let server = Server::new(Catalog::new("test", "1").tool(waver));
    let asked = call("waver", &json!({})).with_telling(Some(ProgressToken::from(1)), None);
    let outlet = asked.outlet.clone();
    assert_eq!(server.says(asked).await, "wavered");
    let events = std::iter::from_fn(|| outlet.try_next()).map(|event| match event {
        Event::Progress(told) => (told.progress, told.total, told.message),
        other => panic!("{other:?}"),
    });
    let first = || Some("first".to_owned());
    assert_eq!(events.collect::<Vec<_>>(), [(0.0, None, first()), (2.0, None, first()), (2.5, None, None)]);
}

/// Lets its connection end.
#[tool]
async fn long(ctx: &Context) {
    ctx.reconnect_after(Duration::from_millis(250));
}

#[tokio::test]
async fn connection_may_end_before_the_answer_does() {
    let server = Server::new(Catalog::new("test", "1").tool(long));
    let asked = call("long", &json!({})).with_telling(Some(ProgressToken::from(1)), None);
    let outlet = asked.outlet.clone();
    assert!(server.answer(asked).await.is_ok());
    assert_eq!(outlet.try_next(), Some(Event::Reconnect(Duration::from_millis(250))));
}
