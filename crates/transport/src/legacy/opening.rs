//! `initialize`: opens a session, whose id holds all of it (2025-11-25 *Lifecycle*).

use std::sync::Arc;

use ::http::{HeaderValue, Response};
use outboard_identity::Principal;
use outboard_protocol::encode::{ServerIdentity, ServerResult};
use outboard_protocol::params::ParamsError;
use outboard_protocol::types::{ClientCapabilities, InitializeResult};
use outboard_protocol::{RawJson, Request, RequestId, Revision};
use outboard_runtime::{Call, Description, Operation};
use outboard_store::{NewSession, Session, SessionId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::session::{client_of, owner_digest};
use crate::http::body::Body;
use crate::http::headers::SESSION_ID;
use crate::http::refusal::Refusal;
use crate::http::respond::respond;
use crate::http::{Inner, Posted};

impl Inner {
    /// Opens a session, whatever session the request names.
    pub(super) async fn initialize(
        self: &Arc<Self>,
        posted: &Posted<'_>,
        request: Request,
    ) -> Result<Response<Body>, Refusal> {
        let id = request.id;
        let opening = Opening::read(request.params.as_ref()).map_err(|error| Refusal::legacy(id.clone(), error))?;
        let revision = opening.revision();
        let (session_id, session) = self.open(&posted.principal, &opening, &id)?;
        let client = client_of(&session, revision, posted.accepts.events);
        let call = Call::new(Operation::Describe, posted.principal.clone(), client);
        let answering = self.answering(id.clone(), revision);
        let mut response = respond(self.told_from_memory(call), answering, self.streaming(posted)).await;
        let header = HeaderValue::from_str(session_id.as_str()).map_err(|_| Refusal::Internal { id: Some(id) })?;
        response.headers_mut().insert(&SESSION_ID, header);
        Ok(response)
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

/// What a session is opened by. The rest of what a client says about itself is for display, and not looked at.
#[derive(Debug)]
pub(crate) struct Opening {
    protocol_version: String,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) client_name: String,
    pub(crate) client_version: String,
}

impl Opening {
    /// Reads the params of `initialize`.
    pub(crate) fn read(params: Option<&RawJson>) -> Result<Self, ParamsError> {
        let params = params.ok_or(ParamsError::Missing { name: "params" })?;
        let expected = "an object with protocolVersion, capabilities and clientInfo {name, version}";
        let read: Read = params.read().map_err(|_| ParamsError::WrongType { name: "params", expected })?;
        let expected = "an object of objects";
        let capabilities = ClientCapabilities::from_json(read.capabilities.get())
            .ok_or(ParamsError::WrongType { name: "capabilities", expected })?;
        Ok(Self {
            protocol_version: read.protocol_version,
            capabilities,
            client_name: read.client_info.name,
            client_version: read.client_info.version,
        })
    }

    /// What is spoken in the session.
    pub(crate) fn revision(&self) -> &'static Revision {
        Revision::negotiate(&self.protocol_version)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    protocol_version: String,
    capabilities: Box<RawValue>,
    client_info: ClientName,
}

#[derive(Deserialize)]
struct ClientName {
    name: String,
    version: String,
}

/// What the server is, in legacy words.
pub(crate) fn describe(
    description: &Description,
    revision: &'static Revision,
    server: &ServerIdentity,
) -> ServerResult {
    ServerResult::Initialize(Box::new(InitializeResult {
        protocol_version: revision.name.to_owned(),
        capabilities: description.capabilities.clone(),
        server_info: server.info().clone(),
        instructions: description.instructions.clone(),
    }))
}
