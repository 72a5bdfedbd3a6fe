//! Authorization requests: what is refused, to whom it is told, and that the answer says who gave it.

use http::StatusCode;
use outboard_issuer::IssuerConfig;

use crate::harness::{Answer, Harness, ISSUER, REDIRECT, RESOURCE};

fn assert_page(answer: &Answer, case: &str) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{case}");
    assert_eq!(answer.header("location"), "", "{case}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{case}");
}

#[tokio::test]
async fn every_answer_to_the_client_carries_state_and_issuer() {
    let harness = Harness::new();
    let cases: [(&[(&str, &str)], &str); 2] = [(&[], "code"), (&[("scope", "other")], "error")];
    for (changes, expected) in cases {
        let answer = harness.authorize(changes).await;
        let location = answer.location();
        assert_eq!(answer.status, StatusCode::FOUND);
        assert!(answer.header("location").starts_with(&format!("{REDIRECT}?")), "{answer:?}");
        assert!(location.contains_key(expected), "{location:?}");
        assert_eq!((location["iss"].as_str(), location["state"].as_str()), (ISSUER, "st&te"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn a_request_that_is_no_uri_is_answered_by_a_page() {
    let harness = Harness::new();
    let request = harness.request(&[("state", "")]);
    assert!(harness.get(&format!("{request}&state=%C3%A4")).await.location().contains_key("code"));
    assert_page(&harness.get(&format!("{request}&state=\u{e4}")).await, "not ASCII");
}

#[tokio::test]
async fn a_request_without_state_gets_none_back() {
    let answer = Harness::new().authorize(&[("state", "")]).await;
    assert!(answer.location().contains_key("code"));
    assert!(!answer.location().contains_key("state"));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_the_client() {
    let long = "x".repeat(2049);
    let short_challenge = "x".repeat(42);
    let long_challenge = "x".repeat(129);
    let odd_challenge = "+".repeat(43);
    let cases: [(&[(&str, &str)], &str); 23] = [
        // PKCE, with S256 and nothing else.
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "s256")], "invalid_request"),
        (&[("code_challenge", &short_challenge)], "invalid_request"),
        (&[("code_challenge", &long_challenge)], "invalid_request"),
        (&[("code_challenge", &odd_challenge)], "invalid_request"),
        // Resources.
        (&[("resource", "http://127.0.0.1:8080/other")], "invalid_target"),
        (&[("resource", "http://127.0.0.1:8080/mcp#x")], "invalid_target"),
        (&[("resource", RESOURCE), ("resource", RESOURCE)], "invalid_target"),
        (&[("resource", "nonsense")], "invalid_target"),
        // The rest.
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("scope", "files:read admin")], "invalid_scope"),
        (&[("scope", "files:\"read")], "invalid_scope"),
        (&[("scope", "files:read"), ("scope", "files:write")], "invalid_request"),
        (&[("state", &long)], "invalid_request"),
        (&[("request", "x.y.z")], "request_not_supported"),
        (&[("request_uri", "https://a.example/")], "request_uri_not_supported"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("state", "a"), ("state", "b")], "invalid_request"),
    ];
    let harness = Harness::new();
    for (changes, expected) in cases {
        let answer = harness.authorize(changes).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{changes:?}");
        assert_eq!(answer.error(), expected, "{changes:?}");
        assert_eq!(answer.location()["iss"], ISSUER, "{changes:?}");
        assert!(!answer.location().contains_key("code"), "{changes:?}");
    }
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_the_clients_is_answered_by_a_page() {
    let cases = [
        "",
        "http://127.0.0.1:33418/other",
        "http://127.0.0.1:33418/callback/more",
        "http://127.0.0.1:33418/callback/",
        "http://127.0.0.1:33418/callback?x",
        "http://127.0.0.1:33418/callback#f",
        "http://127.0.0.1:33418/%63allback",
        "http://127.0.0.1:33418/./callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:33418@evil.example/callback",
        "http://127.0.0.1:x@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1\\@evil.example/callback",
        "http://127.0.0.1:\\evil.example/callback",
        "http:\\\\127.0.0.1:33418/callback",
        "HTTP://127.0.0.1:33418/callback",
        "http://[::1]:33418/callback",
        "https://127.0.0.1:33418/callback",
        "https://app.example:8443/cb",
        "https://app.example:443/cb",
        "https://a@app.example/cb",
        "https://evil.example/cb",
        "//evil.example/cb",
        "//app.example/cb",
        "/cb",
        "javascript:alert(1)",
        "https://app.example/cb ",
        " https://app.example/cb",
    ];
    let harness = Harness::new();
    for redirect in cases {
        assert_page(&harness.authorize(&[("redirect_uri", redirect)]).await, redirect);
    }
    let twice = [("redirect_uri", REDIRECT), ("redirect_uri", REDIRECT)];
    assert_page(&harness.authorize(&twice).await, "twice");
}

