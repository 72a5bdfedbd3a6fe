//! Each preset in front of what its provider really issues, of what the others issue, and of what nobody should accept.
//!
//! The providers all write the same audience where they can, and every server accepts every audience: so that a token is
//! never refused for its audience alone.

mod hostile;
mod rows;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use outboard_auth::{
    Audience, InvalidToken, IssuerConfig, JwtRules, KeySource, Preset, PresetError, PresetOptions, Reach,
    ResourceServer, ResourceServerConfig, RoleUse, TokenKind,
};
use outboard_testkit::oidc_provider::UnverifiedJwt;

use self::rows::{ROWS, Row, Running};
use super::{build, told};
use crate::bed::{Refused as _, jwt_issuer};

const RESOURCE: &str = "https://mcp.example/mcp";

/// What all providers put into `aud` that can; an application id of Entra.
const API: &str = "22222222-2222-4222-8222-222222222222";

/// All that any of them puts there for us: Entra's version 1 has a prefix, and Google names the client.
const AUDIENCES: [&str; 4] = [API, "api://22222222-2222-4222-8222-222222222222", "native", "svc"];

/// All rows, each with a provider of its own.
async fn running() -> Vec<Running> {
    join_all(ROWS.iter().cloned().map(Running::start)).await
}

/// The row of this name.
fn row(name: &str) -> Row {
    ROWS.iter().find(|row| row.name == name).unwrap().clone()
}

/// The issuer as an operator configures it, but that it is on loopback.
fn issuer_of(provider: &Running, roles: RoleUse) -> IssuerConfig {
    let audiences = AUDIENCES.map(Audience::new).to_vec();
    let issuer = provider.issuer();
    let mut config = provider.row.preset.apply(issuer, PresetOptions { audiences, roles }).unwrap();
    config.reach = Reach::AnyAddress;
    if let TokenKind::Opaque(rules) = &mut config.tokens {
        rules.endpoint = format!("{}/tokeninfo", provider.server.base()).parse().unwrap();
    }
    config
}

fn server_of(issuer: IssuerConfig) -> ResourceServer {
    build(ResourceServerConfig::new(RESOURCE.parse().unwrap()).issuer(issuer))
}

#[tokio::test]
async fn token_of_a_provider_is_accepted_under_its_preset_alone() {
    let running = running().await;
    for provider in &running {
        let row = &provider.row;
        let server = server_of(issuer_of(provider, RoleUse::Ignored));
        assert_eq!(told(&server.authenticate(&provider.person).await.unwrap()), row.person, "{}", row.name);
        let program = server.authenticate(&provider.program).await.ok();
        assert_eq!(program.as_ref().map(told).as_deref(), row.program, "{}", row.name);
        // Only who asks for it gets the roles as well.
        let server = server_of(issuer_of(provider, RoleUse::Scopes));
        assert_eq!(told(&server.authenticate(&provider.person).await.unwrap()), row.roles, "{}", row.name);
        // What the preset is for: by the rules of RFC 9068, and for the resource as it is called, the token is none.
        let server = server_of(jwt_issuer(provider.issuer()));
        assert_eq!(server.authenticate(&provider.person).await.invalid(), row.otherwise, "{}", row.name);
    }
    for judge in &running {
        let server = server_of(issuer_of(judge, RoleUse::Scopes));
        for maker in running.iter().filter(|maker| maker.row.name != judge.row.name) {
            for token in [&maker.person, &maker.program] {
                let judged = server.authenticate(token).await;
                assert!(judged.is_err(), "{} under {}: {judged:?}", maker.row.name, judge.row.name);
            }
        }
    }
}

/// Which tokens would be taken under another preset if they were of its issuer and by its key, so that only the name of the
/// issuer keeps them apart. All others are refused for their form too.
const APART_BY_NAME_ONLY: [(&str, &str); 6] = [
    // Two versions of one provider, and two profiles of another.
    ("entra v1", "entra"),
    ("entra", "entra v1"),
    ("auth0 rfc9068", "auth0"),
    ("auth0", "auth0 rfc9068"),
    // Auth0 writes nothing into its tokens that Keycloak does not.
    ("keycloak", "auth0"),
    ("keycloak", "auth0 rfc9068"),
];

#[tokio::test]
async fn issuers_are_kept_apart_by_their_names_and_most_tokens_by_their_form_too() {
    let running = running().await;
    let mut found = BTreeSet::new();
    for maker in &running {
        // A preset does not even take the issuer of another for one of its own.
        for preset in Preset::ALL {
            let options = PresetOptions { audiences: vec![Audience::new(API)], ..PresetOptions::default() };
            let applied = preset.apply(maker.issuer(), options);
            assert_eq!(applied.is_ok(), preset == maker.row.preset, "{} as {preset:?}", maker.row.name);
        }
        for judge in running.iter().filter(|judge| judge.row.name != maker.row.name) {
            let server = server_of(renamed(issuer_of(judge, RoleUse::Ignored), maker));
            if server.authenticate(&maker.person).await.is_ok() {
                found.insert((maker.row.name, judge.row.name));
            }
        }
    }
    assert_eq!(found, BTreeSet::from(APART_BY_NAME_ONLY));
}

/// What a provider issues where nobody has told it of the API: for itself alone, or for nobody.
#[tokio::test]
async fn token_that_is_not_for_the_api_is_refused() {
    let keycloak = Running::start(Row { variant: None, ..row("keycloak") }).await;
    let server = server_of(issuer_of(&keycloak, RoleUse::Ignored));
    assert_eq!(UnverifiedJwt::open(&keycloak.person).claims["aud"], "account");
    assert_eq!(server.authenticate(&keycloak.person).await.invalid(), InvalidToken::Audience);

    let auth0 = Running::start(Row { asked: &[("scope", "openid tools:read")], ..row("auth0") }).await;
    let server = server_of(issuer_of(&auth0, RoleUse::Ignored));
    let not_compact = InvalidToken::NotCompact { fault: "it does not have three parts" };
    assert_eq!(server.authenticate(&auth0.person).await.invalid(), not_compact);

    // The organisation's own server is none that a preset takes, and where it is made to its tokens are not.
    let okta = Running::start(Row { variant: Some("org"), ..row("okta") }).await;
    let audiences = vec![Audience::new(okta.issuer())];
    let options = PresetOptions { audiences, ..PresetOptions::default() };
    assert_eq!(
        Preset::Okta.apply(okta.issuer(), options.clone()).unwrap_err(),
        PresetError::Issuer { preset: Preset::Okta }
    );
    let mut issuer = Preset::Okta.apply("https://okta.example/oauth2/default", options).unwrap();
    issuer.reach = Reach::AnyAddress;
    let server = server_of(renamed(issuer, &okta));
    assert_eq!(server.authenticate(&okta.person).await.invalid(), InvalidToken::Type);
}

/// The rules of one issuer over the name and the keys of another.
fn renamed(mut rules: IssuerConfig, provider: &Running) -> IssuerConfig {
    rules.issuer = provider.issuer().into();
    if let TokenKind::Jwt(JwtRules { keys, .. }) = &mut rules.tokens {
        *keys = KeySource::Jwks(provider.server.jwks_uri().parse().unwrap());
    }
    rules
}
