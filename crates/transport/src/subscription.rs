//! `subscriptions/listen`, whatever it travels over: which filter is taken, what of it is honoured, and the messages.

use std::collections::BTreeSet;
use std::time::Duration;

use outboard_identity::Principal;
use outboard_protocol::params::{ParamsError, members, object, value};
use outboard_protocol::types::{ServerCapabilities, SubscriptionFilter};
use outboard_protocol::{RawJson, RequestId, encode};
use outboard_runtime::{Change, Listening, Runtime, Topics, Watching};
use outboard_store::{SessionLimits, StoreError};
use tokio::time::Instant;

use crate::streams::StreamPlace;
use crate::until::{proof_ends, until};

/// Bounds on what one stream or session may subscribe to.
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionLimits {
    /// How many resources. Default: 256.
    pub uris_max: usize,
    /// The longest URI, in bytes. Default: that of [`SessionLimits`], 2 KiB.
    pub uri_bytes_max: usize,
}

impl Default for SubscriptionLimits {
    fn default() -> Self {
        let SessionLimits { subscriptions_max, uri_bytes_max } = SessionLimits::default();
        Self { uris_max: subscriptions_max, uri_bytes_max }
    }
}

/// How long what has just been told is not told again: a storm of changes costs each stream ten messages a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads the filter of a listen request.
pub(crate) fn filter(params: Option<&RawJson>, limits: SubscriptionLimits) -> Result<SubscriptionFilter, ParamsError> {
    let filter = object(members(params)?.required("notifications", "notifications")?, "notifications")?;
    let flag = |name, path| match filter.optional(name, path)? {
        Some(flag) => value(flag, path, "true or false"),
        None => Ok(false),
    };
    let (name, path) = ("resourceSubscriptions", "notifications.resourceSubscriptions");
    let uris = filter.optional(name, path)?.map(|uris| value(uris, path, "an array of URIs")).transpose()?;
    let filter = SubscriptionFilter {
        tools_list_changed: flag("toolsListChanged", "notifications.toolsListChanged")?,
        prompts_list_changed: flag("promptsListChanged", "notifications.promptsListChanged")?,
        resources_list_changed: flag("resourcesListChanged", "notifications.resourcesListChanged")?,
        resource_subscriptions: uris.unwrap_or_default(),
    };
    let uris = &filter.resource_subscriptions;
    if uris.len() > limits.uris_max || uris.iter().any(|uri| uri.len() > limits.uri_bytes_max) {
        return Err(ParamsError::WrongType { name: path, expected: "fewer or shorter URIs: the server bounds both" });
    }
    Ok(filter)
}

/// The part of a filter that a server with these capabilities honours. Resources are taken as they are named: which of them
/// exist may change while the stream is open.
fn honoured(filter: SubscriptionFilter, capabilities: &ServerCapabilities) -> SubscriptionFilter {
    let resources = capabilities.resources;
    SubscriptionFilter {
        tools_list_changed: filter.tools_list_changed && capabilities.tools.is_some_and(|tools| tools.list_changed),
        prompts_list_changed: filter.prompts_list_changed
            && capabilities.prompts.is_some_and(|prompts| prompts.list_changed),
        resources_list_changed: filter.resources_list_changed
            && resources.is_some_and(|resources| resources.list_changed),
        resource_subscriptions: if resources.is_some_and(|resources| resources.subscribe) {
            filter.resource_subscriptions
        } else {
            Vec::new()
        },
    }
}

/// Changes as they are told to one client: what changes again while it waits to be told is told once, and nothing more often
/// than the pause allows.
#[derive(Debug)]
pub(crate) struct Changes {
    listening: Listening,
    /// What has changed and is told when the pause is over.
    waiting: BTreeSet<Change>,
    /// Until when nothing is told, since something was told just now.
    pause_until: Option<Instant>,
}

impl Changes {
    pub(crate) const fn new(listening: Listening) -> Self {
        Self { listening, waiting: BTreeSet::new(), pause_until: None }
    }

    /// Tells of a resource too from now on.
    pub(crate) fn add(&mut self, uri: &str) {
        self.listening.topics_mut().add(uri);
    }

    /// Tells of a resource no more.
    pub(crate) fn remove(&mut self, uri: &str) {
        self.listening.topics_mut().remove(uri);
        self.waiting.remove(&Change::Resource(uri.into()));
    }

    /// The next change; waits for it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn next(&mut self) -> Change {
        loop {
            if self.pause_until.is_none_or(|until| until <= Instant::now())
                && let Some(change) = self.waiting.pop_first()
            {
                if self.waiting.is_empty() {
                    self.pause_until = Some(Instant::now() + PAUSE);
                }
                return change;
            }
            let pause = until(self.pause_until.filter(|_| !self.waiting.is_empty()));
            tokio::select! {
                told = self.listening.next() => {
                    self.waiting.insert(told.change);
                }
                () = pause => {}
            }
        }
    }
}

/// One open listen request. Dropping it ends it, and gives its place back.
#[derive(Debug)]
pub(crate) struct Subscription {
    id: RequestId,
    honoured: SubscriptionFilter,
    changes: Changes,
    runtime: Runtime,
    principal: Principal,
    /// When the proof of who listens ends.
    expires: Option<Instant>,
    /// So that who has the resources tells of them.
    _watching: Vec<Watching>,
    _place: StreamPlace,
}

