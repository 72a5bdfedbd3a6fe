//! Sign-in and consent: what the user sees, and that only they can answer.

use http::StatusCode;
use serde_json::json;

use crate::harness::{Answer, Harness, ISSUER, RESOURCE};

/// Opens the consent page for alice: the page, and the cookie of her session.
async fn consent_page(harness: &Harness, changes: &[(&str, &str)]) -> (Answer, String) {
    let sign_in = harness.authorize(changes).await;
    assert_eq!(sign_in.status, StatusCode::OK, "{sign_in:?}");
    let (page, cookie) = harness.sign_in(&sign_in, "alice").await;
    assert!(page.body.contains("Allow access?"), "{page:?}");
    (page, cookie)
}

fn interactive() -> Harness {
    Harness::with(|_| {})
}

/// Sends an authorization request with a cookie.
async fn authorize_with(harness: &Harness, cookie: &str, changes: &[(&str, &str)]) -> Answer {
    harness.get_with(&harness.request(changes), cookie).await
}

/// Registers a public client that is answered at `redirect_uri`: its id.
async fn registered(harness: &Harness, redirect_uri: &str) -> String {
    let metadata = json!({ "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none" });
    harness.register(&metadata).await.json()["client_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn signing_in_and_allowing_gives_a_code_for_that_user() {
    let harness = interactive();
    let (page, cookie) = consent_page(&harness, &[]).await;
    for shown in ["The App", "127.0.0.1:33418", "files:read", RESOURCE, "alice", "program on this computer"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let answer = harness.press(&page, &cookie, ("decision", "approve")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.location();
    assert_eq!((location["iss"].as_str(), location["state"].as_str()), (ISSUER, "st&te"));
    let tokens = harness.redeem(&location["code"], &[]).await.json();
    let claims = harness.introspect(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(claims["sub"], "alice");
}

#[tokio::test]
async fn denying_tells_the_client() {
    let harness = interactive();
    let (page, cookie) = consent_page(&harness, &[]).await;
    let answer = harness.press(&page, &cookie, ("decision", "deny")).await;
    assert_eq!(answer.error(), "access_denied");
    assert_eq!(answer.location()["iss"], ISSUER);
}

#[tokio::test]
async fn another_user_can_take_over_before_deciding() {
    let harness = interactive();
    let (page, cookie) = consent_page(&harness, &[]).await;
    let switched = harness.press(&page, &cookie, ("decision", "switch")).await;
    assert_eq!(switched.status, StatusCode::SEE_OTHER);
    let sign_in = harness.get_with(switched.header("location"), &cookie).await;
    let (page, _) = harness.sign_in(&sign_in, "bob").await;
    assert!(page.body.contains("<dd>bob</dd>"), "{}", page.body);
    let after = authorize_with(&harness, &cookie, &[]).await;
    assert!(after.body.contains("Sign in as"), "the session before is closed: {}", after.body);
}

#[tokio::test]
async fn pages_cannot_be_framed_scripted_or_kept_and_let_the_answer_through() {
    let harness = interactive();
    let sign_in = harness.authorize(&[]).await;
    let (consent, _) = consent_page(&harness, &[]).await;
    let problem = harness.authorize(&[("client_id", "nobody")]).await;
    for page in [&sign_in, &consent, &problem] {
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'sha256-",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!page.body.contains("<script") && !page.body.contains("src=") && !page.body.contains("style="));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin");
    }
    assert!(consent.header("content-security-policy").contains("form-action 'self' http://127.0.0.1:33418;"));
    assert!(sign_in.header("content-security-policy").contains("form-action 'self' ;"));
}

#[tokio::test]
async fn the_cookie_is_the_browsers_and_new_after_the_sign_in() {
    let harness = interactive();
    let sign_in = harness.authorize(&[]).await;
    let set = sign_in.header("set-cookie");
    // Of all paths of this machine, only ours: a callback on another port may get it otherwise.
    assert!(set.ends_with("; Path=/dev-issuer/authorize; HttpOnly; SameSite=Lax"), "{set}");
    let (consent, cookie) = harness.sign_in(&sign_in, "alice").await;
    for page in [&sign_in, &consent] {
        assert!(page.action().starts_with("/dev-issuer/authorize/"), "{}", page.action());
    }
    assert_ne!(cookie, sign_in.cookie());
    assert_eq!(sign_in.cookie().len(), "outboard-issuer-8080=".len() + 43);
    // Who planted the first cookie has no session now.
    let planted = authorize_with(&harness, &sign_in.cookie(), &[]).await;
    assert!(planted.body.contains("Sign in as"), "{}", planted.body);
}

#[tokio::test]
async fn a_form_that_is_not_of_this_browsers_page_is_refused() {
    let harness = interactive();
    let (page, cookie) = consent_page(&harness, &[]).await;
    let (_, strangers_cookie) = consent_page(&harness, &[]).await;
    let approve = ("decision".to_owned(), "approve".to_owned());
    let fields = |csrf: Option<&str>| {
        let mut fields = page.fields();
        fields.retain(|(name, _)| name != "csrf");
        fields.extend(csrf.map(|csrf| ("csrf".to_owned(), csrf.to_owned())));
        fields.push(approve.clone());
        fields
    };
    let csrf = page.fields().into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    let own = Some("http://127.0.0.1:8080");
    let action = page.action();
    let cases = [
        ("no token", fields(None), Some(cookie.as_str()), own),
        ("empty token", fields(Some("")), Some(&cookie), own),
        ("wrong token", fields(Some("x")), Some(&cookie), own),
        ("no cookie", fields(Some(&csrf)), None, own),
        ("stranger's cookie", fields(Some(&csrf)), Some(&strangers_cookie), own),
        ("no origin", fields(Some(&csrf)), Some(&cookie), None),
        ("foreign origin", fields(Some(&csrf)), Some(&cookie), Some("https://evil.example")),
        ("null origin", fields(Some(&csrf)), Some(&cookie), Some("null")),
        ("other spelling", fields(Some(&csrf)), Some(&cookie), Some("http://localhost:8080")),
        ("other port", fields(Some(&csrf)), Some(&cookie), Some("http://127.0.0.1:8081")),
    ];
    for (case, fields, cookie, origin) in cases {
        let answer = harness.submit(&action, &fields, cookie, origin).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{case}");
        assert_eq!(answer.header("location"), "", "{case}");
    }
    // None of them has used up the request.
    let answer = harness.submit(&action, &fields(Some(&csrf)), Some(&cookie), own).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_request_is_answered_only_in_the_session_that_it_was_made_in() {
    let harness = interactive();
    let (page, cookie) = consent_page(&harness, &[]).await;
    let (mine, my_cookie) = consent_page(&harness, &[]).await;
    let of = |page: &Answer, name: &str| page.fields().into_iter().find(|(own, _)| own == name).unwrap();
    let approve = ("decision".to_owned(), "approve".to_owned());
    let fields = [of(&mine, "csrf"), of(&page, "request"), approve];
    let answer = harness.submit(&page.action(), &fields, Some(&my_cookie), Some("http://127.0.0.1:8080")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::BAD_REQUEST, ""));
    assert_eq!(harness.press(&mine, &my_cookie, ("decision", "approve")).await.status, StatusCode::SEE_OTHER);
    assert_ne!(cookie, my_cookie);
}

#[tokio::test]
async fn consent_without_a_user_is_refused() {
    let harness = interactive();
    let sign_in = harness.authorize(&[]).await;
    let mut fields = sign_in.fields();
    fields.push(("decision".to_owned(), "approve".to_owned()));
    let cookie = sign_in.cookie();
    let answer =
        harness.submit("/dev-issuer/authorize/consent", &fields, Some(&cookie), Some("http://127.0.0.1:8080")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_form_counts_once_and_for_ten_minutes() {
    let harness = interactive();
    let (page, cookie) = consent_page(&harness, &[]).await;
    assert_eq!(harness.press(&page, &cookie, ("decision", "approve")).await.status, StatusCode::SEE_OTHER);
    let again = harness.press(&page, &cookie, ("decision", "approve")).await;
    assert_eq!((again.status, again.header("location")), (StatusCode::BAD_REQUEST, ""));

    for (seconds, expected) in [(599, StatusCode::SEE_OTHER), (600, StatusCode::BAD_REQUEST)] {
        let (page, cookie) = consent_page(&harness, &[]).await;
        harness.pass(seconds);
        assert_eq!(harness.press(&page, &cookie, ("decision", "deny")).await.status, expected, "{seconds}");
    }
}

#[tokio::test]
async fn unknown_users_and_decisions_are_refused() {
    let harness = interactive();
    let sign_in = harness.authorize(&[]).await;
    assert_eq!(harness.press(&sign_in, &sign_in.cookie(), ("user", "mallory")).await.status, StatusCode::BAD_REQUEST);
    let (page, cookie) = consent_page(&harness, &[]).await;
    assert_eq!(harness.press(&page, &cookie, ("decision", "perhaps")).await.status, StatusCode::BAD_REQUEST);
    let (page, cookie) = consent_page(&harness, &[]).await;
    assert_eq!(harness.press(&page, &cookie, ("csrf", "twice")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn consent_is_remembered_for_exactly_what_was_approved() {
    let harness = Harness::with(|config| {
        config.resources.push("http://127.0.0.1:8080/second".to_owned());
        let mut second = config.clients[0].clone();
        second.id = "second".to_owned();
        config.clients.push(second);
    });
    let (page, cookie) = consent_page(&harness, &[("scope", "files:read")]).await;
    harness.press(&page, &cookie, ("decision", "approve")).await;
    let cases: [(&[(&str, &str)], bool); 8] = [
        (&[], true),
        (&[("state", "another")], true),
        (&[("scope", "files:read files:write")], false),
        (&[("client_id", "second")], false),
        (&[("redirect_uri", "http://127.0.0.1:1/callback")], false),
        (&[("redirect_uri", "https://app.example/cb")], false),
        (&[("resource", "http://127.0.0.1:8080/second")], false),
        (&[("prompt", "consent")], false),
    ];
    for (changes, is_remembered) in cases {
        let answer = authorize_with(&harness, &cookie, changes).await;
        assert_eq!(answer.location().contains_key("code"), is_remembered, "{changes:?}");
        assert_eq!(answer.body.contains("Allow access?"), !is_remembered, "{changes:?}");
    }
    let stranger = authorize_with(&harness, "", &[]).await;
    assert!(stranger.body.contains("Sign in as"));
    harness.pass(60 * 60);
    assert!(authorize_with(&harness, &cookie, &[]).await.body.contains("Sign in as"));
}

#[tokio::test]
async fn a_client_that_wants_no_page_is_told_that_one_is_needed() {
    let harness = interactive();
    assert_eq!(harness.authorize(&[("prompt", "none")]).await.error(), "interaction_required");
    let (page, cookie) = consent_page(&harness, &[]).await;
    harness.press(&page, &cookie, ("decision", "approve")).await;
    assert!(authorize_with(&harness, &cookie, &[("prompt", "none")]).await.location().contains_key("code"));
}

#[tokio::test]
async fn a_client_cannot_pass_for_another_by_its_name() {
    let harness = interactive();
    let long = "x".repeat(10_000);
    let cases = [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a\u{202e}b", "a[U+202E]b"),
        (&long, &format!("<dd>{}…</dd>", "x".repeat(64))),
        ("\" onfocus=\"x", "&quot; onfocus=&quot;x"),
    ];
    for (name, shown) in cases {
        let metadata = json!({
            "client_name": name,
            "redirect_uris": ["http://localhost/callback"],
            "token_endpoint_auth_method": "none",
        });
        let registered = harness.register(&metadata).await;
        let id = registered.json()["client_id"].as_str().unwrap().to_owned();
        let changes = [("client_id", id.as_str()), ("redirect_uri", "http://localhost:7777/callback")];
        let (page, _) = consent_page(&harness, &changes).await;
        assert!(page.body.contains(shown), "{}", page.body);
        for warning in ["Nobody has checked it", "program on this computer", "<dd>localhost:7777</dd>"] {
            assert!(page.body.contains(warning), "{warning}");
        }
    }
}

#[tokio::test]
async fn pages_say_their_language_and_title_and_every_button_its_meaning() {
    let harness = interactive();
    let sign_in = harness.authorize(&[]).await;
    let (consent, _) = consent_page(&harness, &[]).await;
    for page in [&sign_in, &consent] {
        assert!(page.body.starts_with("<!doctype html>\n<html lang=\"en\">"));
        assert_eq!((page.body.matches("<h1>").count(), page.body.matches("<main>").count()), (1, 1));
        assert!(!page.body.contains("<button type=\"submit\"></button>"));
        assert!(page.body.contains("prefers-color-scheme:dark"));
    }
    assert!(sign_in.body.contains("aria-label=\"Test users\""));
    let order = ["Allow</button>", "Deny</button>", "Use another user</button>"].map(|text| consent.body.find(text));
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
}

#[tokio::test]
async fn who_signs_in_is_led_back_to_the_request_and_can_load_it_again() {
    let harness = interactive();
    // What it came as, whatever it is read to be.
    let changes = [("scope", "openid files:read"), ("state", "ä/?&=%2F"), ("prompt", "login")];
    let request = harness.request(&changes);
    let sign_in = harness.get(&request).await;
    let answer = harness.press(&sign_in, &sign_in.cookie(), ("user", "alice")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, request.as_str()));
    let cookie = answer.cookie();
    let pages = [harness.get_with(&request, &cookie).await, harness.get_with(&request, &cookie).await];
    for page in &pages {
        assert!(page.body.contains("Allow access?"), "{page:?}");
        let answer = harness.press(page, &cookie, ("decision", "deny")).await;
        assert_eq!((answer.error().as_str(), answer.location()["state"].as_str()), ("access_denied", "ä/?&=%2F"));
    }
}

#[tokio::test]
async fn a_client_that_any_program_could_be_is_asked_for_each_time() {
    let harness = Harness::with(|config| config.allow_redirect.push("https://app.example/cb".to_owned()));
    let (loopback, https) = ("http://127.0.0.1:33418/callback", "https://app.example/cb");
    let cases = [
        ("app".to_owned(), loopback, true),
        ("app".to_owned(), https, true),
        (registered(&harness, https).await, https, true),
        (registered(&harness, loopback).await, loopback, false),
        (registered(&harness, "http://localhost/callback").await, "http://localhost:1/callback", false),
    ];
    for (client, redirect_uri, is_remembered) in cases {
        let changes = [("client_id", client.as_str()), ("redirect_uri", redirect_uri)];
        let (page, cookie) = consent_page(&harness, &changes).await;
        let approved = harness.press(&page, &cookie, ("decision", "approve")).await;
        assert!(approved.location().contains_key("code"), "{changes:?}");
        let again = authorize_with(&harness, &cookie, &changes).await;
        assert_eq!(again.location().contains_key("code"), is_remembered, "{changes:?}");
        assert_eq!(again.body.contains("Allow access?"), !is_remembered, "{changes:?}");
        let unseen = [&changes[..], &[("prompt", "none")]].concat();
        let silent = authorize_with(&harness, &cookie, &unseen).await;
        let expected = if is_remembered { "" } else { "interaction_required" };
        assert_eq!(silent.error(), expected, "{changes:?}");
    }
}

#[tokio::test]
async fn a_flood_of_strangers_drives_out_the_oldest_of_them_and_nobody_who_signed_in() {
    let harness = Harness::with(|config| config.bounds.sessions_max = 2);
    let (page, cookie) = consent_page(&harness, &[]).await;
    harness.pass(1);
    let oldest = harness.authorize(&[]).await;
    harness.pass(1);
    harness.authorize(&[]).await;
    harness.pass(1);
    let newest = harness.authorize(&[]).await;
    assert_eq!(harness.press(&oldest, &oldest.cookie(), ("user", "alice")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(harness.press(&newest, &newest.cookie(), ("user", "bob")).await.status, StatusCode::SEE_OTHER);
    assert!(harness.press(&page, &cookie, ("decision", "approve")).await.location().contains_key("code"));

    // A third sign-in has no room beside the two.
    harness.pass(1);
    consent_page(&harness, &[]).await;
    assert!(authorize_with(&harness, &cookie, &[]).await.body.contains("Sign in as"));
}

#[tokio::test]
async fn the_requests_of_a_session_drive_out_only_each_other() {
    let harness = Harness::with(|config| config.bounds.pending_max = 2);
    let (others, others_cookie) = consent_page(&harness, &[]).await;
    let (oldest, cookie) = consent_page(&harness, &[]).await;
    let mut pages = vec![oldest];
    for _ in 0..2 {
        harness.pass(1);
        pages.push(authorize_with(&harness, &cookie, &[]).await);
    }
    for (page, expected) in pages.iter().zip([StatusCode::BAD_REQUEST, StatusCode::SEE_OTHER, StatusCode::SEE_OTHER]) {
        assert_eq!(harness.press(page, &cookie, ("decision", "deny")).await.status, expected);
    }
    let answer = harness.press(&others, &others_cookie, ("decision", "deny")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_redirect_to_an_ipv6_address_is_let_through_by_scheme() {
    let harness = Harness::with(|config| config.clients[0].redirect_uris.push("http://[::1]/callback".to_owned()));
    let (page, cookie) = consent_page(&harness, &[("redirect_uri", "http://[::1]:9/callback")]).await;
    assert!(page.header("content-security-policy").contains("form-action 'self' http:;"));
    let answer = harness.press(&page, &cookie, ("decision", "approve")).await;
    assert!(answer.header("location").starts_with("http://[::1]:9/callback?code="), "{answer:?}");
}
