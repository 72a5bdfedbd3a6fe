//! Servers that start, fail and come back.

use super::*;
use crate::clock::Timeline as _;

#[tokio::test]
async fn a_server_that_is_killed_refuses_and_comes_back_empty() {
    let mut redis = Redis::start().await;
    redis.command("SET key value").await;
    assert_eq!(redis.text("GET key").await, "value");
    redis.kill();
    assert!(redis.try_command("PING").await.is_err());
    redis.restart().await;
    assert_eq!(redis.command("GET key").await, redis::Value::Nil);
    assert_eq!(redis.calls().await["get"], 1);
    assert!(redis.try_command("LPUSH").await.is_err());
    assert_eq!(redis.errors().await["ERR"], 1);
}

#[tokio::test]
async fn a_server_that_is_paused_answers_later() {
    let redis = Redis::start().await;
    redis.pause();
    let mut answer = std::pin::pin!(redis.text("PING"));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut answer).await.is_err());
    redis.resume();
    assert_eq!(answer.await, "PONG");
}

#[tokio::test]
async fn what_ends_by_a_frozen_time_ends_to_the_millisecond() {
    let time = Arc::new(FrozenTime::new());
    let redis = Redis::start_with(Settings { time: Some(time.clone()), ..Settings::default() }).await;
    redis.command("SET key value PX 100").await;
    for left in [100, 99, 1] {
        assert_eq!(redis.command("PTTL key").await, redis::Value::Int(left));
        let next = if left == 99 { 98 } else { 1 };
        time.advance(Duration::from_millis(next)).await;
    }
    // Redis itself keeps a key for the millisecond at which it ends.
    time.advance(Duration::from_millis(1)).await;
    assert_eq!(redis.command("EXISTS key").await, redis::Value::Int(0));
}

#[tokio::test]
async fn another_becomes_the_master_and_the_former_its_replica() {
    let time = Arc::new(FrozenTime::new());
    let settings = Settings { time: Some(time), ..Settings::default() };
    let mut sentinel = Sentinel::start_with(settings).await;
    assert_eq!(sentinel.master().await, 0);
    sentinel.servers()[0].command("SET key value").await;
    sentinel.servers()[0].command("WAIT 2 10000").await;
    assert_eq!(sentinel.fail_over().await, 0);
    let next = sentinel.master().await;
    assert_ne!(next, 0);
    assert_eq!(sentinel.servers()[next].text("GET key").await, "value");
    sentinel.start_again(0).await;
    until(async || sentinel.servers()[0].is_replica().await).await;
}

#[tokio::test]
async fn a_slot_moves_with_its_keys() {
    let time = Arc::new(FrozenTime::new());
    let cluster = Cluster::start_with(Settings { time: Some(time.clone()), ..Settings::default() }).await;
    let slot = cluster.slot(b"{tag}key").await;
    let from = cluster.node_of(slot).await;
    let to = (from + 1) % 3;
    cluster.nodes()[from].command("SET {tag}key value").await;
    time.advance(Duration::from_secs(100 * 365 * 24 * 60 * 60)).await;
    cluster.open(slot, from, to).await;
    assert!(cluster.nodes()[from].try_command("GET {tag}other").await.is_err());
    assert_eq!(cluster.nodes()[from].errors().await["ASK"], 1);
    cluster.move_keys(slot, from, to).await;
    cluster.close(slot, from, to).await;
    assert_eq!(cluster.node_of(slot).await, to);
    assert_eq!(cluster.nodes()[to].text("GET {tag}key").await, "value");
    assert!(cluster.nodes()[from].try_command("GET {tag}key").await.is_err());
    assert_eq!(cluster.nodes()[from].errors().await["MOVED"], 1);
}

#[tokio::test]
async fn nothing_is_left_of_a_server_that_is_dropped() {
    let redis = Redis::start().await;
    let port = redis.port();
    drop(redis);
    assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok());
}

#[tokio::test]
async fn what_clients_send_is_told_apart_from_what_scripts_do() {
    let redis = Redis::start().await;
    let mut watch = Watch::begin(&redis).await;
    redis.command("set key value").await;
    redis.send(&[b"EVAL", b"return redis.call('GET', KEYS[1])", b"1", b"key"]).await.unwrap();
    assert_eq!(watch.commands().await, ["SET", "EVAL"]);
    assert!(watch.commands().await.is_empty());
}
