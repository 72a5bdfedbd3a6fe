//! What is told reaches who listens: once, in order, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use outboard_store::{
    BoxFuture, BusLimits, Clock, KeyRing, LogKey, LogLimits, LogPage, Logs, MemoryLogLimits, MemoryLogs, RootKey, Store,
};
use outboard_testkit::clock::FakeClock;
use outboard_testkit::http::patiently;
use tokio::sync::watch;

use super::*;

const CATCH_UP: Duration = Duration::from_secs(30);

fn store() -> (Store, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::default());
    (Store::in_memory(Arc::new(ring()), Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

fn ring() -> KeyRing {
    KeyRing::new(vec![RootKey::generate()]).unwrap()
}

fn resource(uri: &str) -> Change {
    Change::Resource(uri.into())
}

fn all(uris: &[&str]) -> Topics {
    Topics::lists_and(uris.iter().map(|uri| (*uri).into()))
}

/// Runs a replica's part beside a test.
async fn beside<T>(notify: &Notify, test: impl Future<Output = T>) -> T {
    tokio::select! {
        never = notify.run() => match never {},
        done = test => done,
    }
}

#[tokio::test]
async fn a_listener_is_told_what_it_asked_for_in_order_and_nothing_else() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    beside(&notify, async {
        let mut topics = Topics::default();
        topics.add("a:1");
        let mut listening = notify.listen(topics, Since::Recently).await.unwrap();
        notify.tools_changed();
        notify.resource_updated("a:2");
        notify.resource_updated("a:1");
        let first = listening.next().await;
        assert_eq!(first.change, resource("a:1"));
        listening.topics_mut().remove("a:1");
        notify.resource_updated("a:1");
        listening.topics_mut().add("a:3");
        notify.resource_updated("a:3");
        assert_eq!(listening.next().await.change, resource("a:3"));
    })
    .await;
}

#[tokio::test]
async fn who_comes_late_is_told_each_recent_topic_once() {
    let (store, clock) = store();
    let notify = Notify::new(&store, CATCH_UP);
    beside(&notify, async {
        let mut first = notify.listen(all(&["a:1"]), Since::Recently).await.unwrap();
        notify.prompts_changed();
        first.next().await;
        clock.advance(CATCH_UP + Duration::from_millis(1));
        let mut later = notify.listen(all(&[]), Since::Recently).await.unwrap();
        notify.tools_changed();
        assert_eq!(later.next().await.change, Change::Tools, "what is no longer recent is not told");
        first.next().await;
        for _ in 0..10 {
            notify.tools_changed();
            first.next().await;
            notify.resource_updated("a:1");
            first.next().await;
        }
        let mut late = notify.listen(all(&["a:1"]), Since::Recently).await.unwrap();
        notify.resources_changed();
        let told: Vec<Change> =
            [late.next().await, late.next().await, late.next().await].map(|told| told.change).into();
        assert_eq!(told, [Change::Tools, resource("a:1"), Change::Resources]);
    })
    .await;
}

#[tokio::test]
async fn who_comes_late_is_told_though_the_clock_of_the_store_is_another() {
    // Ours may be ahead of that of who dates what is told, or behind.
    for apart in [-45, 45] {
        let (mut store, clock) = store();
        let dating = FakeClock::at(clock.now().saturating_add(Duration::from_secs(100)));
        store.logs = Arc::new(MemoryLogs::new(Arc::new(dating), MemoryLogLimits::default()));
        clock.advance(Duration::from_secs((100 + apart).try_into().unwrap()));
        let told = Notify::new(&store, CATCH_UP);
        beside(&told, async {
            let mut listening = told.listen(Topics::lists_and([]), Since::Recently).await.unwrap();
            told.tools_changed();
            assert_eq!(listening.next().await.change, Change::Tools);
            let mut late = told.listen(Topics::lists_and([]), Since::Recently).await.unwrap();
            assert_eq!(late.next().await.change, Change::Tools, "{apart} s apart, told since");
        })
        .await;
        // A replica that starts now has heard of nothing itself.
        let starting = Notify::new(&store, CATCH_UP);
        beside(&starting, async {
            let mut late = starting.listen(Topics::lists_and([]), Since::Recently).await.unwrap();
            assert_eq!(late.next().await.change, Change::Tools, "{apart} s apart, told before");
        })
        .await;
    }
}

#[tokio::test]
async fn who_resumes_is_told_all_that_came_after_and_nothing_twice() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    beside(&notify, async {
        let mut first = notify.listen(all(&[]), Since::Recently).await.unwrap();
        notify.tools_changed();
        let told = first.next().await;
        drop(first);
        notify.prompts_changed();
        notify.resources_changed();
        let mut second = notify.listen(all(&[]), Since::After(told.sequence)).await.unwrap();
        let prompts = second.next().await;
        let resources = second.next().await;
        assert_eq!((prompts.change, resources.change), (Change::Prompts, Change::Resources));
        assert!(told.sequence < prompts.sequence && prompts.sequence < resources.sequence);
        notify.tools_changed();
        assert_eq!(second.next().await.change, Change::Tools);
    })
    .await;
}

