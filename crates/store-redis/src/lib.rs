//! The ports of `outboard-store` on Redis: a single server, Sentinel or Cluster.

mod config;
mod error;
mod store;

pub use crate::{
    config::{Address, RedisConfig, RedisPassword, RedisTimeouts, RedisTls, Topology},
    error::{ConfigError, ConnectError},
    store::{RedisStore, StoreCondition},
};
