//! Under no preset a check is switched off: what a provider signs and nobody should accept, nobody does.
//!
//! Each variation is signed with the very key that signs the provider's access tokens, and is one of those but for one thing.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use outboard_auth::{Audience, InvalidToken, Preset, ResourceServerConfig, RoleUse};
use outboard_testkit::oidc_provider::UnverifiedJwt;
use serde_json::{Value, json};

use super::{API, RESOURCE, issuer_of, row, rows::Running, running, server_of};
use crate::{
    bed::Refused as _,
    real::{Ahead, build},
};

#[tokio::test]
async fn no_preset_accepts_what_its_provider_signs_and_nobody_should_accept() {
    let running = running().await;
    for (provider, other) in running.iter().zip(running.iter().skip(1).chain(running.first())) {
        let name = provider.row.name;
        if provider.row.preset == Preset::Google {
            continue;
        }
        let server = server_of(issuer_of(provider, RoleUse::Ignored));
        let UnverifiedJwt { header, claims } = UnverifiedJwt::open(&provider.person);
        // Minted as it was issued it is good: so what is changed is why it is refused.
        server.authenticate(&minted(provider, &header, &claims).await).await.unwrap();

        for (changes, expected) in bad_claims(provider, &claims) {
            let token = minted(provider, &header, &with(&claims, &changes)).await;
            assert_eq!(server.authenticate(&token).await.invalid(), expected, "{name} with {changes}");
        }
        for (changes, expected) in bad_headers(&header) {
            let token = minted(provider, &with(&header, &changes), &claims).await;
            assert_eq!(server.authenticate(&token).await.invalid(), expected, "{name} with {changes}");
        }
        for (what, token, expected) in bad_signatures(provider, other, &header, &claims).await {
            assert_eq!(server.authenticate(&token).await.invalid(), expected, "{name} {what}");
        }
        // The client is one of the audiences that are accepted, so that it is not for its audience that it is refused.
        assert_eq!(server.authenticate(&provider.id_token).await.invalid(), InvalidToken::Type, "{name} ID token");
        let identity = with(&UnverifiedJwt::open(&provider.id_token).claims, &json!({ "aud": API }));
        let no_access_token = if header["typ"] == "at+jwt" { json!({"typ": "JWT"}) } else { json!({}) };
        let token = minted(provider, &with(&header, &no_access_token), &identity).await;
        assert_eq!(server.authenticate(&token).await.invalid(), InvalidToken::Type, "{name} ID token for us");
    }
}

#[tokio::test]
async fn token_that_google_does_not_vouch_for_is_refused() {
    let google = Running::start(row("google")).await;
    let ahead = Ahead::default();
    let server = |audience: &str| {
        let mut issuer = issuer_of(&google, RoleUse::Ignored);
        issuer.audiences = vec![Audience::new(audience)];
        let mut config = ResourceServerConfig::new(RESOURCE.parse().unwrap()).issuer(issuer);
        config.clock = ahead.clock();
        build(config)
    };
    let known = server("native");
    known.authenticate(&google.person).await.unwrap();
    let claims =
        json!({"iss": google.issuer(), "aud": "native", "azp": "native", "sub": "alice", "scope": "tools:read"});
    let minted = google.server.mint("RS256", &json!({}), &claims).await;
    for token in ["ya29.unknown", &google.id_token, &minted] {
        assert_eq!(known.authenticate(token).await.invalid(), InvalidToken::Inactive, "{token}");
    }
    // Another client's, which Google vouches for just as well.
    assert_eq!(server("other").authenticate(&google.person).await.invalid(), InvalidToken::Audience);
    // What Google says is judged, not only that it says something.
    ahead.by(700);
    assert_eq!(server("native").authenticate(&google.person).await.invalid(), InvalidToken::Expired);
    ahead.by(0);
    assert!(google.server.revoke(&google.person).await);
    assert_eq!(server("native").authenticate(&google.person).await.invalid(), InvalidToken::Inactive);
}

