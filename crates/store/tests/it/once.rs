//! What counts once: the first of all, for as long as was said, for each owner.

use outboard_store::{CellKey, Once, StoreError};
use tokio::task::JoinSet;

use crate::support::{MILLI, MINUTE, alice, bob, bytes_of, down, memory, put_raw, raw_value};

#[tokio::test]
async fn only_the_first_consumes_until_its_time_is_over() {
    let (store, clock) = memory();
    let [one, other] = [(); 2].map(|()| Once::new(&store));
    assert!(one.consume(alice(), 7, MINUTE).await.unwrap());
    assert!(!one.consume(alice(), 7, MINUTE).await.unwrap());
    assert!(!other.consume(alice(), 7, MINUTE).await.unwrap(), "on every replica");
    assert!(other.consume(alice(), 8, MINUTE).await.unwrap(), "another number");
    assert!(other.consume(bob(), 7, MINUTE).await.unwrap(), "another owner");
    clock.advance(MINUTE - MILLI);
    assert!(!one.consume(alice(), 7, MINUTE).await.unwrap(), "to try lengthens nothing");
    clock.advance(MILLI);
    assert!(one.consume(alice(), 7, MINUTE).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_the_first() {
    let (store, _) = memory();
    for id in 0..50 {
        let mut racing = JoinSet::new();
        for _ in 0..8 {
            let once = Once::new(&store);
            racing.spawn(async move { once.consume(alice(), id, MINUTE).await.unwrap() });
        }
        assert_eq!(racing.join_all().await.into_iter().filter(|first| *first).count(), 1);
    }
}

#[tokio::test]
async fn the_golden_mark_is_still_written_and_a_mark_of_any_format_counts() {
    let (store, _) = memory();
    let once = Once::new(&store);
    let key = |id| CellKey { owner: alice(), kind: "once", id };
    assert!(once.consume(alice(), 7, MINUTE).await.unwrap());
    assert_eq!(raw_value(&store, key(7)).await.unwrap(), bytes_of(include_str!("golden/once-1.txt")));
    for (id, mark) in [(8, &b""[..]), (9, b"\x02later")] {
        put_raw(&store, key(id), mark).await;
        assert!(!once.consume(alice(), id, MINUTE).await.unwrap(), "{mark:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_told() {
    let refused = Once::new(&down()).consume(alice(), 7, MINUTE).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
}
