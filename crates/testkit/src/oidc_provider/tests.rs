//! What the server issues, how it is broken on purpose, and what each preset shows. The presets have a file of their own.

mod presets;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jsonwebtoken::{DecodingKey, Validation, jwk::Jwk};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

const KINDS: [&str; 6] = ["RS256", "ES256", "EdDSA", "opaque", "short", "jwe"];

fn resource(kind: &str) -> String {
    format!("https://rs.example/{kind}")
}

/// A server with one resource for each kind of token, and more settings.
async fn with(more: &Value) -> OidcProvider {
    let resources: Map<String, Value> = KINDS.iter().map(|kind| (resource(kind), (*kind).into())).collect();
    let mut config = json!({"resources": resources});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    OidcProvider::start(&config).await
}

async fn published(server: &OidcProvider) -> Vec<Value> {
    server.get(server.jwks_uri()).await.json()["keys"].as_array().unwrap().clone()
}

/// The claims of a token whose signature is that of the published key of its id.
async fn verified(server: &OidcProvider, token: &str) -> Value {
    let kid = UnverifiedJwt::open(token).header["kid"].clone();
    let keys = published(server).await;
    let key = keys.into_iter().find(|key| key["kid"] == kid).expect("the key is published");
    let key: Jwk = serde_json::from_value(key).unwrap();
    let mut validation = Validation::new(jsonwebtoken::decode_header(token).unwrap().alg);
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&key).unwrap(), &validation).unwrap().claims
}

/// Every member that is expected is there, and none of those that must not be.
fn assert_members(found: &Value, expected: &Value, absent: &[&str]) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&found[name], value, "{name} in {found}");
    }
    for name in absent {
        assert_eq!(found.get(name), None, "{name} in {found}");
    }
}

#[tokio::test]
async fn token_is_of_the_kind_of_its_resource() {
    let server = with(&json!({})).await;
    for kind in ["RS256", "ES256", "EdDSA", "short"] {
        let token = server.token_by_client_credentials(&resource(kind), "tools:read unknown").await;
        let header = UnverifiedJwt::open(&token).header;
        assert_members(&header, &json!({"typ": "at+jwt", "alg": if kind == "short" { "RS256" } else { kind }}), &[]);
        let claims = verified(&server, &token).await;
        let expected = json!({
            "iss": server.base(), "sub": "svc", "client_id": "svc", "aud": resource(kind), "scope": "tools:read",
        });
        assert_members(&claims, &expected, &["azp", "scp"]);
        let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(lifetime, if kind == "short" { 2 } else { 600 });
    }
    let encrypted = server.token_by_client_credentials(&resource("jwe"), "tools:read").await;
    assert_eq!(encrypted.split('.').count(), 5);
    let opaque = server.token_by_client_credentials(&resource("opaque"), "tools:read").await;
    assert!(!opaque.contains('.'));
    let expected = json!({"active": true, "client_id": "svc", "aud": resource("opaque"), "scope": "tools:read"});
    assert_members(&server.introspect(&opaque).await, &expected, &["sub"]);
    assert_eq!(server.introspect("unknown").await, json!({"active": false}));
}

