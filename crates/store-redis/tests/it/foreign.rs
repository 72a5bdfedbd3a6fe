//! What is in Redis and not from here: of another type, changed by somebody, of another prefix.

use outboard_store::{Put, Sequence, Version};
use outboard_store_redis::RedisConfig;
use outboard_testkit::redis::Redis;

use crate::support::{LIMITS, cell, is_unavailable, log, put, replica, single};

#[tokio::test]
async fn a_key_of_another_type_is_an_error_and_nothing_else() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    put(&store, 1, b"x").await.unwrap();
    let name = only_key(&redis).await;
    redis.command(&format!("DEL {name}")).await;
    redis.command(&format!("LPUSH {name} foreign")).await;
    assert!(is_unavailable(&store.cells.get(cell(1)).await));
    assert!(is_unavailable(&put(&store, 1, b"y").await));
    put(&store, 2, b"others work").await.unwrap();
    redis.command(&format!("DEL {name}")).await;
    put(&store, 1, b"y").await.unwrap();
}

#[tokio::test]
async fn a_log_of_another_type_is_an_error_and_nothing_else() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    store.logs.append(log(1), b"x", LIMITS).await.unwrap();
    let name = only_key(&redis).await;
    redis.command(&format!("DEL {name}")).await;
    redis.command(&format!("SET {name} foreign")).await;
    assert!(is_unavailable(&store.logs.append(log(1), b"x", LIMITS).await));
    assert!(is_unavailable(&store.logs.read(log(1), Sequence::ZERO, 10).await));
    assert!(is_unavailable(&store.logs.tail(log(1), Sequence::ZERO).await));
    store.logs.append(log(2), b"others work", LIMITS).await.unwrap();
}

#[tokio::test]
async fn a_cell_that_somebody_changed_is_absent_and_can_be_put_anew() {
    for damage in ["HDEL {} v", "HDEL {} d", "HSET {} v nonsense", "HSET {} v -1", "HSET {} v 99999999999999999999"] {
        let redis = Redis::start().await;
        let store = replica(&single(&redis)).await;
        put(&store, 1, b"x").await.unwrap();
        redis.command(&damage.replace("{}", &only_key(&redis).await)).await;
        assert_eq!(store.cells.get(cell(1)).await.unwrap(), None, "after {damage}");
        let replaced = store.cells.put_if_version(cell(1), Version::from_u64(1), b"y", LIMITS.ttl).await.unwrap();
        assert_eq!(replaced, Put::Unchanged, "after {damage}");
        let anew = store.cells.put_if_absent(cell(1), b"anew", LIMITS.ttl).await.unwrap();
        assert!(matches!(anew, Put::Stored(_)), "after {damage}");
        assert_eq!(store.cells.get(cell(1)).await.unwrap().unwrap().value, "anew");
    }
}

#[tokio::test]
async fn an_entry_that_somebody_added_harms_no_other_log() {
    let redis = Redis::start().await;
    let store = replica(&single(&redis)).await;
    store.logs.append(log(1), b"x", LIMITS).await.unwrap();
    redis.command(&format!("XADD {} * foreign entry", only_key(&redis).await)).await;
    // Whatever comes of this log, it comes at once and without a panic.
    drop(store.logs.read(log(1), Sequence::ZERO, 10).await);
    drop(store.logs.append(log(1), b"y", LIMITS).await);
    store.logs.delete(log(1)).await.unwrap();
    store.logs.append(log(1), b"anew", LIMITS).await.unwrap();
    assert_eq!(store.logs.read(log(1), Sequence::ZERO, 10).await.unwrap().entries[0].bytes, "anew");
}

#[tokio::test]
async fn prefixes_on_one_server_do_not_see_each_other() {
    let redis = Redis::start().await;
    let config = single(&redis);
    let other = RedisConfig { prefix: "other".to_owned(), ..config.clone() };
    let [one, other] = [replica(&config).await, replica(&other).await];
    put(&one, 1, b"x").await.unwrap();
    one.logs.append(log(1), b"x", LIMITS).await.unwrap();
    assert_eq!(other.cells.get(cell(1)).await.unwrap(), None);
    assert_eq!(other.logs.read(log(1), Sequence::ZERO, 10).await.unwrap().last, Sequence::ZERO);
    put(&other, 1, b"y").await.unwrap();
    assert_eq!(one.cells.get(cell(1)).await.unwrap().unwrap().value, "x");
}

/// The name of the one cell or log that there is.
async fn only_key(redis: &Redis) -> String {
    let mut keys: Vec<String> = redis::from_redis_value(redis.command("KEYS *").await).unwrap();
    // What the store asks for itself is not of this kind.
    keys.retain(|key| key.contains('{'));
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.remove(0)
}
