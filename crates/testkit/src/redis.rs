//! Real Redis for tests: a single server, a master that Sentinels watch, a Cluster, each with the faults that a test needs.
//!
//! Every server is a child process on a free loopback port with a folder of its own, and ends with the value that
//! stands for it, or with the test. Nothing is kept on disk: a server that is started again is empty.
//!
//! What has to be installed (Debian's names): `redis-server redis-sentinel redis-tools faketime openssl util-linux`.

mod ask;
mod cluster;
mod process;
mod sentinel;
mod time;
mod tls;
mod watch;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use self::{ask::until, cluster::Cluster, sentinel::Sentinel, time::FrozenTime, tls::Certificates, watch::Watch};

use self::{ask::send, process::Process};

/// How a server differs from one that merely listens on loopback.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Lines of its configuration, such as `maxmemory 3mb`.
    pub lines: Vec<String>,
    /// The time that it goes by; `None`: the machine's.
    pub time: Option<Arc<FrozenTime>>,
    /// What it shows on a second port, [`Redis::tls_port`]; `None`: there is none.
    pub tls: Option<Arc<Certificates>>,
}

/// A server.
///
/// ```
/// use outboard_testkit::redis::Redis;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let redis = Redis::start().await;
/// assert_eq!(redis.text("PING").await, "PONG");
/// redis.command("SET colour blue").await;
/// assert_eq!(redis.calls().await["set"], 1);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Redis {
    process: Process,
    settings: Settings,
    port: u16,
    tls_port: Option<u16>,
}

impl Redis {
    /// Starts a server as it comes, and waits until it takes commands.
    ///
    /// # Panics
    ///
    /// When it does not start, saying what has to be installed; also below.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left. So it is with all of this module.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts a server that differs.
    ///
    /// # Panics
    ///
    /// When it does not start.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn start_with(settings: Settings) -> Self {
        for _ in 0..ATTEMPTS {
            let port = process::free_port();
            let tls_port = settings.tls.as_ref().map(|_| process::free_port());
            if let Some(process) = launch(port, tls_port, &settings).await {
                return Self { process, settings, port, tls_port };
            }
        }
        process::fail("redis-server does not start on any port")
    }

    /// Where it listens, on `127.0.0.1`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens for TLS, on `127.0.0.1`.
    ///
    /// # Panics
    ///
    /// When it has no certificates.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.tls_port.expect("the server was started with certificates")
    }

    /// Sends it a command, its words parted by spaces, and returns the answer.
    ///
    /// # Panics
    ///
    /// When it answers with an error, or not within [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have been done or not.
    pub async fn command(&self, words: &str) -> redis::Value {
        self.try_command(words).await.expect("the server does what it is told")
    }

    /// The same, with its errors.
    ///
    /// # Errors
    ///
    /// What the server says, and that it cannot be reached.
    ///
    /// # Panics
    ///
    /// When it does not answer within [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have been done or not.
    pub async fn try_command(&self, words: &str) -> redis::RedisResult<redis::Value> {
        let words: Vec<_> = words.split(' ').map(str::as_bytes).collect();
        self.send(&words).await
    }

    /// Sends it a command of any bytes.
    ///
    /// # Errors
    ///
    /// What the server says, and that it cannot be reached.
    ///
    /// # Panics
    ///
    /// When it does not answer within [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have been done or not.
    pub async fn send(&self, words: &[&[u8]]) -> redis::RedisResult<redis::Value> {
        send(self.port, words).await
    }

    /// The answer to a command, as text.
    ///
    /// # Panics
    ///
    /// As [`command`](Self::command), and when it is no text.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have been done or not.
    pub async fn text(&self, words: &str) -> String {
        redis::from_redis_value(self.command(words).await).expect("the answer is text")
    }

    /// How often each command was called since the start or `CONFIG RESETSTAT`, also by scripts: `set`, `client|list`.
    ///
    /// # Panics
    ///
    /// As [`command`](Self::command).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed.
    pub async fn calls(&self) -> BTreeMap<String, u64> {
        self.statistics("INFO commandstats", "cmdstat_", "calls=").await
    }

    /// How often each kind of error was answered since then: `MOVED`, `WRONGTYPE`.
    ///
    /// # Panics
    ///
    /// As [`command`](Self::command).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed.
    pub async fn errors(&self) -> BTreeMap<String, u64> {
        self.statistics("INFO errorstats", "errorstat_", "count=").await
    }

    /// Whether it is a replica; not while it does not answer, such as when a Sentinel makes it one.
    ///
    /// # Panics
    ///
    /// When it does not answer within [`PATIENCE`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed.
    pub async fn is_replica(&self) -> bool {
        let info = self.try_command("INFO replication").await;
        info.and_then(|info| Ok(redis::from_redis_value::<String>(info)?)).is_ok_and(|info| info.contains("role:slave"))
    }

    /// Stops it in its tracks, as SIGSTOP does: the machine goes on to take connections and bytes for it.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Ends it at once and waits until it is gone: its port refuses.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends it, where it runs, and starts it on the same port, empty.
    ///
    /// # Panics
    ///
    /// When it does not start.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it does not run.
    pub async fn restart(&mut self) {
        self.kill();
        let process = launch(self.port, self.tls_port, &self.settings).await;
        self.process = process.unwrap_or_else(|| process::fail("redis-server does not start on its former port"));
    }

    /// The log that it has written so far, since it was started last.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.process.log()
    }

    async fn statistics(&self, command: &str, prefix: &str, number: &str) -> BTreeMap<String, u64> {
        let info = self.text(command).await;
        let entries = info.lines().filter_map(|line| line.strip_prefix(prefix)?.split_once(':'));
        let numbers = entries.filter_map(|(name, values)| {
            let value = values.split(',').find_map(|value| value.strip_prefix(number))?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        numbers.collect()
    }
}

/// Starts `redis-server`; `None` when another has its port.
async fn launch(port: u16, tls_port: Option<u16>, settings: &Settings) -> Option<Process> {
    let mut lines = vec![format!("port {port}"), "save \"\"".to_owned(), "appendonly no".to_owned()];
    lines.extend(["shutdown-on-sigterm nosave now".to_owned(), "enable-debug-command yes".to_owned()]);
    if let (Some(certificates), Some(port)) = (&settings.tls, tls_port) {
        lines.push(format!("tls-port {port}"));
        lines.extend(certificates.lines());
    }
    lines.extend(settings.lines.iter().cloned());
    let program = process::Program { mode: &[], time: settings.time.as_deref(), lines: &lines };
    let process = Process::start(&program);
    process.wrote("Ready to accept connections").await.then_some(process)
}

/// How long anything may take here: only a hang lasts longer.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often another port is tried when somebody else was faster.
const ATTEMPTS: usize = 8;

#[cfg(test)]
mod tests;
