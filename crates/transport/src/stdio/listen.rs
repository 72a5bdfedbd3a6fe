//! `subscriptions/listen` on a pipe: messages that name their request, until the client cancels it or the server ends.

use outboard_identity::Principal;
use outboard_protocol::error::code;
use outboard_protocol::types::SubscriptionFilter;
use outboard_protocol::{Era, ErrorObject, Request, Revision, encode};
use outboard_runtime::{CallError, Runtime};
use tokio_util::sync::CancellationToken;

use super::answer::Answered;
use super::connection::Connection;
use super::flight::{Done, InFlight};
use crate::streams::StreamPlace;
use crate::subscription::Subscription;
use crate::until::until;

impl Connection {
    /// Opens a stream of what the filter names, if there is a place for it.
    pub(super) fn listen(&self, request: Request, filter: SubscriptionFilter) -> Answered {
        let id = request.id;
        let uris = filter.resource_subscriptions.iter().map(String::as_str);
        if let Err(denied) = self.runtime.may_read(&self.principal, uris) {
            return Answered::error(&id, &CallError::Denied(denied).object(Revision::newest(Era::Modern)));
        }
        let place = match self.streams.open(&self.principal) {
            Ok(place) => place,
            Err(error) => return Answered::error(&id, &ErrorObject::new(error.code(), error.to_string())),
        };
        let in_flight = match self.begin(&id) {
            Ok(in_flight) => in_flight,
            Err(refused) => return refused,
        };
        let (runtime, principal, ending) = (self.runtime.clone(), self.principal.clone(), self.ending.clone());
        Answered::Itself(Box::pin(async move {
            let cancelled = in_flight.cancelled();
            // Cancelled by the client, it ends without a word.
            cancelled.run_until_cancelled(tell(in_flight, (runtime, principal), filter, place, ending)).await;
        }))
    }
}

async fn tell(
    in_flight: InFlight,
    (runtime, principal): (Runtime, Principal),
    filter: SubscriptionFilter,
    place: StreamPlace,
    ending: CancellationToken,
) {
    let id = in_flight.id().clone();
    let mut subscription = match Subscription::open(&runtime, &principal, id.clone(), filter, place).await {
        Ok(subscription) => subscription,
        Err(error) => {
            tracing::warn!(%error, "a stream of notifications could not be opened");
            let error = ErrorObject::new(code::UNAVAILABLE, "the server's store cannot be reached now");
            return Done { in_flight, answer: encode::error(Some(&id), &error) }.end().await;
        }
    };
    in_flight.tell(subscription.acknowledgement()).await;
    loop {
        tokio::select! {
            biased;
            () = ending.cancelled() => break,
            () = until(subscription.expires()) => break,
            message = subscription.next() => in_flight.tell(message).await,
        }
    }
    // On a pipe there is no stream whose end says it (specification: *Cancellation*).
    in_flight.tell(encode::cancelled(&id, Some("the server ends"))).await;
    Done { in_flight, answer: subscription.end() }.end().await;
}
