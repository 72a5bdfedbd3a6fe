//! Asking a server, once or until it says what is waited for.

use std::time::Duration;

use redis::IntoConnectionInfo as _;

use super::PATIENCE;

/// Asks again until it is so: what other programs do among themselves tells nobody when it is done.
///
/// # Panics
///
/// When it is not so within [`PATIENCE`].
///
/// # Cancel safety
///
/// That of what it asks.
pub async fn until<F: Future<Output = bool> + Send>(so: impl Fn() -> F + Send + Sync) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("what is waited for comes about");
}

/// Sends a command on a connection of its own, so that whatever happened to the server before is no matter.
pub(super) async fn send(port: u16, words: &[&[u8]]) -> redis::RedisResult<redis::Value> {
    let answered = tokio::time::timeout(PATIENCE, async {
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let plain = redis::RedisConnectionInfo::default().set_skip_set_lib_name();
        let client = redis::Client::open(("127.0.0.1", port).into_connection_info()?.set_redis_settings(plain))?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut connection).await
    });
    answered.await.expect("the server answers")
}
