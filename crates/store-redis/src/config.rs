//! How Redis is reached, and what it is asked for.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use crate::error::ConfigError;

/// How Redis is reached.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// Where it is.
    pub topology: Topology,
    /// The ACL user; `None`: the default user.
    pub username: Option<String>,
    /// The password of that user.
    pub password: Option<RedisPassword>,
    /// TLS to the servers of the data; `None`: in the clear.
    pub tls: Option<RedisTls>,
    /// What every key begins with, so that several can share a server: printable ASCII without braces, at most 64 bytes.
    /// Default: `outboard`.
    pub prefix: String,
    /// How long it may take.
    pub timeouts: RedisTimeouts,
    /// The most bytes of one value. Default: 64 KiB.
    pub value_bytes_max: usize,
    /// The most bytes of one entry of a log. Default: 4 MiB, as much as a message may have.
    pub entry_bytes_max: usize,
}

/// Where Redis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single {
        /// Where it listens.
        address: ServerAddress,
        /// The number of the database.
        database: u8,
    },
    /// A master that Sentinels watch.
    Sentinel {
        /// What the Sentinels call it.
        master: String,
        /// Where they listen.
        sentinels: Vec<ServerAddress>,
        /// The ACL user of the Sentinels themselves.
        username: Option<String>,
        /// Its password.
        password: Option<RedisPassword>,
        /// The number of the database.
        database: u8,
    },
    /// A Cluster.
    Cluster {
        /// Some of its nodes, from which the others are learned.
        nodes: Vec<ServerAddress>,
    },
}

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// TLS, always with the server's certificate checked. `Debug` does not show the key.
#[derive(Clone, Default)]
pub struct RedisTls {
    /// Certificates of authorities to trust, PEM; `None`: those of the machine.
    pub ca_pem: Option<Vec<u8>>,
    /// The certificate chain that we show, PEM, with its key; `None`: none.
    pub client: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

/// How long Redis may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisTimeouts {
    /// To connect. Default: 1 s.
    pub connect: Duration,
    /// To answer. Default: 1 s.
    pub response: Duration,
}

/// A password. It is overwritten when dropped, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisPassword(Zeroizing<String>);

impl RedisConfig {
    /// The defaults, for this place.
    #[must_use]
    pub fn new(topology: Topology) -> Self {
        Self {
            topology,
            username: None,
            password: None,
            tls: None,
            prefix: "outboard".to_owned(),
            timeouts: RedisTimeouts::default(),
            value_bytes_max: 64 << 10,
            entry_bytes_max: 4 << 20,
        }
    }
}

impl RedisConfig {
    /// Whether it can work.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let fits = |character: u8| character.is_ascii_graphic() && !matches!(character, b'{' | b'}');
        if !(1..=PREFIX_BYTES_MAX).contains(&self.prefix.len()) || !self.prefix.bytes().all(fits) {
            return Err(ConfigError::Prefix);
        }
        let addresses = match &self.topology {
            Topology::Single { .. } => 1,
            Topology::Sentinel { sentinels, .. } => sentinels.len(),
            Topology::Cluster { nodes } => nodes.len(),
        };
        if addresses == 0 { Err(ConfigError::NoAddress) } else { Ok(()) }
    }
}

impl RedisPassword {
    /// The password in the clear, for whoever sends it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a password.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(Zeroizing::new(password.to_owned()))
    }
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ca_pem, client } = self;
        f.debug_struct("RedisTls")
            .field("has_ca", &ca_pem.is_some())
            .field("has_client", &client.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RedisPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisPassword(..)")
    }
}

impl Default for RedisTimeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), response: Duration::from_secs(1) }
    }
}

const PREFIX_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mut config = RedisConfig::new(Topology::Sentinel {
            master: "m".to_owned(),
            sentinels: Vec::new(),
            username: None,
            password: Some(RedisPassword::new("of the Sentinels")),
            database: 0,
        });
        config.password = Some(RedisPassword::new("of the server"));
        config.tls = Some(RedisTls { ca_pem: None, client: Some((b"shown".to_vec(), b"PRIVATE".to_vec().into())) });
        let shown = format!("{config:?}");
        for secret in ["of the", "PRIVATE", "80, 82, 73"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
