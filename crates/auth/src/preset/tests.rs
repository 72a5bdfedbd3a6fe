//! Tokens as the providers make them, each under every preset.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use outboard_identity::{GrantedScopes, Principal, ScopeHierarchy};
use outboard_testkit::mint::{Key, Mint};
use serde_json::{Value, json};

use super::*;
use crate::config::{AuthLimits, IntrospectionForm, KeySource, TokenKind};
use crate::jwk::{Candidates, JwkSet};
use crate::jwt::{Judging, Jwt};
use crate::refusal::InvalidToken;

const NOW: u64 = 1_785_240_000;
const TENANT: &str = "11111111-1111-4111-8111-111111111111";

/// A preset that issues JWTs, an issuer of it, and what it puts into `aud` for us.
struct Provider {
    name: &'static str,
    preset: Preset,
    issuer: String,
    audience: &'static str,
    header: Value,
    claims: Value,
}

#[test]
fn a_token_of_one_provider_is_accepted_under_its_preset_and_refused_under_every_other() {
    let providers = providers();
    for made_by in &providers {
        for judged_by in &providers {
            let outcome = judge(made_by, judged_by, &made_by.claims);
            let same = made_by.issuer == judged_by.issuer && made_by.preset == judged_by.preset;
            assert_eq!(outcome.is_ok(), same, "{} under {}: {outcome:?}", made_by.name, judged_by.name);
        }
    }
}

#[test]
fn subject_client_and_scopes_are_found_where_the_provider_writes_them() {
    let expected = [
        ("entra", "pairwise-1", "client-1", "tools:read"),
        ("entra v1", "pairwise-1", "client-1", "tools:read"),
        ("keycloak", "user-1", "client-1", "email tools:read"),
        ("auth0", "auth0|user-1", "client-1", "openid tools:read"),
        ("auth0 rfc9068", "auth0|user-1", "client-1", "openid tools:read"),
        ("okta", "user-1@example.com", "client-1", "openid tools:read"),
    ];
    let providers = providers();
    assert_eq!(providers.len(), expected.len());
    for (provider, (name, subject, client, scopes)) in providers.iter().zip(expected) {
        let principal = judge(provider, provider, &provider.claims).unwrap();
        assert_eq!(provider.name, name);
        assert_eq!(principal.subject_key().subject(), subject, "{name}");
        assert_eq!(principal.subject_key().issuer(), provider.issuer, "{name}");
        assert_eq!(principal.owner().client_id(), client, "{name}");
        assert_eq!(*principal.granted(), GrantedScopes::Only(scopes.parse().unwrap()), "{name}");
    }
}

/// With the audience that the resource accepts and the key that signs access tokens, so that nothing but what kind of token
/// it is can be the reason.
#[test]
fn what_else_a_provider_signs_is_no_access_token() {
    let change = |name: &'static str, changes: Value| (name, changes);
    let id = json!({"scope": null, "scp": null, "azp": null, "cid": null, "appid": null});
    let with = |mut base: Value, more: Value| {
        base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        base
    };
    let cases = [
        change("entra", id.clone()),
        change("entra", with(id.clone(), json!({"nonce": "n", "at_hash": "h"}))),
        change("entra", json!({"nonce": "n"})),
        change("entra", json!({"c_hash": "h"})),
        change("entra v1", id.clone()),
        change("keycloak", json!({"typ": "ID"})),
        change("keycloak", json!({"typ": "Refresh"})),
        change("keycloak", json!({"typ": "Offline"})),
        change("keycloak", json!({"typ": "bearer"})),
        change("keycloak", json!({"typ": null})),
        change("keycloak", json!({"at_hash": "h"})),
        change("auth0", json!({"nonce": "n"})),
        change("auth0", json!({"at_hash": "h"})),
        change("auth0", json!({"azp": "https://api.example.com/", "aud": "https://api.example.com/"})),
        change("auth0", json!({"azp": null})),
        change("auth0", json!({"typ": "Refresh"})),
        change("okta", id),
        change("okta", json!({"nonce": "n"})),
        change("okta", json!({"at_hash": "h"})),
    ];
    let providers = providers();
    for (name, changes) in cases {
        let provider = providers.iter().find(|provider| provider.name == name).unwrap();
        let outcome = judge(provider, provider, &changed(&provider.claims, &changes));
        assert_eq!(outcome, Err(InvalidToken::Type), "{name} {changes}");
    }
}

