//! Several real servers on one Redis behind a real balancer: started, broken and mended by name.
//!
//! Each replica reaches Redis through a [`FaultProxy`] of its own, so that a single one can be cut off. The balancer is plain
//! round robin: it keeps no affinity, and it tries again what it could not send, never what it has sent.

mod balancer;
mod keys;
mod process;
mod reach;
mod settings;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use tempfile::TempDir;

pub use self::balancer::Proxy;
pub use self::settings::{Settings, Store, api_key};
use self::{
    balancer::Balancer,
    process::Process,
    reach::{free_ports, get},
    settings::config,
};
use crate::{
    fault_proxy::FaultProxy,
    redis::{Cluster, Redis, Sentinel, until},
};

/// The Redis that runs.
#[derive(Debug)]
pub enum Running {
    /// One server.
    Single(Redis),
    /// A master that Sentinels watch.
    Sentinel(Sentinel),
    /// Three nodes.
    Cluster(Cluster),
}

/// Replicas that run. Dropping it ends them all.
#[derive(Debug)]
pub struct Topology {
    settings: Settings,
    /// What they share.
    pub store: Running,
    /// Between each replica and the single server; nobody with the other stores.
    pub links: Vec<FaultProxy>,
    replicas: Vec<Replica>,
    balancer: Balancer,
    folder: TempDir,
}

#[derive(Debug)]
struct Replica {
    address: SocketAddr,
    process: Process,
}

