//! Dynamic registration: by whom, of what, and how many.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Harness, basic};

fn metadata(name: &str, value: Value) -> Value {
    let mut metadata = json!({ "redirect_uris": ["http://localhost:3000/callback"], "client_name": "Test" });
    metadata[name] = value;
    metadata
}

#[tokio::test]
async fn a_public_client_registers_and_gets_tokens() {
    let harness = Harness::new();
    let answer = harness
        .register(&json!({
            "client_name": "Inspector",
            "redirect_uris": ["http://localhost:6274/oauth/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
            "client_uri": "https://example.com",
            "something_new": { "deep": [1] },
        }))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let client = answer.json();
    assert_eq!(client["client_id_issued_at"], harness.now());
    assert_eq!(client["token_endpoint_auth_method"], "none");
    assert!(client.get("client_secret").is_none() && client.get("something_new").is_none());

    let id = client["client_id"].as_str().unwrap();
    let redirect = "http://localhost:50001/oauth/callback";
    let code = harness.code(&[("client_id", id), ("redirect_uri", redirect)]).await;
    let tokens = harness.redeem(&code, &[("client_id", id), ("redirect_uri", redirect)]).await.json();
    assert!(harness.is_active(tokens["access_token"].as_str().unwrap()).await);
    assert!(tokens["refresh_token"].is_string());
}

#[tokio::test]
async fn a_confidential_client_needs_its_secret() {
    for method in [Some("client_secret_basic"), Some("client_secret_post"), None] {
        let harness = Harness::new();
        let asked = method
            .map_or_else(|| metadata("x", json!(1)), |method| metadata("token_endpoint_auth_method", json!(method)));
        let client = harness.register(&asked).await.json();
        assert_eq!(client["token_endpoint_auth_method"], method.unwrap_or("client_secret_basic"));
        assert_eq!(client["client_secret_expires_at"], 0);
        let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        let redirect = "http://localhost:3000/callback";
        let code = harness.code(&[("client_id", id), ("redirect_uri", redirect)]).await;
        let without = harness.redeem(&code, &[("client_id", id), ("redirect_uri", redirect)]).await;
        assert_eq!(without.error(), "invalid_client");
        let changes = [("client_id", id), ("client_secret", secret), ("redirect_uri", redirect)];
        assert_eq!(harness.redeem(&code, &changes).await.status, StatusCode::OK);
        // A registered client is anybody: it may not ask about the tokens of others.
        let asked = harness.form_as("/introspect", &[("token", "x")], Some(&basic(id, secret))).await;
        assert_eq!(asked.error(), "invalid_client");
    }
}

#[tokio::test]
async fn redirect_uris_that_no_client_may_have_are_refused() {
    let cases = [
        json!(["javascript:alert(1)"]),
        json!(["JaVaScRiPt:alert(1)"]),
        json!([" javascript:alert(1)"]),
        json!(["java\tscript:alert(1)"]),
        json!(["java\nscript:alert(1)"]),
        json!(["data:text/html,x"]),
        json!(["vbscript:x"]),
        json!(["blob:http://localhost/x"]),
        json!(["file:///etc/passwd"]),
        json!(["cursor://callback"]),
        json!(["http://evil.example/cb"]),
        json!(["http://127.0.0.1.evil.example/cb"]),
        json!(["http://localhost.evil.example/cb"]),
        json!(["http://127.1/cb"]),
        json!(["http://10.0.0.1/cb"]),
        json!(["http://localhost:3000/cb#f"]),
        json!(["http://user@localhost:3000/cb"]),
        json!(["http://localhost:3000@evil.example/cb"]),
        json!(["http://localhost\\.evil.example/cb"]),
        json!(["https://unlisted.example/cb"]),
        json!(["http://localhost:3000/cb", "javascript:alert(1)"]),
        json!([format!("http://localhost/{}", "x".repeat(2048))]),
        json!([]),
        json!("http://localhost:3000/cb"),
        json!([1]),
        json!(null),
        json!(vec!["http://localhost:3000/cb"; 21]),
    ];
    let harness = Harness::new();
    for uris in cases {
        let answer = harness.register(&metadata("redirect_uris", uris.clone())).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_redirect_uri"),
            "{uris}"
        );
    }
}

