//! How sessions end when there are many of them, or no room: bounded, for good, and to the cost of their owner alone.

use std::{sync::Arc, time::Duration};

use outboard_store::{
    CellKey, Clock, HandleLimits, Handles, MemoryLimits, MemoryStoreLimits, NewSession, Once, OwnerDigest, Session,
    SessionState, Sessions, Store, StoreError, UpdateSessionError,
};
use outboard_testkit::clock::FakeClock;

use crate::support::{HOUR, MILLI, MINUTE, alice, bob, bytes_of, memory, put_raw, raw_value, ring};

#[tokio::test]
async fn thousands_of_ended_sessions_of_one_owner_leave_everybody_elses_state_working() {
    let clock = Arc::new(FakeClock::default());
    let cells = MemoryLimits { entries_max: 1000, bytes_max: 16 << 20, ..MemoryLimits::default() };
    let limits = MemoryStoreLimits { cells, ..MemoryStoreLimits::default() };
    let store = Store::in_memory_within(Arc::new(ring(&[1])), clock.clone(), limits);
    let sessions = Sessions::new(&store, MAX_AGE);
    let living = create(&sessions, bob());
    for _ in 0..5_000 {
        clock.advance(MILLI);
        sessions.terminate(&create(&sessions, alice())).await.unwrap();
    }
    let shown = format!("{:?}", store.cells);
    assert!(shown.contains("entries: 256,"), "many ends are few cells: {shown}");

    sessions.set_log_level(&living, 3).await.unwrap();
    sessions.subscribe(&living, "file:///a").await.unwrap();
    assert!(goes_on(&sessions, &living).await);
    assert!(Once::new(&store).consume(bob(), 1, MINUTE).await.unwrap());
    Handles::new(&store, HandleLimits::default()).create(bob(), b"x", MINUTE).await.unwrap();
    sessions.terminate(&living).await.unwrap();
    assert!(!goes_on(&sessions, &living).await);
    let next = create(&sessions, alice());
    assert!(goes_on(&sessions, &next).await, "the owner goes on too");
    sessions.subscribe(&next, "file:///a").await.unwrap();
}

#[tokio::test]
async fn the_oldest_end_gives_way_to_a_watermark_and_no_ended_session_comes_back() {
    let (store, clock) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let group = Group::new(&sessions, &clock);
    let before = group.next();
    let mut ended: Vec<_> = (0..128).map(|_| group.next()).collect();
    let between = group.next();
    for session in ended.iter().rev() {
        sessions.terminate(session).await.unwrap();
    }
    assert!(goes_on(&sessions, &before).await, "so many have room");
    assert!(goes_on(&sessions, &between).await);

    ended.push(group.next());
    sessions.terminate(&ended[128]).await.unwrap();
    assert!(!goes_on(&sessions, &before).await, "it was issued before the watermark");
    let refused = sessions.set_log_level(&before, 1).await;
    assert!(matches!(refused, Err(UpdateSessionError::Terminated)), "{refused:?}");
    assert!(goes_on(&sessions, &between).await, "it was not");
    let after = group.next();
    assert!(goes_on(&sessions, &after).await);
    for session in &ended {
        assert!(!goes_on(&sessions, session).await);
        sessions.terminate(session).await.unwrap();
    }
    // To the last millisecond of the one that ends last.
    let last = ended.last().unwrap().expires;
    clock.advance(last.saturating_since(clock.now()) - MILLI);
    for session in ended.iter().filter(|session| session.expires > clock.now()) {
        assert!(!goes_on(&sessions, session).await);
    }
    clock.advance(MILLI);
    assert_eq!(raw_value(&store, key(&before)).await, None, "then it costs nothing any more");
}

#[tokio::test]
async fn the_watermark_holds_as_long_as_the_sessions_that_it_stands_for() {
    let (store, clock) = memory();
    let (long, short) = (Sessions::new(&store, MAX_AGE), Sessions::new(&store, HOUR));
    let mut group = Group::new(&long, &clock);
    let first = group.next();
    long.terminate(&first).await.unwrap();
    group.sessions = &short;
    for _ in 0..128 {
        short.terminate(&group.next()).await.unwrap();
    }
    clock.advance(first.expires.saturating_since(clock.now()) - MILLI);
    assert!(!goes_on(&long, &first).await, "its own mark is gone and the others have expired");
    clock.advance(MILLI);
    assert_eq!(raw_value(&store, key(&first)).await, None);
}

#[tokio::test]
async fn ends_that_have_expired_make_room_for_others() {
    let (store, clock) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let group = Group::new(&sessions, &clock);
    for _ in 0..128 {
        sessions.terminate(&group.next()).await.unwrap();
    }
    clock.advance(MAX_AGE);
    let living = group.next();
    for _ in 0..128 {
        sessions.terminate(&group.next()).await.unwrap();
    }
    assert!(goes_on(&sessions, &living).await, "nothing had to give way");
}

