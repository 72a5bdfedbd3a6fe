//! `initialize`: opens a session, whose id holds all of it (2025-11-25 *Lifecycle*).

use std::sync::Arc;

use ::http::{HeaderValue, Response};
use outboard_identity::Principal;
use outboard_protocol::{Request, RequestId};
use outboard_runtime::{Call, Operation, owner_digest};
use outboard_store::{CounterKey, Counters as _, NewSession, OwnerDigest, Rate, Session, SessionId, Taken};

use super::session::client_of;
use crate::http::body::Body;
use crate::http::headers::SESSION_ID;
use crate::http::refusal::Refusal;
use crate::http::respond::respond;
use crate::http::{Endpoint, Posted};
use crate::legacy::opening::Opening;

impl Endpoint {
    /// Opens a session, whatever session the request names.
    pub(super) async fn initialize(
        self: &Arc<Self>,
        posted: &Posted<'_>,
        request: Request,
    ) -> Result<Response<Body>, Refusal> {
        let id = request.id;
        let opening = Opening::read(request.params.as_ref()).map_err(|error| Refusal::legacy(id.clone(), error))?;
        let revision = opening.revision();
        self.take_opening(&posted.principal, &id).await?;
        let (session_id, session) = self.open(&posted.principal, &opening, &id)?;
        let client = client_of(&session, revision, posted.accepts.events);
        let call = Call::new(Operation::Describe, posted.principal.clone(), client);
        let answering = self.answering(id.clone(), revision);
        let mut response = respond(self.told_from_memory(call), answering, self.streaming(posted)).await;
        let header = HeaderValue::from_str(session_id.as_str()).map_err(|_| Refusal::Internal { id: Some(id) })?;
        response.headers_mut().insert(&SESSION_ID, header);
        Ok(response)
    }

    /// Counts a session against the rate of who opens it. While the store does not count, each replica counts for itself.
    async fn take_opening(&self, principal: &Principal, id: &RequestId) -> Result<(), Refusal> {
        let owner = OwnerDigest::of(&principal.subject_key().to_bytes());
        let config = &self.config.legacy;
        let rate = Rate::per_second(config.initialize_rate, config.initialize_burst);
        let key = CounterKey { owner, kind: "initialize", id: 0 };
        let taken = match self.runtime.store().counters.take(key, rate, 1).await {
            Err(error) => {
                tracing::warn!(%error, "sessions that are opened are counted by this replica alone");
                self.legacy.openings.take(key, rate, 1).await
            }
            taken => taken,
        };
        match taken {
            Ok(Taken { allowed: true, .. }) => Ok(()),
            Ok(Taken { retry_after, .. }) => Err(Refusal::TooManySessions { id: id.clone(), retry_after }),
            Err(error) => {
                tracing::warn!(%error, "a session is not opened: it cannot be counted");
                Err(Refusal::StoreUnavailable { id: Some(id.clone()) })
            }
        }
    }

    fn open(&self, principal: &Principal, opening: &Opening, id: &RequestId) -> Result<(SessionId, Session), Refusal> {
        let new = NewSession {
            owner: owner_digest(principal),
            revision: opening.revision().name,
            capabilities: opening.capabilities.bits(),
            client_name: &opening.client_name,
            client_version: &opening.client_version,
        };
        self.sessions.create(new).map_err(|error| {
            tracing::error!(%error, "a session could not be sealed");
            Refusal::Internal { id: Some(id.clone()) }
        })
    }
}
