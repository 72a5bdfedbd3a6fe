//! `initialize`: opens a session, whose id holds all of it (2025-11-25 *Lifecycle*).

use std::sync::Arc;

use ::http::{HeaderValue, Response};
use outboard_identity::Principal;
use outboard_protocol::encode::{ServerIdentity, ServerResult};
use outboard_protocol::params::{ParamsError, members, object, text};
use outboard_protocol::types::{ClientCapabilities, InitializeResult};
use outboard_protocol::{RawJson, Request, RequestId, Revision};
use outboard_runtime::{Call, Description, Operation, owner_digest};
use outboard_store::{CounterKey, NewSession, OwnerDigest, Rate, Session, SessionId, Taken};

use super::session::client_of;
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

    /// Counts a session against the rate of who opens it. A store that does not count is no reason to refuse anybody.
    async fn take_opening(&self, principal: &Principal, id: &RequestId) -> Result<(), Refusal> {
        let owner = OwnerDigest::of(&principal.subject_key().to_bytes());
        let config = &self.config.legacy;
        let rate = Rate::per_second(config.initialize_rate, config.initialize_burst);
        let key = CounterKey { owner, kind: "initialize", id: 0 };
        match self.runtime.store().counters.take(key, rate, 1).await {
            Ok(Taken { allowed: false, retry_after, .. }) => {
                Err(Refusal::TooManySessions { id: id.clone(), retry_after })
            }
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "sessions that are opened cannot be counted: one more is opened");
                Ok(())
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
        let params = members(params)?;
        let protocol_version = text(params.required("protocolVersion", "protocolVersion")?, "protocolVersion")?;
        let expected = "an object of objects";
        let capabilities = ClientCapabilities::from_json(params.required("capabilities", "capabilities")?.get())
            .ok_or(ParamsError::WrongType { name: "capabilities", expected })?;
        let client = object(params.required("clientInfo", "clientInfo")?, "clientInfo")?;
        let name = text(client.required("name", "clientInfo.name")?, "clientInfo.name")?;
        let version = text(client.required("version", "clientInfo.version")?, "clientInfo.version")?;
        Ok(Self {
            protocol_version: protocol_version.into_owned(),
            capabilities,
            client_name: name.into_owned(),
            client_version: version.into_owned(),
        })
    }

    /// What is spoken in the session.
    pub(crate) fn revision(&self) -> &'static Revision {
        Revision::negotiate(&self.protocol_version)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(params: &str) -> String {
        Opening::read(Some(&RawJson::parse(params.to_owned().into()).unwrap())).unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_or_stands_twice_is_named() {
        const WHOLE: &str =
            r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#;
        let cases = [
            (r#""protocolVersion":"#, r#""protocolVersion":"2025-06-18","protocolVersion":"#, "more than once"),
            (r#""capabilities":"#, r#""capabilities":{},"capabilities":"#, "more than once"),
            (r#""clientInfo":"#, r#""clientInfo":{},"clientInfo":"#, "more than once"),
            (r#""name":"#, r#""name":"d","name":"#, "clientInfo.name more than once"),
            (r#""protocolVersion":"#, r#""version":"#, "lacks the required member protocolVersion"),
            (r#""2025-11-25""#, "7", "protocolVersion has the wrong type"),
            ("{}", "[]", "capabilities has the wrong type"),
            (r#"{"name":"c","version":"1"}"#, r#"["c","1"]"#, "clientInfo has the wrong type"),
            (r#""version":"1""#, r#""version":null"#, "clientInfo.version has the wrong type"),
        ];
        for (from, to, said) in cases {
            let refusal = refusal(&WHOLE.replacen(from, to, 1));
            assert!(refusal.contains(said), "{to}: {refusal}");
        }
        assert!(Opening::read(Some(&RawJson::parse(WHOLE.into()).unwrap())).is_ok());
        assert!(Opening::read(None).is_err());
    }
}
