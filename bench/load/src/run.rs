//! One run: all connections at once for a while, then the numbers.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    expect::Expected,
    wire::{Connection, ID_DIGITS, Request, Target, Token, message},
};

/// The smallest id; each connection counts within a range of its own above it.
const FIRST_ID: u64 = 1_000_000_000;

/// How many ids a connection has before it begins again.
const IDS_PER_CONNECTION: u64 = 1_000_000;

/// How long after the end of the run the last answers may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The numbers of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    connections: u32,
    /// Answers that were right.
    requests: u64,
    /// Answers that were wrong, and connections that broke.
    errors: u64,
    first_error: Option<String>,
    /// Right answers per second.
    rps: f64,
    p50_us: u32,
    p99_us: u32,
    max_us: u32,
    /// The answer that was expected, with `ID` in place of the id.
    template: String,
}

/// What one connection saw.
#[derive(Debug, Default)]
struct Seen {
    /// One per right answer, in microseconds.
    latencies: Vec<u32>,
    errors: u64,
    first_error: Option<String>,
}

/// Runs the load for as long as `limit`, and a little more for the last answers. What is right is learnt from the first
/// target; the connections go to all of them in turn.
pub(crate) async fn load(
    targets: &[Target],
    token: Option<&Token>,
    connections: u32,
    limit: Duration,
) -> Result<Report> {
    let learnt = async {
        let target = targets.first().context("there is no target")?;
        let mut connection = Connection::open(target).await?;
        let answer = connection.call(&Request::new(target, token, FIRST_ID)).await?;
        Expected::learn(answer, FIRST_ID, &message(FIRST_ID))
    };
    let expected = Arc::new(timeout(PATIENCE, learnt).await.context("the first answer did not come")??);
    let mut open = Vec::new();
    for (_, target) in (0..connections).zip(targets.iter().cycle()) {
        open.push((Connection::open(target).await?, target));
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for ((connection, target), first_id) in open.into_iter().zip((FIRST_ID..).step_by(IDS_PER_CONNECTION as usize)) {
        let request = Request::new(target, token, first_id);
        tasks.spawn(drive(connection, request, Arc::clone(&expected), first_id, start + limit));
    }
    let all = timeout(limit + PATIENCE, tasks.join_all()).await.context("the last answers did not come")?;
    Ok(report(connections, all, start.elapsed(), &expected))
}

/// Sends one request after the other until the end.
async fn drive(
    mut connection: Connection,
    mut request: Request,
    expected: Arc<Expected>,
    first_id: u64,
    end: Instant,
) -> Seen {
    let mut seen = Seen::default();
    for count in (0..IDS_PER_CONNECTION).cycle() {
        let id = digits(first_id + count);
        request.set_id(&id);
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        match connection.call(&request).await {
            Ok(answer) if expected.matches(answer, &id) => {
                seen.latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Ok(answer) => seen.fail(format!("not the expected answer: {}", String::from_utf8_lossy(answer))),
            Err(error) => {
                seen.fail(format!("{error:#}"));
                break;
            }
        }
    }
    seen
}

impl Seen {
    fn fail(&mut self, reason: String) {
        self.errors += 1;
        self.first_error.get_or_insert(reason);
    }
}

/// The decimal digits of an id.
fn digits(id: u64) -> [u8; ID_DIGITS] {
    let mut digits = [b'0'; ID_DIGITS];
    let mut rest = id;
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

fn report(connections: u32, all: Vec<Seen>, took: Duration, expected: &Expected) -> Report {
    let errors = all.iter().map(|seen| seen.errors).sum();
    let first_error = all.iter().find_map(|seen| seen.first_error.clone());
    let mut latencies: Vec<u32> = all.into_iter().flat_map(|seen| seen.latencies).collect();
    latencies.sort_unstable();
    let requests = latencies.len() as u64;
    Report {
        connections,
        requests,
        errors,
        first_error,
        rps: requests as f64 / took.as_secs_f64(),
        p50_us: percentile(&latencies, 50),
        p99_us: percentile(&latencies, 99),
        max_us: percentile(&latencies, 100),
        template: expected.template(),
    }
}

/// The smallest value that this share of the sorted values does not exceed; 0 if there are none.
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn percentile_is_the_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).collect();
        let cases: [(&[u32], usize, u32); 6] = [
            (&hundred, 50, 50),
            (&hundred, 99, 99),
            (&hundred, 100, 100),
            (&[7], 50, 7),
            (&[1, 9], 99, 9),
            (&[], 99, 0),
        ];
        for (sorted, percent, expected) in cases {
            assert_eq!(percentile(sorted, percent), expected, "{percent} of {}", sorted.len());
        }
    }

    #[test]
    fn digits_are_decimal_and_of_fixed_length() {
        assert_eq!(&digits(1_000_000_042), b"1000000042");
    }

    /// A server that answers every request with what `answer` makes of its id, and the address of it.
    async fn serving(answer: fn(usize, &str) -> String) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let mut connections = JoinSet::new();
        let accept = async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                connections.spawn(async move {
                    let mut buffer = vec![0; 4096];
                    for count in 0.. {
                        let read = stream.read(&mut buffer).await.unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
                        let id = request.split("\"id\":").nth(1).unwrap().split(',').next().unwrap();
                        let body = answer(count, id);
                        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                        stream.write_all((head + &body).as_bytes()).await.unwrap_or_default();
                    }
                });
            }
        };
        #[expect(clippy::disallowed_methods, reason = "the fake server ends with the runtime of its test")]
        tokio::spawn(accept);
        url.parse().unwrap()
    }

    fn right(_: usize, id: &str) -> String {
        let text = message(id.parse().unwrap());
        format!(r#"{{"id":{id},"result":{{"resultType":"complete","content":[{{"type":"text","text":"{text}"}}]}}}}"#)
    }

    fn wrong_after_three(count: usize, id: &str) -> String {
        let answer = right(count, id);
        if count >= 3 { answer.replace("ordinary", "0rdinary") } else { answer }
    }

    #[tokio::test]
    async fn right_answers_are_counted() {
        let target = serving(right).await;
        let report = load(&[target], None, 3, Duration::from_millis(50)).await.unwrap();
        assert_eq!((report.errors, report.first_error), (0, None));
        assert!(report.requests > 3 && report.rps > 0.0 && report.p50_us <= report.p99_us);
    }

    #[tokio::test]
    async fn target_that_answers_other_bytes_than_the_first_is_an_error() {
        let good = [serving(right).await, serving(right).await];
        let report = load(&good, None, 4, Duration::from_millis(50)).await.unwrap();
        assert_eq!((report.errors, report.first_error), (0, None));
        let [first, _] = good;
        let other = serving(|_, id| right(0, id).replace("complete", "Complete")).await;
        let report = load(&[first, other], None, 2, Duration::from_millis(50)).await.unwrap();
        assert!(report.requests > 0 && report.errors > 0);
    }

    #[tokio::test]
    async fn wrong_answers_are_errors() {
        let target = serving(wrong_after_three).await;
        let report = load(&[target], None, 2, Duration::from_millis(50)).await.unwrap();
        assert_eq!(report.requests, 6);
        assert!(report.errors > 0);
        assert!(report.first_error.unwrap().contains("0rdinary"));
    }
}
