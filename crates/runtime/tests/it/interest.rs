//! Watching resources: providers are told once, however many watch, and not at once when nobody does any more.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use outboard_runtime::{Catalog, Offer, Runtime, Watching};

use crate::fake::{Fake, resource, template};
use crate::support::{CATCH_UP, runtime};

fn offer(uri: &str) -> Offer {
    Offer { resources: vec![resource("", uri)], ..Offer::default() }
}

/// A runtime over two providers: one has `a:1` and `a:{x}/y`, the other `b:1`.
fn watched() -> (Runtime, Arc<Fake>, Arc<Fake>) {
    let a = Offer { templates: vec![template("", "a:{x}/y")], ..offer("a:1") };
    let (a, b) = (Fake::new("a", a), Fake::new("b", offer("b:1")));
    (runtime(Catalog::new("test", "1").provider(a.clone()).provider(b.clone())), a, b)
}

fn told(uri: &str, wanted: bool) -> Vec<(String, bool)> {
    vec![(uri.to_owned(), wanted)]
}

/// Lets a runtime follow for some time.
async fn follow(runtime: &Runtime, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = runtime.follow() => {}
    }
}

const MOMENT: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn provider_is_told_of_the_first_and_of_the_last() {
    let (runtime, a, b) = watched();
    let first = runtime.watch("a:1");
    assert_eq!((a.watched(), b.watched()), (told("a:1", true), Vec::new()), "only the one that has it");
    let second = runtime.watch("a:1");
    drop(first);
    follow(&runtime, CATCH_UP * 2).await;
    assert_eq!(a.watched(), [], "one is left");
    drop(second);
    follow(&runtime, CATCH_UP - MOMENT).await;
    assert_eq!(a.watched(), [], "somebody may come back");
    follow(&runtime, MOMENT * 2).await;
    assert_eq!(a.watched(), told("a:1", false));

    let again = runtime.watch("a:1");
    assert_eq!(a.watched(), told("a:1", true), "anew");
    drop(again);
}

#[tokio::test(start_paused = true)]
async fn client_that_comes_back_in_time_has_missed_nothing() {
    let (runtime, a, _) = watched();
    drop(runtime.watch("a:1"));
    follow(&runtime, CATCH_UP / 2).await;
    let back = runtime.watch("a:1");
    follow(&runtime, CATCH_UP * 2).await;
    assert_eq!(a.watched(), told("a:1", true), "it was never told to stop");
    drop(back);
    follow(&runtime, CATCH_UP / 2).await;
    let again = runtime.watch("a:1");
    drop(again);
    follow(&runtime, CATCH_UP - MOMENT).await;
    assert_eq!(a.watched(), [], "counted from the last that left");
    follow(&runtime, MOMENT * 2).await;
    assert_eq!(a.watched(), told("a:1", false));
}

#[tokio::test(start_paused = true)]
async fn template_counts_and_what_nobody_has_is_not_watched() {
    let (runtime, a, b) = watched();
    let watching: Vec<Watching> = ["a:5/y", "c:1", ""].into_iter().map(|uri| runtime.watch(uri)).collect();
    assert_eq!((a.watched(), b.watched()), (told("a:5/y", true), Vec::new()));
    drop(watching);
    follow(&runtime, CATCH_UP + MOMENT).await;
    assert_eq!((a.watched(), b.watched()), (told("a:5/y", false), Vec::new()));
}

#[tokio::test]
async fn resource_that_moves_is_watched_where_it_is() {
    let (runtime, a, b) = watched();
    let _watching = (runtime.watch("a:1"), runtime.watch("c:1"));
    assert_eq!(a.watched(), told("a:1", true));
    a.offer(offer("c:1"));
    b.offer(offer("a:1"));
    runtime.refresh();
    let mut at_a = a.watched();
    at_a.sort();
    assert_eq!(at_a, [told("a:1", false), told("c:1", true)].concat());
    assert_eq!(b.watched(), told("a:1", true));
    runtime.refresh();
    assert_eq!((a.watched(), b.watched()), (Vec::new(), Vec::new()), "nothing has moved");
}

#[tokio::test(start_paused = true)]
async fn what_is_watched_on_has_a_bound() {
    let (runtime, a, _) = watched();
    let mut following = pin!(runtime.follow());
    assert!(poll_fn(|cx| Poll::Ready(following.as_mut().poll(cx))).await.is_pending());
    for number in 0..1_024 {
        drop(runtime.watch(&format!("a:{number}/y")));
    }
    assert!(a.watched().iter().all(|(_, wanted)| *wanted));
    drop(runtime.watch("a:more/y"));
    assert_eq!(a.watched(), [told("a:more/y", true), told("a:0/y", false)].concat(), "the first ends at once");
}
