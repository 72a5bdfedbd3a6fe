//! Where Redis is, as it is written.

use std::fmt;
use std::str::FromStr;

use outboard_store_redis::ServerAddress;
use url::Url;

use crate::config::text::{Malformed, Text, text_value};

/// One server: `redis://[USER@]HOST[:PORT][/DATABASE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct RedisUrl {
    pub(in crate::config) address: ServerAddress,
    pub(in crate::config) username: Option<String>,
    pub(in crate::config) database: u8,
    pub(in crate::config) is_tls: bool,
}

/// `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct HostPort(pub(in crate::config) ServerAddress);

text_value!(RedisUrl);
text_value!(HostPort);

const PORT: u16 = 6379;

impl Text for RedisUrl {
    const EXPECTED: &'static str =
        r#"a URL such as "redis://redis.internal:6379" or "rediss://outboard@redis.internal""#;
    const SCHEMA: &'static str = r#"{"type": "string", "format": "uri"}"#;
}

impl Text for HostPort {
    const EXPECTED: &'static str = r#"a host and a port such as "redis-1.internal:6379""#;
}

impl FromStr for RedisUrl {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let url = Url::parse(text).map_err(|_| Self::malformed("it is not a URL"))?;
        let is_tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(Self::malformed("it begins with neither `redis://` nor `rediss://`")),
        };
        if url.password().is_some() {
            return Err(Self::malformed("a password stands in `password` or `password_file`, not in the URL"));
        }
        if url.username().contains('%') {
            return Err(Self::malformed("a user with such characters stands in `username`"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Self::malformed("it must not have a query or a fragment"));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Self::malformed("it names no host"))?;
        let database = match url.path().trim_matches('/') {
            "" => 0,
            number => number.parse().map_err(|_| Self::malformed("its path is no number of a database"))?,
        };
        let username = Some(url.username()).filter(|name| !name.is_empty()).map(str::to_owned);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { address: ServerAddress { host, port: url.port().unwrap_or(PORT) }, username, database, is_tls })
    }
}

impl FromStr for HostPort {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| Self::malformed("the port is missing"))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@')) {
            return Err(Self::malformed("there is no host before the port, or something beside it"));
        }
        let port = port.parse().map_err(|_| Self::malformed("what follows the last `:` is no port"))?;
        Ok(Self(ServerAddress { host: host.to_owned(), port }))
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, username, database, is_tls } = self;
        f.write_str(if *is_tls { "rediss://" } else { "redis://" })?;
        if let Some(username) = username {
            write!(f, "{username}@")?;
        }
        write!(f, "{}/{database}", HostPort(address.clone()))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServerAddress { host, port } = &self.0;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}