#[tokio::test]
async fn an_unlisted_https_redirect_uri_is_left_out_beside_one_that_works() {
    let uris = json!(["https://vscode.example/redirect", "http://127.0.0.1/", "https://app.example/cb"]);
    let answer = Harness::new().register(&metadata("redirect_uris", uris)).await;
    assert_eq!(answer.json()["redirect_uris"], json!(["http://127.0.0.1/", "https://app.example/cb"]));
}

#[tokio::test]
async fn metadata_that_is_not_offered_is_refused() {
    let cases = [
        metadata("grant_types", json!(["client_credentials"])),
        metadata("grant_types", json!(["authorization_code", "client_credentials"])),
        metadata("grant_types", json!(["implicit"])),
        metadata("grant_types", json!(["refresh_token"])),
        metadata("grant_types", json!([])),
        metadata("grant_types", json!("authorization_code")),
        metadata("response_types", json!(["token"])),
        metadata("response_types", json!(["code", "token"])),
        metadata("token_endpoint_auth_method", json!("private_key_jwt")),
        metadata("token_endpoint_auth_method", json!("unknown")),
        metadata("token_endpoint_auth_method", json!(1)),
        metadata("client_name", json!({})),
        json!([]),
        json!("text"),
    ];
    let harness = Harness::new();
    for metadata in cases {
        let answer = harness.register(&metadata).await;
        let refused = (answer.status, answer.error());
        assert_eq!(refused, (StatusCode::BAD_REQUEST, "invalid_client_metadata".to_owned()), "{metadata}");
    }
}

#[tokio::test]
async fn a_body_is_at_most_16_kib() {
    let harness = Harness::new();
    for (bytes, expected) in [
        (10_000, StatusCode::CREATED),
        (17_000, StatusCode::PAYLOAD_TOO_LARGE),
        (1 << 20, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answer = harness.register(&metadata("client_name", json!("x".repeat(bytes)))).await;
        assert_eq!(answer.status, expected, "{bytes}");
    }
}

#[tokio::test]
async fn a_flood_of_registrations_is_slowed() {
    let harness = Harness::with(|config| config.bounds.registrations_per_minute = 6);
    for _ in 0..6 {
        assert_eq!(harness.register(&metadata("x", json!(1))).await.status, StatusCode::CREATED);
    }
    let refused = harness.register(&metadata("x", json!(1))).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((10..=11).contains(&wait), "{wait}");
    harness.pass(wait);
    assert_eq!(harness.register(&metadata("x", json!(1))).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn clients_are_bounded_and_unused_ones_end_after_a_day() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.bounds.clients_max = 2;
    });
    let mut ids = Vec::new();
    for _ in 0..2 {
        let client = harness.register(&metadata("token_endpoint_auth_method", json!("none"))).await.json();
        ids.push(client["client_id"].as_str().unwrap().to_owned());
    }
    let full = harness.register(&metadata("x", json!(1))).await;
    assert_eq!((full.status, full.error().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"));
    let redirect = ("redirect_uri", "http://localhost:3000/callback");
    let (used, unused) = ([("client_id", ids[0].as_str()), redirect], [("client_id", ids[1].as_str()), redirect]);
    harness.pass(60 * 60 * 23);
    harness.code(&used).await;
    harness.pass(60 * 60);
    assert_eq!(harness.authorize(&unused).await.status, StatusCode::BAD_REQUEST);
    harness.code(&used).await;
    assert_eq!(harness.register(&metadata("x", json!(1))).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn registration_can_be_off() {
    let harness = Harness::with(|config| config.bounds.registrations_per_minute = 0);
    assert_eq!(harness.register(&metadata("x", json!(1))).await.status, StatusCode::NOT_FOUND);
    let document = harness.get("/.well-known/oauth-authorization-server/dev-issuer").await.json();
    assert!(document.get("registration_endpoint").is_none());
}