impl Subscription {
    /// Begins to listen for what a filter names.
    pub(crate) async fn open(
        runtime: &Runtime,
        principal: &Principal,
        id: RequestId,
        filter: SubscriptionFilter,
        place: StreamPlace,
    ) -> Result<Self, StoreError> {
        let honoured = honoured(filter, &runtime.description().capabilities);
        let topics = Topics::of(&honoured);
        let watching = topics.iter().filter_map(Change::uri).map(|uri| runtime.watch(uri)).collect();
        let listening = runtime.notify().listen(topics, outboard_runtime::Since::Recently).await?;
        let changes = Changes::new(listening);
        Ok(Self {
            id,
            honoured,
            changes,
            runtime: runtime.clone(),
            principal: principal.clone(),
            expires: proof_ends(principal, &*runtime.store().clock),
            _watching: watching,
            _place: place,
        })
    }

    /// The first message: what will be told.
    pub(crate) fn acknowledgement(&self) -> Vec<u8> {
        encode::acknowledged(&self.id, &self.honoured)
    }

    /// When it is to end, because who listens is no longer proven to be who it is.
    pub(crate) const fn expires(&self) -> Option<Instant> {
        self.expires
    }

    /// The next message; waits for it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn next(&mut self) -> Vec<u8> {
        loop {
            let change = self.changes.next().await;
            // Asked again for each, because what a resource requires may be another today.
            if self.runtime.may_read(&self.principal, change.uri()).is_ok() {
                return encode::change(&change.method(), change.uri(), Some(&self.id));
            }
        }
    }

    /// The last message, when the server ends the stream in order.
    pub(crate) fn end(&self) -> Vec<u8> {
        encode::listen_result(self.runtime.identity(), &self.id)
    }
}

#[cfg(test)]
mod tests {
    use outboard_protocol::types::{ListCapability, ResourcesCapability};
    use serde_json::{Value, json};

    use super::*;

    fn read(params: &Value, limits: SubscriptionLimits) -> Result<SubscriptionFilter, ParamsError> {
        filter(Some(&RawJson::of(params).unwrap()), limits)
    }

    #[test]
    fn filter_of_another_form_is_refused() {
        let limits = SubscriptionLimits { uris_max: 2, uri_bytes_max: 4 };
        let cases = [
            (json!({}), false),
            (json!({"notifications": null}), false),
            (json!({"notifications": true}), false),
            (json!({"notifications": [true]}), false),
            (json!({"notifications": {"toolsListChanged": "yes"}}), false),
            (json!({"notifications": {"toolsListChanged": null}}), false),
            (json!({"notifications": {"resourceSubscriptions": "a:b"}}), false),
            (json!({"notifications": {"resourceSubscriptions": [1]}}), false),
            (json!({"notifications": {"resourceSubscriptions": ["a:bcd"]}}), false),
            (json!({"notifications": {"resourceSubscriptions": ["a:", "b:", "c:"]}}), false),
            (json!({"notifications": {"resourceSubscriptions": ["a:bc", "b:"]}}), true),
            (json!({"notifications": {}}), true),
            (json!({"notifications": {"toolsListChanged": true, "somethingElse": 1}}), true),
        ];
        for (params, is_taken) in cases {
            assert_eq!(read(&params, limits).is_ok(), is_taken, "{params}");
        }
        assert!(filter(None, limits).is_err());
        let twice = [
            (r#"{"notifications":{},"notifications":{}}"#, "notifications"),
            (
                r#"{"notifications":{"toolsListChanged":true,"toolsListChanged":false}}"#,
                "notifications.toolsListChanged",
            ),
            (
                r#"{"notifications":{"resourceSubscriptions":[],"resourceSubscriptions":[]}}"#,
                "notifications.resourceSubscriptions",
            ),
        ];
        for (params, name) in twice {
            let params = RawJson::parse(params.into()).unwrap();
            assert_eq!(filter(Some(&params), limits), Err(ParamsError::Duplicate { name }));
        }
    }

    #[test]
    fn what_the_server_does_not_have_is_not_honoured() {
        let all = SubscriptionFilter {
            tools_list_changed: true,
            prompts_list_changed: true,
            resources_list_changed: true,
            resource_subscriptions: vec!["a:b".to_owned()],
        };
        let list = ListCapability { list_changed: true };
        let nothing = ServerCapabilities::default();
        assert_eq!(honoured(all.clone(), &nothing), SubscriptionFilter::default());
        let tools = ServerCapabilities { tools: Some(list), ..ServerCapabilities::default() };
        let only_tools = SubscriptionFilter { tools_list_changed: true, ..SubscriptionFilter::default() };
        assert_eq!(honoured(all.clone(), &tools), only_tools);
        let resources = Some(ResourcesCapability { subscribe: true, list_changed: true });
        let everything = ServerCapabilities { tools: Some(list), prompts: Some(list), resources, ..nothing };
        assert_eq!(honoured(all.clone(), &everything), all);
        assert_eq!(honoured(SubscriptionFilter::default(), &everything), SubscriptionFilter::default());
    }
}
