//! How a token is brought: rows 1 to 19 of the threat catalogue, as far as they are the layer's.

use serde_json::{Value, json};

use super::*;

const NO_TOKEN: &str =
    "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\", scope=\"notes:read\"";
const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\", error_description=\"the token is not valid, or no longer\", \
                             resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"";
const INVALID_REQUEST: &str = "Bearer error=\"invalid_request\", \
                               error_description=\"the request must carry exactly one token, in the Authorization header\", \
                               resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"";

#[tokio::test]
async fn each_way_of_bringing_no_good_token_has_its_answer() {
    let good = format!("Bearer {KEY}");
    let huge = format!("Bearer {}", "a".repeat(64 * 1024));
    let twice = format!("/mcp?access_token={KEY}");
    let (extra, comma, bad) = (format!("{good} extra"), format!("{good}, Bearer bad"), format!("Bearer x{KEY}"));
    type Case<'a> = (u16, &'a [&'a str], &'a str, StatusCode, &'a str);
    let cases: [Case<'_>; 16] = [
        (1, &[], "/mcp", StatusCode::UNAUTHORIZED, NO_TOKEN),
        (5, &["Basic YWxpY2U6YWxpY2U="], "/mcp", StatusCode::UNAUTHORIZED, NO_TOKEN),
        (6, &["Bearer"], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (6, &["Bearer "], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (7, &[&extra], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (8, &[&comma], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (9, &["Bearer bad", &good], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (9, &[&good, "Bearer bad"], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (10, &[], &twice, StatusCode::UNAUTHORIZED, NO_TOKEN),
        (13, &[&good], &twice, StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (14, &[&huge], "/mcp", StatusCode::UNAUTHORIZED, INVALID_TOKEN),
        (15, &["Bearer a\tb"], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (15, &["Bearer a%20b"], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (15, &["Bearer aéb"], "/mcp", StatusCode::BAD_REQUEST, INVALID_REQUEST),
        (0, &[&bad], "/mcp", StatusCode::UNAUTHORIZED, INVALID_TOKEN),
        (0, &["Bearer a.b.c"], "/mcp", StatusCode::UNAUTHORIZED, INVALID_TOKEN),
    ];
    let behind = Behind::default();
    let service = AuthLayer::new(server(config(RESOURCE))).layer(behind.clone());
    for (row, lines, uri, status, challenge) in cases {
        let mut request = request("POST", uri);
        // Row 12: it is in a cookie too, which counts for nothing.
        request.headers_mut().insert(header::COOKIE, format!("access_token={KEY}").parse().unwrap());
        for line in lines {
            let value = http::HeaderValue::from_bytes(line.as_bytes()).unwrap();
            request.headers_mut().append(header::AUTHORIZATION, value);
        }
        let answer = send(&service, request).await;
        assert_eq!((answer.status(), challenge_of(&answer)), (status, challenge), "row {row}: {lines:?} {uri}");
        assert_eq!(header_of(&answer, header::CONTENT_TYPE), "application/json", "row {row}");
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let expected = if challenge == NO_TOKEN {
            json!({"error_description": "this needs a bearer token"})
        } else {
            let parts: Vec<_> = challenge.split('"').collect();
            json!({"error": parts[1], "error_description": parts[3]})
        };
        assert_eq!(body, expected, "row {row}");
    }
    assert_eq!(behind.seen().len(), 0, "nobody was let through");
}

#[tokio::test]
async fn rows_17_and_19_every_method_and_path_needs_a_token() {
    let behind = Behind::default();
    let service = AuthLayer::new(server(config(RESOURCE))).layer(behind.clone());
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        for path in ["/mcp", "/", "/nowhere", "/.well-known/oauth-protected-resource/mcp"] {
            let answer = send(&service, request(method, path)).await;
            let found = (answer.status(), challenge_of(&answer));
            assert_eq!(found, (StatusCode::UNAUTHORIZED, NO_TOKEN), "{method} {path}");
        }
    }
    assert_eq!(behind.seen().len(), 0, "nobody was let through");
}

#[tokio::test]
async fn rows_3_and_4_a_good_token_is_let_through_and_stays_outside() {
    let behind = Behind::default();
    let service = AuthLayer::new(server(config(RESOURCE))).layer(behind.clone());
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let mut request = bearing(KEY);
        request.headers_mut().insert(header::AUTHORIZATION, format!("{scheme} {KEY}").parse().unwrap());
        assert_eq!(send(&service, request).await.body(), "served", "{scheme}");
    }
    let seen = behind.seen();
    assert_eq!(seen.len(), 4);
    for parts in seen {
        let principal = parts.extensions.get::<Principal>().unwrap();
        assert_eq!(principal.subject_key().subject(), "alice");
        assert!(!parts.headers.contains_key(header::AUTHORIZATION), "{:?}", parts.headers);
        assert!(parts.extensions.get::<InboundToken>().is_none(), "nobody asked for the token");
    }
}

#[tokio::test]
async fn the_token_goes_along_where_it_is_asked_for() {
    let (_authority, mint, server) = with_issuer().await;
    let behind = Behind::default();
    let service = AuthLayer::new(server).keep_token().layer(behind.clone());
    let fresh = mint.good();
    // The first time it is judged, the second time it is remembered.
    for token in [KEY, &fresh, &fresh] {
        assert_eq!(send(&service, bearing(token)).await.body(), "served");
        let parts = behind.seen().pop().unwrap();
        assert_eq!(parts.extensions.get::<InboundToken>().unwrap().dangerous_content(), token);
        assert!(!parts.headers.contains_key(header::AUTHORIZATION), "{:?}", parts.headers);
    }
}

#[tokio::test]
async fn row_18_each_request_is_judged_by_its_own_token() {
    let mut service = AuthLayer::new(server(config(RESOURCE))).layer(Behind::default());
    for (request, status) in [
        (bearing(KEY), StatusCode::OK),
        (request("POST", "/mcp"), StatusCode::UNAUTHORIZED),
        (bearing("another"), StatusCode::UNAUTHORIZED),
        (bearing(KEY), StatusCode::OK),
    ] {
        assert_eq!(service.ready().await.unwrap().call(request).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn row_40_a_token_for_one_resource_is_refused_at_the_other() {
    let (authority, mint, a) = with_issuer().await;
    let mut issuer = IssuerConfig::jwt(authority.issuer());
    issuer.reach = Reach::AnyAddress;
    let b = server(config("https://mcp.example/b/mcp").issuer(issuer));
    let (a, b) = (AuthLayer::new(a).layer(Behind::default()), AuthLayer::new(b).layer(Behind::default()));
    let token = mint.good();
    assert_eq!(send(&a, bearing(&token)).await.status(), StatusCode::OK);
    let refused = send(&b, bearing(&token)).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let metadata = "resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/b/mcp\"";
    assert!(challenge_of(&refused).contains(metadata), "{}", challenge_of(&refused));
    assert!(challenge_of(&refused).contains("error=\"invalid_token\""), "{}", challenge_of(&refused));
}