#[tokio::test]
async fn an_end_finds_room_where_nothing_else_does() {
    let clock = Arc::new(FakeClock::default());
    // Room for 8 small cells, and an eighth of that, which is one cell, for ends.
    let cells = MemoryLimits { bytes_max: 8 * 600, owner_percent: 100, ..MemoryLimits::default() };
    let limits = MemoryStoreLimits { cells, ..MemoryStoreLimits::default() };
    let store = Store::in_memory_within(Arc::new(ring(&[1])), clock.clone(), limits);
    let sessions = Sessions::new(&store, MAX_AGE);
    let group = Group::new(&sessions, &clock);
    let set = group.next();
    sessions.subscribe(&set, "file:///a").await.unwrap();
    let mut id = 0;
    let refused = loop {
        let full = CellKey { owner: alice(), kind: "test", id };
        if let Err(refused) = store.cells.put_if_absent(full, b"", HOUR).await {
            break refused;
        }
        id += 1;
    };
    assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");

    sessions.terminate(&set).await.unwrap();
    sessions.set_log_level(&group.next(), 1).await.expect("what was set in it is gone and has made room");
    let mut ended = vec![set];
    // Two ends fit beside what a cell costs; then each further one makes the oldest give way.
    for _ in 0..20 {
        let session = group.next();
        sessions.terminate(&session).await.unwrap();
        ended.push(session);
        assert!(raw_value(&store, key(&ended[0])).await.unwrap().len() <= 600 - 512);
    }
    for session in &ended {
        assert!(!goes_on(&sessions, session).await);
    }
    assert!(goes_on(&sessions, &group.next()).await);
}

#[tokio::test]
async fn a_small_value_bound_is_kept_by_ends_too() {
    let clock = Arc::new(FakeClock::default());
    let cells = MemoryLimits { value_bytes_max: 100, ..MemoryLimits::default() };
    let limits = MemoryStoreLimits { cells, ..MemoryStoreLimits::default() };
    let store = Store::in_memory_within(Arc::new(ring(&[1])), clock.clone(), limits);
    let sessions = Sessions::new(&store, MAX_AGE);
    let group = Group::new(&sessions, &clock);
    for _ in 0..5 {
        let session = group.next();
        sessions.terminate(&session).await.unwrap();
        assert!(!goes_on(&sessions, &session).await);
    }
}

#[tokio::test]
async fn ends_of_another_format_end_what_was_issued_until_then() {
    let (store, clock) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let golden = bytes_of(include_str!("golden/ended-sessions-1.txt"));
    let mut cases = vec![vec![], vec![2], [&golden[..], &[0]].concat()];
    cases.extend((0..golden.len()).filter(|kept| *kept != 17 && *kept != 17 + 32).map(|kept| golden[..kept].to_vec()));
    for case in cases {
        let group = Group::new(&sessions, &clock);
        let (before, other) = (group.next(), group.next());
        put_raw(&store, key(&before), &case).await;
        assert!(!goes_on(&sessions, &before).await, "{case:?}");
        sessions.terminate(&other).await.unwrap();
        for session in [&before, &other] {
            assert!(!goes_on(&sessions, session).await, "{case:?}");
        }
        assert!(goes_on(&sessions, &group.next()).await, "{case:?}");
        store.cells.delete(key(&before)).await.unwrap();
    }
}

#[tokio::test]
async fn the_golden_ends_are_still_read_and_written() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = |number: u128, issued: u64, expires: u64| Session {
        number,
        issued: outboard_store::UnixMillis::new(issued),
        expires: outboard_store::UnixMillis::new(expires),
        ..create(&sessions, alice())
    };
    let golden = bytes_of(include_str!("golden/ended-sessions-1.txt"));
    let now = 1_785_240_000_000;
    // Watermark at now + 1000; two ends issued later.
    let ended = [session(7, now + 2000, now + 90_000_000), session(7 + 256, now + 3000, now + 90_000_001)];
    put_raw(&store, key(&ended[0]), &golden).await;
    for session in &ended {
        assert!(!goes_on(&sessions, session).await);
    }
    assert!(!goes_on(&sessions, &session(7 + 512, now + 999, u64::MAX)).await);
    assert!(goes_on(&sessions, &session(7 + 512, now + 1000, u64::MAX)).await);

    sessions.terminate(&ended[1]).await.unwrap();
    assert_eq!(raw_value(&store, key(&ended[0])).await.unwrap(), golden, "what has ended is not written again");
    let mut without = golden.clone();
    without.truncate(17 + 32);
    put_raw(&store, key(&ended[0]), &without).await;
    sessions.terminate(&ended[1]).await.unwrap();
    assert_eq!(raw_value(&store, key(&ended[0])).await.unwrap(), golden);
}

/// Sessions of alice that fall into one group, each issued a millisecond after the one before.
struct Group<'a> {
    sessions: &'a Sessions,
    clock: &'a FakeClock,
    group: u128,
}

impl<'a> Group<'a> {
    fn new(sessions: &'a Sessions, clock: &'a FakeClock) -> Self {
        Self { sessions, clock, group: create(sessions, alice()).number % GROUPS }
    }

    fn next(&self) -> Session {
        self.clock.advance(MILLI);
        loop {
            let session = create(self.sessions, alice());
            if session.number % GROUPS == self.group {
                return session;
            }
        }
    }
}

fn create(sessions: &Sessions, owner: OwnerDigest) -> Session {
    let new = NewSession { owner, revision: "2025-11-25", capabilities: 0, client_name: "", client_version: "" };
    sessions.create(new).unwrap().1
}

async fn goes_on(sessions: &Sessions, session: &Session) -> bool {
    matches!(sessions.state(session).await.unwrap(), SessionState::Living(_))
}

/// Where the ends of the session's group are. A part of the format.
fn key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: "ended-sessions", id: session.number % GROUPS }
}

const GROUPS: u128 = 256;
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
