//! What is set in a session and how it ends: one cell, for all replicas, as long as the session lives.

use std::{sync::Arc, time::Duration};

use outboard_store::{
    CellKey, Cells, MemoryCells, MemoryLimits, NewSession, Session, SessionLimits, SessionRecord, SessionState,
    Sessions, Store, StoreError, UpdateSessionError,
};
use tokio::task::JoinSet;

use crate::support::{ATTEMPTS_MAX, MILLI, alice, bytes_of, contended, down, memory, put_raw, raw_value};

#[tokio::test]
async fn what_is_set_on_one_replica_is_read_on_the_other() {
    let (store, _) = memory();
    let [one, other] = [(); 2].map(|()| Sessions::new(&store, MAX_AGE));
    let (session, untouched) = (create(&one), create(&one));
    assert_eq!(living(&other, &session).await, SessionRecord::default());
    one.set_log_level(&session, 3).await.unwrap();
    other.subscribe(&session, "file:///a").await.unwrap();
    one.subscribe(&session, "file:///b").await.unwrap();
    let record = SessionRecord { log_level: Some(3), subscriptions: uris(&["file:///a", "file:///b"]) };
    assert_eq!(living(&other, &session).await, record);
    one.unsubscribe(&session, "file:///a").await.unwrap();
    other.set_log_level(&session, 0).await.unwrap();
    let record = SessionRecord { log_level: Some(0), subscriptions: uris(&["file:///b"]) };
    assert_eq!(living(&one, &session).await, record);
    assert_eq!(living(&one, &untouched).await, SessionRecord::default());
}

#[tokio::test]
async fn what_changes_nothing_is_no_error_and_is_not_stored() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    sessions.unsubscribe(&session, "file:///never").await.unwrap();
    sessions.set_log_level(&session, u8::MAX).await.unwrap();
    assert_eq!(raw_value(&store, key(&session)).await, None);
    sessions.subscribe(&session, "file:///a").await.unwrap();
    let version = store.cells.get(key(&session)).await.unwrap().unwrap().version;
    sessions.subscribe(&session, "file:///a").await.unwrap();
    assert_eq!(store.cells.get(key(&session)).await.unwrap().unwrap().version, version);
    assert_eq!(living(&sessions, &session).await.subscriptions, ["file:///a"]);
    sessions.terminate(&session).await.unwrap();
    let version = store.cells.get(ended_key(&session)).await.unwrap().unwrap().version;
    sessions.terminate(&session).await.unwrap();
    assert_eq!(store.cells.get(ended_key(&session)).await.unwrap().unwrap().version, version);
    assert_eq!(raw_value(&store, key(&session)).await, None, "what was set in it is gone with it");
}

#[tokio::test]
async fn a_terminated_session_is_terminated_on_every_replica_and_no_other_is() {
    let (store, _) = memory();
    let [one, other] = [(); 2].map(|()| Sessions::new(&store, MAX_AGE));
    let [ended, living, set] = [(); 3].map(|()| create(&one));
    one.subscribe(&set, "file:///a").await.unwrap();
    for session in [&ended, &set] {
        one.terminate(session).await.unwrap();
        one.terminate(session).await.unwrap();
        other.terminate(session).await.unwrap();
    }
    for sessions in [&one, &other] {
        assert_eq!(sessions.state(&ended).await.unwrap(), SessionState::Terminated);
        assert_eq!(sessions.state(&set).await.unwrap(), SessionState::Terminated);
        assert!(matches!(sessions.state(&living).await.unwrap(), SessionState::Living(_)));
    }
}

