//! Leases: one holder at a time, fences that only grow, and ends by time, release and takeover.

use std::{collections::HashSet, time::Duration};

use outboard_store::{CellKey, Holder, Lease, LeaseKey, StoreError};
use tokio::task::JoinSet;

use crate::support::{ATTEMPTS_MAX, MILLI, MINUTE, alice, bob, bytes_of, contended, down, memory, put_raw, raw_value};

#[tokio::test]
async fn one_holds_it_and_all_know_who() {
    let (store, _) = memory();
    let [one, other] = [(); 2].map(|()| Lease::new(&store));
    assert_eq!(other.holder(key()).await.unwrap(), None);
    let held = one.acquire(key(), b"one", MINUTE).await.unwrap().unwrap();
    for lease in [&one, &other] {
        let holder = Holder { holder: "one".into(), fence: held.fence() };
        assert_eq!(lease.holder(key()).await.unwrap(), Some(holder));
        assert_eq!(lease.acquire(key(), b"other", MINUTE).await.unwrap(), None);
        assert_eq!(lease.acquire(key(), b"one", MINUTE).await.unwrap(), None, "not even for itself");
    }
}

#[tokio::test]
async fn every_key_is_a_lease_of_its_own() {
    let (store, _) = memory();
    let lease = Lease::new(&store);
    let keys = [
        key(),
        LeaseKey { owner: bob(), ..key() },
        LeaseKey { kind: "other", ..key() },
        LeaseKey { id: 8, ..key() },
        LeaseKey { id: 7 << 64, ..key() },
    ];
    for key in keys {
        assert!(lease.acquire(key, b"x", MINUTE).await.unwrap().is_some(), "{key:?}");
    }
}

#[tokio::test]
async fn fences_grow_over_release_expiry_takeover_and_long_silence() {
    let (store, clock) = memory();
    let lease = Lease::new(&store);
    let first = lease.acquire(key(), b"1", MINUTE).await.unwrap().unwrap();
    let mut fences = vec![first.fence()];
    assert!(lease.release(first).await.unwrap());
    let second = lease.acquire(key(), b"2", MINUTE).await.unwrap().unwrap();
    fences.push(second.fence());
    clock.advance(MINUTE);
    let third = lease.acquire(key(), b"3", MINUTE).await.unwrap().unwrap();
    fences.push(third.fence());
    let fourth = lease.take_over(key(), b"4", MINUTE).await.unwrap();
    fences.push(fourth.fence());
    for days in [29, 30, 1000] {
        clock.advance(days * 24 * 60 * MINUTE);
        let held = lease.acquire(key(), b"5", MINUTE).await.unwrap().unwrap();
        fences.push(held.fence());
    }
    assert!(fences.is_sorted_by(|one, other| one < other), "{fences:?}");
    assert!(fences[4] == fences[3] + 1, "after 29 days the last one is remembered: {fences:?}");
}

#[tokio::test]
async fn a_lease_ends_with_its_time_unless_it_is_renewed() {
    let (store, clock) = memory();
    let lease = Lease::new(&store);
    let mut held = lease.acquire(key(), b"one", MINUTE).await.unwrap().unwrap();
    let fence = held.fence();
    for _ in 0..3 {
        clock.advance(MINUTE - MILLI);
        assert!(lease.renew(&mut held, MINUTE).await.unwrap());
        assert_eq!(held.fence(), fence, "it is the same lease");
    }
    assert_eq!(lease.holder(key()).await.unwrap().unwrap(), Holder { holder: "one".into(), fence });
    clock.advance(MINUTE);
    assert_eq!(lease.holder(key()).await.unwrap(), None);
    assert!(!lease.renew(&mut held, MINUTE).await.unwrap(), "what is over is not renewed");
    assert!(lease.acquire(key(), b"other", MINUTE).await.unwrap().is_some());
    assert!(!lease.renew(&mut held, MINUTE).await.unwrap());
    assert!(!lease.release(held).await.unwrap(), "and takes nothing from the next holder");
    assert_eq!(lease.holder(key()).await.unwrap().unwrap().holder, "other");
}

#[tokio::test]
async fn what_is_released_is_free_at_once() {
    let (store, clock) = memory();
    let lease = Lease::new(&store);
    let held = lease.acquire(key(), b"one", MINUTE).await.unwrap().unwrap();
    assert!(lease.release(held).await.unwrap());
    assert_eq!(lease.holder(key()).await.unwrap(), None);
    clock.advance(MILLI);
    assert_eq!(raw_value(&store, cell()).await, None, "nothing is left but the fence");
    let held = lease.acquire(key(), b"two", MINUTE).await.unwrap().unwrap();
    assert!(lease.release(held).await.unwrap());
    assert!(lease.acquire(key(), b"three", MINUTE).await.unwrap().is_some(), "without any wait");
}

