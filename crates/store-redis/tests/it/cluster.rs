//! A Cluster: slots that move while everybody works.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use outboard_store::Sequence;
use outboard_testkit::redis::{Cluster, FrozenTime, Settings};

use crate::support::{LIMITS, cell, is_unavailable, keeps_the_contracts, log, nodes, put, replica};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_keeps_the_contracts_while_slots_move() {
    let time = Arc::new(FrozenTime::new());
    let cluster = Cluster::start_with(Settings { time: Some(Arc::clone(&time)), ..Settings::default() }).await;
    let config = nodes(&cluster);
    keeps_the_contracts(&config, &time).await;
    let slots = busy_slots(&cluster).await;
    assert!(!slots.is_empty(), "the suites have left something");
    let done = AtomicBool::new(false);
    let suites = async {
        keeps_the_contracts(&config, &time).await;
        done.store(true, Ordering::SeqCst);
    };
    let moves = async {
        // In circles, so that there is always one on its way.
        for round in 0.. {
            for &slot in &slots {
                if done.load(Ordering::SeqCst) {
                    return;
                }
                cluster.migrate(slot..slot + 1, round % 3).await;
            }
        }
    };
    tokio::join!(suites, moves);
    let errors = errors(&cluster).await;
    assert!(errors.0 > 0, "somebody was sent on: {errors:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_is_half_moved_serves_its_cells_and_loses_no_entry() {
    let cluster = Cluster::start().await;
    let config = nodes(&cluster);
    let [one, other] = [replica(&config).await, replica(&config).await];
    // Cells of one owner are in one slot.
    put(&one, 1, b"first").await.unwrap();
    let first = one.logs.append(log(1), b"first", LIMITS).await.unwrap();
    let mut appended = vec![first];
    let (mut asked, mut moved) = (0, 0);
    for slot in busy_slots(&cluster).await {
        let from = cluster.node_of(slot).await;
        let to = (from + 1) % 3;
        cluster.open(slot, from, to).await;
        for (number, store) in [(2, &one), (3, &other)] {
            let id = u128::from(slot) << 8 | number;
            put(store, id, b"while it moves").await.unwrap();
            assert!(store.cells.get(cell(id)).await.unwrap().is_some());
            // What takes several keys may be refused until the move has ended: Cluster specification, TRYAGAIN.
            match store.logs.append(log(1), b"while it moves", LIMITS).await {
                Ok(sequence) => appended.push(sequence),
                refused => assert!(is_unavailable(&refused), "{refused:?}"),
            }
        }
        cluster.move_keys(slot, from, to).await;
        assert_eq!(one.cells.get(cell(1)).await.unwrap().unwrap().value, "first");
        cluster.close(slot, from, to).await;
        assert_eq!(other.cells.get(cell(1)).await.unwrap().unwrap().value, "first");
        appended.push(one.logs.append(log(1), b"after it moved", LIMITS).await.unwrap());
        let now = errors(&cluster).await;
        (moved, asked) = (moved.max(now.0), asked.max(now.1));
    }
    let page = other.logs.read(log(1), Sequence::ZERO, 100).await.unwrap();
    let sequences: Vec<_> = page.entries.iter().map(|entry| entry.sequence).collect();
    assert!(
        appended.is_sorted() && appended.iter().all(|one| sequences.contains(one)),
        "{appended:?} in {sequences:?}"
    );
    assert!(!page.gap, "nothing is lost");
    assert!(moved > 0 && asked > 0, "both ways to be sent on were taken: MOVED {moved}, ASK {asked}");
}

/// The slots that hold something.
async fn busy_slots(cluster: &Cluster) -> Vec<u16> {
    let mut slots = Vec::new();
    for node in cluster.nodes() {
        let keys: Vec<Vec<u8>> = redis::from_redis_value(node.command("KEYS *").await).unwrap();
        for key in keys {
            slots.push(cluster.slot(&key).await);
        }
    }
    slots.sort_unstable();
    slots.dedup();
    slots.truncate(50);
    slots
}

/// How often any node sent somebody on: with MOVED, with ASK.
async fn errors(cluster: &Cluster) -> (u64, u64) {
    let mut sum = (0, 0);
    for node in cluster.nodes() {
        let errors = node.errors().await;
        sum.0 += errors.get("MOVED").unwrap_or(&0);
        sum.1 += errors.get("ASK").unwrap_or(&0);
    }
    sum
}
