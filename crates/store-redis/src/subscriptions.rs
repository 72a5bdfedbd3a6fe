//! Who waits for which channel, over one connection that is for subscriptions alone.
//!
//! The connection is asked every second whether it is still there. When it breaks, a new one subscribes to everything, and
//! then everybody is woken: what was told in between is in the logs.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use redis::{
    RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    sync::{Notify, futures::Notified, watch},
    task::AbortHandle,
    time::{Instant, interval_at},
};

use crate::{
    attempts::{until_done, within},
    config::RedisTimeouts,
    connector::Connector,
};

/// The subscriptions of this process. Clones are the same ones; with the last of them they end.
#[derive(Clone)]
pub(crate) struct Subscriptions(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

struct Shared {
    connector: Arc<Connector>,
    timeouts: RedisTimeouts,
    channels: Mutex<HashMap<String, Arc<Channel>>>,
    /// A channel is wanted that is not subscribed to.
    wanted: Notify,
}

struct Channel {
    wake: Notify,
    is_subscribed: watch::Sender<bool>,
}

/// One that waits for a channel.
pub(crate) struct Waiter {
    channel: Arc<Channel>,
    timeout: Duration,
}

impl Subscriptions {
    /// Begins to keep a connection.
    pub(crate) fn keep(connector: Arc<Connector>, timeouts: RedisTimeouts) -> Self {
        let shared = Arc::new(Shared { connector, timeouts, channels: Mutex::default(), wanted: Notify::new() });
        #[expect(clippy::disallowed_methods, reason = "it ends when this is dropped, not with the server's work")]
        let keeper = tokio::spawn(Arc::clone(&shared).run()).abort_handle();
        Self(Arc::new(Inner { shared, keeper }))
    }

    /// Waits for a channel from now on.
    pub(crate) fn wait_for(&self, name: String) -> Waiter {
        let shared = &self.0.shared;
        let mut channels = shared.channels();
        let channel = channels.entry(name).or_insert_with(|| {
            shared.wanted.notify_one();
            Arc::new(Channel { wake: Notify::new(), is_subscribed: watch::Sender::new(false) })
        });
        Waiter { channel: Arc::clone(channel), timeout: shared.timeouts.response }
    }
}

impl Waiter {
    /// Ends when something was told, or may have been.
    pub(crate) fn woken(&self) -> Notified<'_> {
        self.channel.wake.notified()
    }

    /// Ends when nothing is missed any more, or when that takes too long: then everybody is woken once it is so.
    pub(crate) async fn subscribed(&self) {
        let mut is_subscribed = self.channel.is_subscribed.subscribe();
        drop(tokio::time::timeout(self.timeout, is_subscribed.wait_for(|is_subscribed| *is_subscribed)).await);
    }
}

impl Shared {
    async fn run(self: Arc<Self>) {
        loop {
            let failed = |error| tracing::debug!(%error, "there is no connection for subscriptions");
            let (sink, stream) = until_done(|| self.connector.subscriber(), failed).await.split();
            let Err(error) = self.follow(sink, stream).await;
            tracing::debug!(%error, "the connection for subscriptions is lost");
            // Whoever comes now waits for the next connection.
            for channel in self.channels().values() {
                channel.is_subscribed.send_replace(false);
            }
            // A server that takes connections and drops them is not asked without end.
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Subscribes to what is wanted and wakes who waits, until the connection is lost.
    async fn follow(&self, mut sink: PubSubSink, mut stream: PubSubStream) -> RedisResult<std::convert::Infallible> {
        let mut subscribed = HashSet::new();
        let mut ask = interval_at(Instant::now() + ASK_EVERY, ASK_EVERY);
        self.subscribe(&mut sink, &mut subscribed).await?;
        loop {
            tokio::select! {
                message = stream.next() => {
                    let message = message.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?;
                    if let Some(channel) = self.channels().get(message.get_channel_name()) {
                        channel.wake.notify_waiters();
                    }
                }
                () = self.wanted.notified() => self.subscribe(&mut sink, &mut subscribed).await?,
                _ = ask.tick() => {
                    within(self.timeouts.response, sink.ping::<redis::Value>()).await?;
                    self.unsubscribe(&mut sink, &mut subscribed).await?;
                }
            }
        }
    }

    async fn subscribe(&self, sink: &mut PubSubSink, subscribed: &mut HashSet<String>) -> RedisResult<()> {
        let missing: Vec<String> = {
            let channels = self.channels();
            channels.keys().filter(|name| !subscribed.contains(*name)).cloned().collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        within(self.timeouts.response, sink.subscribe(&missing)).await?;
        let channels = self.channels();
        for channel in missing.iter().filter_map(|name| channels.get(name)) {
            channel.is_subscribed.send_replace(true);
            channel.wake.notify_waiters();
        }
        subscribed.extend(missing);
        Ok(())
    }

    /// Leaves the channels that nobody waits for.
    async fn unsubscribe(&self, sink: &mut PubSubSink, subscribed: &mut HashSet<String>) -> RedisResult<()> {
        let left: Vec<String> = {
            let mut channels = self.channels();
            channels.retain(|_, channel| Arc::strong_count(channel) > 1);
            subscribed.extract_if(|name| !channels.contains_key(name)).collect()
        };
        if left.is_empty() {
            return Ok(());
        }
        within(self.timeouts.response, sink.unsubscribe(&left)).await
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<String, Arc<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Subscriptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriptions").field("channels", &self.0.shared.channels().len()).finish_non_exhaustive()
    }
}

/// Between a connection that was lost and the next.
const PAUSE: Duration = Duration::from_millis(50);

/// How often the connection is asked whether it is still there, and left channels are left.
const ASK_EVERY: Duration = Duration::from_secs(1);
