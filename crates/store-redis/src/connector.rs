//! Makes connections, whatever the topology is.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode, Value,
    aio::{MultiplexedConnection, PubSub},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use tokio::sync::Mutex;

use crate::config::{RedisConfig, RedisPassword, RedisTimeouts, RedisTls, ServerAddress, Topology};

/// A connection that many use at the same time. Clones share it.
#[derive(Clone)]
pub(crate) enum Connection {
    /// To one server.
    Server(MultiplexedConnection),
    /// To the nodes of a Cluster.
    Cluster(ClusterConnection),
}

/// Makes connections.
pub(crate) struct Connector {
    place: Place,
    timeouts: RedisTimeouts,
}

enum Place {
    Single(Client),
    Sentinel(Mutex<SentinelClient>),
    Cluster {
        client: ClusterClient,
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
}

impl Connector {
    /// Takes the configuration apart; connects to nothing.
    pub(crate) fn new(config: &RedisConfig) -> RedisResult<Self> {
        // What speaks TLS needs a provider for the process; one that is installed already is as good.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let timeouts = config.timeouts;
        let place = match &config.topology {
            Topology::Single { address, database } => Place::Single(client(config, address, *database)?),
            Topology::Sentinel { .. } => Place::Sentinel(Mutex::new(sentinel(config)?)),
            Topology::Cluster { nodes } => {
                let infos: RedisResult<Vec<_>> = nodes.iter().map(|node| info(config, node, 0)).collect();
                let clients: RedisResult<_> = nodes.iter().map(|node| client(config, node, 0)).collect();
                Place::Cluster { client: cluster(config, infos?)?, nodes: clients?, next: AtomicUsize::new(0) }
            }
        };
        Ok(Self { place, timeouts })
    }

    /// Connects, to the master where there are several servers, and sees that it answers.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, there is no connection.
    pub(crate) async fn connect(&self) -> RedisResult<Connection> {
        let mut connection = within(self.total(), self.connect_any()).await?;
        within(self.timeouts.response, connection.send(&redis::cmd("PING"))).await?;
        Ok(connection)
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
                Place::Sentinel(client) => client.lock().await.async_get_client().await?.get_async_pubsub().await,
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
            Place::Sentinel(client) => {
                client.lock().await.get_async_connection_with_config(&config).await.map(Connection::Server)
            }
            Place::Cluster { client, .. } => client.get_async_connection().await.map(Connection::Cluster),
        }
    }

    /// For a connection and its greeting. A hung Sentinel is passed over after a while, so that the others are asked.
    fn total(&self) -> Duration {
        self.timeouts.connect + self.timeouts.response
    }
}

/// Bounds what the library does not.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done,
        Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
    }
}

fn client(config: &RedisConfig, address: &ServerAddress, database: u8) -> RedisResult<Client> {
    let info = info(config, address, database)?;
    match &config.tls {
        Some(tls) => Client::build_with_tls(info, certificates(tls)),
        None => Client::open(info),
    }
}

fn info(config: &RedisConfig, address: &ServerAddress, database: u8) -> RedisResult<ConnectionInfo> {
    let login = login(config.username.as_deref(), config.password.as_ref()).set_db(i64::from(database));
    Ok(address_of(address, config.tls.is_some()).into_connection_info()?.set_redis_settings(login))
}

fn address_of(ServerAddress { host, port }: &ServerAddress, is_tls: bool) -> ConnectionAddr {
    if is_tls {
        ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host.clone(), *port)
    }
}

fn login(username: Option<&str>, password: Option<&RedisPassword>) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(username) = username {
        login = login.set_username(username);
    }
    if let Some(password) = password {
        login = login.set_password(password.as_str());
    }
    login
}

fn sentinel(config: &RedisConfig) -> RedisResult<SentinelClient> {
    let Topology::Sentinel { master, sentinels, username, password, database } = &config.topology else {
        return Err((ErrorKind::InvalidClientConfig, "no Sentinel is named").into());
    };
    let addresses = sentinels.iter().map(|address| address_of(address, false));
    let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
        .set_client_to_redis_db(i64::from(*database));
    if let Some(username) = &config.username {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = &config.password {
        builder = builder.set_client_to_redis_password(password.as_str());
    }
    if let Some(tls) = &config.tls {
        builder =
            builder.set_client_to_redis_tls_mode(TlsMode::Secure).set_client_to_redis_certificates(certificates(tls));
    }
    if let Some(username) = username {
        builder = builder.set_client_to_sentinel_username(username);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_sentinel_password(password.as_str());
    }
    builder.build()
}

fn cluster(config: &RedisConfig, nodes: Vec<ConnectionInfo>) -> RedisResult<ClusterClient> {
    let RedisTimeouts { connect, response } = config.timeouts;
    let mut builder = ClusterClient::builder(nodes)
        .connection_timeout(connect)
        .response_timeout(response)
        .overall_response_timeout(Some(response))
        .retries(CLUSTER_RETRIES)
        .min_retry_wait(10)
        .max_retry_wait(100);
    if let Some(tls) = &config.tls {
        builder = builder.tls(TlsMode::Secure).certs(certificates(tls));
    }
    if let Some(username) = &config.username {
        builder = builder.username(username);
    }
    if let Some(password) = &config.password {
        builder = builder.password(password.as_str());
    }
    builder.build()
}

fn certificates(RedisTls { ca_pem, client }: &RedisTls) -> TlsCertificates {
    let client_tls = client
        .as_ref()
        .map(|(certificate, key)| ClientTlsConfig { client_cert: certificate.clone(), client_key: key.to_vec() });
    TlsCertificates { client_tls, root_cert: ca_pem.clone() }
}

/// How often a command follows a slot that moves, within the time that it has.
const CLUSTER_RETRIES: u32 = 8;
