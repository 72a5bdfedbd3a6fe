//! Every kind of token that the provider issues, in front of its own resource and of all others.

use std::time::Duration;

use outboard_auth::{ClaimPath, InvalidToken, Refusal};
use outboard_testkit::oidc_provider::{OidcProvider, UnverifiedJwt};
use serde_json::json;

use super::{Ahead, Guarded, KINDS, access_token, build, config_of, provider, resource};
use crate::bed::Still;

const SIGNED: [&str; 4] = ["RS256", "ES256", "EdDSA", "short"];

#[tokio::test]
async fn signed_token_of_a_program_and_of_a_person_is_accepted_for_who_it_speaks_of() {
    let provider = provider().await;
    for kind in SIGNED {
        let guarded = Guarded::of(&provider, kind).await;
        let program = provider.token_by_client_credentials(&resource(kind), "tools:read").await;
        assert_eq!(guarded.admits(&program).await, "svc svc tools:read", "{kind}");
        let both = provider.code_flow("alice", &resource(kind), "openid tools:write tools:read").await;
        assert_eq!(guarded.admits(access_token(&both)).await, "alice native tools:read tools:write", "{kind}");
        let none = provider.code_flow("bob", &resource(kind), "openid").await;
        assert_eq!(guarded.admits(access_token(&none)).await, "bob native ", "{kind}");
        // The ID token beside it is for the client alone.
        guarded.refuses(none["id_token"].as_str().unwrap()).await;
        let algorithm = UnverifiedJwt::open(&program).header["alg"].clone();
        assert_eq!(algorithm, if kind == "short" { "RS256" } else { kind });
    }
    // One look for the metadata and one for the keys, by each of the services.
    assert_eq!(provider.count("/jwks").await, SIGNED.len() as u64);
}

#[tokio::test]
async fn opaque_token_is_accepted_for_who_its_issuer_says() {
    let provider = provider().await;
    let person = provider.code_flow("alice", &resource("opaque"), "tools:read").await;
    let program = provider.token_by_client_credentials(&resource("opaque"), "tools:write").await;
    let guarded = Guarded::of(&provider, "opaque").await;
    assert_eq!(guarded.admits(access_token(&person)).await, "alice native tools:read");
    // This issuer names no subject where there is no person (RFC 7662 §2.2 leaves it open), and nobody makes one up.
    assert_eq!(guarded.refuses(&program).await, wrong_claim("sub"));
    let mut config = config_of(&provider, "opaque");
    config.issuers[0].claims.subject = ClaimPath::new("client_id");
    assert_eq!(Guarded::start(build(config)).await.admits(&program).await, "svc svc tools:write");
}

#[tokio::test]
async fn token_for_one_resource_is_refused_at_every_other() {
    let provider = provider().await;
    let mut tokens = Vec::new();
    for kind in KINDS {
        tokens.push((kind, provider.code_flow("alice", &resource(kind), "tools:read").await));
    }
    for at in KINDS.into_iter().filter(|kind| *kind != "jwe") {
        let guarded = Guarded::of(&provider, at).await;
        for (of, answer) in &tokens {
            let token = access_token(answer);
            let expected = match (*of, at) {
                (of, at) if of == at => {
                    guarded.admits(token).await;
                    continue;
                }
                ("opaque", _) => not_compact("it does not have three parts"),
                ("jwe", _) => InvalidToken::Encrypted.to_string(),
                // It is asked about its JWTs as well, and answers that it does not introspect those.
                (_, "opaque") => {
                    let status = guarded.ask(token).await.status;
                    assert!([401, 503].contains(&status.as_u16()), "a token for {of} at {at}: {status}");
                    continue;
                }
                _ => InvalidToken::Audience.to_string(),
            };
            assert_eq!(guarded.refuses(token).await, expected, "a token for {of} at {at}");
        }
    }
}

#[tokio::test]
async fn encrypted_token_is_refused_at_its_own_resource_and_shown_to_nobody() {
    let provider = provider().await;
    let token = provider.token_by_client_credentials(&resource("jwe"), "tools:read").await;
    let mut asked = config_of(&provider, "opaque");
    asked.resource = resource("jwe").parse().unwrap();
    for config in [config_of(&provider, "jwe"), asked] {
        let before = provider.counters().await;
        assert_eq!(Guarded::start(build(config)).await.refuses(&token).await, InvalidToken::Encrypted.to_string());
        assert_eq!(provider.counters().await, before, "neither keys nor introspection");
    }
}

