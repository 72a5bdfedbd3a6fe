//! The two ends of the bus in one process: what is told goes on it, what stands on it goes to the listeners.

use std::convert::Infallible;
use std::time::Duration;

use outboard_store::{BusPage, Sequence, StoreError};

use super::{BACKLOG, Change, News, RETRY, Read, Shared, lock};

/// How many entries are read at once.
const READ_MAX: usize = 128;

/// How far the clock of the store and ours may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(60);

impl Shared {
    /// Puts what is told on the bus, in order.
    pub(super) async fn publish(&self) -> Infallible {
        let mut has_failed = false;
        loop {
            // Taken out before it is published: the same change told from now on is another one.
            let Some(change) = lock(&self.pending).pop_front() else {
                self.wake.notified().await;
                continue;
            };
            match self.bus.publish(&change.to_bytes()).await {
                Ok(_) => has_failed = false,
                Err(error @ StoreError::ValueTooLarge { .. }) => tracing::warn!(%error, "a change is not told"),
                Err(error) => {
                    // One word for each time that the store is away, not for each attempt.
                    if !std::mem::replace(&mut has_failed, true) {
                        tracing::warn!(%error, "changes cannot be told now: trying again");
                    }
                    lock(&self.pending).push_front(change);
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Reads the bus for all listeners.
    pub(super) async fn read(&self) -> Infallible {
        let mut has_failed = false;
        loop {
            let Err(error) = self.read_on(&mut has_failed).await;
            if !std::mem::replace(&mut has_failed, true) {
                tracing::warn!(%error, "the bus cannot be read now: trying again");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Reads until the store fails. Behind a failure nobody knows what is missing: a server that took over may not have all
    /// that was on the bus, and may have given its places anew. So each listener is told of all its topics then.
    async fn read_on(&self, has_failed: &mut bool) -> Result<Infallible, StoreError> {
        let read = lock(&self.recent).last;
        let mut after = match read {
            Some(last) => last,
            None => self.read_recent().await?,
        };
        loop {
            let page = self.bus.read_after(after, READ_MAX).await?;
            let read = self.remember(&page);
            if std::mem::take(has_failed) || page.gap {
                let first = page.entries.first().map(|entry| entry.sequence.as_u64().saturating_sub(1));
                self.miss(first.map_or(page.last, Sequence::from_u64));
            }
            self.tell_read(read);
            let nothing_new = page.entries.is_empty() && page.last <= after;
            after = page.last;
            if nothing_new {
                self.bus.tail(after).await?;
            }
        }
    }

    /// Reads what changed lately, which listeners that open now are told. Returns how far that is.
    async fn read_recent(&self) -> Result<Sequence, StoreError> {
        // The clock of who dated them may be ahead of ours, or behind.
        let page = self.bus.recent(self.catch_up.saturating_add(CLOCKS_APART)).await?;
        let read = self.remember(&page);
        if page.gap {
            self.miss(Sequence::ZERO);
        }
        // Who listened before this began has not been told of any.
        self.tell_read(read);
        Ok(page.last)
    }

    /// Tells listeners, also those that open in a while, that changes behind this place may be missing.
    fn miss(&self, position: Sequence) {
        lock(&self.recent).gap = Some(self.clock.now());
        // Nobody listens: nobody needs to know.
        drop(self.told.send(News::Gap(position)));
    }

    fn tell_read(&self, read: Vec<Read>) {
        for change in read {
            drop(self.told.send(News::Change(change)));
        }
    }

    /// Remembers what was read, and forgets what is no longer recent. Returns the changes in it.
    fn remember(&self, page: &BusPage) -> Vec<Read> {
        let now = self.clock.now();
        let newest = page.entries.last().map_or(now, |entry| entry.at);
        let changes = page.entries.iter().filter_map(|entry| {
            let change = Change::from_bytes(&entry.payload)?;
            // As old as they are to each other: how old the newest is, only the clock of the store can tell.
            let at = now.saturating_sub(newest.saturating_since(entry.at));
            Some(Read { sequence: entry.sequence, at, change })
        });
        let changes: Vec<Read> = changes.collect();
        let passed_over = page.skipped + page.entries.len().saturating_sub(changes.len());
        if passed_over > 0 {
            tracing::warn!(passed_over, "changes on the bus cannot be read: they are passed over");
        }
        let catch_up = self.catch_up;
        let mut recent = lock(&self.recent);
        recent.last = Some(page.last);
        recent.changes.extend(changes.iter().cloned());
        while recent.changes.front().is_some_and(|first| now.saturating_since(first.at) > catch_up)
            || recent.changes.len() > BACKLOG
        {
            recent.changes.pop_front();
        }
        changes
    }
}
