//! A redis-server for the time of the benchmark, and how many commands its clients have sent.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::{clock::Started, packages};

/// How long it may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What keeps connections in order, or is ours: none of it belongs to a call. Subcommands stand behind a `|`.
const KEEPING: [&str; 13] = [
    "acl", "auth", "client", "command", "config", "echo", "hello", "info", "monitor", "ping", "script", "select",
    "role",
];

/// What tells who waits for what: it goes another way than the calls' trips.
const WAKING: [&str; 3] = ["publish", "subscribe", "unsubscribe"];

/// A running server. It is killed when dropped: nothing in it is wanted.
#[derive(Debug)]
pub(super) struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    /// Starts one that keeps nothing on disk; `command` starts the program, its words go to a log in `place`.
    pub(super) fn start(mut command: Command, place: &Path) -> Result<Self> {
        packages::ensure(&[packages::REDIS])?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(place.join("redis.log")).context("cannot write the log of Redis")?;
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        let child = command.current_dir(place).stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn();
        // From here on the guard owns the process, whatever happens next.
        let redis = Self { child: child.context("cannot start redis-server")?, port };
        let started = Started::now();
        while redis.connect().and_then(|mut connection| connection.ask("PING")).is_err() {
            if started.elapsed() > PATIENCE {
                bail!("redis-server did not answer within {PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }

    /// Where clients find it.
    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection(BufReader::new(stream)))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // One that has ended already is fine.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// Counts trips: commands that clients send. `commandstats` also has those that scripts call; a script is one trip, so
/// they are taken off, told apart by what `MONITOR` says of them.
#[derive(Debug)]
pub(super) struct TripCounter {
    connection: Connection,
    by_scripts: Arc<AtomicU64>,
    markers: mpsc::Receiver<u64>,
    asked: u64,
}

impl TripCounter {
    /// Begins to watch.
    pub(super) fn watch(redis: &Redis) -> Result<Self> {
        let mut monitor = redis.connect()?;
        monitor.ask("MONITOR")?;
        monitor.0.get_ref().set_read_timeout(None)?;
        let (seen, markers) = mpsc::channel();
        let by_scripts = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&by_scripts);
        // It ends with the server's connection.
        thread::spawn(move || {
            for line in monitor.0.lines().map_while(Result::ok) {
                match Monitored::parse(&line) {
                    Some(Monitored::ByScript(command)) if is_trip(&command) => {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    Some(Monitored::Marker(number)) => seen.send(number).unwrap_or_default(),
                    Some(Monitored::ByScript(_)) | None => {}
                }
            }
        });
        Ok(Self { connection: redis.connect()?, by_scripts, markers, asked: 0 })
    }

    /// How many trips there were since the server's start.
    pub(super) fn trips(&mut self) -> Result<u64> {
        let stats = self.connection.ask("INFO commandstats")?;
        // What was monitored before the marker has been counted when the marker is there.
        self.asked += 1;
        self.connection.ask(&format!("ECHO trips-{}", self.asked))?;
        while self.markers.recv_timeout(PATIENCE).context("MONITOR has gone silent")? != self.asked {}
        let all: u64 = calls(&stats).iter().filter(|(command, _)| is_trip(command)).map(|(_, calls)| calls).sum();
        Ok(all.saturating_sub(self.by_scripts.load(Ordering::SeqCst)))
    }
}

/// A connection that takes commands without spaces in their words.
#[derive(Debug)]
struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Sends a command and returns its answer, a text.
    fn ask(&mut self, command: &str) -> Result<String> {
        write!(self.0.get_mut(), "{command}\r\n")?;
        let mut head = String::new();
        self.0.read_line(&mut head)?;
        let Some(length) = head.strip_prefix('$') else {
            let answer = head.strip_prefix('+').with_context(|| format!("Redis answers {command} by {head:?}"))?;
            return Ok(answer.trim_end().to_owned());
        };
        let length: usize = length.trim_end().parse().context("Redis gives no length")?;
        let mut body = vec![0; length + "\r\n".len()];
        self.0.read_exact(&mut body)?;
        body.truncate(length);
        String::from_utf8(body).context("Redis answers by what is no text")
    }
}

/// A line of `MONITOR` that counts: `TIME [DATABASE ADDRESS] "command" "argument" …`.
#[derive(Debug, PartialEq, Eq)]
enum Monitored {
    /// A script called this.
    ByScript(String),
    /// We sent this.
    Marker(u64),
}

impl Monitored {
    fn parse(line: &str) -> Option<Self> {
        let (head, words) = line.split_once("] ")?;
        let mut words = words.split('"').skip(1).step_by(2);
        let command = words.next()?.to_ascii_lowercase();
        if head.ends_with(" lua") {
            return Some(Self::ByScript(command));
        }
        let marker = words.next().filter(|_| command == "echo")?.strip_prefix("trips-")?;
        marker.parse().ok().map(Self::Marker)
    }
}

/// The calls of each command.
fn calls(stats: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (command, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((command.to_ascii_lowercase(), rest.split(',').next()?.parse().ok()?))
    };
    stats.lines().filter_map(line).collect()
}

fn is_trip(command: &str) -> bool {
    let command = command.split('|').next().unwrap_or_default();
    !KEEPING.contains(&command) && !WAKING.contains(&command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_is_one_trip_and_what_it_calls_is_none() {
        let folder = std::env::temp_dir().join(format!("xtask-{}-redis", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let redis = Redis::start(Command::new("redis-server"), &folder).unwrap();
        let mut counter = TripCounter::watch(&redis).unwrap();
        let mut client = redis.connect().unwrap();
        let before = counter.trips().unwrap();
        assert_eq!(counter.trips().unwrap(), before);
        client.ask("SET key value").unwrap();
        client.ask("PING").unwrap();
        assert_eq!(client.ask("GET key").unwrap(), "value");
        assert_eq!(counter.trips().unwrap(), before + 2);
        let script = "redis.call('GET','key')redis.call('SET','key','2')return(redis.call('TYPE','key'))";
        for _ in 0..50 {
            assert_eq!(client.ask(&format!("EVAL {} 0", quoted(script))).unwrap(), "string");
        }
        assert_eq!(counter.trips().unwrap(), before + 52);
        drop(redis);
        std::fs::remove_dir_all(folder).unwrap();
    }

    fn quoted(script: &str) -> String {
        format!("\"{script}\"")
    }

    #[test]
    fn line_of_monitor_tells_who_called() {
        let by_script = |command: &str| Some(Monitored::ByScript(command.to_owned()));
        let cases = [
            (r#"1700000000.123456 [0 lua] "HGET" "a] \" lua]" "v""#, by_script("hget")),
            (r#"1700000000.123456 [0 127.0.0.1:4711] "hget" "a" "v""#, None),
            (r#"1700000000.123456 [0 127.0.0.1:4711] "ECHO" "trips-17""#, Some(Monitored::Marker(17))),
            (r#"1700000000.123456 [0 127.0.0.1:4711] "GET" "trips-17""#, None),
            ("OK", None),
        ];
        for (line, expected) in cases {
            assert_eq!(Monitored::parse(line), expected, "{line}");
        }
    }

    #[test]
    fn what_keeps_connections_is_no_trip() {
        let stats = "# Commandstats\r\ncmdstat_get:calls=12,usec=3,usec_per_call=0.1\r\n\
                     cmdstat_client|setinfo:calls=2,usec=3\r\ncmdstat_evalsha:calls=5,usec=1\r\ncmdstat_ping:calls=9,usec=1\r\n";
        let trips: Vec<_> = calls(stats).into_iter().filter(|(command, _)| is_trip(command)).collect();
        assert_eq!(trips, [("evalsha".to_owned(), 5), ("get".to_owned(), 12)]);
    }
}