#[tokio::test]
async fn a_loopback_redirect_uri_may_come_with_any_port() {
    let harness = Harness::new();
    for redirect in [
        REDIRECT,
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1/callback",
        "http://localhost:5000/callback",
        "https://app.example/cb",
    ] {
        let answer = harness.authorize(&[("redirect_uri", redirect)]).await;
        assert!(answer.header("location").starts_with(&format!("{redirect}?code=")), "{redirect}: {answer:?}");
    }
}

#[tokio::test]
async fn an_unknown_client_is_answered_by_a_page() {
    let harness = Harness::new();
    for client in ["", "nobody", "App", "http://a.example/client.json", "javascript:alert(1)"] {
        assert_page(&harness.authorize(&[("client_id", client)]).await, client);
    }
    assert_page(&harness.authorize(&[("client_id", "app"), ("client_id", "app")]).await, "twice");
    assert_page(&harness.get("/dev-issuer/authorize").await, "nothing");
    let long = format!("/dev-issuer/authorize?client_id=app&x={}", "x".repeat(9000));
    assert_page(&harness.get(&long).await, "too long");
    let many = format!("/dev-issuer/authorize?{}", "a=b&".repeat(65));
    assert_page(&harness.get(&many).await, "too many");
}

#[tokio::test]
async fn a_client_without_the_grant_gets_no_code() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.clients[0].grants.clear();
    });
    assert_eq!(harness.authorize(&[]).await.error(), "unauthorized_client");
}

#[tokio::test]
async fn the_resource_may_be_left_out_only_where_there_is_one() {
    let auto = |config: &mut IssuerConfig| config.dangerous_auto_approve = Some("alice".to_owned());
    let one = Harness::with(auto);
    assert!(one.authorize(&[("resource", "")]).await.location().contains_key("code"));
    let two = Harness::with(|config| {
        auto(config);
        config.resources.push("http://127.0.0.1:8080/second".to_owned());
    });
    assert_eq!(two.authorize(&[("resource", "")]).await.error(), "invalid_target");
}

#[tokio::test]
async fn a_resource_is_compared_as_a_url() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.resources = vec!["https://mcp.example".to_owned()];
    });
    let cases = [
        ("https://mcp.example", true),
        ("https://mcp.example/", true),
        ("HTTPS://MCP.example:443", true),
        ("https://mcp.example/mcp", false),
        ("https://mcp.example:8443", false),
        ("https://user@mcp.example", false),
        ("http://mcp.example", false),
    ];
    for (resource, is_known) in cases {
        let location = harness.authorize(&[("resource", resource)]).await.location();
        assert_eq!(location.contains_key("code"), is_known, "{resource}");
    }
}

#[tokio::test]
async fn a_user_grants_only_their_own_scopes() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.users[0].scopes = Some(vec!["files:read".to_owned()]);
    });
    let code = harness.code(&[("scope", "files:write files:read")]).await;
    assert_eq!(harness.redeem(&code, &[]).await.json()["scope"], "files:read");
    assert_eq!(harness.authorize(&[("scope", "files:write")]).await.error(), "access_denied");
}

#[tokio::test]
async fn codes_are_bounded() {
    let harness = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.bounds.codes_max = 2;
    });
    let (first, _) = (harness.code(&[]).await, harness.code(&[]).await);
    assert_eq!(harness.authorize(&[]).await.error(), "temporarily_unavailable");
    assert_eq!(harness.redeem(&first, &[]).await.status, StatusCode::OK);
    harness.pass(601);
    assert!(harness.authorize(&[]).await.location().contains_key("code"));
}

#[tokio::test]
async fn scopes_of_openid_connect_are_left_out_unless_they_are_configured() {
    let harness = Harness::new();
    let cases = [("openid files:read profile email offline_access", Some("files:read")), ("openid email", None)];
    for (asked, granted) in cases {
        let code = harness.code(&[("scope", asked)]).await;
        let tokens = harness.redeem(&code, &[]).await.json();
        assert_eq!(tokens.get("scope").and_then(|scope| scope.as_str()), granted, "{asked}");
    }
    let configured = Harness::with(|config| {
        config.dangerous_auto_approve = Some("alice".to_owned());
        config.scopes.push("email".to_owned());
    });
    let code = configured.code(&[("scope", "openid email")]).await;
    assert_eq!(configured.redeem(&code, &[]).await.json()["scope"], "email");
}
