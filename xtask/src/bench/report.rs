//! From measurements to a verdict: medians over the rounds, ratios to the limit, and the target.

use anyhow::{Result, ensure};

use super::CONNECTIONS;
use crate::{say::say, table};

/// At this many connections the target is judged: enough to keep the server busy, few enough not to queue.
const JUDGED_AT: u32 = 32;

/// How much more processor time per request than the bare server we may use there.
const RATIO_MAX: f64 = 1.4;

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// The server's processor time per request, in microseconds.
    pub(super) cpu_us: f64,
    /// Requests per second.
    pub(super) rps: f64,
    /// Latencies in microseconds.
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// Both servers, one right after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) limit: Point,
    pub(super) ours: Point,
}

/// All pairs, with the number of connections that they were measured at.
#[derive(Debug, Default)]
pub(super) struct Pairs(Vec<(u32, Pair)>);

impl Pairs {
    /// Adds one pair.
    pub(super) fn add(&mut self, connections: u32, pair: Pair) {
        self.0.push((connections, pair));
    }

    /// The medians of both servers and their ratios, as a Markdown table.
    pub(super) fn table(&self) -> String {
        let mut rows = Vec::new();
        for connections in CONNECTIONS {
            rows.push(row(connections, "limit", self.medians(connections, |pair| pair.limit), String::new()));
            let ratio = format!("{:.2}", self.ratio(connections));
            rows.push(row(connections, "ours", self.medians(connections, |pair| pair.ours), ratio));
        }
        table::markdown(["c", "server", "CPU µs/req", "req/s", "p50 µs", "p99 µs", "CPU ours/limit"], &rows)
    }

    /// Says whether the target holds, and fails if it does not.
    pub(super) fn judge(&self) -> Result<()> {
        let ratio = self.ratio(JUDGED_AT);
        let target = format!("at most {RATIO_MAX} × the limit's CPU per request at {JUDGED_AT} connections");
        ensure!(ratio <= RATIO_MAX, "the target is missed: {target}; measured {ratio:.2}");
        say!("The target holds: {target}; measured {ratio:.2}.");
        Ok(())
    }

    /// The median of what the pairs say: within a pair, both had the same weather.
    fn ratio(&self, connections: u32) -> f64 {
        self.median(connections, |pair| pair.ours.cpu_us / pair.limit.cpu_us)
    }

    /// The median of each number of one server.
    fn medians(&self, connections: u32, server: fn(&Pair) -> Point) -> Point {
        let of = |number: fn(Point) -> f64| self.median(connections, |pair| number(server(pair)));
        Point {
            cpu_us: of(|point| point.cpu_us),
            rps: of(|point| point.rps),
            p50_us: of(|point| point.p50_us),
            p99_us: of(|point| point.p99_us),
        }
    }

    fn median(&self, connections: u32, number: impl Fn(&Pair) -> f64) -> f64 {
        median(self.0.iter().filter(|(at, _)| *at == connections).map(|(_, pair)| number(pair)).collect())
    }
}

fn row(connections: u32, server: &str, point: Point, ratio: String) -> [String; 7] {
    let Point { cpu_us, rps, p50_us, p99_us } = point;
    [
        connections.to_string(),
        server.to_owned(),
        format!("{cpu_us:.1}"),
        format!("{rps:.0}"),
        format!("{p50_us:.0}"),
        format!("{p99_us:.0}"),
        ratio,
    ]
}

/// The middle of the values, or between the two middle ones; not a number if there are none, which no target accepts.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.wrapping_sub(1)), at(middle)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 1 and 256 connections both servers cost the same.
    fn pairs(at_32: &[(f64, f64)]) -> Pairs {
        let point = |cpu_us: f64| Point { cpu_us, rps: 1000.4, p50_us: 30.0, p99_us: 99.0 };
        let mut pairs = Pairs::default();
        for (limit, ours) in at_32 {
            pairs.add(1, Pair { limit: point(1.0), ours: point(1.0) });
            pairs.add(32, Pair { limit: point(*limit), ours: point(*ours) });
            pairs.add(256, Pair { limit: point(1.0), ours: point(1.0) });
        }
        pairs
    }

    #[test]
    fn median_is_the_middle_or_between_the_middles() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn target_is_judged_by_the_median_of_the_ratios() {
        pairs(&[(10.0, 13.0), (30.0, 42.0), (10.0, 90.0)]).judge().unwrap();
        let error = pairs(&[(10.0, 13.0), (30.0, 45.0), (10.0, 20.0)]).judge().unwrap_err().to_string();
        assert!(error.ends_with("measured 1.50"), "{error}");
        assert!(pairs(&[]).judge().is_err());
    }

    #[test]
    fn table_has_both_servers_at_each_number_of_connections() {
        let table = pairs(&[(10.0, 12.0)]).table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "| c   | server | CPU µs/req | req/s | p50 µs | p99 µs | CPU ours/limit |");
        assert_eq!(lines[4], "| 32  | limit  | 10.0       | 1000  | 30     | 99     |                |");
        assert_eq!(lines[5], "| 32  | ours   | 12.0       | 1000  | 30     | 99     | 1.20           |");
        assert_eq!(lines.len(), 8);
    }
}