#[tokio::test]
async fn what_nobody_issued_is_refused_although_it_looks_like_what_was() {
    let provider = provider().await;
    let token = provider.token_by_client_credentials(&resource("RS256"), "tools:read").await;
    let guarded = Guarded::of(&provider, "RS256").await;
    guarded.admits(&token).await;
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a JWS has three parts") };
    let other = provider.token_by_client_credentials(&resource("RS256"), "tools:write").await;
    let foreign = super::provider().await.token_by_client_credentials(&resource("RS256"), "tools:read").await;
    let others = other.split('.').nth(1).unwrap();
    let cases = [
        (format!("{header}.{others}.{signature}"), InvalidToken::Signature.to_string()),
        (format!("{header}.{claims}."), InvalidToken::Signature.to_string()),
        // `{"alg":"none"}`.
        (format!("eyJhbGciOiJub25lIn0.{claims}."), InvalidToken::Algorithm.to_string()),
        (foreign, InvalidToken::Issuer.to_string()),
        (format!("{token}="), not_compact("its signature is not base64url without padding")),
    ];
    for (forged, expected) in cases {
        assert_eq!(guarded.refuses(&forged).await, expected, "{forged}");
    }
    let opaque = Guarded::of(&provider, "opaque").await;
    assert_eq!(opaque.refuses("unknown").await, InvalidToken::Inactive.to_string());
}

#[tokio::test(start_paused = true)]
async fn revoked_token_is_refused_once_what_its_issuer_said_is_too_old() {
    let _still = Still::hold();
    let provider = provider().await;
    let server = build(config_of(&provider, "opaque"));
    let answer = provider.code_flow("alice", &resource("opaque"), "tools:read").await;
    let token = access_token(&answer);
    let asked = introspections(&provider).await;
    server.authenticate(token).await.unwrap();
    assert!(provider.revoke(token).await);
    tokio::time::advance(Duration::from_secs(29)).await;
    server.authenticate(token).await.unwrap();
    assert_eq!(introspections(&provider).await, asked + 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..3 {
        let refused = server.authenticate(token).await.unwrap_err();
        assert!(matches!(refused, Refusal::Invalid(InvalidToken::Inactive)), "{refused}");
    }
    assert_eq!(introspections(&provider).await, asked + 2);
}

#[tokio::test]
async fn short_life_ends_although_the_token_is_remembered() {
    let provider = provider().await;
    let ahead = Ahead::default();
    let mut config = config_of(&provider, "short");
    config.clock = ahead.clock();
    let server = build(config);
    let token = provider.token_by_client_credentials(&resource("short"), "tools:read").await;
    let claims = UnverifiedJwt::open(&token).claims;
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 2);
    server.authenticate(&token).await.unwrap();
    assert!(server.remembered(&token).is_some());
    // Two seconds of life, and thirty by which clocks may differ.
    ahead.by(33);
    assert!(server.remembered(&token).is_none());
    let refused = server.authenticate(&token).await.unwrap_err();
    assert!(matches!(refused, Refusal::Invalid(InvalidToken::Expired)), "{refused}");
}

#[tokio::test]
async fn refresh_token_is_no_access_token() {
    let provider = provider().await;
    let asked = [("resource", resource("opaque")), ("scope", "openid offline_access tools:read".to_owned())];
    let mut asked: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
    asked.push(("prompt", "consent"));
    let answer = provider.code_flow_with("alice", &asked).await;
    let refresh = answer["refresh_token"].as_str().unwrap();
    assert_eq!(provider.introspect(refresh).await["active"], json!(true), "its issuer takes it for good");
    for kind in ["opaque", "RS256"] {
        Guarded::of(&provider, kind).await.refuses(refresh).await;
    }
}

async fn introspections(provider: &OidcProvider) -> u64 {
    let path = provider.introspection_endpoint().strip_prefix(provider.base()).unwrap();
    provider.count(path).await
}

fn wrong_claim(claim: &str) -> String {
    InvalidToken::Claim { claim: claim.into() }.to_string()
}

fn not_compact(fault: &'static str) -> String {
    InvalidToken::NotCompact { fault }.to_string()
}
