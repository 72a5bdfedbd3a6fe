//! What is in a token, who can check it, and how it ends.

use http::StatusCode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use outboard_issuer::SigningAlgorithm;
use serde_json::{Value, json};

use crate::harness::{Harness, ISSUER, RESOURCE, robot};

fn access(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// Verifies as a resource server does, with another implementation than the one that signed.
fn verify(harness: &Harness, token: &str, algorithm: Algorithm) -> Result<Value, jsonwebtoken::errors::Error> {
    let set: JwkSet = serde_json::from_str(&harness.issuer.jwks_json()).unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[RESOURCE]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_exp = false;
    decode::<Value>(token, &key, &validation).map(|data| data.claims)
}

#[tokio::test]
async fn an_access_token_is_what_rfc_9068_says_under_each_algorithm() {
    let table = [
        (SigningAlgorithm::Es256, Algorithm::ES256, "ES256"),
        (SigningAlgorithm::Rs256, Algorithm::RS256, "RS256"),
        (SigningAlgorithm::EdDsa, Algorithm::EdDSA, "EdDSA"),
    ];
    for (signing, algorithm, name) in table {
        let harness = Harness::with(|config| {
            config.dangerous_auto_approve = Some("alice".to_owned());
            config.signing_algorithm = signing;
            config.users[0].claims.insert("groups".to_owned(), json!(["staff"]));
        });
        let token = access(&harness.tokens().await);
        let header = decode_header(&token).unwrap();
        assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), algorithm));
        let keys: Value = serde_json::from_str(&harness.issuer.jwks_json()).unwrap();
        assert_eq!((&keys["keys"][0]["alg"], &keys["keys"][0]["use"]), (&json!(name), &json!("sig")));

        let claims = verify(&harness, &token, algorithm).unwrap();
        let now = harness.now();
        let expected = [
            ("iss", json!(ISSUER)),
            ("sub", json!("alice")),
            ("aud", json!(RESOURCE)),
            ("client_id", json!("app")),
            ("scope", json!("files:read")),
            ("iat", json!(now)),
            ("nbf", json!(now)),
            ("exp", json!(now + 600)),
            ("groups", json!(["staff"])),
        ];
        for (name, value) in expected {
            assert_eq!(claims[name], value, "{name}");
        }
        assert_eq!(claims["jti"].as_str().unwrap().len(), 43);

        // The signature of one token under the payload of another.
        let other = access(&harness.tokens().await);
        let (signed, _) = other.rsplit_once('.').unwrap();
        let (_, signature) = token.rsplit_once('.').unwrap();
        assert!(verify(&harness, &other, algorithm).is_ok());
        assert!(verify(&harness, &format!("{signed}.{signature}"), algorithm).is_err());
    }
}

#[tokio::test]
async fn a_rotated_key_still_verifies_what_it_signed() {
    let harness = Harness::new();
    let first = access(&harness.tokens().await);
    harness.issuer.rotate_keys().unwrap();
    let second = access(&harness.tokens().await);
    let kids = [&first, &second].map(|token| decode_header(token).unwrap().kid.unwrap());
    assert_ne!(kids[0], kids[1]);
    for token in [&first, &second] {
        assert!(verify(&harness, token, Algorithm::ES256).is_ok());
        assert!(harness.is_active(token).await);
    }
    for _ in 0..20 {
        harness.issuer.rotate_keys().unwrap();
    }
    let set: Value = serde_json::from_str(&harness.issuer.jwks_json()).unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn introspection_tells_what_is_in_the_token_while_it_is_good() {
    let harness = Harness::new();
    let tokens = harness.tokens().await;
    let token = access(&tokens);
    let answer = harness.introspect(&token).await;
    let mut expected = verify(&harness, &token, Algorithm::ES256).unwrap();
    expected["active"] = json!(true);
    expected["token_type"] = json!("Bearer");
    assert_eq!(answer, expected);

    let inactive = json!({ "active": false });
    assert_eq!(harness.introspect("unknown").await, inactive);
    assert_eq!(harness.introspect(&format!("{token}x")).await, inactive);
    // A resource server must not take a refresh token for an access token.
    assert_eq!(harness.introspect(tokens["refresh_token"].as_str().unwrap()).await, inactive);
    harness.pass(599);
    assert!(harness.is_active(&token).await);
    harness.pass(1);
    assert_eq!(harness.introspect(&token).await, inactive);
}

#[tokio::test]
async fn introspection_is_for_confidential_clients_of_the_configuration() {
    let harness = Harness::new();
    let token = access(&harness.tokens().await);
    let cases: [&[(&str, &str)]; 4] = [
        &[("token", &token)],
        &[("token", &token), ("client_id", "app")],
        &[("token", &token), ("client_id", "robot"), ("client_secret", "wrong")],
        &[("token", &token), ("client_id", "https://a.example/client.json")],
    ];
    for parameters in cases {
        let answer = harness.form("/introspect", parameters).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::UNAUTHORIZED, "invalid_client"),
            "{parameters:?}"
        );
    }
    assert_eq!(harness.form_as("/introspect", &[], Some(&robot())).await.error(), "invalid_request");
    let twice = [("token", token.as_str()), ("token", token.as_str())];
    assert_eq!(harness.form_as("/introspect", &twice, Some(&robot())).await.error(), "invalid_request");
}

#[tokio::test]
async fn a_client_can_give_back_its_tokens() {
    let harness = Harness::new();
    let tokens = harness.tokens().await;
    let (token, refresh) = (access(&tokens), tokens["refresh_token"].as_str().unwrap());
    let revoke = |token: String| {
        let harness = &harness;
        async move { harness.form("/revoke", &[("client_id", "app"), ("token", &token)]).await }
    };
    let answer = revoke(token.clone()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    assert!(!harness.is_active(&token).await);

    let refreshed = harness.refresh(refresh, &[]).await.json();
    let (newer, newest) = (access(&refreshed), refreshed["refresh_token"].as_str().unwrap());
    assert_eq!(revoke(newest.to_owned()).await.status, StatusCode::OK);
    assert!(!harness.is_active(&newer).await);
    assert_eq!(harness.refresh(newest, &[]).await.error(), "invalid_grant");

    assert_eq!(revoke("unknown".to_owned()).await.status, StatusCode::OK);
    assert_eq!(harness.form("/revoke", &[("client_id", "app")]).await.error(), "invalid_request");
}

#[tokio::test]
async fn nobody_gives_back_the_tokens_of_others() {
    let harness = Harness::new();
    let tokens = harness.tokens().await;
    for name in ["access_token", "refresh_token"] {
        let token = tokens[name].as_str().unwrap();
        let other = harness.form_as("/revoke", &[("token", token)], Some(&robot())).await;
        assert_eq!((other.status, other.error().as_str()), (StatusCode::BAD_REQUEST, "unauthorized_client"));
        let nobody = harness.form("/revoke", &[("token", token)]).await;
        assert_eq!(nobody.error(), "invalid_client");
    }
    assert!(harness.is_active(&access(&tokens)).await);
    assert_eq!(harness.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn codes_and_tokens_are_long_and_never_the_same() {
    let harness = Harness::new();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let code = harness.code(&[]).await;
        let tokens = harness.redeem(&code, &[]).await.json();
        let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
        for secret in [code, refresh] {
            // 43 characters of base64url are 256 bits.
            assert!(
                secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            );
            assert!(seen.insert(secret));
        }
    }
}
