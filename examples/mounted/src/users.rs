//! Who the users are: the application's own authentication, in front of its pages and of MCP alike.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use outboard_identity::{GrantedScopes, Principal};

/// What issues the tokens below; it makes a user of this application different from one of the same name elsewhere.
const ISSUER: &str = "https://notes.example";

/// Lets users through and says who they are, in the request's extensions: pages and the transport look there.
pub(crate) async fn authenticate(mut request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(user) = header.and_then(|value| value.strip_prefix("Bearer ")).and_then(user_of) else {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "sign in first\n").into_response();
    };
    request.extensions_mut().insert(Principal::verified(ISSUER, user, "notes", GrantedScopes::All));
    next.run(request).await
}

/// Whose token it is. Yours are random and stand in a table, by their digests.
fn user_of(token: &str) -> Option<&'static str> {
    match token {
        "alices-token" => Some("alice"),
        "bobs-token" => Some("bob"),
        _ => None,
    }
}
