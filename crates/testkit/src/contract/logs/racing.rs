//! Many that append and read at once.

use std::sync::Arc;

use outboard_store::{LogLimits, Sequence};
use tokio::{sync::Barrier, task::JoinSet};

use super::{Fixture, KEY, LIMITS, WORKS};

pub(super) async fn all<F: Future<Output = Fixture> + Send>(fresh: impl Fn() -> F + Send + Sync) {
    racing_appends_come_one_after_the_other(fresh().await).await;
    readers_see_no_hole_while_others_append(fresh().await).await;
    a_reader_that_falls_behind_is_told(fresh().await).await;
}

async fn racing_appends_come_one_after_the_other(f: Fixture) {
    let mut sequences = Vec::new();
    for (number, own) in f.race(LIMITS).join_all().await {
        assert!(own.is_sorted(), "the appends of one keep their order");
        sequences.extend(own.into_iter().map(|sequence| (sequence, vec![number])));
    }
    sequences.sort_unstable();
    let consecutive = sequences.is_sorted_by(|(one, _), (other, _)| one.as_u64() + 1 == other.as_u64());
    assert!(consecutive, "each has a sequence of its own, without a hole: {sequences:?}");
    let read = f.read(KEY, Sequence::ZERO).await;
    let found: Vec<_> = read.entries.iter().map(|entry| (entry.sequence, entry.bytes.to_vec())).collect();
    assert_eq!(found, sequences, "each entry is where its append was told it is");
}

async fn readers_see_no_hole_while_others_append(f: Fixture) {
    let mut racers = f.race(LIMITS);
    let mut seen: Vec<u64> = Vec::new();
    let mut position = Sequence::ZERO;
    while seen.len() < RACERS * APPENDS {
        let page = f.logs.read(KEY, position, 7).await.expect(WORKS);
        assert!(!page.gap, "everything is within the bounds");
        position = page.position();
        seen.extend(page.entries.iter().map(|entry| entry.sequence.as_u64()));
        tokio::task::yield_now().await;
    }
    assert!(seen.is_sorted_by(|one, other| one + 1 == *other), "no hole: {seen:?}");
    while racers.join_next().await.is_some() {}
    assert!(f.read(KEY, position).await.entries.is_empty(), "nothing was seen twice or is left");
}

async fn a_reader_that_falls_behind_is_told(f: Fixture) {
    let mut racers = f.race(LogLimits { entries_max: 3, ..LIMITS });
    let mut position = Sequence::ZERO;
    while !racers.is_empty() {
        racers.try_join_next();
        let page = f.read(KEY, position).await;
        if let Some(first) = page.entries.first()
            && position != Sequence::ZERO
        {
            let lost = first.sequence.as_u64() != position.as_u64() + 1;
            assert_eq!(page.gap, lost, "a hole is told, and nothing else is: {position:?}, then {page:?}");
        }
        position = page.position();
        tokio::task::yield_now().await;
    }
}

impl Fixture {
    /// Several append at once, each its number; they return it with the sequences that they were told.
    fn race(&self, limits: LogLimits) -> JoinSet<(u8, Vec<Sequence>)> {
        let start = Arc::new(Barrier::new(RACERS));
        let mut racers = JoinSet::new();
        for number in 0..RACERS as u8 {
            let (logs, start) = (Arc::clone(&self.logs), Arc::clone(&start));
            racers.spawn(async move {
                start.wait().await;
                let mut own = Vec::new();
                for _ in 0..APPENDS {
                    own.push(logs.append(KEY, &[number], limits).await.expect(WORKS));
                }
                (number, own)
            });
        }
        racers
    }
}

const RACERS: usize = 8;
const APPENDS: usize = 100;
