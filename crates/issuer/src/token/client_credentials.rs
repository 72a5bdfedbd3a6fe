//! A token for the client itself (OAuth 2.1 §4.2): only for confidential clients of the configuration.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::client::{Client, Source};
use crate::http::Form;
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::state::{Authorization, Origin};
use crate::token::Granted;

pub(crate) fn grant(inner: &Inner, client: &Client, form: &Form) -> Result<Value, Refusal> {
    if client.source != Source::Static || client.secret.is_none() {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, "only confidential clients of the configuration may"));
    }
    let scopes = crate::authorize::scopes(&client.scopes, form.get("scope"))?;
    let authorization = Arc::new(Authorization {
        // RFC 9068 §2.2: without a user, the subject is the client.
        subject: client.id.clone(),
        claims: Map::new(),
        client_id: client.id.clone(),
        resource: crate::authorize::resource(inner, form)?,
        scopes,
    });
    let (authorization, scopes) = (&authorization, &authorization.scopes);
    let granted = Granted { authorization, scopes, origin: Origin::Client, refresh_token: None };
    granted.answer(inner, &mut inner.state())
}