#[tokio::test]
async fn nothing_brings_a_terminated_session_back() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    sessions.terminate(&session).await.unwrap();
    let refusals = [
        sessions.set_log_level(&session, 1).await,
        sessions.subscribe(&session, "file:///a").await,
        sessions.unsubscribe(&session, "file:///a").await,
    ];
    for refused in refusals {
        assert!(matches!(refused, Err(UpdateSessionError::Terminated)), "{refused:?}");
    }
    assert_eq!(sessions.state(&session).await.unwrap(), SessionState::Terminated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_end_stays_whatever_is_set_at_the_same_time() {
    for _ in 0..100 {
        let (store, _) = memory();
        let sessions = Sessions::new(&store, MAX_AGE);
        let session = create(&sessions);
        let mut racing = JoinSet::new();
        for number in 0..4 {
            let (sessions, session) = (sessions.clone(), session.clone());
            racing.spawn(async move {
                match number {
                    0 => sessions.terminate(&session).await.unwrap(),
                    _ => drop(sessions.subscribe(&session, &format!("file:///{number}")).await),
                }
            });
        }
        racing.join_all().await;
        assert_eq!(sessions.state(&session).await.unwrap(), SessionState::Terminated);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_subscription_is_lost_to_another_at_the_same_time() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    let mut racing = JoinSet::new();
    for number in 0..8 {
        let (sessions, session) = (sessions.clone(), session.clone());
        racing.spawn(async move { sessions.subscribe(&session, &format!("file:///{number}")).await.unwrap() });
    }
    racing.join_all().await;
    let mut subscriptions = living(&sessions, &session).await.subscriptions;
    subscriptions.sort();
    assert_eq!(subscriptions, (0..8).map(|number| format!("file:///{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_comes_second_tries_again_for_a_bounded_number_of_times() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    for (times, succeeds) in [(ATTEMPTS_MAX, false), (ATTEMPTS_MAX - 1, true)] {
        let contended = |()| Sessions::new(&contended(&store, times), MAX_AGE);
        let subscribed = contended(()).subscribe(&session, "file:///a").await;
        assert_eq!(subscribed.is_ok(), succeeds, "{subscribed:?}");
        assert!(succeeds || matches!(subscribed, Err(UpdateSessionError::Store(StoreError::Contended { .. }))));
        assert_eq!(living(&sessions, &session).await.subscriptions.len(), usize::from(succeeds));
    }
    for (times, succeeds) in [(ATTEMPTS_MAX, false), (ATTEMPTS_MAX - 1, true)] {
        let terminated = Sessions::new(&contended(&store, times), MAX_AGE).terminate(&session).await;
        assert_eq!(terminated.is_ok(), succeeds, "{terminated:?}");
        assert_eq!(sessions.state(&session).await.unwrap() == SessionState::Terminated, succeeds);
    }
}

#[tokio::test]
async fn subscriptions_are_bounded_in_number_and_length() {
    let (store, _) = memory();
    let limits = SessionLimits { subscriptions_max: 2, uri_bytes_max: 10 };
    let sessions = Sessions::new(&store, MAX_AGE).with_limits(limits);
    let session = create(&sessions);
    let refused = sessions.subscribe(&session, "12345678901").await;
    assert!(matches!(refused, Err(UpdateSessionError::UriTooLong { bytes: 11, bytes_max: 10 })), "{refused:?}");
    sessions.subscribe(&session, "1234567890").await.unwrap();
    sessions.subscribe(&session, "b").await.unwrap();
    let refused = sessions.subscribe(&session, "c").await;
    assert!(matches!(refused, Err(UpdateSessionError::TooManySubscriptions { subscriptions_max: 2 })), "{refused:?}");
    sessions.subscribe(&session, "b").await.unwrap();
    sessions.set_log_level(&session, 1).await.unwrap();
    assert_eq!(living(&sessions, &session).await.subscriptions, ["1234567890", "b"]);
    sessions.unsubscribe(&session, "1234567890").await.unwrap();
    sessions.subscribe(&session, "c").await.unwrap();
    assert_eq!(living(&sessions, &session).await.subscriptions, ["b", "c"]);
}

#[tokio::test]
async fn the_default_bounds_are_256_subscriptions_and_2048_bytes() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    for number in 0..256 {
        sessions.subscribe(&session, &number.to_string()).await.unwrap();
    }
    let refused = sessions.subscribe(&session, "256").await;
    assert!(matches!(refused, Err(UpdateSessionError::TooManySubscriptions { .. })), "{refused:?}");
    let session = create(&sessions);
    sessions.subscribe(&session, &"x".repeat(2048)).await.unwrap();
    let refused = sessions.subscribe(&session, &"x".repeat(2049)).await;
    assert!(matches!(refused, Err(UpdateSessionError::UriTooLong { bytes_max: 2048, .. })), "{refused:?}");
}

#[tokio::test]
async fn limits_beyond_what_a_record_can_count_are_cut() {
    let (store, clock) = memory();
    let limits = MemoryLimits { value_bytes_max: 1 << 20, ..MemoryLimits::default() };
    let store = Store { cells: Arc::new(MemoryCells::new(clock, limits)), ..store };
    let limits = SessionLimits { subscriptions_max: usize::MAX, uri_bytes_max: usize::MAX };
    let sessions = Sessions::new(&store, MAX_AGE).with_limits(limits);
    let session = create(&sessions);
    let longest = "x".repeat(65_535);
    sessions.subscribe(&session, &longest).await.unwrap();
    assert_eq!(living(&sessions, &session).await.subscriptions, std::slice::from_ref(&longest));
    let refused = sessions.subscribe(&session, &(longest + "x")).await;
    assert!(matches!(refused, Err(UpdateSessionError::UriTooLong { bytes: 65_536, bytes_max: 65_535 })), "{refused:?}");

    let most = [&[1, 0, 255, 255, 255][..], &[0; 2 * 65_535]].concat();
    put_raw(&store, key(&session), &most).await;
    let refused = sessions.subscribe(&session, "x").await;
    let too_many = UpdateSessionError::TooManySubscriptions { subscriptions_max: 65_535 };
    assert_eq!(refused.unwrap_err().to_string(), too_many.to_string());
}

#[tokio::test]
async fn all_subscriptions_together_fit_one_cell() {
    let (store, clock) = memory();
    let limits = MemoryLimits { value_bytes_max: 100, ..MemoryLimits::default() };
    let store = Store { cells: Arc::new(MemoryCells::new(clock, limits)), ..store };
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    sessions.subscribe(&session, &"x".repeat(50)).await.unwrap();
    // Format, state, level and number are 5 bytes, each subscription has 2 of length.
    let refused = sessions.subscribe(&session, &"y".repeat(42)).await;
    assert!(matches!(refused, Err(UpdateSessionError::TooLarge { bytes: 101, bytes_max: 100 })), "{refused:?}");
    sessions.subscribe(&session, &"y".repeat(41)).await.unwrap();
    assert_eq!(living(&sessions, &session).await.subscriptions.len(), 2);
}

#[tokio::test]
async fn the_cell_lasts_exactly_as_long_as_the_session_could_have() {
    let (store, clock) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let [ended, set] = [(); 2].map(|()| create(&sessions));
    clock.advance(MAX_AGE / 2);
    sessions.terminate(&ended).await.unwrap();
    sessions.set_log_level(&set, 1).await.unwrap();
    clock.advance(MAX_AGE / 2 - MILLI);
    assert_eq!(sessions.state(&ended).await.unwrap(), SessionState::Terminated);
    assert_eq!(living(&sessions, &set).await.log_level, Some(1));
    clock.advance(MILLI);
    for session in [&ended, &set] {
        assert_eq!(raw_value(&store, key(session)).await, None);
        assert_eq!(raw_value(&store, ended_key(session)).await, None);
        sessions.terminate(session).await.unwrap();
        let refused = sessions.set_log_level(session, 2).await;
        assert!(matches!(refused, Err(UpdateSessionError::Terminated)), "{refused:?}");
        assert_eq!(raw_value(&store, key(session)).await, None, "what has expired needs no cell");
        assert_eq!(raw_value(&store, ended_key(session)).await, None, "what has expired needs no cell");
    }
}

#[tokio::test]
async fn what_this_build_cannot_read_is_over_and_can_be_ended() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let golden = bytes_of(include_str!("golden/session-state-1.txt"));
    let mut cases = vec![vec![], vec![2], vec![2, 0], vec![1, 2], [&golden[..], &[0]].concat()];
    cases.extend((0..golden.len()).map(|kept| golden[..kept].to_vec()));
    let mut not_utf_8 = golden.clone();
    *not_utf_8.last_mut().unwrap() = 0xff;
    cases.push(not_utf_8);
    for case in cases {
        let session = create(&sessions);
        put_raw(&store, key(&session), &case).await;
        assert_eq!(sessions.state(&session).await.unwrap(), SessionState::Terminated, "{case:?}");
        let refused = sessions.subscribe(&session, "file:///a").await;
        assert!(matches!(refused, Err(UpdateSessionError::Terminated)), "{refused:?} for {case:?}");
        sessions.terminate(&session).await.unwrap();
        assert_eq!(raw_value(&store, key(&session)).await, None, "{case:?}");
        assert_eq!(sessions.state(&session).await.unwrap(), SessionState::Terminated, "{case:?}");
    }
}

#[tokio::test]
async fn the_golden_state_is_still_read_and_written() {
    let (store, _) = memory();
    let sessions = Sessions::new(&store, MAX_AGE);
    let session = create(&sessions);
    let golden = bytes_of(include_str!("golden/session-state-1.txt"));
    put_raw(&store, key(&session), &golden).await;
    let record = SessionRecord { log_level: Some(4), subscriptions: uris(&["file:///a", "naïve:b"]) };
    assert_eq!(living(&sessions, &session).await, record);
    let session = create(&sessions);
    for uri in &record.subscriptions {
        sessions.subscribe(&session, uri).await.unwrap();
    }
    sessions.set_log_level(&session, 4).await.unwrap();
    assert_eq!(raw_value(&store, key(&session)).await.unwrap(), golden);
}

#[tokio::test]
async fn a_store_that_is_down_or_full_is_told() {
    let sessions = Sessions::new(&down(), MAX_AGE);
    let session = create(&sessions);
    assert!(matches!(sessions.state(&session).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(sessions.terminate(&session).await, Err(StoreError::Unavailable { .. })));
    let refused = sessions.set_log_level(&session, 1).await;
    assert!(matches!(refused, Err(UpdateSessionError::Store(StoreError::Unavailable { .. }))), "{refused:?}");

    let (store, clock) = memory();
    let limits = MemoryLimits { entries_max: 0, ..MemoryLimits::default() };
    let full: Arc<dyn Cells> = Arc::new(MemoryCells::new(clock, limits));
    let full = Sessions::new(&Store { cells: full, ..store }, MAX_AGE);
    assert!(matches!(full.terminate(&session).await, Err(StoreError::Full { .. })));
    assert_eq!(living(&full, &session).await, SessionRecord::default());
}

fn create(sessions: &Sessions) -> Session {
    let new =
        NewSession { owner: alice(), revision: "2025-11-25", capabilities: 0, client_name: "", client_version: "" };
    sessions.create(new).unwrap().1
}

async fn living(sessions: &Sessions, session: &Session) -> SessionRecord {
    match sessions.state(session).await.unwrap() {
        SessionState::Living(record) => record,
        SessionState::Terminated => panic!("the session was terminated"),
    }
}

fn key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: "session", id: session.number }
}

/// Where the ends of the session's group are. A part of the format.
fn ended_key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: "ended-sessions", id: session.number % 256 }
}

fn uris(uris: &[&str]) -> Vec<String> {
    uris.iter().map(|uri| (*uri).to_owned()).collect()
}

const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
