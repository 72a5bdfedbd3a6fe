//! Servers that do not want us: no user, no right, no trust.

use std::sync::Arc;

use outboard_store::SystemClock;
use outboard_store_redis::{
    ConfigError, ConnectError, RedisConfig, RedisPassword, RedisStore, RedisTls, StoreCondition, Topology,
};
use outboard_testkit::redis::{Certificates, Redis, Settings};
use zeroize::Zeroizing;

use crate::support::{LIMITS, address, cell, config, connect, is_unavailable, log, put, replica, ring, single};

#[tokio::test]
async fn a_wrong_user_or_password_ends_the_start() {
    let redis = with_users().await;
    let cases = [
        (None, None, false),
        (None, Some("wrong"), false),
        (Some("nobody"), Some("right"), false),
        (Some("ours"), Some("wrong"), false),
        (Some("ours"), Some("right"), true),
        (None, Some("plain"), true),
    ];
    for (user, password, taken) in cases {
        let config = RedisConfig {
            username: user.map(str::to_owned),
            password: password.map(RedisPassword::new),
            ..single(&redis)
        };
        match RedisStore::connect(config).await {
            Ok(store) => {
                assert!(taken, "{user:?} with {password:?} was taken: {:?}", store.condition());
                put(&store.store(ring(), Arc::new(SystemClock)), 1, b"x").await.unwrap();
            }
            Err(ConnectError::Refused { reason }) => {
                assert!(!taken, "{user:?} with {password:?} was refused: {reason}");
                assert!(!reason.contains("right"), "no secret is told: {reason}");
            }
            Err(other) => panic!("{user:?} with {password:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_user_without_a_command_is_refused_at_the_start_or_clearly() {
    let redis = Redis::start().await;
    redis.command("ACL SETUSER limited reset on >right ~* resetchannels +@all").await;
    let mute = RedisConfig {
        username: Some("limited".to_owned()),
        password: Some(RedisPassword::new("right")),
        ..single(&redis)
    };
    let refused = RedisStore::connect(mute).await;
    assert!(matches!(refused, Err(ConnectError::Refused { .. })), "who cannot wake anybody: {refused:?}");
    for missing in ["evalsha", "eval", "hmget", "xadd", "publish", "time"] {
        redis.command(&format!("ACL SETUSER limited reset on >right ~* &* +@all -{missing}")).await;
        let config = RedisConfig {
            username: Some("limited".to_owned()),
            password: Some(RedisPassword::new("right")),
            ..single(&redis)
        };
        match RedisStore::connect(config).await {
            Err(ConnectError::Refused { .. }) => {}
            Err(other) => panic!("without {missing}: {other:?}"),
            Ok(connected) => {
                let store = connected.store(ring(), Arc::new(SystemClock));
                let done = [
                    put(&store, 1, b"x").await.map(drop),
                    store.cells.get(cell(1)).await.map(drop),
                    store.logs.append(log(1), b"x", LIMITS).await.map(drop),
                ];
                for one in &done {
                    assert!(one.is_ok() || is_unavailable(one), "without {missing}: {one:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn tls_is_spoken_with_a_server_that_is_trusted_and_with_no_other() {
    let certificates = Arc::new(Certificates::new());
    let settings = Settings { tls: Some(Arc::clone(&certificates)), ..Settings::default() };
    let redis = Redis::start_with(settings).await;
    let over_tls = |authority: &str| RedisConfig {
        tls: Some(RedisTls { ca_pem: Some(authority.as_bytes().to_vec()), client: None }),
        ..config(Topology::Single { address: address(redis.tls_port()), database: 0 })
    };
    put(&replica(&over_tls(certificates.authority_pem())).await, 1, b"x").await.unwrap();
    let stranger = Certificates::new();
    let connected = RedisStore::connect(over_tls(stranger.authority_pem())).await;
    assert!(untrusted(connected).await, "an authority that is not trusted");
    // In the clear, a port that speaks TLS answers nothing that can be used.
    let plain = config(Topology::Single { address: address(redis.tls_port()), database: 0 });
    assert!(untrusted(RedisStore::connect(plain).await).await, "without TLS");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_is_shown_ours() {
    let certificates = Arc::new(Certificates::new());
    let lines = vec!["tls-auth-clients yes".to_owned()];
    let settings = Settings { tls: Some(Arc::clone(&certificates)), lines, ..Settings::default() };
    let redis = Redis::start_with(settings).await;
    let pem = |text: &str| text.as_bytes().to_vec();
    let shown = Some((pem(certificates.certificate_pem()), Zeroizing::new(pem(certificates.key_pem()))));
    for (client, taken) in [(shown, true), (None, false)] {
        let config = RedisConfig {
            tls: Some(RedisTls { ca_pem: Some(pem(certificates.authority_pem())), client }),
            ..config(Topology::Single { address: address(redis.tls_port()), database: 0 })
        };
        match taken {
            true => drop(put(&replica(&config).await, 1, b"x").await.unwrap()),
            false => assert!(untrusted(RedisStore::connect(config).await).await),
        }
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let redis = Redis::start().await;
    for prefix in ["", "a{b", "a}b", "a b", "ä", "a\n", &"x".repeat(65)] {
        let config = RedisConfig { prefix: prefix.to_owned(), ..single(&redis) };
        let refused = RedisStore::connect(config).await;
        assert!(matches!(refused, Err(ConnectError::Config(ConfigError::Prefix))), "{prefix:?}: {refused:?}");
    }
    for topology in [
        Topology::Cluster { nodes: Vec::new() },
        Topology::Sentinel {
            master: "m".to_owned(),
            sentinels: Vec::new(),
            username: None,
            password: None,
            database: 0,
        },
    ] {
        let refused = RedisStore::connect(config(topology)).await;
        assert!(matches!(refused, Err(ConnectError::Config(ConfigError::NoAddress))), "{refused:?}");
    }
}

#[tokio::test]
async fn nothing_shows_a_password() {
    let redis = with_users().await;
    let config = RedisConfig {
        username: Some("ours".to_owned()),
        password: Some(RedisPassword::new("right")),
        ..single(&redis)
    };
    let store = connect(&config).await;
    let shown = format!("{config:?} {store:?} {:?}", store.store(ring(), Arc::new(SystemClock)));
    assert!(!shown.contains("\"right\"") && !shown.contains(":right"), "{shown}");
}

/// A server with two users: the default one and `ours`.
async fn with_users() -> Redis {
    let redis = Redis::start().await;
    redis.command("ACL SETUSER ours on >right ~* &* +@all").await;
    // The last command that the test itself can send.
    redis.command("ACL SETUSER default resetpass >plain").await;
    redis
}

/// Whether no command gets through, whichever way the start ended.
async fn untrusted(connected: Result<RedisStore, ConnectError>) -> bool {
    match connected {
        Err(_) => true,
        Ok(store) => {
            let down = matches!(store.condition(), StoreCondition::Down { .. });
            down && is_unavailable(&put(&store.store(ring(), Arc::new(SystemClock)), 1, b"x").await)
        }
    }
}
