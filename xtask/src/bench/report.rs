//! From measurements to a verdict: medians over the rounds, ratios to the limit, and the target.

use anyhow::{Result, ensure};

use super::CONNECTIONS;
use crate::{say::say, table};

/// At this many connections the target is judged: enough to keep the server busy, few enough not to queue.
const JUDGED_AT: u32 = 32;

/// How much more processor time per request than the bare server we may use there.
const RATIO_MAX: f64 = 1.4;

/// How much more we may use where a token comes with each request, than where none is asked for.
const TOKEN_RATIO_MAX: f64 = 1.15;

/// How much more we may use with Redis configured, than without.
const REDIS_RATIO_MAX: f64 = 1.05;

/// How much more several replicas may use for a call, all together, than one.
const REPLICAS_RATIO_MAX: f64 = 1.05;

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

/// All servers, one right after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    pub(super) limit: Point,
    pub(super) ours: Point,
    /// Ours, where a token comes with each request.
    pub(super) with_token: Point,
    /// Ours, with its store on Redis.
    pub(super) with_redis: Point,
    /// Several of those.
    pub(super) replicas: Point,
}

/// All turns, with the number of connections that they were measured at.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<(u32, Turn)>);

impl Turns {
    /// Adds one turn.
    pub(super) fn add(&mut self, connections: u32, turn: Turn) {
        self.0.push((connections, turn));
    }

    /// The medians of all servers and their ratios, as a Markdown table.
    pub(super) fn table(&self) -> String {
        let mut rows = Vec::new();
        for connections in CONNECTIONS {
            rows.push(row(connections, "limit", self.medians(connections, |turn| turn.limit), String::new()));
            let ratio = format!("{:.2} × limit", self.ratio(connections));
            rows.push(row(connections, "ours", self.medians(connections, |turn| turn.ours), ratio));
            let ratio = format!("{:.2} × ours", self.token_ratio(connections));
            rows.push(row(connections, "with token", self.medians(connections, |turn| turn.with_token), ratio));
            let ratio = format!("{:.2} × ours", self.redis_ratio(connections));
            rows.push(row(connections, "with Redis", self.medians(connections, |turn| turn.with_redis), ratio));
            let ratio = format!("{:.2} × one of them", self.replicas_ratio(connections));
            rows.push(row(connections, "3 replicas", self.medians(connections, |turn| turn.replicas), ratio));
        }
        table::markdown(["c", "server", "CPU µs/req", "req/s", "p50 µs", "p99 µs", "CPU"], &rows)
    }

    /// Says whether the targets hold, and fails if one does not.
    pub(super) fn judge(&self) -> Result<()> {
        let targets = [
            (self.ratio(JUDGED_AT), RATIO_MAX, "the limit's CPU per request"),
            (self.token_ratio(JUDGED_AT), TOKEN_RATIO_MAX, "our CPU per request without a token"),
            (self.redis_ratio(JUDGED_AT), REDIS_RATIO_MAX, "our CPU per request without Redis"),
            (self.replicas_ratio(JUDGED_AT), REPLICAS_RATIO_MAX, "the CPU per request of one replica"),
        ];
        let mut missed = Vec::new();
        for (ratio, ratio_max, what) in targets {
            let holds = ratio <= ratio_max;
            let target = format!("at most {ratio_max} × {what} at {JUDGED_AT} connections; measured {ratio:.2}");
            say!("The target {}: {target}.", if holds { "holds" } else { "is missed" });
            if !holds {
                missed.push(target);
            }
        }
        ensure!(missed.is_empty(), "a target is missed: {}", missed.join(" and "));
        Ok(())
    }

    /// The median of what the turns say: within a turn, all had the same weather.
    fn ratio(&self, connections: u32) -> f64 {
        self.median(connections, |turn| turn.ours.cpu_us / turn.limit.cpu_us)
    }

    /// The same of what a token costs.
    fn token_ratio(&self, connections: u32) -> f64 {
        self.median(connections, |turn| turn.with_token.cpu_us / turn.ours.cpu_us)
    }

