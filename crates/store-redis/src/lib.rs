//! The ports of `outboard-store` on Redis: a single server, Sentinel or Cluster.

mod attempts;
mod cells;
mod config;
mod connector;
mod counters;
mod error;
mod keys;
mod link;
mod logs;
mod random;
mod script;
mod store;
mod subscriptions;
mod time;
mod value;

pub use crate::{
    config::{RedisConfig, RedisPassword, RedisTimeouts, RedisTls, ServerAddress, Topology},
    error::{ConfigError, ConnectError},
    store::{RedisStore, StoreCondition},
};

/// Checks the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