/// What is put over the claims of a good token; null takes one away.
fn bad_claims(provider: &Running, claims: &Value) -> Vec<(Value, InvalidToken)> {
    let issued = claims["iat"].as_u64().unwrap();
    let wrong = |claim: &str| InvalidToken::Claim { claim: claim.into() };
    let both = if claims.get("scp").is_some() { "scope" } else { "scp" };
    let mut cases = vec![
        (json!({"aud": "https://other.example/"}), InvalidToken::Audience),
        (json!({"aud": ["account", "https://other.example/"]}), InvalidToken::Audience),
        (json!({"aud": [""]}), InvalidToken::Audience),
        (json!({"aud": null}), wrong("aud")),
        (json!({"aud": {API: true}}), wrong("aud")),
        (json!({"exp": issued - 60, "iat": issued - 600}), InvalidToken::Expired),
        (json!({"exp": null}), wrong("exp")),
        (json!({"exp": "4102444800"}), wrong("exp")),
        (json!({"nbf": issued + 3_600}), InvalidToken::NotYet),
        (json!({"iat": issued + 3_600, "nbf": null, "exp": issued + 7_200}), InvalidToken::IssuedAhead),
        (json!({"iat": null}), wrong("iat")),
        (json!({"exp": issued + 25 * 60 * 60}), InvalidToken::Lifetime),
        (json!({"cnf": {"jkt": "x"}}), InvalidToken::Bound),
        (json!({"sub": null}), wrong("sub")),
        (json!({"sub": ""}), wrong("sub")),
        (json!({"scope": "tools:write", "scp": "tools:write"}), wrong(both)),
        (json!({"at_hash": "x"}), InvalidToken::Type),
        (json!({"typ": "Refresh"}), InvalidToken::Type),
        (json!({"iss": null}), wrong("iss")),
    ];
    if provider.row.name == "auth0 rfc9068" {
        // The type of its header is that of access tokens, and of nothing else.
        cases.retain(|(_, expected)| *expected != InvalidToken::Type);
    }
    cases.extend(other_tenants(provider).into_iter().map(|issuer| (json!({ "iss": issuer }), InvalidToken::Issuer)));
    cases
}

/// Issuers that are not this one, although the keys may be the same: another tenant, realm or server of the same host.
fn other_tenants(provider: &Running) -> Vec<String> {
    let (issuer, base) = (provider.issuer(), provider.server.base());
    let other_tenant = "99999999-1111-4111-8111-111111111111";
    let other = match provider.row.name {
        "entra" => format!("{base}/{other_tenant}/v2.0"),
        "entra v1" => format!("{base}/{other_tenant}/"),
        "keycloak" => format!("{base}/realms/other"),
        "okta" => format!("{base}/oauth2/other"),
        _ => "https://other.example/".to_owned(),
    };
    let slash = issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned);
    vec![other, slash, issuer.to_uppercase()]
}

fn bad_headers(header: &Value) -> Vec<(Value, InvalidToken)> {
    let kid = header["kid"].as_str().unwrap();
    let refused = |fault| InvalidToken::Header { fault };
    vec![
        (json!({"typ": "id_token+jwt"}), InvalidToken::Type),
        (json!({"typ": "dpop+jwt"}), InvalidToken::Type),
        (json!({"typ": "logout+jwt"}), InvalidToken::Type),
        (json!({"crit": ["exp"]}), refused("it has a crit")),
        (json!({"b64": false}), refused("it has a b64 (RFC 7797)")),
        (json!({"alg": "HS256"}), InvalidToken::Algorithm),
        (json!({"alg": "none"}), InvalidToken::Algorithm),
        (json!({"alg": "RS512"}), InvalidToken::Algorithm),
        (json!({"kid": "unknown"}), InvalidToken::UnknownKey),
        // Keycloak has a key of this name, which is for encryption; the others have none.
        (json!({"kid": format!("{kid}-enc")}), InvalidToken::UnknownKey),
    ]
}

async fn bad_signatures(
    provider: &Running,
    other: &Running,
    header: &Value,
    claims: &Value,
) -> Vec<(&'static str, String, InvalidToken)> {
    let none = with(header, &json!({"alg": "none"}));
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let (body, signature) = provider.person.rsplit_once('.').unwrap();
    let more = with(claims, &json!({"scope": "tools:write"}));
    let (head, _) = body.split_once('.').unwrap();
    let mut tokens = vec![
        ("without algorithm", format!("{}.{}.", encoded(&none), encoded(claims)), InvalidToken::Algorithm),
        ("without signature", format!("{body}."), InvalidToken::Signature),
        ("with other claims", format!("{head}.{}.{signature}", encoded(&more)), InvalidToken::Signature),
        // By another provider's key, under the name of this one's.
        ("by a foreign key", minted(other, header, claims).await, InvalidToken::Signature),
    ];
    // Keycloak signs by any algorithm, as its administrator wants; the others by those of RSA.
    if provider.row.preset != Preset::Keycloak {
        let by_curve = with(header, &json!({"alg": null, "kid": null}));
        let by_curve = provider.server.mint("ES256", &typed(&by_curve), claims).await;
        tokens.push(("by another algorithm", by_curve, InvalidToken::Algorithm));
    }
    tokens
}

async fn minted(provider: &Running, header: &Value, claims: &Value) -> String {
    provider.server.mint("RS256", &typed(header), claims).await
}

/// A header that has no `typ` if it has none: the provider would put one there.
fn typed(header: &Value) -> Value {
    let mut header = header.clone();
    header.as_object_mut().unwrap().entry("typ").or_insert(Value::Null);
    header
}

/// The members of one object, and over them those of another, of which null takes one away.
fn with(base: &Value, changes: &Value) -> Value {
    let mut object = base.as_object().unwrap().clone();
    object.extend(changes.as_object().unwrap().clone());
    object.retain(|_, value| !value.is_null());
    object.into()
}
