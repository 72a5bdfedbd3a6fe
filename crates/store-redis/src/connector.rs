//! Makes connections, whatever the topology is.

mod clients;

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisResult, ServerErrorKind, Value,
    aio::{MultiplexedConnection, PubSub},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
};

use self::clients::{client, cluster, info, sentinel};
use crate::{
    attempts::{breaks, within},
    config::{RedisConfig, RedisTimeouts, Topology},
    keys::Names,
    script::PROBE,
};

/// A connection that many use at the same time. Clones share it.
#[derive(Clone)]
pub(crate) enum Connection {
    /// To one server.
    Server(MultiplexedConnection),
    /// To the nodes of a Cluster.
    Cluster(ClusterConnection),
}

/// Who the masters of a Cluster are; empty where there is none. A replica that takes over changes it.
pub(crate) type Masters = BTreeSet<Vec<u8>>;

/// Makes connections.
pub(crate) struct Connector {
    place: Place,
    timeouts: RedisTimeouts,
    /// The key that a new connection tries to change.
    probe: String,
}

enum Place {
    Single(Client),
    /// What a client of the Sentinels is made from: a new one for each attempt, so that one that hangs holds up no other.
    Sentinel(Box<RedisConfig>),
    Cluster {
        client: Box<ClusterClient>,
        /// The nodes that were named, for what one node is enough for.
        nodes: Vec<Client>,
        next: AtomicUsize,
    },
}

impl Connection {
    /// Sends a command and waits for its answer.
    pub(crate) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }

    /// Asks whether it is still there. Returns who the masters of a Cluster are.
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub(crate) async fn ask(&mut self) -> RedisResult<Masters> {
        match self {
            Self::Server(_) => self.send(&redis::cmd("PING")).await.map(|_| Masters::default()),
            // Not `PING`, which fails as soon as one of the masters is gone.
            Self::Cluster(_) => self.send(redis::cmd("CLUSTER").arg("SLOTS")).await.map(masters),
        }
    }
}

impl Connector {
    /// Takes the configuration apart; connects to nothing.
    pub(crate) fn new(config: &RedisConfig) -> RedisResult<Self> {
        // What speaks TLS needs a provider for the process; one that is installed already is as good.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let timeouts = config.timeouts;
        let place = match &config.topology {
            Topology::Single { address, database } => Place::Single(client(config, address, *database)?),
            Topology::Sentinel { .. } => {
                drop(sentinel(config)?);
                Place::Sentinel(Box::new(config.clone()))
            }
            Topology::Cluster { nodes } => {
                let infos: RedisResult<Vec<_>> = nodes.iter().map(|node| info(config, node, 0)).collect();
                let clients: RedisResult<_> = nodes.iter().map(|node| client(config, node, 0)).collect();
                Place::Cluster {
                    client: Box::new(cluster(config, infos?)?),
                    nodes: clients?,
                    next: AtomicUsize::new(0),
                }
            }
        };
        Ok(Self { place, timeouts, probe: Names::new(&config.prefix).probe() })
    }

    /// Connects, to the master where there are several servers, and sees that it takes what we send.
    ///
    /// # Errors
    ///
    /// What [`breaks`] a connection, and the lack of a permission. That it takes no write now is none.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, there is no connection.
    pub(crate) async fn connect(&self) -> RedisResult<(Connection, Masters)> {
        let mut connection = within(self.total(), self.connect_any()).await?;
        let response = self.timeouts.response;
        if let Connection::Server(_) = &connection {
            let probe = PROBE.by_text(std::slice::from_ref(&self.probe), &[]);
            let tried = within(response, connection.send(&probe)).await;
            if let Err(error) = tried
                && (breaks(&error) || error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm))
            {
                return Err(error);
            }
        }
        let masters = within(response, connection.ask()).await?;
        Ok((connection, masters))
    }

    /// A connection for subscriptions alone. A message reaches it from every node of a Cluster.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, there is no connection.
    pub(crate) async fn subscriber(&self) -> RedisResult<PubSub> {
        within(self.total(), async {
            match &self.place {
                Place::Single(client) => client.get_async_pubsub().await,
                Place::Sentinel(config) => sentinel(config)?.async_get_client().await?.get_async_pubsub().await,
                Place::Cluster { nodes, next, .. } => {
                    // Another node at each attempt: the one that was asked may be gone.
                    let index = next.fetch_add(1, Ordering::Relaxed) % nodes.len().max(1);
                    match nodes.get(index) {
                        Some(node) => node.get_async_pubsub().await,
                        None => Err((ErrorKind::InvalidClientConfig, "no node is named").into()),
                    }
                }
            }
        })
        .await
    }

    async fn connect_any(&self) -> RedisResult<Connection> {
        let RedisTimeouts { connect, response } = self.timeouts;
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(connect)).set_response_timeout(Some(response));
        match &self.place {
            Place::Single(client) => {
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Server)
            }
            Place::Sentinel(place) => {
                sentinel(place)?.get_async_connection_with_config(&config).await.map(Connection::Server)
            }
            Place::Cluster { client, .. } => client.get_async_connection().await.map(Connection::Cluster),
        }
    }

    /// For a connection and its greeting. A hung Sentinel is passed over after a while, so that the others are asked.
    fn total(&self) -> Duration {
        self.timeouts.connect + self.timeouts.response
    }
}

/// The masters in an answer to `CLUSTER SLOTS`: of each range the third member, whose third is what the node is called.
fn masters(slots: Value) -> Masters {
    let third = |value: Value| match value {
        Value::Array(values) => values.into_iter().nth(2),
        _ => None,
    };
    let Value::Array(ranges) = slots else { return Masters::default() };
    let ids = ranges.into_iter().filter_map(|range| match third(third(range)?)? {
        Value::BulkString(id) => Some(id),
        _ => None,
    });
    ids.collect()
}
