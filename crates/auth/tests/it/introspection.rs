//! An opaque token is good if its issuer says so, in every respect; if the issuer says nothing, nobody knows.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::join_all};
use http::{StatusCode, header::AUTHORIZATION};
use outboard_auth::{
    ClaimPath, ClientCredentials, GrantedScopes, IntrospectionForm, IntrospectionRules, InvalidToken, IssuerConfig,
    ResourceServerConfig, TokenKind,
};
use outboard_testkit::authority::{Authority, Fault, INTROSPECT, Listener, Scripted};
use serde_json::{Value, json};

use crate::bed::{Bed, NOW, RESOURCE, Refused as _, jwt_issuer};

/// A bed whose issuer is asked, in this way.
async fn opaque(form: IntrospectionForm, change: impl FnOnce(&mut ResourceServerConfig)) -> Bed {
    Bed::with(|authority, config| {
        config.issuers = vec![opaque_issuer(authority, form, None)];
        change(config);
    })
    .await
}

fn opaque_issuer(authority: &Authority, form: IntrospectionForm, prefix: Option<&str>) -> IssuerConfig {
    let mut issuer = jwt_issuer(authority.issuer());
    let credentials = ClientCredentials { client_id: "rs".to_owned(), client_secret: "s3cret".to_owned().into() };
    issuer.tokens = TokenKind::Opaque(IntrospectionRules {
        endpoint: authority.introspection_endpoint().parse().unwrap(),
        form,
        credentials: (form == IntrospectionForm::Introspection).then_some(credentials),
        token_prefix: prefix.map(Into::into),
    });
    issuer
}

/// What an issuer says of a good token.
fn good() -> Value {
    json!({
        "active": true, "sub": "user-1", "client_id": "client-1", "aud": RESOURCE, "scope": "mcp:read",
        "exp": NOW + 600, "iat": NOW, "nbf": NOW, "token_type": "Bearer",
    })
}

/// The same, changed.
fn good_but(changes: &Value) -> Value {
    let mut answer = good();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(answer.as_object_mut().unwrap().remove(name)),
            value => answer[name] = value.clone(),
        }
    }
    answer
}

const FORM: IntrospectionForm = IntrospectionForm::Introspection;