impl Topology {
    /// Starts everything and waits until all replicas are ready and the balancer knows.
    ///
    /// # Panics
    ///
    /// When something does not start, saying what.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn start(settings: Settings) -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        let store = match settings.store {
            Store::Single => Running::Single(Redis::start().await),
            Store::Sentinel => Running::Sentinel(Sentinel::start().await),
            Store::Cluster => Running::Cluster(Cluster::start().await),
        };
        let mut links = Vec::new();
        if let Running::Single(redis) = &store {
            for _ in 0..settings.replicas {
                links.push(FaultProxy::before((Ipv4Addr::LOCALHOST, redis.port()).into()).await);
            }
        }
        keys::write(folder.path(), &[0]);
        let ports = free_ports(settings.replicas + 1);
        let addresses: Vec<SocketAddr> = ports.iter().map(|port| (Ipv4Addr::LOCALHOST, *port).into()).collect();
        let (public, addresses) = addresses.split_first().expect("there is a port for the balancer");
        let mut replicas = Vec::new();
        for (index, address) in addresses.iter().enumerate() {
            let config = config(&settings, index, *address, *public, &store, &links);
            let place = folder.path().join(format!("replica-{}", index + 1));
            fs::create_dir_all(&place).expect("there is room for a folder");
            fs::write(place.join("outboard.toml"), config).expect("there is room for a file");
            let clock = settings.clocks.get(index).copied().unwrap_or_default();
            replicas.push(Replica { address: *address, process: Process::start(&settings, &place, clock) });
        }
        let balancer = Balancer::start(settings.proxy, *public, addresses, folder.path());
        let topology = Self { settings, store, links, replicas, balancer, folder };
        for replica in 0..topology.len() {
            topology.wait_ready(replica).await;
        }
        topology.balancer_knows().await;
        topology
    }

    /// How many replicas there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.replicas.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replicas.is_empty()
    }

    /// Where the balancer listens.
    #[must_use]
    pub const fn public(&self) -> SocketAddr {
        self.balancer.address()
    }

    /// Where a replica listens. Its name there is the balancer's.
    ///
    /// # Panics
    ///
    /// When there is no such replica; also below.
    #[must_use]
    pub fn address(&self, replica: usize) -> SocketAddr {
        self.of(replica).address
    }

    /// The process of a replica.
    ///
    /// # Panics
    ///
    /// When there is no such replica.
    #[must_use]
    pub fn process_id(&self, replica: usize) -> u32 {
        self.of(replica).process.id()
    }

    /// What a replica has logged, through all its starts.
    ///
    /// # Panics
    ///
    /// When there is no such replica, or its log cannot be read.
    #[must_use]
    pub fn log(&self, replica: usize) -> String {
        let log = fs::read(self.log_file(replica)).expect("each replica has a log");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The file that a replica logs to.
    #[must_use]
    pub fn log_file(&self, replica: usize) -> PathBuf {
        self.place(replica).join("log")
    }

    /// Sends a replica a signal by its name: `KILL`, `TERM`, `STOP`, `CONT`, `HUP`.
    ///
    /// # Panics
    ///
    /// When it does not run, or there is no such signal.
    pub fn signal(&self, replica: usize, name: &str) {
        self.of(replica).process.signal(name);
    }

    /// Waits until a replica has ended. Returns its exit code, if no signal ended it.
    ///
    /// # Panics
    ///
    /// When it goes on for too long.
    ///
    /// # Cancel safety
    ///
    /// Only waits.
    pub async fn ended(&self, replica: usize) -> Option<i32> {
        self.of(replica).process.ended().await
    }

    /// Starts a replica again that has ended, at its place, and waits until it is ready and the balancer knows.
    ///
    /// # Panics
    ///
    /// When it does not get ready.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it runs.
    pub async fn restart(&mut self, replica: usize) {
        self.ended(replica).await;
        let place = self.place(replica);
        let clock = self.settings.clocks.get(replica).copied().unwrap_or_default();
        let started = Process::start(&self.settings, &place, clock);
        self.replicas.get_mut(replica).expect("there is such a replica").process = started;
        self.wait_ready(replica).await;
        self.balancer_knows().await;
    }

    /// Replaces all replicas, one after the other.
    ///
    /// # Panics
    ///
    /// When one does not end with 0, or its successor does not get ready.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, some are replaced.
    pub async fn roll(&mut self) {
        for replica in 0..self.len() {
            self.signal(replica, "TERM");
            assert_eq!(self.ended(replica).await, Some(0), "replica {} ends well: {}", replica + 1, self.log(replica));
            self.restart(replica).await;
        }
    }

    /// Waits until a replica says that it is ready.
    ///
    /// # Panics
    ///
    /// When it does not.
    ///
    /// # Cancel safety
    ///
    /// Only waits.
    pub async fn wait_ready(&self, replica: usize) {
        let (address, deadline) = (self.address(replica), tokio::time::Instant::now() + PATIENCE);
        while get(address, "/readyz").await.is_none_or(|(status, _)| status != 200) {
            let is_over = tokio::time::Instant::now() > deadline;
            assert!(!is_over, "replica {} does not get ready: {}", replica + 1, self.log(replica));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Gives all replicas these keys, the first of which seals, and waits until each has taken them. A key is named by its
    /// place in a list of good ones.
    ///
    /// # Panics
    ///
    /// When one does not take them, or there is no such key.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, some may have taken them.
    pub async fn take_keys(&self, keys: &[usize]) {
        let taken = |replica| self.log(replica).matches(keys::TAKEN).count();
        let before: Vec<usize> = (0..self.len()).map(taken).collect();
        keys::write(self.folder.path(), keys);
        for (replica, before) in before.into_iter().enumerate() {
            until(async || taken(replica) > before).await;
        }
    }

    /// What a replica says at this path: the status and the body; `None` when it does not answer.
    ///
    /// # Cancel safety
    ///
    /// Only asks.
    pub async fn get(&self, replica: usize, path: &str) -> Option<(u16, String)> {
        get(self.address(replica), path).await
    }

    fn of(&self, replica: usize) -> &Replica {
        self.replicas.get(replica).expect("there is such a replica")
    }

    fn place(&self, replica: usize) -> PathBuf {
        self.folder.path().join(format!("replica-{}", replica + 1))
    }

    /// Waits until the balancer passes on to every replica: as many answers in a row as there are replicas, several times.
    async fn balancer_knows(&self) {
        let mut in_a_row = 0;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while in_a_row < 2 * self.len() {
            let is_well = get(self.public(), "/livez").await.is_some_and(|(status, _)| status == 200);
            in_a_row = if is_well { in_a_row + 1 } else { 0 };
            assert!(tokio::time::Instant::now() < deadline, "the balancer does not see the replicas");
            if !is_well {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        // The balancer asks this often; until then it may not know of one that has just come.
        tokio::time::sleep(balancer::CHECKS_EVERY * 2).await;
    }
}

#[expect(clippy::panic, reason = "so a test fails")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
