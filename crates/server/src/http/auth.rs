//! Asks who calls: the resource server in front of the MCP endpoint, whose refusals are JSON-RPC errors here.

use bytes::Bytes;
use http::HeaderValue;
use outboard_auth::{AuthLayer, MetadataLayer, ProtectedResourceMetadata, Refusal, RefusalBody, ResourceServer};
use outboard_protocol::error::code;
use outboard_protocol::{ErrorObject, encode};
use outboard_transport::StreamableHttp;

/// Tells clients where to get a token, also behind a proxy that takes a prefix of the path away.
pub(crate) fn metadata(server: &ResourceServer, path: &str) -> MetadataLayer {
    MetadataLayer::new(ProtectedResourceMetadata::new(server.config()).mounted_at(path))
}

/// Lets nobody through without a good token.
pub(crate) fn layer(server: ResourceServer) -> AuthLayer {
    AuthLayer::new(server).with_refusal_body(json_rpc)
}

/// What a caller with a good token gets to.
#[cfg(not(debug_assertions))]
pub(crate) type Admitting = StreamableHttp;

/// The same, where a test can have all callers taken for one.
#[cfg(debug_assertions)]
pub(crate) type Admitting = crate::sabotage::OneOwner<StreamableHttp>;

/// The transport, for a caller with a good token.
pub(crate) fn admitting(transport: &StreamableHttp) -> Admitting {
    #[cfg(debug_assertions)]
    let admitting = crate::sabotage::OneOwner(transport.clone());
    #[cfg(not(debug_assertions))]
    let admitting = transport.clone();
    admitting
}

/// The refusal as an MCP client reads it: what is wrong with the request, and nothing about the token.
fn json_rpc(refusal: &Refusal) -> RefusalBody {
    let (code, message) = match refusal {
        Refusal::NoToken => (code::UNAUTHORIZED, "a bearer token is needed"),
        Refusal::Malformed(_) => (code::INVALID_REQUEST, "send exactly one bearer token, in the Authorization header"),
        Refusal::Invalid(_) => (code::UNAUTHORIZED, "the bearer token is not valid here"),
        Refusal::Unavailable { .. } => (code::UNAVAILABLE, "tokens cannot be verified now: try again later"),
    };
    let body = encode::error(None, &ErrorObject::new(code, message));
    RefusalBody { content_type: HeaderValue::from_static("application/json"), bytes: Bytes::from(body) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outboard_auth::{InvalidToken, MalformedRequest};

    use super::*;

    #[test]
    fn a_refusal_is_an_error_without_id_that_says_nothing_of_the_token() {
        let unavailable = Refusal::Unavailable { issuer: "https://secret.example".into(), retry_after: Duration::ZERO };
        let cases = [
            (Refusal::NoToken, 1401),
            (Refusal::Malformed(MalformedRequest::Repeated), -32600),
            (Refusal::Invalid(InvalidToken::Expired), 1401),
            (Refusal::Invalid(InvalidToken::Audience), 1401),
            (unavailable, 1503),
        ];
        let told =
            |refusal: &Refusal| -> serde_json::Value { serde_json::from_slice(&json_rpc(refusal).bytes).unwrap() };
        for (refusal, code) in cases {
            let body = told(&refusal);
            assert_eq!(body["error"]["code"], code, "{refusal}");
            assert!(body.get("id").is_none(), "{refusal}");
            assert!(!body.to_string().contains("secret.example"));
        }
        assert_eq!(told(&InvalidToken::Expired.into()), told(&InvalidToken::Audience.into()));
    }
}
