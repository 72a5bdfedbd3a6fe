//! A master with two replicas, and three Sentinels that watch it.

use std::collections::BTreeMap;

use super::{
    Redis, Settings,
    process::{self, Process, Program},
    until,
};

/// What the Sentinels call their master.
const NAME: &str = "outboard";

/// A master with two replicas, and three Sentinels that take it for down after 0.8 s without an answer.
#[derive(Debug)]
pub struct Sentinel {
    servers: Vec<Redis>,
    sentinels: Vec<(Process, u16)>,
}

impl Sentinel {
    /// Starts all and waits until the Sentinels know each other and the replicas.
    ///
    /// # Panics
    ///
    /// When that does not come about.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// The same with servers that differ. Sentinels go by the machine's time.
    ///
    /// # Panics
    ///
    /// When that does not come about.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn start_with(mut settings: Settings) -> Self {
        // At once and whatever the time of the servers is, which may jump.
        settings.lines.extend(["repl-diskless-sync-delay 0", "repl-timeout 2147483647"].map(str::to_owned));
        let first = Redis::start_with(settings.clone()).await;
        let master = first.port();
        let mut servers = vec![first];
        settings.lines.push(format!("replicaof 127.0.0.1 {master}"));
        for _ in 0..2 {
            servers.push(Redis::start_with(settings.clone()).await);
        }
        let mut all = Self { servers, sentinels: Vec::new() };
        all.synced().await;
        for _ in 0..3 {
            all.sentinels.push(watch(master).await);
        }
        all.known().await;
        all
    }

    /// What the Sentinels call the master.
    #[must_use]
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// Where the Sentinels listen, on `127.0.0.1`.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(|(_, port)| *port).collect()
    }

    /// The servers: the first master, then its first replicas.
    #[must_use]
    pub fn servers(&self) -> &[Redis] {
        &self.servers
    }

    /// The place in [`servers`](Self::servers) of the one that the first Sentinel takes for the master.
    ///
    /// # Panics
    ///
    /// When the Sentinel does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed.
    pub async fn master(&self) -> usize {
        let (_, first) = self.sentinels.first().expect("there are three");
        let answer = sentinel(*first, "GET-MASTER-ADDR-BY-NAME").await;
        let (_, port): (String, u16) = redis::from_redis_value(answer).expect("an address has two parts");
        self.servers.iter().position(|server| server.port() == port).expect("the master is one of ours")
    }

    /// Kills the master and waits until every Sentinel takes another for it. Returns the place of the killed one, which
    /// [`start_again`](Self::start_again) brings back.
    ///
    /// # Panics
    ///
    /// When no other becomes the master within [`PATIENCE`](super::PATIENCE).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the master may be killed.
    pub async fn fail_over(&mut self) -> usize {
        let master = self.ready().await;
        let seen = self.lines_seen();
        self.server_mut(master).kill();
        self.switched(seen).await;
        master
    }

    /// The same with a master that is only stopped, and so comes back, with [`Redis::resume`], without knowing.
    ///
    /// # Panics
    ///
    /// When no other becomes the master within [`PATIENCE`](super::PATIENCE).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the master may be stopped.
    pub async fn fail_over_by_pause(&mut self) -> usize {
        let master = self.ready().await;
        let seen = self.lines_seen();
        self.server_mut(master).pause();
        self.switched(seen).await;
        master
    }

    /// Starts one that was killed: empty, as the master that it may have been, until the Sentinels make it a replica.
    ///
    /// # Panics
    ///
    /// When it does not start.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it does not run.
    pub async fn start_again(&mut self, server: usize) {
        self.server_mut(server).restart().await;
    }

    fn server_mut(&mut self, server: usize) -> &mut Redis {
        self.servers.get_mut(server).expect("there is such a server")
    }

    /// Waits until a failover can succeed, and returns the master.
    async fn ready(&self) -> usize {
        self.known().await;
        self.master().await
    }

    fn lines_seen(&self) -> Vec<usize> {
        self.sentinels.iter().map(|(process, _)| process.log().len()).collect()
    }

    async fn switched(&self, seen: Vec<usize>) {
        for ((process, _), seen) in self.sentinels.iter().zip(seen) {
            assert!(process.wrote_after(seen, "+switch-master").await, "a Sentinel goes on");
        }
    }

    /// Waits until the replicas have what the master has.
    async fn synced(&self) {
        for replica in self.servers.iter().skip(1) {
            until(async || replica.text("INFO replication").await.contains("master_link_status:up")).await;
        }
    }

    /// Waits until every Sentinel knows the two others and a replica that can take over.
    async fn known(&self) {
        for (_, port) in &self.sentinels {
            until(async || {
                let info = super::ask::send(*port, &[b"INFO", b"sentinel"]).await.expect("a Sentinel answers");
                let info: String = redis::from_redis_value(info).expect("information is text");
                info.contains("slaves=2,sentinels=3")
            })
            .await;
            until(async || {
                let replicas = sentinel(*port, "REPLICAS").await;
                let replicas: Vec<BTreeMap<String, String>> =
                    redis::from_redis_value(replicas).expect("a replica is pairs of text");
                let ready = |replica: &&BTreeMap<String, String>| {
                    let is = |name, value| replica.get(name).is_some_and(|found| found == value);
                    is("flags", "slave") && is("master-link-status", "ok")
                };
                // One that was killed and not started again does no harm.
                replicas.iter().filter(ready).count() > 0
            })
            .await;
        }
    }
}

/// Starts a Sentinel of this master.
async fn watch(master: u16) -> (Process, u16) {
    for _ in 0..super::ATTEMPTS {
        let port = process::free_port();
        let lines = [
            format!("port {port}"),
            format!("sentinel monitor {NAME} 127.0.0.1 {master} 2"),
            format!("sentinel down-after-milliseconds {NAME} 800"),
            format!("sentinel failover-timeout {NAME} 5000"),
            format!("sentinel parallel-syncs {NAME} 2"),
        ];
        let process = Process::start(&Program { mode: &["--sentinel"], time: None, lines: &lines });
        if process.wrote("+monitor").await {
            return (process, port);
        }
    }
    process::fail("a Sentinel does not start on any port")
}

async fn sentinel(port: u16, question: &str) -> redis::Value {
    let words = [b"SENTINEL", question.as_bytes(), NAME.as_bytes()];
    super::ask::send(port, &words).await.expect("a Sentinel answers")
}
