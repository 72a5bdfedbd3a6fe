//! Waiting for what is appended next.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use outboard_store::{LogKey, LogLimits, Logs, Sequence};
use tokio::task::JoinSet;

use super::{Fixture, HOUR, KEY, LIMITS, WORKS};

pub(super) async fn all<F: Future<Output = Fixture> + Send>(fresh: impl Fn() -> F + Send + Sync) {
    what_is_there_is_not_waited_for(fresh().await).await;
    a_position_that_is_not_the_end_is_not_waited_for(fresh().await).await;
    the_end_is_waited_for(fresh().await).await;
    an_append_wakes_all_who_wait(fresh().await).await;
    a_deletion_wakes_who_waits(fresh().await).await;
    a_log_that_begins_anew_wakes_who_waited_for_the_former(fresh().await).await;
    no_append_is_slept_through(fresh().await).await;
}

async fn what_is_there_is_not_waited_for(f: Fixture) {
    let first = f.append(KEY, b"1").await;
    f.append(KEY, b"2").await;
    for after in [Sequence::ZERO, first] {
        in_time(f.logs.tail(KEY, after)).await.expect(WORKS);
    }
}

async fn a_position_that_is_not_the_end_is_not_waited_for(f: Fixture) {
    in_time(f.logs.tail(KEY, Sequence::from_u64(7))).await.expect(WORKS);
    let last = f.append_within(KEY, b"x", LogLimits { ttl: HOUR, ..LIMITS }).await;
    in_time(f.logs.tail(KEY, Sequence::from_u64(last.as_u64() + 1))).await.expect(WORKS);
    f.clock.advance(HOUR).await;
    in_time(f.logs.tail(KEY, last)).await.expect(WORKS);
}

async fn the_end_is_waited_for(f: Fixture) {
    let other = LogKey { id: 2, ..KEY };
    let last = f.append(KEY, b"x").await;
    for (key, after) in [(KEY, last), (other, Sequence::ZERO)] {
        let mut tail = pin!(f.logs.tail(key, after));
        let polled = poll_fn(|context| Poll::Ready(tail.as_mut().poll(context).is_pending())).await;
        assert!(polled, "nothing comes after {after:?}, so it waits");
    }
}

async fn an_append_wakes_all_who_wait(f: Fixture) {
    // From an absent log, then from one that is there.
    let mut last = Sequence::ZERO;
    for _ in 0..2 {
        let waiting = f.until_moved(last, 4);
        last = f.append(KEY, b"x").await;
        assert_eq!(all_of(waiting).await, [last; 4], "all find what was appended");
    }
    let waiting = f.until_moved(last, 1);
    let appended = f.append_if_present(KEY, b"x").await.expect("the log is there");
    assert_eq!(all_of(waiting).await, [appended], "in both ways");
}

async fn a_deletion_wakes_who_waits(f: Fixture) {
    let last = f.append(KEY, b"x").await;
    let waiting = f.until_moved(last, 1);
    assert!(f.delete(KEY).await, "the log is there");
    assert_eq!(all_of(waiting).await, [Sequence::ZERO], "it finds no log");
}

async fn a_log_that_begins_anew_wakes_who_waited_for_the_former(f: Fixture) {
    let last = f.append(KEY, b"x").await;
    let waiting = f.until_moved(last, 1);
    f.clock.advance(HOUR).await;
    let anew = f.append(KEY, b"y").await;
    let found = all_of(waiting).await;
    // Depending on who came first, it found the end of the former or the beginning of the next.
    assert!(found == [anew] || found == [Sequence::ZERO], "it finds a change: {found:?}");
}

/// Two that answer each other: each entry is appended only when the one before was seen.
async fn no_append_is_slept_through(f: Fixture) {
    const ROUNDS: usize = 300;
    let other = LogKey { id: 2, ..KEY };
    let mut players = JoinSet::new();
    for (own, others) in [(KEY, other), (other, KEY)] {
        let logs = Arc::clone(&f.logs);
        players.spawn(async move {
            let mut seen = Sequence::ZERO;
            for _ in 0..ROUNDS {
                seen = moved(&*logs, own, seen).await;
                logs.append(others, b"x", LIMITS).await.expect(WORKS);
            }
            seen
        });
    }
    f.append(KEY, b"the first").await;
    assert_eq!(all_of(players).await.len(), 2, "every entry is seen");
}

impl Fixture {
    /// So many wait, at the same time, until the log's end is not `after` any more. They return where it is then.
    fn until_moved(&self, after: Sequence, waiters: usize) -> JoinSet<Sequence> {
        let mut waiting = JoinSet::new();
        for _ in 0..waiters {
            let logs = Arc::clone(&self.logs);
            waiting.spawn(async move { moved(&*logs, KEY, after).await });
        }
        waiting
    }
}

async fn all_of(waiting: JoinSet<Sequence>) -> Vec<Sequence> {
    in_time(waiting.join_all()).await
}

async fn moved(logs: &dyn Logs, key: LogKey, after: Sequence) -> Sequence {
    loop {
        logs.tail(key, after).await.expect(WORKS);
        let last = logs.read(key, after, 0).await.expect(WORKS).last;
        if last != after {
            return last;
        }
    }
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("who waits is woken")
}
