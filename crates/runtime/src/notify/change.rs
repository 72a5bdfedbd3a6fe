//! What can change, and what of it somebody wants to know.

use std::collections::BTreeSet;

use outboard_protocol::Method;
use outboard_protocol::types::SubscriptionFilter;

/// Something that has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources, or of their templates.
    Resources,
    /// The resource with this URI.
    Resource(Box<str>),
}

impl Change {
    /// The notification that tells it.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Tools => Method::ToolsListChanged,
            Self::Prompts => Method::PromptsListChanged,
            Self::Resources => Method::ResourcesListChanged,
            Self::Resource(_) => Method::ResourcesUpdated,
        }
    }

    /// The URI of the resource, if it is one.
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        match self {
            Self::Resource(uri) => Some(uri),
            Self::Tools | Self::Prompts | Self::Resources => None,
        }
    }

    /// As it stands on the bus.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Tools => b"t".to_vec(),
            Self::Prompts => b"p".to_vec(),
            Self::Resources => b"r".to_vec(),
            Self::Resource(uri) => [b"u", uri.as_bytes()].concat(),
        }
    }

    /// Reads what stands on the bus; `None` for what a later build put there.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b't', []) => Some(Self::Tools),
            (b'p', []) => Some(Self::Prompts),
            (b'r', []) => Some(Self::Resources),
            (b'u', uri) => std::str::from_utf8(uri).ok().map(|uri| Self::Resource(uri.into())),
            _ => None,
        }
    }
}

/// What somebody wants to be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    wanted: BTreeSet<Change>,
}

impl Topics {
    /// All lists, and these resources.
    #[must_use]
    pub fn lists_and(uris: impl IntoIterator<Item = Box<str>>) -> Self {
        let lists = [Change::Tools, Change::Prompts, Change::Resources];
        Self { wanted: lists.into_iter().chain(uris.into_iter().map(Change::Resource)).collect() }
    }

    /// What a filter names.
    #[must_use]
    pub fn of(filter: &SubscriptionFilter) -> Self {
        let lists = [
            (filter.tools_list_changed, Change::Tools),
            (filter.prompts_list_changed, Change::Prompts),
            (filter.resources_list_changed, Change::Resources),
        ];
        let lists = lists.into_iter().filter_map(|(wanted, change)| wanted.then_some(change));
        let uris = filter.resource_subscriptions.iter().map(|uri| Change::Resource(uri.as_str().into()));
        Self { wanted: lists.chain(uris).collect() }
    }

    /// Whether a change is one of them.
    #[must_use]
    pub fn include(&self, change: &Change) -> bool {
        self.wanted.contains(change)
    }

    /// Adds a resource.
    pub fn add(&mut self, uri: &str) {
        self.wanted.insert(Change::Resource(uri.into()));
    }

    /// Takes a resource out.
    pub fn remove(&mut self, uri: &str) {
        self.wanted.remove(&Change::Resource(uri.into()));
    }

    /// All of them, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.wanted.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_the_bus_is_read_back() {
        let changes = [Change::Tools, Change::Prompts, Change::Resources, Change::Resource("file:///ä".into())];
        for change in changes {
            assert_eq!(Change::from_bytes(&change.to_bytes()), Some(change));
        }
        for unknown in [&b""[..], b"x", b"tt", b"u\xff"] {
            assert_eq!(Change::from_bytes(unknown), None);
        }
    }

    #[test]
    fn a_filter_names_its_topics_and_no_other() {
        let filter = SubscriptionFilter {
            prompts_list_changed: true,
            resource_subscriptions: vec!["a:b".into()],
            ..SubscriptionFilter::default()
        };
        let topics = Topics::of(&filter);
        assert!(topics.include(&Change::Prompts) && topics.include(&Change::Resource("a:b".into())));
        assert!(!topics.include(&Change::Tools) && !topics.include(&Change::Resource("a:c".into())));
    }
}
