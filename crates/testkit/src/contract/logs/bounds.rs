//! What a log keeps, and what its readers are told of the rest.

use std::time::Duration;

use outboard_store::{LogLimits, Sequence};

use super::{Fixture, HOUR, KEY, LIMITS, MILLI, MINUTE, too_large};

pub(super) async fn all<F: Future<Output = Fixture> + Send>(fresh: impl Fn() -> F + Send + Sync) {
    further_entries_push_out_the_oldest(fresh().await).await;
    further_bytes_push_out_the_oldest(fresh().await).await;
    an_entry_over_the_bound_is_refused_and_changes_nothing(fresh().await).await;
    an_entry_fills_the_bound_of_the_store_and_not_more(fresh().await).await;
    an_entry_goes_at_its_age(fresh().await).await;
    a_log_without_entries_knows_how_far_it_came(fresh().await).await;
    the_last_append_names_the_limits(fresh().await).await;
    the_newest_entry_always_stays(fresh().await).await;
    extreme_times_are_kept(fresh().await).await;
}

async fn further_entries_push_out_the_oldest(f: Fixture) {
    let limits = LogLimits { entries_max: 3, ..LIMITS };
    let first = f.append_within(KEY, &[0], limits).await;
    let at = |number: u64| Sequence::from_u64(first.as_u64() + number);
    for number in 1..5_u8 {
        let sequence = f.append_within(KEY, &[number], limits).await;
        assert_eq!(sequence, at(u64::from(number)), "what is lost counts on");
    }
    f.assert_holds(KEY, &[&[2], &[3], &[4]], "the newest three").await;
    let cases = [(Sequence::ZERO, 3, true), (at(0), 3, true), (at(1), 3, false), (at(2), 2, false), (at(4), 0, false)];
    for (after, entries, gap) in cases {
        let read = f.read(KEY, after).await;
        assert_eq!((read.entries.len(), read.gap), (entries, gap), "after {after:?}, where {first:?} was the first");
    }
}

async fn further_bytes_push_out_the_oldest(f: Fixture) {
    let limits = LogLimits { bytes_max: 10, ..LIMITS };
    for entry in [&b"aaaa"[..], b"bbb", b"ccc"] {
        f.append_within(KEY, entry, limits).await;
    }
    f.assert_holds(KEY, &[b"aaaa", b"bbb", b"ccc"], "exactly as many bytes as there may be").await;
    assert!(!f.read(KEY, Sequence::ZERO).await.gap, "nothing was pushed out");
    f.append_within(KEY, b"", limits).await;
    f.assert_holds(KEY, &[b"aaaa", b"bbb", b"ccc", b""], "nothing takes no bytes").await;
    f.append_within(KEY, b"d", limits).await;
    f.assert_holds(KEY, &[b"bbb", b"ccc", b"", b"d"], "one byte costs the oldest entry").await;
    f.append_within(KEY, b"eeeeeeeeee", limits).await;
    f.assert_holds(KEY, &[b"eeeeeeeeee"], "a full entry is alone").await;
    assert!(f.read(KEY, Sequence::ZERO).await.gap, "who starts now has lost the first");
}

async fn an_entry_over_the_bound_is_refused_and_changes_nothing(f: Fixture) {
    let limits = LogLimits { bytes_max: 10, ttl: MINUTE, ..LIMITS };
    assert_eq!(too_large(&f.logs.append(KEY, &[0; 11], limits).await), Some((11, 10)), "refused with its size");
    f.assert_absent(KEY, "after a refusal").await;
    f.append_within(KEY, b"x", limits).await;
    f.clock.advance(MINUTE / 2).await;
    assert_eq!(too_large(&f.logs.append(KEY, &[0; 11], limits).await), Some((11, 10)), "refused with its size");
    assert_eq!(too_large(&f.logs.append_if_present(KEY, &[0; 11], limits).await), Some((11, 10)), "in both ways");
    f.assert_holds(KEY, &[b"x"], "what was there before the refusals").await;
    f.clock.advance(MINUTE / 2).await;
    f.assert_absent(KEY, "refusals lengthen nothing: at the end").await;
}

async fn an_entry_fills_the_bound_of_the_store_and_not_more(f: Fixture) {
    let bytes_max = f.logs.entry_bytes_max();
    let limits = LogLimits { bytes_max: usize::MAX, ..LIMITS };
    let (full, over) = (vec![1; bytes_max], vec![2; bytes_max + 1]);
    let expected = Some((bytes_max + 1, bytes_max));
    assert_eq!(too_large(&f.logs.append(KEY, &over, limits).await), expected, "refused with its size");
    f.assert_absent(KEY, "after the refusal").await;
    f.append_within(KEY, &full, limits).await;
    f.assert_holds(KEY, &[&full], "the largest entry").await;
}

