//! Who serves beside us: announced, aged out, taken out, and told with the keys that there are.

use std::sync::Arc;

use outboard_store::{
    Clock, KeyId, LiveReplicas, LogKey, OwnerDigest, ReplicaState, Replicas, Sequence, Store, StoreError, UnixMillis,
};
use outboard_testkit::clock::FakeClock;

use crate::support::{MILLI, append_raw, bytes_of, down, memory, raw_entries, ring, root};

/// A replica with these keys on the same store.
fn replica(store: &Store, keys: &[u8]) -> (Replicas, Store) {
    let store = Store { keys: Arc::new(ring(keys)), ..store.clone() };
    (Replicas::join(&store), store)
}

/// Who is here, by the ids that the test knows, and what they say.
async fn seen(by: &Replicas, known: &[&Replicas]) -> Vec<(usize, ReplicaState)> {
    let LiveReplicas { replicas, skipped } = by.live().await.unwrap();
    assert_eq!(skipped, 0);
    let place = |id| known.iter().position(|known| known.id() == id).expect("a replica of this test");
    let mut seen: Vec<_> = replicas.iter().map(|replica| (place(replica.id), replica.state)).collect();
    seen.sort_by_key(|(place, _)| *place);
    seen
}

#[tokio::test]
async fn each_replica_sees_the_others_as_they_say_they_are() {
    let (store, _) = memory();
    let ((a, _), (b, _)) = (replica(&store, &[1]), replica(&store, &[1]));
    assert_ne!(a.id(), b.id());
    assert_eq!(a.live().await.unwrap(), LiveReplicas::default(), "nobody has said a word");
    a.announce(ReplicaState::Serving).await.unwrap();
    b.announce(ReplicaState::Serving).await.unwrap();
    let both = [(0, ReplicaState::Serving), (1, ReplicaState::Serving)];
    assert_eq!((seen(&a, &[&a, &b]).await, seen(&b, &[&a, &b]).await), (both.to_vec(), both.to_vec()));
    b.announce(ReplicaState::Draining).await.unwrap();
    assert_eq!(seen(&a, &[&a, &b]).await, [(0, ReplicaState::Serving), (1, ReplicaState::Draining)]);
    b.announce(ReplicaState::Gone).await.unwrap();
    assert_eq!(seen(&a, &[&a, &b]).await, [(0, ReplicaState::Serving)], "who ends is gone at once");
    let (started_again, _) = replica(&store, &[1]);
    assert_ne!(started_again.id(), b.id());
}

#[tokio::test]
async fn who_is_silent_is_here_no_more_and_comes_back_with_a_word() {
    let (store, clock) = memory();
    let ((a, _), (b, _)) = (replica(&store, &[1]), replica(&store, &[1]));
    b.announce(ReplicaState::Serving).await.unwrap();
    clock.advance(Replicas::SILENCE_MAX - MILLI);
    a.announce(ReplicaState::Serving).await.unwrap();
    assert_eq!(seen(&a, &[&a, &b]).await.len(), 2, "it was heard of lately");
    clock.advance(MILLI);
    assert_eq!(seen(&a, &[&a, &b]).await, [(0, ReplicaState::Serving)]);
    b.announce(ReplicaState::Serving).await.unwrap();
    assert_eq!(seen(&a, &[&a, &b]).await.len(), 2);
    clock.advance(Replicas::SILENCE_MAX);
    assert_eq!(a.live().await.unwrap(), LiveReplicas::default());
}

#[tokio::test]
async fn a_regular_announcement_keeps_a_replica_here_and_the_log_small() {
    let (store, clock) = memory();
    let (a, _) = replica(&store, &[1]);
    for _ in 0..100 {
        a.announce(ReplicaState::Serving).await.unwrap();
        clock.advance(Replicas::ANNOUNCE_EVERY);
        assert_eq!(seen(&a, &[&a]).await.len(), 1);
    }
    assert_eq!(raw_entries(&store, KEY).await.len(), 3, "what is too old is gone");
}