#[test]
fn a_nonce_says_nothing_in_an_access_token_of_keycloak() {
    let providers = providers();
    let keycloak = providers.iter().find(|provider| provider.name == "keycloak").unwrap();
    assert!(judge(keycloak, keycloak, &changed(&keycloak.claims, &json!({"nonce": "n"}))).is_ok());
}

#[test]
fn a_header_of_another_type_is_refused_under_every_preset() {
    for provider in providers() {
        for typ in ["", "id_token+jwt", "rt+jwt", "logout+jwt", "dpop+jwt", "application/okta-internal-at+jwt"] {
            let other = Provider { header: json!({ "typ": typ }), ..provider_named(provider.name) };
            assert_eq!(judge(&other, &provider, &other.claims), Err(InvalidToken::Type), "{} {typ}", provider.name);
        }
    }
}

#[test]
fn no_preset_switches_a_check_off() {
    for provider in providers() {
        let read = |name: &str| provider.claims[name].as_u64().unwrap();
        let wrong_claim = |claim: &str| InvalidToken::Claim { claim: claim.into() };
        let cases = [
            (json!({"aud": "https://other.example/"}), InvalidToken::Audience),
            (json!({"aud": null}), wrong_claim("aud")),
            (json!({"iss": "https://other.example/"}), InvalidToken::Issuer),
            (json!({"exp": NOW - 31, "iat": NOW - 60}), InvalidToken::Expired),
            (json!({"exp": null}), wrong_claim("exp")),
            (json!({"nbf": NOW + 60}), InvalidToken::NotYet),
            (json!({"iat": null}), wrong_claim("iat")),
            (json!({"iat": NOW + 301, "exp": NOW + 600}), InvalidToken::IssuedAhead),
            (json!({"exp": read("iat") + 24 * 60 * 60 + 1}), InvalidToken::Lifetime),
            (json!({"sub": null}), wrong_claim("sub")),
            (json!({"sub": 1}), wrong_claim("sub")),
            (json!({"cnf": {"jkt": "x"}}), InvalidToken::Bound),
            (json!({"scope": "a", "scp": "a"}), wrong_claim("")),
        ];
        for (changes, expected) in cases {
            let outcome = judge(&provider, &provider, &changed(&provider.claims, &changes)).unwrap_err();
            match (&outcome, &expected) {
                (InvalidToken::Claim { .. }, InvalidToken::Claim { claim }) if claim.is_empty() => {}
                _ => assert_eq!(outcome, expected, "{} {changes}", provider.name),
            }
        }
    }
}

#[test]
fn roles_count_only_where_that_is_written() {
    let claims = |name: &str| match name {
        "keycloak" => json!({"realm_access": {"roles": ["Writer", "not a scope"]}}),
        "auth0" | "auth0 rfc9068" => json!({"permissions": ["Writer", "not a scope"]}),
        "okta" => json!({"groups": ["Writer", "not a scope"]}),
        _ => json!({"roles": ["Writer", "not a scope"]}),
    };
    let mapped = RoleUse::Mapped([("Writer".into(), "tools:write".parse().unwrap())].into());
    for provider in providers() {
        let claims = changed(&provider.claims, &claims(provider.name));
        let granted = |roles: RoleUse| {
            let principal = judge_with(&provider, &provider, &claims, roles).unwrap();
            let GrantedScopes::Only(scopes) = principal.granted().clone() else { panic!("all is granted") };
            scopes
        };
        let has = |scopes: &ScopeSet, name: &str| scopes.contains(&name.parse().unwrap());
        let plain = granted(RoleUse::Ignored);
        assert!(!has(&plain, "Writer") && !has(&plain, "tools:write"), "{}", provider.name);
        assert!(has(&granted(RoleUse::Scopes), "Writer"), "{}", provider.name);
        let mapped = granted(mapped.clone());
        assert!(has(&mapped, "tools:write") && !has(&mapped, "Writer"), "{}", provider.name);
    }
}

