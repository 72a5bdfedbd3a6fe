//! [`Logs`] on Redis: a stream for each, whose ids are the sequences. Who waits for one is woken over a channel of the same
//! name; what is appended is in the stream, so a message that is lost costs time and nothing else.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use outboard_store::{BoxFuture, LogEntry, LogKey, LogLimits, LogPage, Logs, Sequence, StoreError, UnixMillis};
use redis::Value;

use crate::{
    keys::Names,
    link::{Link, reconnected, unexpected},
    script::{LOG_APPEND, LOG_DELETE, LOG_READ},
    subscriptions::Subscriptions,
    time::millis,
    value::{bytes, list, number},
};

/// The adapter. Each operation is one command, but [`tail`](Logs::tail), which waits without asking.
#[derive(Clone, Debug)]
pub(crate) struct RedisLogs {
    pub(crate) link: Link,
    pub(crate) names: Names,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) entry_bytes_max: usize,
    pub(crate) connections: Connections,
}

/// Over which connection each bus was tailed last, by the one reader that it has in a process. A server that takes over may
/// not have all that was acknowledged before, and what it is given then may have the same sequences: so waiting over a new
/// connection fails once, and the reader knows that something may be lost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<HashMap<LogKey, u64>>>);

impl RedisLogs {
    async fn append_if(
        &self,
        key: LogKey,
        entry: &[u8],
        limits: LogLimits,
        presence: &[u8],
    ) -> Result<Option<Sequence>, StoreError> {
        let bytes_max = limits.bytes_max.min(self.entry_bytes_max);
        if entry.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: entry.len(), bytes_max });
        }
        let numbers = [limits.entries_max, limits.bytes_max].map(|bound| bound.min(BOUND_MAX).to_string());
        let times = [limits.age_max, limits.ttl].map(|time| millis(time).to_string());
        let [entries_max, bytes_max] = numbers.each_ref().map(String::as_bytes);
        let [age, life] = times.each_ref().map(String::as_bytes);
        let keys = [self.names.log(key)];
        let arguments = [presence, entry, entries_max, bytes_max, age, life];
        match self.link.run(&LOG_APPEND, &keys, &arguments).await?.0 {
            Value::Nil => Ok(None),
            sequence => Ok(Some(Sequence::from_u64(number(sequence)?))),
        }
    }

    /// What there is after this, and over which connection that was read.
    async fn page(&self, key: LogKey, after: Sequence, entries_max: usize) -> Result<(LogPage, u64), StoreError> {
        let (after, most) = (after.as_u64().to_string(), entries_max.min(BOUND_MAX).to_string());
        let arguments = [after.as_bytes(), most.as_bytes()];
        let (answer, connection) = self.link.run(&LOG_READ, &[self.names.log(key)], &arguments).await?;
        Ok((page(answer)?, connection))
    }

    /// Whether there is nothing after this, and over which connection that was asked.
    async fn is_newest(&self, key: LogKey, after: Sequence) -> Result<(bool, u64), StoreError> {
        let (page, connection) = self.page(key, after, 0).await?;
        Ok((page.last == after, connection))
    }
}

impl Logs for RedisLogs {
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        Box::pin(async move { self.append_if(key, entry, limits, ANY).await?.ok_or_else(unexpected) })
    }

    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        Box::pin(self.append_if(key, entry, limits, PRESENT))
    }

    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { Ok(self.page(key, after, entries_max).await?.0) })
    }

    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let waiter = self.subscriptions.wait_for(self.names.log(key));
            waiter.subscribed().await;
            let mut woken = pin!(waiter.woken());
            // From here on no wake is missed; what was appended before is seen by the look that follows.
            woken.as_mut().enable();
            let (is_newest, connection) = self.is_newest(key, after).await?;
            if key.is_bus() && self.connections.is_another(key, connection) {
                return Err(reconnected());
            }
            if is_newest {
                // A message may be lost between the nodes of a Cluster: whoever waits looks again now and then.
                drop(tokio::time::timeout(LOOK_EVERY, woken).await);
            }
            Ok(())
        })
    }

    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let (answer, _) = self.link.run(&LOG_DELETE, &[self.names.log(key)], &[]).await?;
            Ok(number(answer)? > 0)
        })
    }

    fn entry_bytes_max(&self) -> usize {
        self.entry_bytes_max
    }
}

impl Connections {
    /// Notes over which connection a bus was tailed. Returns whether it was another one before.
    fn is_another(&self, key: LogKey, connection: u64) -> bool {
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connections.insert(key, connection).is_some_and(|before| before != connection)
    }
}

fn page(answer: Value) -> Result<LogPage, StoreError> {
    let mut values = list(answer)?.into_iter();
    let (Some(last), Some(gap)) = (values.next(), values.next()) else { return Err(unexpected()) };
    let mut entries = Vec::with_capacity(values.len() / 3);
    while let Some(sequence) = values.next() {
        let (Some(at), Some(bytes_of_it)) = (values.next(), values.next()) else { return Err(unexpected()) };
        entries.push(LogEntry {
            sequence: Sequence::from_u64(number(sequence)?),
            at: UnixMillis::new(number(at)?),
            bytes: bytes(bytes_of_it)?.unwrap_or_default(),
        });
    }
    Ok(LogPage { entries, gap: number(gap)? != 0, last: Sequence::from_u64(number(last)?) })
}

/// Whether there has to be a log to append to.
const ANY: &[u8] = b"0";
const PRESENT: &[u8] = b"1";

/// As much as Lua's numbers are exact for.
const BOUND_MAX: usize = 1 << 53;

const LOOK_EVERY: Duration = Duration::from_secs(5);
