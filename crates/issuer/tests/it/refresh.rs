//! Refreshing: each token works once, and never for more than was granted.

use http::StatusCode;

use crate::harness::{Harness, RESOURCE};

fn text<'a>(tokens: &'a serde_json::Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn a_refresh_gives_new_tokens() {
    let harness = Harness::new();
    let first = harness.tokens().await;
    let answer = harness.refresh(text(&first, "refresh_token"), &[("resource", RESOURCE)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let second = answer.json();
    assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
    assert!(harness.is_active(text(&first, "access_token")).await);
    assert!(harness.is_active(text(&second, "access_token")).await);
    assert_eq!(harness.refresh(text(&second, "refresh_token"), &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_second_use_of_a_refresh_token_ends_the_whole_family() {
    let harness = Harness::new();
    let first = harness.tokens().await;
    let second = harness.refresh(text(&first, "refresh_token"), &[]).await.json();
    assert_eq!(harness.refresh(text(&first, "refresh_token"), &[]).await.error(), "invalid_grant");
    assert_eq!(harness.refresh(text(&second, "refresh_token"), &[]).await.error(), "invalid_grant");
    for tokens in [&first, &second] {
        assert!(!harness.is_active(text(tokens, "access_token")).await);
    }
}

#[tokio::test]
async fn asking_for_more_is_refused_before_the_token_is_spent() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.resources.push("http://127.0.0.1:8080/second".to_owned());
    });
    let tokens = harness.tokens().await;
    let cases = [
        (("scope", "files:read files:write"), "invalid_scope"),
        (("scope", "unknown"), "invalid_scope"),
        (("resource", "http://127.0.0.1:8080/second"), "invalid_target"),
        (("resource", "https://unknown.example/"), "invalid_target"),
    ];
    for (parameter, expected) in cases {
        let answer = harness.refresh(text(&tokens, "refresh_token"), &[parameter]).await;
        assert_eq!((answer.status, answer.error().as_str()), (StatusCode::BAD_REQUEST, expected), "{parameter:?}");
    }
    assert_eq!(harness.refresh(text(&tokens, "refresh_token"), &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_narrower_token_does_not_narrow_the_grant() {
    let harness = Harness::new();
    let code = harness.code(&[("scope", "files:read files:write")]).await;
    let tokens = harness.redeem(&code, &[]).await.json();
    let narrow = harness.refresh(text(&tokens, "refresh_token"), &[("scope", "files:read")]).await.json();
    assert_eq!(narrow["scope"], "files:read");
    let wide = harness.refresh(text(&narrow, "refresh_token"), &[]).await.json();
    assert_eq!(wide["scope"], "files:read files:write");
}

#[tokio::test]
async fn another_client_cannot_refresh_and_does_not_end_the_grant() {
    let harness = Harness::new();
    let tokens = harness.tokens().await;
    let token = text(&tokens, "refresh_token");
    let parameters =
        [("grant_type", "refresh_token"), ("client_id", "https://a.example/c.json"), ("refresh_token", token)];
    assert_eq!(harness.form("/token", &parameters).await.error(), "invalid_grant");
    assert_eq!(harness.refresh(token, &[]).await.status, StatusCode::OK);
    assert_eq!(harness.refresh("never-issued", &[]).await.error(), "invalid_grant");
    assert_eq!(harness.refresh("", &[]).await.error(), "invalid_request");
}

#[tokio::test]
async fn rotation_does_not_prolong_a_grant() {
    let harness = Harness::new();
    let mut tokens = harness.tokens().await;
    for _ in 0..23 {
        harness.pass(60 * 60);
        tokens = harness.refresh(text(&tokens, "refresh_token"), &[]).await.json();
    }
    harness.pass(60 * 60);
    assert_eq!(harness.refresh(text(&tokens, "refresh_token"), &[]).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_client_that_did_not_ask_for_refresh_tokens_gets_none() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.clients[0].grants.pop();
    });
    let tokens = harness.tokens().await;
    assert!(tokens.get("refresh_token").is_none());
    assert_eq!(harness.refresh("x", &[]).await.error(), "unauthorized_client");
}
