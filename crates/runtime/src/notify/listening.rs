//! One listener: what changed before it came, then what changes.

use std::collections::VecDeque;
use std::sync::Arc;

use outboard_store::{Sequence, StoreError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Change, News, Shared, Topics, lock};

/// From where on a listener is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From a short while ago ([`Notify::new`](super::Notify::new)), each topic once.
    Recently,
    /// From behind this one, which it was told of last.
    After(Sequence),
}

/// A change that a listener is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where it stands on the bus; to go on from there.
    pub sequence: Sequence,
    /// What it is.
    pub change: Change,
    reason: Reason,
}

/// Why a listener is told of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// It was on the bus.
    Changed,
    /// Something that was on the bus may have been missed, so this may have changed.
    Missed,
}

impl Told {
    /// Whether this is told because something may have been missed. Places that were told before then say nothing of it: the
    /// bus may have given them anew.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.reason == Reason::Missed
    }
}

/// Listens for changes. Dropping it ends that.
#[derive(Debug)]
pub struct Listening {
    topics: Topics,
    /// What is told before anything new.
    backlog: VecDeque<Told>,
    /// How far it has been told, or need not be.
    told: Sequence,
    news: broadcast::Receiver<News>,
}

/// The most changes that one resumption reads back one by one; more are told by topic.
const RESUMED_MAX: usize = 1_024;

impl Listening {
    pub(super) async fn open(shared: &Arc<Shared>, topics: Topics, since: Since) -> Result<Self, StoreError> {
        // Before anything is read, so that nothing falls between.
        let news = shared.told.subscribe();
        let mut listening = Self { topics, backlog: VecDeque::new(), told: Sequence::ZERO, news };
        match since {
            Since::Recently => {
                let now = shared.clock.now();
                let is_recent = |at| now.saturating_since(at) <= shared.catch_up;
                let recent = lock(&shared.recent);
                listening.told = recent.last.unwrap_or(Sequence::ZERO);
                if recent.gap.is_some_and(is_recent) {
                    listening.tell_all(listening.told);
                } else {
                    for read in recent.changes.iter().filter(|read| is_recent(read.at)) {
                        listening.catch_up(read.sequence, &read.change);
                    }
                }
            }
            Since::After(sequence) => {
                let page = shared.bus.read_after(sequence, RESUMED_MAX).await?;
                // A full page may have more behind it: each topic once tells of all.
                if page.gap || page.entries.len() >= RESUMED_MAX {
                    let last = lock(&shared.recent).last.unwrap_or_default();
                    listening.tell_all(page.last.max(last));
                } else {
                    for entry in &page.entries {
                        if let Some(change) = Change::from_bytes(&entry.payload) {
                            listening.push(entry.sequence, change);
                        }
                    }
                }
                listening.told = page.last;
            }
        }
        Ok(listening)
    }

    /// Up to where on the bus it has been told, once all that is ready has been taken: to [go on](Since::After) from there.
    #[must_use]
    pub const fn position(&self) -> Sequence {
        self.told
    }

    /// What it wants to be told of; may be changed at any time.
    pub fn topics_mut(&mut self) -> &mut Topics {
        &mut self.topics
    }

    /// The next change; waits for it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not returned is told next.
    pub async fn next(&mut self) -> Told {
        loop {
            if let Some(told) = self.backlog.pop_front() {
                return told;
            }
            match self.news.recv().await {
                Ok(News::Change(read)) if read.sequence > self.told => {
                    self.told = read.sequence;
                    self.push(read.sequence, read.change);
                }
                Ok(News::Gap(position)) => {
                    self.told = position;
                    self.tell_all(position);
                }
                Ok(_) => {}
                // It was too slow for what came: it is told of each topic instead.
                Err(RecvError::Lagged(_)) => self.tell_all(self.told),
                // Only when everything ends.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn push(&mut self, sequence: Sequence, change: Change) {
        if self.topics.include(&change) {
            self.backlog.push_back(Told { sequence, change, reason: Reason::Changed });
        }
    }

    /// Each topic once, in the place of its last change.
    fn catch_up(&mut self, sequence: Sequence, change: &Change) {
        self.backlog.retain(|told| told.change != *change);
        self.push(sequence, change.clone());
    }

    fn tell_all(&mut self, sequence: Sequence) {
        let told = |change: &Change| Told { sequence, change: change.clone(), reason: Reason::Missed };
        self.backlog = self.topics.iter().map(told).collect();
    }
}