#[tokio::test]
async fn a_resumption_behind_what_the_bus_still_has_is_told_every_topic() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    beside(&notify, async {
        let mut first = notify.listen(all(&["a:1"]), Since::Recently).await.unwrap();
        notify.tools_changed();
        let told = first.next().await;
        for turn in 0..=BusLimits::default().messages_max {
            // Never the same twice in a row, which would be told once.
            if turn % 2 == 0 {
                notify.prompts_changed()
            } else {
                notify.resources_changed()
            }
            first.next().await;
        }
        let mut second = notify.listen(all(&["a:1"]), Since::After(told.sequence)).await.unwrap();
        let mut topics = Vec::new();
        for _ in 0..4 {
            topics.push(second.next().await.change);
        }
        assert_eq!(topics, [Change::Tools, Change::Prompts, Change::Resources, resource("a:1")]);
    })
    .await;
}

#[tokio::test]
async fn a_listener_that_does_not_read_is_told_every_topic_in_the_end() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    beside(&notify, async {
        let mut slow = notify.listen(all(&["a:1", "a:2"]), Since::Recently).await.unwrap();
        let mut quick = notify.listen(all(&["a:1", "a:2"]), Since::Recently).await.unwrap();
        for turn in 0..2 * BACKLOG {
            notify.resource_updated(if turn % 2 == 0 { "a:1" } else { "a:2" });
            quick.next().await;
        }
        let mut topics = Vec::new();
        for _ in 0..5 {
            topics.push(slow.next().await.change);
        }
        assert_eq!(topics, [Change::Tools, Change::Prompts, Change::Resources, resource("a:1"), resource("a:2")]);
    })
    .await;
}

#[tokio::test]
async fn every_replica_tells_what_one_of_them_learnt() {
    let (store, _) = store();
    let (one, other) = (Notify::new(&store, CATCH_UP), Notify::new(&store, CATCH_UP));
    let test = async {
        let mut listening = other.listen(all(&[]), Since::Recently).await.unwrap();
        one.tools_changed();
        assert_eq!(listening.next().await.change, Change::Tools);
    };
    beside(&one, beside(&other, test)).await;
}

#[test]
fn what_waits_is_bounded() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    for number in 0..2 * PENDING_MAX {
        notify.resource_updated(&format!("a:{number}"));
    }
    assert_eq!(lock(&notify.0.pending).len(), PENDING_MAX);
}