#[tokio::test]
async fn resource_that_is_foreign_or_missing_is_refused() {
    let server = with(&json!({})).await;
    for parameters in [&[("resource", "https://other.example/")][..], &[]] {
        let answer = server.client_credentials(parameters).await;
        assert_eq!((answer.status, &answer.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_target")));
        let response = server.authorize("alice", parameters).await;
        assert_eq!(response["error"], "invalid_target");
    }
}

#[tokio::test]
async fn missing_resource_means_what_the_configuration_says() {
    let server = with(&json!({"missing_resource": "opaque"})).await;
    let token = server.client_credentials(&[]).await.json();
    assert!(!text(&token, "access_token").contains('.'));
    let server = with(&json!({"missing_resource": resource("ES256")})).await;
    let token = server.client_credentials(&[]).await.json();
    assert_eq!(verified(&server, text(&token, "access_token")).await["aud"], resource("ES256"));
}

#[tokio::test]
async fn person_signs_in_without_a_person() {
    let server = with(&json!({"path": "/below"})).await;
    assert_eq!(server.issuer(), format!("{}/below", server.base()));
    let answer = server.code_flow("alice", &resource("ES256"), "openid tools:write").await;
    let expected = json!({"iss": server.issuer(), "sub": "alice", "client_id": "native", "scope": "tools:write"});
    assert_members(&verified(&server, text(&answer, "access_token")).await, &expected, &[]);
    let expected = json!({"iss": server.issuer(), "sub": "alice", "aud": "native"});
    assert_members(&verified(&server, text(&answer, "id_token")).await, &expected, &[]);

    let asked =
        [("resource", &*resource("ES256")), ("scope", "tools:read")].map(|(name, value)| (name, value.to_owned()));
    let asked = asked.each_ref().map(|(name, value)| (*name, value.as_str()));
    let response = server.authorize("mallory", &asked).await;
    assert_eq!(
        (&*response["error"], &*response["state"], &*response["iss"]),
        ("access_denied", "state", server.issuer())
    );
}

#[tokio::test]
async fn person_without_a_hint_is_who_is_configured_or_who_the_form_says() {
    let common = "client_id=native&response_type=code&scope=openid&state=s&code_challenge_method=S256";
    let query = format!("{common}&code_challenge={CHALLENGE}&redirect_uri={REDIRECT_URI}");
    let start = |server: &OidcProvider| format!("{}?{query}", server.endpoint("authorization"));
    let server = with(&json!({"missing_resource": resource("RS256"), "auto_login": "bob"})).await;
    let response = Browser::default().follow(&start(&server), REDIRECT_URI).await;
    assert!(response.contains_key("code"), "{response:?}");

    let server = with(&json!({"missing_resource": resource("RS256")})).await;
    for (user, member) in [("bob", "code"), ("nobody", "error")] {
        let mut browser = Browser::default();
        let get = HttpRequest::of(Method::GET);
        let asked = browser.send(&start(&server), get.clone()).await;
        let page = format!("{}{}", server.base(), asked.header("location").unwrap());
        let shown = browser.send(&page, get).await;
        assert!(shown.status == 200 && shown.text().contains(user), "{}", shown.text());
        let sent = browser.send(&page, form(&[("user", user)])).await;
        let response = browser.follow(sent.header("location").unwrap(), REDIRECT_URI).await;
        assert!(response.contains_key(member), "{response:?}");
    }
}

#[tokio::test]
async fn metadata_says_what_the_configuration_puts_over_it() {
    let server = with(&json!({"discovery": {"issuer": "https://other.example"}, "registration": false})).await;
    let metadata = server.get(server.metadata_url()).await.json();
    assert_members(&metadata, &json!({"issuer": "https://other.example"}), &["registration_endpoint"]);
}

#[tokio::test]
async fn clients_register_or_are_found_by_their_documents() {
    let id = "https://client.example/metadata.json";
    let document = json!({
        "client_id": id, "redirect_uris": [REDIRECT_URI], "application_type": "native", "token_endpoint_auth_method": "none",
    });
    let server = with(&json!({"cimd": {id: document}})).await;
    let registration = HttpRequest::post([]).json(&json!({
        "redirect_uris": [REDIRECT_URI], "application_type": "native", "token_endpoint_auth_method": "none",
    }));
    let metadata = server.get(server.metadata_url()).await.json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    let registered = answered(text(&metadata, "registration_endpoint"), registration).await;
    assert_eq!(registered.status, StatusCode::CREATED);
    let registered = registered.json();
    for client in [text(&registered, "client_id"), id] {
        let target = resource("EdDSA");
        let asked = [("client_id", client), ("resource", &*target), ("scope", "tools:read")];
        let answer = server.code_flow_with("bob", &asked).await;
        assert_eq!(verified(&server, text(&answer, "access_token")).await["client_id"], client);
    }
}

#[tokio::test]
async fn rotation_adds_and_drops_keys_and_forgets_no_token() {
    let server = with(&json!({})).await;
    let opaque = server.token_by_client_credentials(&resource("opaque"), "tools:read").await;
    let old = server.token_by_client_credentials(&resource("ES256"), "tools:read").await;
    let kid = |token: &str| UnverifiedJwt::open(token).header["kid"].clone();
    let keys = server.rotate(Some("ES256"), &[]).await;
    assert_eq!((keys.len(), keys), (4, published(&server).await));
    let new = server.token_by_client_credentials(&resource("ES256"), "tools:read").await;
    assert_ne!(kid(&new), kid(&old));
    for token in [&new, &old] {
        verified(&server, token).await;
    }
    server.rotate(None, &[kid(&old).as_str().unwrap()]).await;
    let left: Vec<_> = published(&server).await.into_iter().map(|key| key["kid"].clone()).collect();
    assert!(left.contains(&kid(&new)) && !left.contains(&kid(&old)), "{left:?}");
    assert_eq!(server.introspect(&opaque).await["active"], true);
}

#[tokio::test]
async fn revoked_token_is_inactive() {
    let server = with(&json!({})).await;
    let token = server.token_by_client_credentials(&resource("opaque"), "tools:read").await;
    assert_eq!(server.introspect(&token).await["active"], true);
    assert!(server.revoke(&token).await);
    assert_eq!(server.introspect(&token).await["active"], false);
    assert!(!server.revoke(&token).await);
}

#[tokio::test]
async fn anything_can_be_minted_with_a_real_key() {
    let server = with(&json!({})).await;
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let payload = json!({"iss": "anyone", "exp": u32::MAX, "aud": []});
        let token = server.mint(algorithm, &json!({"typ": null, "crit": ["x"]}), &payload).await;
        let header = UnverifiedJwt::open(&token).header;
        assert_members(&header, &json!({"alg": algorithm, "crit": ["x"]}), &["typ"]);
        let plain = server.mint(algorithm, &json!({}), &payload).await;
        assert_eq!(UnverifiedJwt::open(&plain).header["typ"], "at+jwt");
        assert_eq!(verified(&server, &plain).await, payload);
    }
}

#[tokio::test]
async fn fault_is_what_it_says_until_it_is_cleared() {
    let server = with(&json!({})).await;
    let url = server.jwks_uri();
    let target = "http://127.0.0.1:9/elsewhere".to_owned();
    let cases = [
        (Fault::InternalError, 500, "text/plain", "broken on purpose"),
        (Fault::Empty, 200, "application/json", ""),
        (Fault::Garbage, 200, "application/json", "{\"keys\": [}\0"),
        (Fault::Html, 200, "text/html", "<!doctype html><title>Sign in</title><p>Please sign in."),
    ];
    for (fault, status, media_type, body) in cases {
        server.fault("/jwks", fault).await;
        let answer = server.get(url).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, Some(media_type)));
        assert_eq!(answer.text(), body);
    }
    server.fault("/jwks", Fault::Redirect { to: target.clone() }).await;
    let answer = server.get(url).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, Some(&*target)));
    server.fault("/jwks", Fault::Huge).await;
    assert_eq!(server.get(url).await.body.len(), 64 * 1024 * 1024 + "{\"padding\":\"\"}".len());
    server.clear().await;
    assert_eq!(published(&server).await.len(), 3);
    assert_eq!(server.count("/jwks").await, 7);
}

