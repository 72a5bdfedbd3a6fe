//! What the library makes connections from, by our configuration.

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisConnectionInfo,
    RedisResult, TlsCertificates, TlsMode,
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

use crate::config::{RedisConfig, RedisPassword, RedisTimeouts, RedisTls, ServerAddress, Topology};

pub(super) fn client(config: &RedisConfig, address: &ServerAddress, database: u8) -> RedisResult<Client> {
    let info = info(config, address, database)?;
    match &config.tls {
        Some(tls) => Client::build_with_tls(info, certificates(tls)),
        None => Client::open(info),
    }
}

pub(super) fn info(config: &RedisConfig, address: &ServerAddress, database: u8) -> RedisResult<ConnectionInfo> {
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

pub(super) fn sentinel(config: &RedisConfig) -> RedisResult<SentinelClient> {
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

pub(super) fn cluster(config: &RedisConfig, nodes: Vec<ConnectionInfo>) -> RedisResult<ClusterClient> {
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
