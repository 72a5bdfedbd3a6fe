//! The token endpoint's callers: who they are, how they say so, and what is refused.

use std::time::{Duration, Instant};

use http::StatusCode;

use crate::harness::{Harness, basic, robot};

type Parameters<'a> = &'a [(&'a str, &'a str)];

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn a_confidential_client_gets_a_token_for_itself_by_header_or_form() {
    let harness = Harness::new();
    let cases: [(Parameters<'_>, Option<String>); 4] = [
        (&[GRANT], Some(robot())),
        (&[GRANT, ("client_id", "robot")], Some(robot().replace("Basic", "basic"))),
        (&[GRANT, ("client_secret", "")], Some(robot())),
        (&[GRANT, ("client_id", "robot"), ("client_secret", "s3cr:t &+%")], None),
    ];
    for (parameters, authorization) in cases {
        let answer = harness.form_as("/token", parameters, authorization.as_deref()).await;
        assert_eq!(answer.status, StatusCode::OK, "{parameters:?} {answer:?}");
        let tokens = answer.json();
        assert!(tokens.get("refresh_token").is_none());
        assert_eq!(tokens["scope"], "files:read files:write");
        let claims = harness.introspect(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!((&claims["sub"], &claims["client_id"]), (&"robot".into(), &"robot".into()));
    }
}

#[tokio::test]
async fn who_cannot_say_who_they_are_is_refused() {
    let harness = Harness::new();
    let two = [GRANT, ("client_id", "robot"), ("client_secret", "s3cr:t &+%")];
    let cases: [(Parameters<'_>, Option<String>, &str); 17] = [
        (&[GRANT], None, "invalid_client"),
        (&[GRANT, ("client_id", "robot")], None, "invalid_client"),
        (&[GRANT, ("client_id", "robot"), ("client_secret", "wrong")], None, "invalid_client"),
        (&[GRANT, ("client_id", "nobody"), ("client_secret", "wrong")], None, "invalid_client"),
        (&[GRANT, ("client_id", "nobody")], None, "invalid_client"),
        (&[GRANT, ("client_id", "app"), ("client_secret", "anything")], None, "invalid_client"),
        (&[GRANT], Some(basic("robot", "wrong")), "invalid_client"),
        (&[GRANT], Some(basic("robot", "")), "invalid_client"),
        (&[GRANT], Some(basic("", "")), "invalid_client"),
        (&[GRANT], Some("Basic !!!".to_owned()), "invalid_client"),
        (&[GRANT], Some("Basic cm9ib3Q=".to_owned()), "invalid_client"),
        (&[GRANT], Some("Basic".to_owned()), "invalid_client"),
        (&[GRANT], Some("Bearer x".to_owned()), "invalid_client"),
        (&[GRANT, ("client_assertion", "x.y.z")], None, "invalid_client"),
        (&two, Some(robot()), "invalid_request"),
        (&[GRANT, ("client_id", "app")], Some(robot()), "invalid_request"),
        (&[GRANT, GRANT], Some(robot()), "invalid_request"),
    ];
    for (parameters, authorization, expected) in cases {
        let answer = harness.form_as("/token", parameters, authorization.as_deref()).await;
        assert_eq!(answer.error(), expected, "{parameters:?} {authorization:?}");
        let is_client = expected == "invalid_client";
        let status = if is_client { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        assert_eq!(answer.status, status, "{parameters:?}");
        assert_eq!(answer.header("www-authenticate").starts_with("Basic "), is_client, "{parameters:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn grants_that_are_not_offered_to_a_client_are_refused() {
    let harness = Harness::new();
    let code = [("grant_type", "authorization_code"), ("code", "x")];
    let cases: [(Parameters<'_>, &str); 8] = [
        (&[], "invalid_request"),
        (&[("grant_type", "password"), ("username", "a"), ("password", "b")], "unsupported_grant_type"),
        (&[("grant_type", "implicit")], "unsupported_grant_type"),
        (&code, "unauthorized_client"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], "unauthorized_client"),
        (&[GRANT, ("scope", "unknown")], "invalid_scope"),
        (&[GRANT, ("resource", "https://unknown.example/")], "invalid_target"),
        (&[GRANT, ("x", "\u{fffd}")], "invalid_request"),
    ];
    for (parameters, expected) in cases {
        let answer = harness.form_as("/token", parameters, Some(&robot())).await;
        assert_eq!((answer.status, answer.error().as_str()), (StatusCode::BAD_REQUEST, expected), "{parameters:?}");
    }
    let public = harness.form("/token", &[GRANT, ("client_id", "app")]).await;
    assert_eq!(public.error(), "unauthorized_client");
}

#[tokio::test]
async fn an_unknown_client_takes_as_long_as_a_wrong_secret() {
    let harness = Harness::new();
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    // The longest that is read, where hashing it costs the most.
    let long = "x".repeat(12_000);
    let wrong = basic("robot", &long);
    let unknown = basic("rabot", &long);
    for _ in 0..1000 {
        // In turns, so that both meet the same machine.
        for (authorization, times) in [&wrong, &unknown].into_iter().zip(&mut times) {
            let started = now();
            let answer = harness.form_as("/token", &[GRANT], Some(authorization)).await;
            times.push(started.elapsed());
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        }
    }
    let [wrong, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    assert!((wrong / unknown - 1.0).abs() < 0.1, "{wrong} {unknown}");
}

#[expect(clippy::disallowed_methods, reason = "what is measured is the time of the processor")]
fn now() -> Instant {
    Instant::now()
}
