//! `subscriptions/listen` over HTTP: a stream of events that stays open until the client leaves it, its
//! token ends, or the server drains.

use ::http::Response;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream::unfold;
use outboard_protocol::RequestId;
use outboard_protocol::types::SubscriptionFilter;
use tokio_util::sync::CancellationToken;

use super::body::Body;
use super::refusal::Refusal;
use super::sse;
use super::{Endpoint, Posted};
use crate::subscription::Subscription;
use crate::until::until;

impl Endpoint {
    /// Opens a stream of what the filter names, if there is a place for it. The head goes out at once, and the
    /// acknowledgement with it.
    pub(super) async fn listen(
        &self,
        posted: &Posted<'_>,
        id: RequestId,
        filter: SubscriptionFilter,
    ) -> Result<Response<Body>, Refusal> {
        self.runtime
            .may_read(&posted.principal, filter.resource_subscriptions.iter().map(String::as_str))
            .map_err(|denied| Refusal::Denied { id: id.clone(), denied })?;
        let place = self
            .streams
            .open(&posted.principal)
            .map_err(|error| Refusal::TooManyStreams { id: Some(id.clone()), error })?;
        let subscription = Subscription::open(&self.runtime, &posted.principal, id.clone(), filter, place);
        let subscription = subscription.await.map_err(|error| {
            tracing::warn!(%error, "a stream of notifications could not be opened");
            Refusal::StoreUnavailable { id: Some(id.clone()) }
        })?;
        Ok(sse::response(events(subscription, self.drain.clone()), self.config.keep_alive))
    }
}

/// The stages of a stream.
enum Stage {
    Opened(Subscription),
    Open(Subscription),
    Ended,
}

/// The events of a stream: the acknowledgement, then what changes; in the end the result, if it is the server that ends it.
fn events(subscription: Subscription, drain: CancellationToken) -> impl Stream<Item = Bytes> {
    unfold(Stage::Opened(subscription), move |stage| {
        let drain = drain.clone();
        async move {
            match stage {
                Stage::Opened(subscription) => {
                    Some((event(&subscription.acknowledgement()), Stage::Open(subscription)))
                }
                Stage::Open(mut subscription) => tokio::select! {
                    biased;
                    () = drain.cancelled() => Some((event(&subscription.end()), Stage::Ended)),
                    () = until(subscription.expires()) => Some((event(&subscription.end()), Stage::Ended)),
                    message = subscription.next() => Some((event(&message), Stage::Open(subscription))),
                },
                Stage::Ended => None,
            }
        }
    })
}

fn event(message: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(message.len() + 32);
    sse::write_message(&mut out, message);
    out.into()
}
