//! Redeeming a code: once, in time, by its client, with its verifier.

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::Barrier;

use crate::harness::{Harness, RESOURCE, VERIFIER};

#[tokio::test]
async fn a_code_becomes_tokens_once_and_a_second_use_ends_them() {
    let harness = Harness::new();
    let code = harness.code(&[]).await;
    let first = harness.redeem(&code, &[]).await;
    assert_eq!(first.status, StatusCode::OK, "{first:?}");
    assert_eq!((first.header("cache-control"), first.header("pragma")), ("no-store", "no-cache"));
    let tokens = first.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&"Bearer".into(), &600.into()));
    assert_eq!(tokens["scope"], "files:read");
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    assert!(harness.is_active(access).await);

    assert_eq!(harness.redeem(&code, &[]).await.error(), "invalid_grant");
    assert!(!harness.is_active(access).await);
    assert_eq!(harness.refresh(refresh, &[]).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_that_comes_again_after_its_time_still_ends_its_tokens() {
    let harness = Harness::new();
    let code = harness.code(&[]).await;
    let access = harness.redeem(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
    harness.pass(61);
    assert_eq!(harness.redeem(&code, &[]).await.error(), "invalid_grant");
    assert!(!harness.is_active(&access).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_redemptions_at_one_instant_exactly_one_succeeds() {
    let harness = Arc::new(Harness::new());
    for _ in 0..50 {
        let code = harness.code(&[]).await;
        let barrier = Arc::new(Barrier::new(2));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (harness, barrier, code) = (Arc::clone(&harness), Arc::clone(&barrier), code.clone());
            tasks.spawn(async move {
                barrier.wait().await;
                harness.redeem(&code, &[]).await.status
            });
        }
        let mut statuses = tasks.join_all().await;
        statuses.sort();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::BAD_REQUEST]);
    }
}

#[tokio::test]
async fn a_code_ends_after_a_minute() {
    let harness = Harness::new();
    let (young, old) = (harness.code(&[]).await, harness.code(&[]).await);
    harness.pass(59);
    assert_eq!(harness.redeem(&young, &[]).await.status, StatusCode::OK);
    harness.pass(1);
    assert_eq!(harness.redeem(&old, &[]).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_that_is_presented_wrongly_is_refused_and_spent() {
    let short = &VERIFIER[..42];
    let long = "x".repeat(129);
    let cases: [&[(&str, &str)]; 8] = [
        &[("code_verifier", "")],
        &[("code_verifier", "another-verifier-of-forty-three-characters-or")],
        &[("code_verifier", short)],
        &[("code_verifier", &long)],
        &[("code_verifier", "a verifier with spaces and forty-three characters")],
        &[("redirect_uri", "https://app.example/cb")],
        &[("redirect_uri", "http://127.0.0.1:1/callback")],
        &[("client_id", "https://other.example/client.json")],
    ];
    let harness = Harness::new();
    for changes in cases {
        let code = harness.code(&[]).await;
        let answer = harness.redeem(&code, changes).await;
        assert_eq!((answer.status, answer.error().as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"), "{changes:?}");
        assert_eq!(harness.redeem(&code, &[]).await.error(), "invalid_grant", "{changes:?}");
    }
    assert_eq!(harness.redeem("never-issued", &[]).await.error(), "invalid_grant");
    assert_eq!(harness.redeem("", &[]).await.error(), "invalid_request");
}

#[tokio::test]
async fn the_redirect_uri_may_be_left_out_because_the_verifier_binds_the_code() {
    let harness = Harness::new();
    let code = harness.code(&[]).await;
    assert_eq!(harness.redeem(&code, &[("redirect_uri", "")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_resource_than_the_granted_one_is_refused_and_spends_nothing() {
    let second = "http://127.0.0.1:8080/second";
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.resources.push(second.to_owned());
    });
    let code = harness.code(&[]).await;
    let cases: [&[(&str, &str)]; 3] = [
        &[("resource", second)],
        &[("resource", "https://unknown.example/")],
        &[("resource", RESOURCE), ("resource", second)],
    ];
    for changes in cases {
        assert_eq!(harness.redeem(&code, changes).await.error(), "invalid_target", "{changes:?}");
    }
    // Of several resources, the one that was granted is meant.
    assert_eq!(harness.redeem(&code, &[("resource", "")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn tokens_are_bounded() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.bounds.tokens_max = 1;
    });
    harness.tokens().await;
    let code = harness.code(&[]).await;
    let answer = harness.redeem(&code, &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.error(), "temporarily_unavailable");
}