#[tokio::test]
async fn what_waits_already_is_told_once() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    for _ in 0..10 {
        notify.tools_changed();
        notify.resource_updated("a:0");
    }
    beside(&notify, async {
        let mut listening = notify.listen(all(&["a:0"]), Since::Recently).await.unwrap();
        notify.prompts_changed();
        let told = [listening.next().await, listening.next().await, listening.next().await];
        assert_eq!(told.map(|told| told.change), [Change::Tools, resource("a:0"), Change::Prompts]);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_on_the_bus_holds_nothing_up() {
    let (store, _) = store();
    let notify = Notify::new(&store, CATCH_UP);
    beside(&notify, async {
        let mut listening = notify.listen(all(&[]), Since::Recently).await.unwrap();
        notify.resource_updated(&"x".repeat(64 * 1024));
        notify.tools_changed();
        assert_eq!(listening.next().await.change, Change::Tools);
    })
    .await;
}

/// Logs that a test loses, as a server that begins empty does.
#[derive(Debug)]
struct Losing {
    logs: watch::Sender<Arc<dyn Logs>>,
    clock: Arc<FakeClock>,
    says_so: bool,
}

impl Losing {
    fn over(says_so: bool) -> (Store, Arc<Self>, Arc<FakeClock>) {
        let (store, clock) = store();
        let logs = watch::Sender::new(Arc::clone(&store.logs));
        let losing = Arc::new(Self { logs, clock: Arc::clone(&clock), says_so });
        (Store { logs: Arc::clone(&losing) as Arc<dyn Logs>, ..store }, losing, clock)
    }

    /// Begins anew, with these changes on the bus.
    async fn lose(&self, bus: &Bus, changes: &[Change]) {
        let limits = MemoryLogLimits::default();
        let empty = Arc::new(MemoryLogs::new(Arc::clone(&self.clock) as Arc<dyn Clock>, limits));
        let quiet = Arc::clone(&empty) as Arc<dyn Logs>;
        let (clock, keys) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::new(ring()));
        let aside = Store { logs: quiet, ..Store::in_memory(keys, clock) };
        let aside = Bus::new(&aside, BusLimits::default());
        for change in changes {
            aside.publish(&change.to_bytes()).await.unwrap();
        }
        assert!(aside.last().await.unwrap() <= bus.last().await.unwrap(), "its places were given before");
        self.logs.send_replace(empty);
    }

    fn now(&self) -> Arc<dyn Logs> {
        Arc::clone(&self.logs.borrow())
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable { source: "another server answers".into() }
}

impl Logs for Losing {
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        Box::pin(async move { self.now().append(key, entry, limits).await })
    }

    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        Box::pin(async move { self.now().append_if_present(key, entry, limits).await })
    }

    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { self.now().read(key, after, entries_max).await })
    }

    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut logs = self.logs.subscribe();
            tokio::select! {
                tailed = async { self.now().tail(key, after).await } => tailed,
                _ = logs.changed() => if self.says_so { Err(lost()) } else { Ok(()) },
            }
        })
    }

    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move { self.now().delete(key).await })
    }

    fn entry_bytes_max(&self) -> usize {
        self.now().entry_bytes_max()
    }
}

/// The next changes that a listener is told.
async fn next(listening: &mut Listening, count: usize) -> Vec<Told> {
    let mut told = Vec::new();
    for _ in 0..count {
        told.push(patiently("a change to be told", listening.next()).await);
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_was_lost_is_noticed_and_each_topic_told_once() {
    // A server that is empty; one that took over and has given the same places to something else.
    for (says_so, replaced) in [(false, &[][..]), (true, &[][..]), (true, &[Change::Prompts, Change::Prompts][..])] {
        let (store, losing, clock) = Losing::over(says_so);
        let notify = Notify::new(&store, CATCH_UP);
        let bus = Bus::new(&store, BusLimits::default());
        beside(&notify, async {
            let mut listening = notify.listen(all(&["a:1"]), Since::Recently).await.unwrap();
            for change in [Change::Tools, Change::Prompts] {
                notify.tell(change.clone());
                let told = listening.next().await;
                assert!(told.change == change && !told.is_in_doubt());
            }
            losing.lose(&bus, replaced).await;
            let started = tokio::time::Instant::now();
            let told = next(&mut listening, 4).await;
            assert!(told.iter().all(Told::is_in_doubt), "{told:?}");
            let changes: Vec<Change> = told.into_iter().map(|told| told.change).collect();
            assert_eq!(changes, [Change::Tools, Change::Prompts, Change::Resources, resource("a:1")]);
            assert!(started.elapsed() <= Duration::from_secs(1), "{:?}", started.elapsed());

            // What comes then is told once more, though its place may be one that was told before.
            for change in [resource("a:1"), Change::Tools] {
                notify.tell(change.clone());
                assert_eq!(next(&mut listening, 1).await[0].change, change);
            }
            let mut late = notify.listen(all(&["a:1"]), Since::Recently).await.unwrap();
            assert!(
                next(&mut late, 4).await.iter().all(Told::is_in_doubt),
                "who comes a while later does not know either"
            );
            clock.advance(CATCH_UP + Duration::from_millis(1));
            let mut later = notify.listen(all(&["a:1"]), Since::Recently).await.unwrap();
            notify.tell(Change::Resources);
            let told = later.next().await;
            assert!(told.change == Change::Resources && !told.is_in_doubt(), "{told:?}");
        })
        .await;
    }
}
