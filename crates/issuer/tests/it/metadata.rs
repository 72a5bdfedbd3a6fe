//! What the server says of itself, where it says it, and that it is so.

use http::StatusCode;
use serde_json::json;
use url::Url;

use crate::harness::{Harness, ISSUER, RESOURCE};

#[tokio::test]
async fn the_documents_are_where_clients_look() {
    let below = Harness::new();
    let at_root = Harness::with(|config| config.issuer = Url::parse("http://127.0.0.1:8080").unwrap());
    let with_slash = Harness::with(|config| config.issuer = Url::parse("http://127.0.0.1:8080/dev-issuer/").unwrap());
    let paths_below = [
        "/.well-known/oauth-authorization-server/dev-issuer",
        "/.well-known/openid-configuration/dev-issuer",
        "/dev-issuer/.well-known/openid-configuration",
        "/dev-issuer/.well-known/oauth-authorization-server",
    ];
    let paths_at_root = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
    for (harness, issuer, paths) in [
        (&below, ISSUER, &paths_below[..]),
        (&with_slash, ISSUER, &paths_below),
        (&at_root, "http://127.0.0.1:8080", &paths_at_root),
    ] {
        assert_eq!(harness.issuer.issuer(), issuer);
        for path in paths {
            assert!(harness.issuer.handles(path) && harness.issuer.paths().iter().any(|own| own == path), "{path}");
            let answer = harness.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            let document = answer.json();
            assert_eq!(document["issuer"], issuer);
            assert_eq!(document["token_endpoint"], format!("{issuer}/token"));
        }
    }
    for path in [
        "/.well-known/oauth-authorization-server",
        "/token",
        "/dev-issuer",
        "/dev-issuer/",
        "/dev-issuer/Token",
        "/dev-issuer//token",
        "/dev-issuer/token/",
        "/mcp",
    ] {
        assert!(!below.issuer.handles(path), "{path}");
        assert_eq!(below.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_document_says_what_is_offered() {
    let harness = Harness::new();
    let document = harness.get("/.well-known/oauth-authorization-server/dev-issuer").await.json();
    let expected = [
        ("response_types_supported", json!(["code"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("grant_types_supported", json!(["authorization_code", "refresh_token", "client_credentials"])),
        ("token_endpoint_auth_methods_supported", json!(["none", "client_secret_basic", "client_secret_post"])),
        ("scopes_supported", json!(["files:read", "files:write"])),
        ("protected_resources", json!([RESOURCE])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("client_id_metadata_document_supported", json!(true)),
    ];
    for (name, value) in expected {
        assert_eq!(document[name], value, "{name}");
    }
    // Every endpoint that is named is there.
    let members = document.as_object().unwrap();
    let endpoints = members.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let paths: Vec<String> =
        endpoints.map(|(_, url)| Url::parse(url.as_str().unwrap()).unwrap().path().to_owned()).collect();
    assert_eq!(paths.len(), 6);
    for path in paths {
        assert!(harness.issuer.handles(&path), "{path}");
    }
    let openid = harness.get("/.well-known/openid-configuration/dev-issuer").await.json();
    assert_eq!(openid["subject_types_supported"], json!(["public"]));
    assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["ES256"]));
}

#[tokio::test]
async fn the_key_set_has_public_halves_only() {
    let harness = Harness::new();
    let served = harness.get("/dev-issuer/jwks").await;
    assert_eq!(served.body, harness.issuer.jwks_json());
    let keys = served.json()["keys"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 1);
    let members: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    let mut sorted = members.clone();
    sorted.sort();
    assert_eq!(sorted, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
}