#[tokio::test]
async fn slow_answer_comes_late_and_hanging_one_never() {
    let server = with(&json!({})).await;
    let late = Duration::from_millis(200);
    server.fault("/jwks", Fault::Slow(late)).await;
    let start = Instant::now();
    assert_eq!(published(&server).await.len(), 3);
    assert!(start.elapsed() >= late);

    server.fault("/jwks", Fault::Hang).await;
    let clear_once_it_hangs = async {
        while server.count("/jwks").await < 2 {}
        server.clear().await;
    };
    let (answer, ()) = tokio::join!(exchange(server.jwks_uri(), HttpRequest::of(Method::GET)), clear_once_it_hangs);
    assert!(answer.is_err(), "{answer:?}");
}

#[tokio::test]
async fn configuration_that_means_nothing_is_refused() {
    let cases = [
        (json!({"prest": "okta"}), "unknown settings: prest"),
        (json!({"preset": "ping"}), "no preset ping"),
        (json!({"preset": "okta", "variant": "v1"}), "no variant v1"),
        (json!({"resources": {"https://rs.example/": "HS256"}}), "no kind HS256"),
        (json!({"missing_resource": "https://rs.example/"}), "missing_resource is"),
    ];
    for (config, reason) in cases {
        let refusal = refusal(async move { drop(OidcProvider::start(&config).await) }).await;
        assert!(refusal.contains(reason), "{refusal}");
    }
}

#[tokio::test]
async fn command_that_means_nothing_is_refused() {
    let server = Arc::new(with(&json!({})).await);
    let cases = [
        ("/fault", json!({"path": "/jwks", "kind": "teapot"}), "no fault teapot"),
        ("/fault", json!({"kind": "hang"}), "no fault hang at undefined"),
        ("/fault", json!({"path": "/jwks", "kind": "slow"}), "slow needs ms"),
        ("/rotate", json!({"add": "HS256"}), "no algorithm HS256"),
        ("/rotate", json!({"drop": ["unknown"]}), "no key unknown"),
        ("/mint", json!({"key": "unknown", "payload": {}}), "no key unknown"),
        ("/unknown", json!({}), "no POST /unknown"),
    ];
    for (path, body, reason) in cases {
        let server = Arc::clone(&server);
        let refusal = refusal(async move { drop(server.command(path, &body).await) }).await;
        assert!(refusal.contains(reason), "{refusal}");
    }
    assert_eq!(published(&server).await.len(), 3);
}

/// What a task says when it panics.
async fn refusal(task: impl Future<Output = ()> + Send + 'static) -> String {
    let mut tasks = JoinSet::new();
    tasks.spawn(task);
    tasks.join_next().await.unwrap().unwrap_err().to_string()
}

#[test]
fn server_ends_with_its_input() {
    let mut program = Program::start(&mut install::command());
    program.write("{}");
    assert!(program.line().unwrap().starts_with("{\"issuer\":\"http://127.0.0.1:"));
    program.close_input();
    assert_eq!(program.line(), None);
    assert_eq!(program.ended().0, Some(0));
}
