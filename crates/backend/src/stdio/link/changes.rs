//! Which lists of a child have changed since they were asked for last.

use std::sync::atomic::{AtomicU8, Ordering};

use outboard_protocol::Method;
use tokio::sync::Notify;

/// A set of lists. Templates change with resources: there is one notification for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stdio) struct Lists(u8);

impl Lists {
    pub(in crate::stdio) const NONE: Self = Self(0);
    pub(in crate::stdio) const TOOLS: Self = Self(1);
    pub(in crate::stdio) const RESOURCES: Self = Self(1 << 1);
    pub(in crate::stdio) const PROMPTS: Self = Self(1 << 2);
    pub(in crate::stdio) const ALL: Self = Self(0b111);

    /// The lists that a notification is about.
    pub(super) const fn told_by(method: &Method) -> Self {
        match method {
            Method::ToolsListChanged => Self::TOOLS,
            Method::ResourcesListChanged => Self::RESOURCES,
            Method::PromptsListChanged => Self::PROMPTS,
            _ => Self::NONE,
        }
    }

    /// These, and others under a condition.
    pub(in crate::stdio) const fn and_if(self, condition: bool, others: Self) -> Self {
        if condition { Self(self.0 | others.0) } else { self }
    }

    pub(in crate::stdio) const fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// What has changed and was not looked at yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    lists: AtomicU8,
    wake: Notify,
}

impl Changes {
    pub(super) fn add(&self, lists: Lists) {
        if lists != Lists::NONE {
            self.lists.fetch_or(lists.0, Ordering::AcqRel);
            self.wake.notify_one();
        }
    }

    /// Waits until there is a change, and takes all there are.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is not returned stays.
    pub(super) async fn next(&self) -> Lists {
        loop {
            let lists = Lists(self.lists.swap(0, Ordering::AcqRel));
            if lists != Lists::NONE {
                return lists;
            }
            self.wake.notified().await;
        }
    }
}
