//! How replicas are started, and the configuration of each that comes of it.

use std::{fmt::Write as _, net::SocketAddr, path::PathBuf};

use super::{Proxy, Running};
use crate::fault_proxy::FaultProxy;

/// How the replicas are started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program.
    pub server: PathBuf,
    /// How many.
    pub replicas: usize,
    /// What stands before them.
    pub proxy: Proxy,
    /// Who may call, each with an API key of [`api_key`]; nobody: whoever comes.
    pub principals: Vec<String>,
    /// Lines of the configuration of each beside those that make them replicas.
    pub config: String,
    /// Variables of their environment.
    pub environment: Vec<(String, String)>,
    /// What each one's clock is ahead of the machine's, in seconds; missing ones are right.
    pub clocks: Vec<i64>,
    /// Where they keep what they share.
    pub store: Store,
}

/// What kind of Redis they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// One server, behind a fault proxy for each replica.
    Single,
    /// A master that Sentinels watch.
    Sentinel,
    /// Three nodes.
    Cluster,
}

impl Settings {
    /// Three behind `HAProxy`, open to whoever comes, on a single server.
    #[must_use]
    pub fn new(server: PathBuf) -> Self {
        Self {
            server,
            replicas: 3,
            proxy: Proxy::Haproxy,
            principals: Vec::new(),
            config: String::new(),
            environment: Vec::new(),
            clocks: Vec::new(),
            store: Store::Single,
        }
    }
}

/// The API key of a principal.
#[must_use]
pub fn api_key(principal: &str) -> String {
    format!("key-of-{principal}-for-the-replicas-harness-alone")
}

/// What stands in the configuration of one of them.
pub(super) fn config(
    settings: &Settings,
    index: usize,
    address: SocketAddr,
    public: SocketAddr,
    store: &Running,
    links: &[FaultProxy],
) -> String {
    let list =
        |ports: Vec<u16>| ports.into_iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect::<Vec<_>>().join(", ");
    let redis = match store {
        Running::Single(_) => {
            let link = links.get(index).expect("each replica has its own");
            format!("store.redis.url = \"redis://{}\"\n", link.address())
        }
        Running::Sentinel(sentinel) => format!(
            "store.redis.master = \"{}\"\nstore.redis.sentinels = [{}]\n",
            sentinel.name(),
            list(sentinel.ports())
        ),
        Running::Cluster(cluster) => format!("store.redis.nodes = [{}]\n", list(cluster.ports())),
    };
    let mut text = format!(
        "listen = \"{address}\"\npublic_url = \"http://{public}\"\nstate_dir = \"state\"\nreplicas = {}\n\
         session.key_file = \"../keys\"\n{redis}",
        settings.replicas
    );
    text.push_str(&settings.config);
    text.push('\n');
    for principal in &settings.principals {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, api_key(principal).as_bytes());
        let digest = digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _written = write!(hex, "{byte:02x}");
            hex
        });
        let _written = write!(text, "\n[[auth.api_keys]]\nname = \"{principal}\"\ndigest = \"sha256:{digest}\"\n");
    }
    text
}