    /// The same of what Redis costs.
    fn redis_ratio(&self, connections: u32) -> f64 {
        self.median(connections, |turn| turn.with_redis.cpu_us / turn.ours.cpu_us)
    }

    /// The same of what further replicas cost.
    fn replicas_ratio(&self, connections: u32) -> f64 {
        self.median(connections, |turn| turn.replicas.cpu_us / turn.with_redis.cpu_us)
    }

    /// The median of each number of one server.
    fn medians(&self, connections: u32, server: fn(&Turn) -> Point) -> Point {
        let of = |number: fn(Point) -> f64| self.median(connections, |turn| number(server(turn)));
        Point {
            cpu_us: of(|point| point.cpu_us),
            rps: of(|point| point.rps),
            p50_us: of(|point| point.p50_us),
            p99_us: of(|point| point.p99_us),
        }
    }

    fn median(&self, connections: u32, number: impl Fn(&Turn) -> f64) -> f64 {
        median(self.0.iter().filter(|(at, _)| *at == connections).map(|(_, turn)| number(turn)).collect())
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

    /// At 1 and 256 connections all servers cost the same; at 32 the limit, ours, with a token, with Redis and replicas
    /// cost what is given.
    fn turns(at_32: &[[f64; 5]]) -> Turns {
        let point = |cpu_us: f64| Point { cpu_us, rps: 1000.4, p50_us: 30.0, p99_us: 99.0 };
        let turn = |[limit, ours, with_token, with_redis, replicas]: [f64; 5]| Turn {
            limit: point(limit),
            ours: point(ours),
            with_token: point(with_token),
            with_redis: point(with_redis),
            replicas: point(replicas),
        };
        let mut turns = Turns::default();
        for at_32 in at_32 {
            turns.add(1, turn([1.0; 5]));
            turns.add(32, turn(*at_32));
            turns.add(256, turn([1.0; 5]));
        }
        turns
    }

    #[test]
    fn median_is_the_middle_or_between_the_middles() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn targets_are_judged_by_the_medians_of_the_ratios() {
        turns(&[[10.0, 13.0, 14.0, 13.0, 13.0], [30.0, 42.0, 45.0, 42.0, 43.0], [10.0, 90.0, 100.0, 99.0, 120.0]])
            .judge()
            .unwrap();
        let cases: [(&[[f64; 5]], &str); 4] = [
            (&[[10.0, 13.0, 13.0, 13.0, 13.0], [30.0, 45.0, 45.0, 45.0, 45.0], [10.0, 20.0, 20.0, 20.0, 20.0]], "1.50"),
            (&[[10.0, 10.0, 12.0, 10.0, 10.0]], "without a token at 32 connections; measured 1.20"),
            (&[[10.0, 10.0, 10.0, 11.0, 11.0]], "without Redis at 32 connections; measured 1.10"),
            (&[[10.0, 10.0, 10.0, 10.0, 11.0]], "of one replica at 32 connections; measured 1.10"),
        ];
        for (measured, expected) in cases {
            let error = turns(measured).judge().unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
        assert!(turns(&[]).judge().is_err());
    }

    #[test]
    fn table_has_all_servers_at_each_number_of_connections() {
        let table = turns(&[[10.0, 12.0, 15.0, 12.0, 12.0]]).table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "| c   | server     | CPU µs/req | req/s | p50 µs | p99 µs | CPU                |");
        assert_eq!(lines[7], "| 32  | limit      | 10.0       | 1000  | 30     | 99     |                    |");
        assert_eq!(lines[8], "| 32  | ours       | 12.0       | 1000  | 30     | 99     | 1.20 × limit       |");
        assert_eq!(lines[9], "| 32  | with token | 15.0       | 1000  | 30     | 99     | 1.25 × ours        |");
        assert_eq!(lines[10], "| 32  | with Redis | 12.0       | 1000  | 30     | 99     | 1.00 × ours        |");
        assert_eq!(lines[11], "| 32  | 3 replicas | 12.0       | 1000  | 30     | 99     | 1.00 × one of them |");
        assert_eq!(lines.len(), 17);
    }
}