#[tokio::test]
async fn who_takes_over_ends_the_lease_of_the_other() {
    let (store, _) = memory();
    let lease = Lease::new(&store);
    let mut first = lease.take_over(key(), b"one", MINUTE).await.unwrap();
    let mut second = lease.take_over(key(), b"two", MINUTE).await.unwrap();
    assert!(second.fence() > first.fence());
    assert!(!lease.renew(&mut first, MINUTE).await.unwrap());
    assert!(!lease.release(first).await.unwrap());
    assert!(lease.renew(&mut second, MINUTE).await.unwrap());
    assert_eq!(lease.holder(key()).await.unwrap().unwrap().holder, "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_holds_it_and_no_fence_comes_twice() {
    let (store, _) = memory();
    for id in 0..50 {
        let key = LeaseKey { id, ..key() };
        let mut acquiring = JoinSet::new();
        let mut taking_over = JoinSet::new();
        for number in 0..4_u8 {
            let lease = Lease::new(&store);
            acquiring.spawn(async move { lease.acquire(key, &[number], MINUTE).await.unwrap() });
        }
        let held: Vec<_> = acquiring.join_all().await.into_iter().flatten().collect();
        assert_eq!(held.len(), 1);
        for number in 0..4_u8 {
            let lease = Lease::new(&store);
            taking_over.spawn(async move { lease.take_over(key, &[number], MINUTE).await });
        }
        let taken: Vec<_> = taking_over.join_all().await.into_iter().flatten().collect();
        let fences: HashSet<_> = held.iter().chain(&taken).map(|held| held.fence()).collect();
        assert_eq!(fences.len(), 1 + taken.len());
        let highest = fences.into_iter().max();
        let holder = Lease::new(&store).holder(key).await.unwrap();
        assert_eq!(holder.map(|holder| holder.fence), highest, "the last to take it has the highest");
    }
}

#[tokio::test]
async fn who_comes_second_tries_again_for_a_bounded_number_of_times() {
    let (store, _) = memory();
    let refused = Lease::new(&contended(&store, ATTEMPTS_MAX)).take_over(key(), b"x", MINUTE).await;
    assert!(matches!(refused, Err(StoreError::Contended { attempts: ATTEMPTS_MAX })), "{refused:?}");
    let lease = Lease::new(&contended(&store, ATTEMPTS_MAX - 1));
    assert!(lease.acquire(key(), b"x", MINUTE).await.unwrap().is_some());
}

#[tokio::test]
async fn one_that_is_being_taken_has_no_holder_yet_and_is_not_free() {
    let (store, _) = memory();
    let lease = Lease::new(&store);
    let being_taken = [&[1, 1], &[0; 8][..], b"one"].concat();
    put_raw(&store, cell(), &being_taken).await;
    assert_eq!(lease.holder(key()).await.unwrap(), None);
    assert_eq!(lease.acquire(key(), b"two", MINUTE).await.unwrap(), None);
}

#[tokio::test]
async fn a_format_that_this_build_does_not_know_is_held_by_somebody() {
    let (store, _) = memory();
    let lease = Lease::new(&store);
    for unknown in [&b""[..], &[2, 0], &[1], &[1, 1, 0], &[1, 0, 0]] {
        put_raw(&store, cell(), unknown).await;
        assert_eq!(lease.holder(key()).await.unwrap(), None, "{unknown:?}");
        assert_eq!(lease.acquire(key(), b"x", MINUTE).await.unwrap(), None, "{unknown:?}");
    }
    assert!(lease.take_over(key(), b"x", MINUTE).await.is_ok());
}

#[tokio::test]
async fn the_golden_lease_is_still_read_and_written() {
    let (store, _) = memory();
    let lease = Lease::new(&store);
    let golden: Vec<_> = include_str!("golden/lease-1.txt").lines().map(bytes_of).collect();
    put_raw(&store, cell(), &golden[0]).await;
    let holder = Holder { holder: "replica one".into(), fence: 0x0102_0304_0506_0708 };
    assert_eq!(lease.holder(key()).await.unwrap(), Some(holder));
    put_raw(&store, cell(), &golden[1]).await;
    let held = lease.acquire(key(), b"replica one", MINUTE).await.unwrap().unwrap();
    let written = raw_value(&store, cell()).await.unwrap();
    assert_eq!((&written[..2], &written[10..]), (&golden[0][..2], &golden[0][10..]));
    assert_eq!(written[2..10], held.fence().to_be_bytes());
    assert!(lease.release(held).await.unwrap());
    assert_eq!(raw_value(&store, cell()).await.unwrap(), golden[1]);
}

#[tokio::test]
async fn a_store_that_is_down_is_told() {
    let (store, _) = memory();
    let mut held = Lease::new(&store).acquire(key(), b"x", MINUTE).await.unwrap().unwrap();
    let lease = Lease::new(&down());
    assert!(matches!(lease.acquire(key(), b"x", Duration::ZERO).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(lease.take_over(key(), b"x", MINUTE).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(lease.renew(&mut held, MINUTE).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(lease.release(held).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(lease.holder(key()).await, Err(StoreError::Unavailable { .. })));
}

fn key() -> LeaseKey {
    LeaseKey { owner: alice(), kind: "child", id: 7 }
}

/// Where that lease is. The digest is a part of the format.
fn cell() -> CellKey {
    CellKey { owner: alice(), kind: "lease", id: 0x01c9_f3a4_45a7_1bc2_96e2_f071_4386_9cb2 }
}