#[tokio::test(start_paused = true)]
async fn what_the_issuer_says_is_who_asks_and_is_remembered_for_a_short_while() {
    let bed = opaque(FORM, |_| {}).await;
    bed.authority.set_introspection("opaque-1", good());
    let principal = bed.authenticate("opaque-1").await.unwrap();
    assert_eq!(principal.subject_key().issuer(), bed.authority.issuer());
    assert_eq!((principal.subject_key().subject(), principal.owner().client_id()), ("user-1", "client-1"));
    assert_eq!(*principal.granted(), GrantedScopes::Only("mcp:read".parse().unwrap()));
    let seen = &bed.authority.seen(INTROSPECT)[0];
    assert_eq!(seen.body, "token=opaque-1&token_type_hint=access_token");
    assert_eq!((seen.query.as_deref(), &seen.headers[AUTHORIZATION]), (None, &"Basic cnM6czNjcmV0".parse().unwrap()));
    // Revoked: it is good for as long as it is remembered, and no longer.
    bed.authority.set_introspection("opaque-1", json!({"active": false}));
    bed.wait(Duration::from_secs(29)).await;
    assert!(bed.server.remembered("opaque-1").is_some());
    bed.wait(Duration::from_secs(1)).await;
    assert!(bed.server.remembered("opaque-1").is_none());
    assert_eq!(bed.authenticate("opaque-1").await.invalid(), InvalidToken::Inactive);
    assert_eq!(bed.authority.count(INTROSPECT), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_soon_is_remembered_no_longer_than_it_lives() {
    let bed = opaque(FORM, |_| {}).await;
    bed.authority.set_introspection("opaque-1", good_but(&json!({"exp": NOW - 25})));
    bed.authenticate("opaque-1").await.unwrap();
    bed.advance(Duration::from_secs(4)).await;
    assert!(bed.server.remembered("opaque-1").is_some());
    bed.advance(Duration::from_secs(1)).await;
    assert!(bed.server.remembered("opaque-1").is_none());
    assert_eq!(bed.authenticate("opaque-1").await.invalid(), InvalidToken::Expired);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_good_in_every_respect_is_refused() {
    let claim = |claim: &str| InvalidToken::Claim { claim: claim.into() };
    let cases = [
        (json!({"active": false}), InvalidToken::Inactive),
        (good_but(&json!({"active": false})), InvalidToken::Inactive),
        (good_but(&json!({"active": "true"})), claim("active")),
        (good_but(&json!({"active": 1})), claim("active")),
        (good_but(&json!({"active": {"active": true}})), claim("active")),
        (good_but(&json!({"active": null})), claim("active")),
        (json!({"data": good()}), claim("active")),
        (json!([good()]), InvalidToken::Claims { fault: "it is not an object" }),
        (json!(true), InvalidToken::Claims { fault: "it is not an object" }),
        (good_but(&json!({"iss": "https://other.example"})), InvalidToken::Issuer),
        (good_but(&json!({"iss": 1})), InvalidToken::Issuer),
        (good_but(&json!({"aud": "https://other.example"})), InvalidToken::Audience),
        (good_but(&json!({"aud": [format!("{RESOURCE}/")]})), InvalidToken::Audience),
        (good_but(&json!({"aud": null})), claim("aud")),
        (good_but(&json!({"aud": [1, RESOURCE]})), claim("aud")),
        (good_but(&json!({"token_type": "refresh_token"})), InvalidToken::Type),
        (good_but(&json!({"token_type": "DPoP"})), InvalidToken::Type),
        (good_but(&json!({"token_type": ["Bearer"]})), InvalidToken::Type),
        (good_but(&json!({"typ": "Refresh"})), InvalidToken::Type),
        (good_but(&json!({"cnf": {"jkt": "x"}})), InvalidToken::Bound),
        (good_but(&json!({"exp": NOW - 31})), InvalidToken::Expired),
        (good_but(&json!({"exp": (NOW + 600).to_string()})), claim("exp")),
        (good_but(&json!({"exp": -1})), claim("exp")),
        (good_but(&json!({"nbf": NOW + 31})), InvalidToken::NotYet),
        (good_but(&json!({"nbf": "soon"})), claim("nbf")),
        (good_but(&json!({"iat": NOW + 301})), InvalidToken::IssuedAhead),
        (good_but(&json!({"iat": NOW - 1, "exp": NOW + 24 * 60 * 60})), InvalidToken::Lifetime),
        (good_but(&json!({"sub": null})), claim("sub")),
        (good_but(&json!({"sub": 42})), claim("sub")),
        (good_but(&json!({"sub": ""})), claim("sub")),
        (good_but(&json!({"client_id": 42})), claim("client_id")),
        (good_but(&json!({"scope": ["mcp:read"]})), claim("scope")),
    ];
    let bed = opaque(FORM, |_| {}).await;
    for (number, (answer, expected)) in cases.into_iter().enumerate() {
        let token = format!("opaque-{number}");
        bed.authority.set_introspection(&token, answer.clone());
        assert_eq!(bed.authenticate(&token).await.invalid(), expected, "{answer}");
        assert!(bed.server.remembered(&token).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_leave_out_what_rfc_7662_lets_it_leave_out() {
    let cases = [
        json!({"exp": null, "iat": null, "nbf": null, "token_type": null, "client_id": null, "scope": null}),
        json!({"token_type": "bearer"}),
        json!({"token_type": "access_token"}),
        json!({"typ": "Bearer"}),
        json!({"aud": ["https://other.example", RESOURCE]}),
        json!({"exp": NOW - 29}),
        json!({"exp": (NOW as f64) + 0.5}),
        json!({"nbf": NOW + 30}),
        json!({"extra": {"nested": [1, {"deep": true}]}}),
    ];
    let bed = opaque(FORM, |_| {}).await;
    for (number, changes) in cases.into_iter().enumerate() {
        let token = format!("opaque-{number}");
        bed.authority.set_introspection(&token, good_but(&changes));
        let principal = bed.authenticate(&token).await.unwrap_or_else(|refusal| panic!("{changes}: {refusal}"));
        assert!(principal.valid_until().is_some(), "no stream is open for ever");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_strictly() {
    let twice = r#"{"active":false,"active":true,"sub":"user-1","aud":"https://mcp.example/mcp"}"#;
    let twice_inside = r#"{"active":true,"sub":"user-1","aud":"https://mcp.example/mcp","x":{"a":1,"a":2}}"#;
    let deep = format!(r#"{{"active":true,"x":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    for body in [twice, twice_inside, &deep] {
        let bed = opaque(FORM, |_| {}).await;
        bed.authority.set(INTROSPECT, Fault::Answer(Scripted::json(body.to_owned())));
        let refused = bed.authenticate("opaque-1").await.invalid();
        assert!(matches!(refused, InvalidToken::Claims { .. }), "{body}: {refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_say_is_no_reason_to_refuse_a_token_for_good() {
    let listener = Listener::start().await;
    let faults = [
        Fault::Status(StatusCode::UNAUTHORIZED),
        Fault::Status(StatusCode::FORBIDDEN),
        Fault::Status(StatusCode::BAD_REQUEST),
        Fault::Status(StatusCode::NOT_FOUND),
        Fault::Status(StatusCode::TOO_MANY_REQUESTS),
        Fault::Status(StatusCode::INTERNAL_SERVER_ERROR),
        Fault::Status(StatusCode::NO_CONTENT),
        Fault::Reset,
        Fault::Html,
        Fault::Garbage,
        Fault::Huge,
        Fault::Redirect(listener.url()),
        Fault::Answer(Scripted::json(format!("{}x", good()))),
        Fault::Answer(Scripted::json("")),
    ];
    for fault in faults {
        let bed = opaque(FORM, |_| {}).await;
        bed.authority.set_introspection("opaque-1", good());
        bed.authority.set(INTROSPECT, fault.clone());
        assert!(bed.authenticate("opaque-1").await.unavailable() >= Duration::from_secs(1), "{fault:?}");
        // Nothing of it is remembered.
        bed.authority.clear();
        bed.authenticate("opaque-1").await.unwrap_or_else(|refusal| panic!("{fault:?}: {refusal}"));
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed with our secret");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_hangs_is_waited_for_no_longer_than_its_time() {
    let bed = opaque(FORM, |_| {}).await;
    bed.authority.set(INTROSPECT, Fault::Hang);
    let late = async {
        bed.authority.counted(INTROSPECT, 1).await;
        bed.wait(Duration::from_millis(2_500)).await;
    };
    let (refused, ()) = tokio::join!(bed.authenticate("opaque-1"), late);
    refused.unavailable();
}

#[tokio::test(start_paused = true)]
async fn an_issuer_is_asked_once_about_a_token_however_many_bring_it() {
    let bed = opaque(FORM, |_| {}).await;
    bed.authority.set_introspection("opaque-1", good());
    for authenticated in join_all((0..100).map(|_| bed.authenticate("opaque-1"))).await {
        authenticated.unwrap();
    }
    for refused in join_all((0..100).map(|_| bed.authenticate("opaque-2"))).await {
        refused.invalid();
    }
    assert_eq!(bed.authority.count(INTROSPECT), 2);
    // That it is not good is remembered too, for a shorter while.
    bed.authority.set_introspection("opaque-2", good());
    bed.wait(Duration::from_secs(9)).await;
    assert_eq!(bed.at_once("opaque-2").invalid(), InvalidToken::Inactive);
    bed.wait(Duration::from_secs(1)).await;
    bed.authenticate("opaque-2").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_in_the_middle_takes_nothing_from_the_others() {
    let bed = opaque(FORM, |_| {}).await;
    bed.authority.set_introspection("opaque-1", good());
    bed.authority.set(INTROSPECT, Fault::Hang);
    let mut first = Box::pin(bed.authenticate("opaque-1"));
    let mut second = Box::pin(bed.authenticate("opaque-1"));
    tokio::select! {
        biased;
        _ = &mut first => panic!("the issuer hangs"),
        _ = &mut second => panic!("the issuer hangs"),
        () = bed.authority.counted(INTROSPECT, 1) => {}
    }
    drop(first);
    bed.authority.clear();
    second.await.unwrap();
    assert_eq!(bed.authority.count(INTROSPECT), 1);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_questions_are_open_and_who_is_remembered_notices_nothing() {
    let bed = opaque(FORM, |config| config.limits.introspections_max = 4).await;
    bed.authority.set_introspection("known", good());
    bed.authenticate("known").await.unwrap();
    bed.authority.set(INTROSPECT, Fault::Hang);
    let tokens: Vec<_> = (0..200).map(|number| format!("opaque-{number}")).collect();
    let flood = join_all(tokens.iter().map(|token| bed.authenticate(token)));
    let meanwhile = async {
        bed.authority.counted(INTROSPECT, 5).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bed.authority.count(INTROSPECT), 5);
        bed.at_once("known").unwrap();
        // Waiting for one's turn takes no longer than the answer may, and then the answer.
        bed.wait(Duration::from_millis(2_500)).await;
        bed.authority.counted(INTROSPECT, 9).await;
        bed.wait(Duration::from_millis(2_500)).await;
    };
    let (refused, ()) = tokio::join!(flood, meanwhile);
    for refused in refused {
        refused.unavailable();
    }
    assert_eq!(bed.authority.count(INTROSPECT), 9);
}

#[tokio::test(start_paused = true)]
async fn google_is_asked_in_its_own_way() {
    let bed = opaque(IntrospectionForm::TokenInfo, |config| {
        config.issuers[0].audiences = vec![outboard_auth::Audience::new("client-1.apps.example")];
        config.issuers[0].claims.client_id = vec![ClaimPath::new("azp")];
    })
    .await;
    let info = |exp: Value| {
        json!({"azp": "client-1.apps.example", "aud": "client-1.apps.example", "sub": "1234", "scope": "openid",
               "exp": exp, "expires_in": "599"})
    };
    let answers = [
        (info(json!((NOW + 599).to_string())), None),
        (info(json!(NOW + 599)), None),
        (info(json!((NOW - 31).to_string())), Some(InvalidToken::Expired)),
        (info(json!("+1")), Some(InvalidToken::Claim { claim: "exp".into() })),
        (
            json!({"active": true, "aud": "client-1.apps.example", "sub": "1"}),
            Some(InvalidToken::Claim { claim: "active".into() }),
        ),
        (json!({"aud": "other.apps.example", "sub": "1"}), Some(InvalidToken::Audience)),
    ];
    for (number, (answer, expected)) in answers.into_iter().enumerate() {
        bed.authority.set(INTROSPECT, Fault::Answer(Scripted::json(answer.to_string())));
        let authenticated = bed.authenticate(&format!("ya29.{number}")).await;
        match expected {
            None => assert_eq!(authenticated.unwrap().subject_key().subject(), "1234"),
            Some(fault) => assert_eq!(authenticated.invalid(), fault, "{answer}"),
        }
    }
    let seen = &bed.authority.seen(INTROSPECT)[0];
    assert_eq!((&*seen.body, seen.query.as_deref()), (&b"access_token=ya29.0"[..], None));
    assert!(!seen.headers.contains_key(AUTHORIZATION));
    bed.authority.set(INTROSPECT, Fault::Status(StatusCode::BAD_REQUEST));
    assert_eq!(bed.authenticate("ya29.bad").await.invalid(), InvalidToken::Inactive);
    bed.authority.set(INTROSPECT, Fault::Status(StatusCode::UNAUTHORIZED));
    bed.authenticate("ya29.other").await.unavailable();
}

#[tokio::test(start_paused = true)]
async fn a_token_is_shown_to_the_issuer_of_its_prefix_and_to_no_other() {
    let (first, second) = (Authority::start().await, Authority::start().await);
    for authority in [&first, &second] {
        authority.introspect_with(|_| good());
    }
    let bed = Bed::with(|_, config| {
        config.issuers.push(opaque_issuer(&first, FORM, Some("one_")));
        config.issuers.push(opaque_issuer(&second, FORM, None));
    })
    .await;
    let of = |token: &'static str| bed.authenticate(token).map(|principal| principal.unwrap());
    assert_eq!(of("one_a").await.subject_key().issuer(), first.issuer());
    assert_eq!(of("two_a").await.subject_key().issuer(), second.issuer());
    assert_eq!(of("a.b.c").await.subject_key().issuer(), second.issuer());
    assert_eq!((first.count(INTROSPECT), second.count(INTROSPECT)), (1, 2));
    // A JWT goes to whom it names: to keys, or to the question.
    let (mine, theirs) =
        (bed.fresh(), bed.mint.good_with(|claims| drop(claims.insert("iss".to_owned(), first.issuer().into()))));
    assert_eq!(of_owned(&bed, &mine).await, bed.authority.issuer());
    assert_eq!(of_owned(&bed, &theirs).await, first.issuer());
    assert_eq!((first.count(INTROSPECT), second.count(INTROSPECT)), (2, 2));
}

async fn of_owned(bed: &Bed, token: &str) -> String {
    bed.authenticate(token).await.unwrap().subject_key().issuer().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_bad_jwt_is_never_shown_to_anybody() {
    let asked = Arc::new(Authority::start().await);
    asked.introspect_with(|_| good());
    let bed = Bed::with(|_, config| config.issuers.push(opaque_issuer(&asked, FORM, None))).await;
    bed.server.warm().await;
    for hostile in bed.mint.hostile() {
        // What has no likeness to a JWT at all may be one of the other issuer's tokens.
        if hostile.token.contains('.') && hostile.token.starts_with("ey") {
            bed.authenticate(&hostile.token).await.invalid();
        }
    }
    assert_eq!(asked.count_all(), 0);
}