#[tokio::test]
async fn the_keys_of_a_replica_are_those_that_it_has_when_it_speaks() {
    let (store, clock) = memory();
    let ((a, of_a), (b, _)) = (replica(&store, &[1]), replica(&store, &[1]));
    let told = async || {
        let live = b.live().await.unwrap();
        live.replicas.into_iter().find(|replica| replica.id == a.id()).unwrap()
    };
    let started = clock.now();
    for keys in [&[1][..], &[1, 2], &[2, 1], &[2]] {
        of_a.keys.replace(keys.iter().copied().map(root).collect()).unwrap();
        clock.advance(MILLI);
        a.announce(ReplicaState::Serving).await.unwrap();
        let replica = told().await;
        assert_eq!(replica.keys, of_a.keys.key_ids());
        assert_eq!(replica.sealing_key(), Some(of_a.keys.sealing_key_id()));
        assert_eq!(replica.started, started);
    }
    let many: Vec<u8> = (1..=100).collect();
    of_a.keys.replace(many.into_iter().map(root).collect()).unwrap();
    a.announce(ReplicaState::Serving).await.unwrap();
    assert_eq!(told().await.keys, of_a.keys.key_ids()[..Replicas::KEYS_TOLD_MAX], "those are the first ones");
}

#[tokio::test]
async fn an_announcement_of_an_unknown_format_is_passed_over_and_counted() {
    let (store, _) = memory();
    let (a, _) = replica(&store, &[1]);
    a.announce(ReplicaState::Serving).await.unwrap();
    let good = raw_entries(&store, KEY).await.swap_remove(0);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let unknown =
        [Vec::new(), vec![1], with(0, 0), with(0, 2), with(1, 4), good[..20].to_vec(), [&good[..], &[0]].concat()];
    for bytes in &unknown {
        append_raw(&store, KEY, bytes).await;
    }
    let too_many = [&good[..], &[7; 4 * Replicas::KEYS_TOLD_MAX]].concat();
    append_raw(&store, KEY, &too_many).await;
    let live = a.live().await.unwrap();
    assert_eq!((live.replicas.len(), live.skipped), (1, unknown.len() + 1));
}

#[tokio::test]
async fn the_golden_announcement_is_still_read() {
    let (store, _) = memory();
    let (a, _) = replica(&store, &[1]);
    append_raw(&store, KEY, &bytes_of(include_str!("golden/replicas-1.txt"))).await;
    let live = a.live().await.unwrap();
    let [replica] = live.replicas.try_into().unwrap();
    assert_eq!(replica.id.to_string(), "AAECAwQFBgcICQoLDA0ODw");
    assert_eq!((replica.state, replica.started), (ReplicaState::Draining, UnixMillis::new(0x0000_019f_a9a0_2e00)));
    assert_eq!(replica.keys, [[1, 2, 3, 4], [0xf0, 0xe0, 0xd0, 0xc0]].map(KeyId::from_bytes));
}

#[tokio::test]
async fn what_is_announced_has_the_golden_form() {
    let (store, _) = memory();
    let clock = Arc::new(FakeClock::at(UnixMillis::new(0x0000_019f_a9a0_2e00)));
    let (a, of_a) = replica(&Store { clock, ..store.clone() }, &[1, 2]);
    a.announce(ReplicaState::Draining).await.unwrap();
    let written = raw_entries(&store, KEY).await.swap_remove(0);
    let mut golden = bytes_of(include_str!("golden/replicas-1.txt"));
    // Who it is, and its keys, are others each time.
    golden[2..18].copy_from_slice(&written[2..18]);
    golden.truncate(26);
    golden.extend(of_a.keys.key_ids().iter().flat_map(KeyId::as_bytes));
    assert_eq!(written, golden);
}

#[tokio::test]
async fn a_store_that_is_down_is_told() {
    let a = Replicas::join(&down());
    assert!(matches!(a.announce(ReplicaState::Serving).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(a.live().await, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn another_stores_replicas_are_not_ours() {
    let ((store, _), (other, _)) = (memory(), memory());
    Replicas::join(&other).announce(ReplicaState::Serving).await.unwrap();
    let (a, _) = replica(&store, &[1]);
    assert_eq!(a.live().await.unwrap(), LiveReplicas::default());
    assert_eq!(store.logs.read(KEY, Sequence::ZERO, 1).await.unwrap().entries.len(), 0, "who reads says nothing");
}

const KEY: LogKey = LogKey { owner: OwnerDigest::from_bytes([0; 32]), kind: "replicas", id: 0 };