#[test]
fn an_issuer_is_of_one_preset_at_most() {
    let entra = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let entra_v1 = format!("https://sts.windows.net/{TENANT}/");
    let cases: [(&str, Option<Preset>); 25] = [
        (&entra, Some(Preset::Entra)),
        (&entra_v1, Some(Preset::Entra)),
        (&format!("{entra}/"), None),
        (entra_v1.trim_end_matches('/'), None),
        ("https://login.microsoftonline.com/common/v2.0", None),
        ("https://login.microsoftonline.com/organizations/v2.0", None),
        ("https://sso.example/realms/main", Some(Preset::Keycloak)),
        ("https://sso.example/auth/realms/main", Some(Preset::Keycloak)),
        ("https://sso.example/realms/main/", None),
        ("https://sso.example/realms/", None),
        ("https://sso.example/realms/main?a=b", None),
        ("https://tenant.eu.auth0.com/", Some(Preset::Auth0)),
        ("https://tenant.eu.auth0.com", None),
        ("https://login.example/", Some(Preset::Auth0)),
        ("https://org.okta.com/oauth2/default", Some(Preset::Okta)),
        ("https://org.okta.com/oauth2/default/", None),
        ("https://org.okta.com/oauth2/", None),
        ("https://org.okta.com", None),
        ("https://accounts.google.com", Some(Preset::Google)),
        ("accounts.google.com", None),
        ("http://127.0.0.1:9/realms/main", Some(Preset::Keycloak)),
        ("ftp://sso.example/realms/main", None),
        ("https://sso.example/realms/main#x", None),
        ("sso", None),
        ("", None),
    ];
    for (issuer, expected) in cases {
        let options = || PresetOptions { audiences: vec![Audience::new("api")], roles: RoleUse::Ignored };
        let of: Vec<_> = Preset::ALL.into_iter().filter(|preset| preset.apply(issuer, options()).is_ok()).collect();
        assert_eq!(of, expected.into_iter().collect::<Vec<_>>(), "{issuer}");
    }
}

#[test]
fn a_preset_needs_an_audience_and_says_so() {
    for preset in Preset::ALL {
        let issuer = providers().into_iter().find(|provider| provider.preset == preset);
        let issuer = issuer.map_or_else(|| "https://accounts.google.com".to_owned(), |provider| provider.issuer);
        let error = preset.apply(&issuer, PresetOptions::default()).unwrap_err();
        assert_eq!(error, PresetError::NoAudience { preset });
        let error = preset.apply("nobody", PresetOptions::default()).unwrap_err();
        assert!(error.to_string().contains(preset.issuer_form()), "{error}");
    }
}

#[test]
fn every_preset_has_a_name_of_its_own() {
    let names: BTreeSet<_> = Preset::ALL.map(Preset::name).into();
    assert_eq!(names.len(), Preset::ALL.len());
    for preset in Preset::ALL {
        assert_eq!(Preset::named(preset.name()), Some(preset));
    }
    assert_eq!(Preset::named("Entra"), None);
}

#[test]
fn google_is_asked_by_tokeninfo_and_entra_of_version_one_has_its_keys_elsewhere() {
    let options = || PresetOptions { audiences: vec![Audience::new("api")], roles: RoleUse::Ignored };
    let google = Preset::Google.apply("https://accounts.google.com", options()).unwrap();
    let TokenKind::Opaque(rules) = google.tokens else { panic!("its tokens are opaque") };
    assert_eq!(rules.form, IntrospectionForm::TokenInfo);
    let entra = Preset::Entra.apply(&format!("https://sts.windows.net/{TENANT}/"), options()).unwrap();
    let TokenKind::Jwt(rules) = entra.tokens else { panic!("its tokens are JWTs") };
    let expected = format!("https://login.microsoftonline.com/{TENANT}/.well-known/openid-configuration");
    assert_eq!(rules.keys, KeySource::Metadata(expected.parse().unwrap()));
}

fn providers() -> Vec<Provider> {
    let names = ["entra", "entra v1", "keycloak", "auth0", "auth0 rfc9068", "okta"];
    names.map(provider_named).into()
}