async fn an_entry_goes_at_its_age(f: Fixture) {
    let limits = LogLimits { age_max: MINUTE, ..LIMITS };
    let first = f.append_within(KEY, b"1", limits).await;
    f.clock.advance(MINUTE / 2).await;
    let second = f.append_within(KEY, b"2", limits).await;
    f.clock.advance(MINUTE / 2 - MILLI).await;
    f.assert_holds(KEY, &[b"1", b"2"], "a millisecond before the first is too old").await;
    f.clock.advance(MILLI).await;
    f.assert_holds(KEY, &[b"2"], "the first is too old").await;
    let cases = [(Sequence::ZERO, 1, true), (first, 1, false), (second, 0, false)];
    for (after, entries, gap) in cases {
        let read = f.read(KEY, after).await;
        assert_eq!((read.entries.len(), read.gap), (entries, gap), "after {after:?}");
    }
}

async fn a_log_without_entries_knows_how_far_it_came(f: Fixture) {
    let limits = LogLimits { age_max: MINUTE, ..LIMITS };
    let first = f.append_within(KEY, b"1", limits).await;
    let last = f.append_within(KEY, b"2", limits).await;
    f.clock.advance(HOUR - MILLI).await;
    for (after, gap) in [(Sequence::ZERO, true), (first, true), (last, false)] {
        let read = f.read(KEY, after).await;
        assert_eq!((read.entries.len(), read.gap, read.last), (0, gap, last), "after {after:?}");
        assert_eq!(read.position(), last, "a reader goes on from the end");
    }
    let next = f.logs.append_if_present(KEY, b"3", limits).await.expect(super::WORKS).expect("the log is there");
    assert_eq!(next.as_u64(), last.as_u64() + 1, "it goes on where it was");
    let read = f.read(KEY, last).await;
    assert_eq!((read.entries.len(), read.gap), (1, false), "who was at the end has lost nothing");
}

async fn the_last_append_names_the_limits(f: Fixture) {
    for number in 0..5_u8 {
        f.append(KEY, &[number; 2]).await;
    }
    f.append_within(KEY, &[5; 2], LogLimits { entries_max: 4, ..LIMITS }).await;
    f.assert_holds(KEY, &[&[2; 2], &[3; 2], &[4; 2], &[5; 2]], "the newest four").await;
    f.append_within(KEY, &[6; 2], LogLimits { bytes_max: 5, ..LIMITS }).await;
    f.assert_holds(KEY, &[&[5; 2], &[6; 2]], "what five bytes hold").await;
    f.append_within(KEY, &[7; 2], LogLimits { age_max: MINUTE, ttl: 2 * MINUTE, ..LIMITS }).await;
    f.clock.advance(MINUTE).await;
    assert_eq!(f.read(KEY, Sequence::ZERO).await.entries.len(), 0, "all entries have the last age");
    f.clock.advance(MINUTE).await;
    f.assert_absent(KEY, "after the last ttl").await;
}

async fn the_newest_entry_always_stays(f: Fixture) {
    let limits = LogLimits { entries_max: 0, bytes_max: 0, ..LIMITS };
    f.append_within(KEY, b"", limits).await;
    let last = f.append_within(KEY, b"", limits).await;
    let read = f.read(KEY, Sequence::ZERO).await;
    let sequences: Vec<_> = read.entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!((sequences, read.gap), (vec![last], true), "a log that keeps nothing keeps the newest");
}

async fn extreme_times_are_kept(f: Fixture) {
    for ttl in [Duration::ZERO, Duration::from_nanos(1), MILLI] {
        f.append_within(KEY, b"x", LogLimits { ttl, ..LIMITS }).await;
        f.assert_holds(KEY, &[b"x"], "the shortest life is a millisecond").await;
        f.clock.advance(MILLI).await;
        f.assert_absent(KEY, "after a millisecond").await;
        f.append_within(KEY, b"x", LogLimits { age_max: ttl, ..LIMITS }).await;
        f.assert_holds(KEY, &[b"x"], "the shortest age is a millisecond").await;
        f.clock.advance(MILLI).await;
        assert_eq!(f.read(KEY, Sequence::ZERO).await.entries.len(), 0, "it is too old after a millisecond");
        assert!(f.delete(KEY).await, "the log is there without entries");
    }
    f.append_within(KEY, b"x", LogLimits { age_max: Duration::MAX, ttl: Duration::MAX, ..LIMITS }).await;
    f.clock.advance(Duration::from_secs(100 * 365 * 24 * 60 * 60)).await;
    f.assert_holds(KEY, &[b"x"], "for good").await;
}
