//! What changes while a child serves: its lists, and the resources that somebody watches.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::FutureExt as _;
use outboard_protocol::error::shortened;
use outboard_protocol::types::{LoggingLevel, ServerCapabilities, SubscriptionFilter};
use outboard_protocol::{Era, Method, Revision};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::config::{StdioBounds, StdioConfig};
use super::handshake::Opened;
use super::link::{Link, Lists, OnDrop, RequestError};
use super::meta::{About, WithMeta, child_meta};
use super::updates::{Updates, Uris};

/// Shortest time between two readings of what keeps changing.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How many requests to subscribe are made at a time.
const SUBSCRIBING_MAX: usize = 8;

/// Asks one child to tell changes.
pub(super) struct Follower<'a> {
    link: &'a Link,
    updates: &'a Updates,
    revision: &'static Revision,
    has: &'a ServerCapabilities,
    bounds: &'a StdioBounds,
    log_level: LoggingLevel,
}

impl<'a> Follower<'a> {
    pub(super) fn new(link: &'a Link, opened: &'a Opened, config: &'a StdioConfig) -> Self {
        let StdioConfig { bounds, log_level, .. } = config;
        let updates = &*link.surroundings().updates;
        Self { link, updates, revision: opened.revision, has: &opened.has, bounds, log_level: *log_level }
    }

    /// Sees to it that the child tells its changes for as long as it lives. `is_further` child: what is watched may have
    /// changed since the one before it.
    ///
    /// # Cancel safety
    ///
    /// Dropped, a modern child is told that nobody listens any more.
    pub(super) async fn follow(&self, is_further: bool) -> Infallible {
        match self.revision.era {
            Era::Modern => self.listen(is_further).await,
            // Changes of its lists it tells unasked.
            Era::Legacy => tokio::join!(self.set_level(), self.subscribe(is_further)).1,
        }
    }

    /// Tells a child that logs from which level on. A modern one is told with each request.
    async fn set_level(&self) {
        if self.has.logging.is_some() {
            let params = json!({ "level": self.log_level.as_str() });
            self.ask(&Method::SetLevel, &params, "the level of its log is not set").await;
        }
    }

    fn tells_updates(&self) -> bool {
        self.has.resources.is_some_and(|resources| resources.subscribe)
    }

    /// Keeps one listen request open that asks for all that is wanted (2026-07-28: *Subscriptions*).
    async fn listen(&self, is_further: bool) -> Infallible {
        let mut watched = self.updates.watched();
        let (mut before, mut missed) = (None, is_further);
        // It was not asked to tell before it was asked for its lists: what came between is read now.
        self.link.changed(self.told_lists());
        loop {
            let uris = if self.tells_updates() { watched.borrow_and_update().clone() } else { Uris::new() };
            let filter = self.filter(&uris);
            if filter == SubscriptionFilter::default() {
                before = None;
                changed(&mut watched).await;
                continue;
            }
            let mut listening = Box::pin(self.listen_for(filter));
            // The next one is sent before the last one is ended, so that nothing is missed between the two.
            let ended = (&mut listening).now_or_never().is_some();
            drop(before.take());
            if std::mem::take(&mut missed) {
                self.updates.missed(&uris);
            }
            let ended = ended
                || tokio::select! {
                    () = &mut listening => true,
                    () = changed(&mut watched), if self.tells_updates() => false,
                };
            if ended {
                // It does not tell any more: ask it again, and see what was missed, but not in a hurry.
                sleep(self.bounds.backoff_max).await;
                self.link.changed(self.told_lists());
                self.updates.missed(&uris);
            } else {
                sleep(PAUSE).await;
                before = Some(listening);
            }
        }
    }

    /// The lists whose changes the child tells.
    fn told_lists(&self) -> Lists {
        Lists::NONE
            .and_if(self.has.tools.is_some_and(|tools| tools.list_changed), Lists::TOOLS)
            .and_if(self.has.resources.is_some_and(|resources| resources.list_changed), Lists::RESOURCES)
            .and_if(self.has.prompts.is_some_and(|prompts| prompts.list_changed), Lists::PROMPTS)
    }

    fn filter(&self, uris: &Uris) -> SubscriptionFilter {
        let lists = self.told_lists();
        SubscriptionFilter {
            tools_list_changed: lists.has(Lists::TOOLS),
            resources_list_changed: lists.has(Lists::RESOURCES),
            prompts_list_changed: lists.has(Lists::PROMPTS),
            resource_subscriptions: uris.iter().map(ToString::to_string).collect(),
        }
    }

    /// Listens until the child ends it, in order or not: for who listens that makes no difference.
    async fn listen_for(&self, filter: SubscriptionFilter) {
        let own = json!({ "notifications": filter });
        let params = WithMeta { own, meta: child_meta(self.revision, About::default()) };
        drop(self.link.request(&Method::Listen, &params, OnDrop::Cancel).await);
    }

    /// Subscribes to each resource that is watched, and unsubscribes from it (2025-11-25: *Resources*, subscriptions).
    async fn subscribe(&self, is_further: bool) -> Infallible {
        if !self.tells_updates() {
            return std::future::pending().await;
        }
        let mut watched = self.updates.watched();
        let (mut subscribed, mut missed) = (Uris::new(), is_further);
        loop {
            let wanted = watched.borrow_and_update().clone();
            let no_more = subscribed.difference(&wanted).map(|uri| (Method::ResourcesUnsubscribe, uri));
            let new = wanted.difference(&subscribed).map(|uri| (Method::ResourcesSubscribe, uri));
            let requests = futures_util::stream::iter(no_more.chain(new));
            requests.for_each_concurrent(SUBSCRIBING_MAX, |(method, uri)| self.subscription(method, uri)).await;
            if std::mem::take(&mut missed) {
                self.updates.missed(&wanted);
            }
            subscribed = wanted;
            changed(&mut watched).await;
        }
    }

    async fn subscription(&self, method: Method, uri: &str) {
        self.ask(&method, &json!({ "uri": uri }), "changes of a resource are not told, or told unasked").await;
    }

    /// Makes a request without which the child serves as well.
    async fn ask(&self, method: &Method, params: &Value, otherwise: &'static str) {
        let answer = timeout(self.bounds.start_timeout, self.link.request(method, params, OnDrop::Cancel)).await;
        let backend = &*self.link.surroundings().backend;
        match answer {
            Ok(Ok(_)) => {}
            Ok(Err(RequestError::Answered(error))) => {
                let (code, message) = (error.code, shortened(&error.message));
                tracing::warn!(backend, %method, code, message = &*message, "{otherwise}");
            }
            // It has ended, which is told elsewhere.
            Ok(Err(RequestError::NotSent)) => {}
            Ok(Err(RequestError::Failed(failure))) => tracing::warn!(backend, %method, %failure, "{otherwise}"),
            Err(_) => tracing::warn!(backend, %method, "{otherwise}: there is no answer"),
        }
    }
}

/// Waits until something else is watched.
async fn changed(watched: &mut tokio::sync::watch::Receiver<Uris>) {
    if watched.changed().await.is_err() {
        // Nobody is left who could watch.
        std::future::pending().await
    }
}