/// As the pages of the providers show their tokens.
fn provider_named(name: &'static str) -> Provider {
    let (preset, issuer, audience) = match name {
        "entra" => (Preset::Entra, format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "app-id"),
        "entra v1" => (Preset::Entra, format!("https://sts.windows.net/{TENANT}/"), "api://app-id"),
        "keycloak" => (Preset::Keycloak, "https://sso.example/realms/main".to_owned(), "outboard-api"),
        "auth0" => (Preset::Auth0, "https://tenant.eu.auth0.com/".to_owned(), "https://api.example.com/"),
        // Another tenant: the profile of one does not say which tokens another makes.
        "auth0 rfc9068" => (Preset::Auth0, "https://other.eu.auth0.com/".to_owned(), "https://api.example.com/"),
        "okta" => (Preset::Okta, "https://org.okta.com/oauth2/default".to_owned(), "api://default"),
        _ => panic!("no such provider: {name}"),
    };
    let typ = if name == "auth0 rfc9068" { "at+jwt" } else { "JWT" };
    let header = if name == "okta" { json!({}) } else { json!({ "typ": typ }) };
    let claims = match name {
        "entra" => json!({
            "aio": "x", "azp": "client-1", "azpacr": "0", "nbf": NOW, "oid": "o", "rh": "x", "scp": "tools:read",
            "sub": "pairwise-1", "tid": TENANT, "uti": "x", "ver": "2.0", "roles": ["Reader"],
        }),
        "entra v1" => json!({
            "appid": "client-1", "appidacr": "0", "nbf": NOW, "oid": "o", "scp": "tools:read", "sub": "pairwise-1",
            "tid": TENANT, "unique_name": "user@example.com", "ver": "1.0",
        }),
        "keycloak" => json!({
            "jti": "j", "aud": ["outboard-api", "account"], "sub": "user-1", "typ": "Bearer", "azp": "client-1", "acr": "1",
            "scope": "email tools:read", "sid": "s", "realm_access": {"roles": ["default-roles-main"]},
            "resource_access": {"account": {"roles": ["manage-account"]}},
        }),
        "auth0" => json!({
            "sub": "auth0|user-1", "aud": ["https://api.example.com/", "https://tenant.eu.auth0.com/userinfo"],
            "azp": "client-1", "scope": "openid tools:read", "permissions": ["tools:read"],
        }),
        "auth0 rfc9068" => json!({
            "sub": "auth0|user-1", "client_id": "client-1", "jti": "j", "scope": "openid tools:read",
        }),
        _ => json!({
            "ver": 1, "jti": "AT.x", "cid": "client-1", "uid": "u", "scp": ["openid", "tools:read"], "auth_time": NOW,
            "sub": "user-1@example.com",
        }),
    };
    let common = json!({"iss": issuer, "aud": audience, "iat": NOW, "exp": NOW + 600});
    Provider { name, preset, issuer, audience, header, claims: changed(&common, &claims) }
}

/// The claims with others put over them; those that are put over as null are taken out.
fn changed(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.as_object().unwrap().clone();
    claims.extend(changes.as_object().unwrap().clone());
    claims.retain(|_, value| !value.is_null());
    claims.into()
}

fn judge(made_by: &Provider, judged_by: &Provider, claims: &Value) -> Result<Principal, InvalidToken> {
    judge_with(made_by, judged_by, claims, RoleUse::Ignored)
}

/// All providers sign with the same key, and every audience is accepted of each: what is refused is refused for how it is
/// made, and for who has made it.
fn judge_with(
    made_by: &Provider,
    judged_by: &Provider,
    claims: &Value,
    roles: RoleUse,
) -> Result<Principal, InvalidToken> {
    let mut draft =
        Mint::new("https://as.example", "https://mcp.example/mcp", NOW).draft(Key::Rsa).without_member("typ");
    for (name, value) in made_by.header.as_object().unwrap() {
        draft = draft.member(name, value.clone());
    }
    draft.payload = claims.to_string().into_bytes();
    let token = draft.sign(Key::Rsa);
    let audiences = providers().iter().map(|provider| Audience::new(provider.audience)).collect();
    let issuer = judged_by.preset.apply(&judged_by.issuer, PresetOptions { audiences, roles }).unwrap();
    let TokenKind::Jwt(rules) = &issuer.tokens else { panic!("its tokens are JWTs") };
    let jwt = Jwt::read(&token)?;
    let set = JwkSet::read(json!({"keys": [Key::Rsa.jwk()]}).to_string().as_bytes(), 64).unwrap();
    let Candidates::Keys(keys) = set.candidates(jwt.kid(), jwt.algorithm()) else { panic!("the key is known") };
    drop(jwt.verify(&keys, rules)?);
    let about = Judging {
        issuer: &issuer,
        rules,
        resource: &Audience::new("https://mcp.example/mcp"),
        hierarchy: &ScopeHierarchy::default(),
        limits: &AuthLimits::default(),
        now: UNIX_EPOCH + Duration::from_secs(NOW),
    };
    jwt.judge(&about).map(|verified| verified.principal)
}
