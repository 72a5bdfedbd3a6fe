//! Good and hostile tokens, from the mint, each judged as a resource server does.

use std::time::{Duration, UNIX_EPOCH};

use outboard_identity::GrantedScopes;
use outboard_testkit::mint::{Key, Mint, Verdict};
use serde_json::{Value, json};

use super::*;
use crate::{
    config::{TokenKind, TokenType},
    jwk::{Candidates, JwkSet},
    mapping::{ClaimPath, ScopeForm, ScopeSource},
};

const ISSUER: &str = "https://as.example";
const RESOURCE: &str = "https://mcp.example/mcp";
const NOW: u64 = 1_785_240_000;

#[test]
fn every_hostile_token_is_refused_for_its_own_fault() {
    let mint = mint();
    let tokens = mint.hostile();
    assert!(tokens.len() > 100, "{}", tokens.len());
    for minted in tokens {
        let refusal = accept(&minted.token, &mint.keys(), &issuer()).err();
        let refusal = refusal.unwrap_or_else(|| panic!("{} (row {}) is accepted", minted.name, minted.row));
        assert!(is_fault_of(minted.row, &refusal), "{} (row {}): {refusal:?}", minted.name, minted.row);
    }
}

/// Which refusals are those of a row of the threat catalogue: another one would hide that the check is missing.
fn is_fault_of(row: u16, refusal: &InvalidToken) -> bool {
    use InvalidToken as Is;
    let claim = |names: &[&str]| matches!(refusal, Is::Claim { claim } if names.contains(&&**claim));
    match row {
        21 | 58 => matches!(refusal, Is::Bound),
        23..=25 => matches!(refusal, Is::Algorithm | Is::Header { .. }),
        26..=28 => matches!(refusal, Is::Signature | Is::Algorithm),
        29 => matches!(refusal, Is::UnknownKey | Is::Header { .. } | Is::Algorithm),
        30 | 31 => matches!(refusal, Is::Signature | Is::UnknownKey),
        32 => matches!(refusal, Is::Header { .. }),
        33 | 34 => matches!(refusal, Is::Type | Is::Header { .. }),
        35 => matches!(refusal, Is::Issuer) || claim(&["iss"]),
        37..=40 => matches!(refusal, Is::Audience) || claim(&["aud"]),
        41 => matches!(refusal, Is::Expired),
        42 => claim(&["exp"]),
        43 => matches!(refusal, Is::Expired | Is::Claims { .. }) || claim(&["exp"]),
        44 => matches!(refusal, Is::NotYet) || claim(&["nbf"]),
        45 => matches!(refusal, Is::IssuedAhead) || claim(&["iat"]),
        46 => matches!(refusal, Is::Lifetime) || claim(&["exp"]),
        47 => claim(&["sub"]),
        49 => claim(&["scope", "scp"]),
        51 => matches!(refusal, Is::Claims { fault: "a member stands twice" }),
        52 => matches!(refusal, Is::Header { fault: "a member stands twice" }),
        53 => matches!(refusal, Is::Claims { .. } | Is::Header { .. } | Is::NotCompact { .. } | Is::TooLong { .. }),
        54 => matches!(refusal, Is::NotCompact { .. } | Is::Signature),
        55 => matches!(refusal, Is::Encrypted | Is::Header { .. }),
        56 => matches!(refusal, Is::NotCompact { .. } | Is::Claims { .. } | Is::Header { .. }),
        63 => matches!(refusal, Is::UnknownKey),
        _ => false,
    }
}

#[test]
fn every_good_token_is_accepted() {
    let mint = mint();
    let tokens = mint.valid();
    assert!(tokens.len() > 10, "{}", tokens.len());
    for minted in tokens {
        let verified = accept(&minted.token, &mint.keys(), &issuer());
        let verified = verified.unwrap_or_else(|refusal| panic!("{} (row {}): {refusal}", minted.name, minted.row));
        assert_eq!(verified.principal.subject_key().subject(), Mint::SUBJECT, "{}", minted.name);
    }
}

#[test]
fn what_the_issuer_publishes_decides() {
    for keyed in mint().keyed() {
        let outcome = accept(&keyed.token, &keyed.keys, &issuer());
        assert_eq!(
            outcome.is_ok(),
            keyed.verdict == Verdict::Accepted,
            "{} (row {}): {outcome:?}",
            keyed.name,
            keyed.row
        );
    }
}

#[test]
fn settings_decide_and_nothing_is_slipped_in() {
    let mint = mint();
    let scp = |form| ScopeSource { claim: ClaimPath::new("scp"), form, values: None };
    let mut texts = issuer();
    texts.claims.scopes = vec![scp(ScopeForm::Text)];
    let mut lists = issuer();
    lists.claims.scopes = vec![scp(ScopeForm::List)];
    let mut slash = issuer();
    slash.audiences = vec![Audience::new(&format!("{RESOURCE}/"))];
    // What is granted by default; with `scp` as a text; as a list; with another audience.
    let expected = |name: &str| match name {
        "scp-string" => [None, Some("mcp:read"), None, None],
        "scp-array" => [None, None, Some("mcp:read"), None],
        "aud-slash" => [None, None, None, Some("mcp:read")],
        "scope-inject" | "scope-inject-tab" | "scope-inject-line" | "scope-empty" => [Some(""), None, None, Some("")],
        // A comma may stand in a scope (RFC 6749 §3.3): this is one of an odd name.
        "scope-inject-comma" => [Some("mcp:read,mcp:admin"), None, None, Some("mcp:read,mcp:admin")],
        "scope-inject-case" => [Some("MCP:ADMIN mcp:read"), None, None, Some("MCP:ADMIN mcp:read")],
        "scope-double-space" => [Some("mcp:read mcp:write"), None, None, Some("mcp:read mcp:write")],
        _ => panic!("nothing is expected of {name}"),
    };
    for minted in mint.configured() {
        for (issuer, expected) in
            [issuer(), texts.clone(), lists.clone(), slash.clone()].iter().zip(expected(minted.name))
        {
            let outcome = accept(&minted.token, &mint.keys(), issuer);
            let granted = outcome.map(|verified| verified.principal.granted().clone());
            let expected =
                expected.map(|scopes| GrantedScopes::Only(hierarchy().expand(&scopes.parse().unwrap_or_default())));
            assert_eq!(granted.clone().ok(), expected, "{}: {granted:?}", minted.name);
        }
    }
}

#[test]
fn both_scope_claims_are_too_many_even_where_both_are_read() {
    let mut both = issuer();
    both.claims.scopes.push(ScopeSource { claim: ClaimPath::new("scp"), form: ScopeForm::List, values: None });
    let token = |scopes: Value| mint().good_with(|claims| claims.extend(scopes.as_object().unwrap().clone()));
    let refused = accept(&token(json!({"scp": ["mcp:admin"]})), &mint().keys(), &both).unwrap_err();
    assert_eq!(refused, InvalidToken::Claim { claim: "scp".into() });
    assert!(accept(&token(json!({})), &mint().keys(), &both).is_ok());
}

#[test]
fn a_verified_token_is_a_principal_until_its_expiry_and_the_skew() {
    let mut issuer = issuer();
    issuer.claims.kept = vec![ClaimPath::new("groups"), ClaimPath::new("/org/id"), ClaimPath::new("absent")];
    let token = mint().good_with(|claims| {
        claims.insert("groups".to_owned(), json!(["a", "b"]));
        claims.insert("org".to_owned(), json!({"id": 7}));
        claims.insert("not-asked-for".to_owned(), json!("x"));
    });
    let Verified { principal, expires_at } = accept(&token, &mint().keys(), &issuer).unwrap();
    assert_eq!(expires_at, at(NOW + 600));
    assert_eq!(principal.valid_until(), Some(at(NOW + 630)));
    assert_eq!(principal.subject_key().issuer(), ISSUER);
    assert_eq!(principal.owner().client_id(), Mint::CLIENT_ID);
    // `mcp:read` with what it stands for.
    assert_eq!(*principal.granted(), GrantedScopes::Only("mcp:list mcp:read".parse().unwrap()));
    let kept: Vec<_> = principal.claims().iter().map(|(name, _)| name).collect();
    assert_eq!(kept, ["/org/id", "groups"]);
}

#[test]
fn time_is_judged_to_the_second() {
    let exp = NOW + 600;
    let token = mint().good();
    let cases = [
        (NOW - 30, Ok(())),
        (NOW - 31, Err(InvalidToken::NotYet)),
        (exp, Ok(())),
        (exp + 29, Ok(())),
        (exp + 30, Err(InvalidToken::Expired)),
        // A clock that has never been set.
        (0, Err(InvalidToken::NotYet)),
    ];
    for (now, expected) in cases {
        assert_eq!(accept_at(now, &token, &mint().keys(), &issuer()).map(drop), expected, "{now}");
    }
    let ahead = |seconds: u64| {
        mint().good_with(|claims| {
            claims.insert("iat".to_owned(), (NOW + seconds).into());
        })
    };
    assert!(accept(&ahead(300), &mint().keys(), &issuer()).is_ok());
    assert_eq!(accept(&ahead(301), &mint().keys(), &issuer()).unwrap_err(), InvalidToken::IssuedAhead);
}

#[test]
fn an_algorithm_that_is_not_accepted_is_refused_whoever_signs() {
    let mut issuer = issuer();
    let TokenKind::Jwt(rules) = &mut issuer.tokens else { panic!("its tokens are JWTs") };
    rules.algorithms = vec![Algorithm::Es256];
    let sign = |key: Key| mint().draft(key).sign(key);
    assert_eq!(accept(&sign(Key::Rsa), &mint().keys(), &issuer).unwrap_err(), InvalidToken::Algorithm);
    assert!(accept(&sign(Key::Ec), &mint().keys(), &issuer).is_ok());
}

#[test]
fn where_the_typ_of_others_is_accepted_id_tokens_are_told_by_their_claims() {
    let mut relaxed = issuer();
    let TokenKind::Jwt(rules) = &mut relaxed.tokens else { panic!("its tokens are JWTs") };
    rules.types = vec![TokenType::Named("JWT".into()), TokenType::Named("at+jwt".into()), TokenType::Absent];
    relaxed.audiences = vec![Audience::new(Mint::CLIENT_ID)];
    let draft = |typ: Option<&str>| match typ {
        Some(typ) => mint().draft(Key::Rsa).member("typ", typ),
        None => mint().draft(Key::Rsa).without_member("typ"),
    };
    let judge = |token: &str| accept(token, &mint().keys(), &relaxed).map(drop);
    for typ in [Some("JWT"), Some("application/jwt"), None] {
        assert_eq!(judge(&draft(typ).sign(Key::Rsa)), Ok(()), "{typ:?}");
        let foreign = [
            ("nonce", json!("n")),
            ("at_hash", json!("h")),
            ("c_hash", json!("h")),
            ("s_hash", json!("h")),
            ("typ", json!("ID")),
            ("typ", json!("refresh")),
            ("aud", json!(Mint::CLIENT_ID)),
            ("aud", json!([Mint::CLIENT_ID])),
        ];
        for (name, value) in foreign {
            let token = draft(typ).claim(name, value.clone()).sign(Key::Rsa);
            assert_eq!(judge(&token), Err(InvalidToken::Type), "{typ:?} {name} {value}");
        }
        let unnamed = draft(typ).without_claim("client_id").sign(Key::Rsa);
        assert_eq!(judge(&unnamed), Err(InvalidToken::Type), "{typ:?}");
        let several = draft(typ).claim("aud", json!([Mint::CLIENT_ID, RESOURCE])).sign(Key::Rsa);
        assert_eq!(judge(&several), Ok(()), "{typ:?}");
    }
    // A token of the right type is one, whatever else it says.
    assert_eq!(judge(&draft(Some("at+jwt")).without_claim("client_id").sign(Key::Rsa)), Ok(()));
    assert_eq!(judge(&draft(Some("at+jwt")).claim("nonce", "n").sign(Key::Rsa)), Ok(()));
    assert_eq!(judge(&draft(Some("rt+jwt")).sign(Key::Rsa)), Err(InvalidToken::Type));
}

#[test]
fn explaining_and_judging_agree_on_every_token() {
    let mint = mint();
    let issuer = issuer();
    let minted = [mint.hostile(), mint.valid(), mint.configured()].concat();
    let mut compared = 0;
    for minted in minted {
        let Ok(jwt) = Jwt::read(&minted.token) else { continue };
        judging(NOW, &issuer, |about| {
            let first = jwt.checks(about).into_iter().find_map(|check| check.outcome.err());
            assert_eq!(jwt.judge(about).err(), first, "{}", minted.name);
        });
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn explaining_names_all_that_is_wrong_and_each_check_once() {
    let token = mint().good_with(|claims| {
        claims.insert("aud".to_owned(), json!("https://other.example/mcp"));
        claims.insert("exp".to_owned(), json!(NOW - 60));
        claims.remove("sub");
    });
    let checks = judging(NOW, &issuer(), |about| Jwt::read(&token).unwrap().checks(about));
    let wrong: Vec<_> = checks.iter().filter(|check| check.outcome.is_err()).map(|check| check.check).collect();
    assert_eq!(wrong, [Check::Audience, Check::Expiry, Check::Subject]);
    let order = [
        Check::Type,
        Check::Issuer,
        Check::Audience,
        Check::Expiry,
        Check::NotBefore,
        Check::IssuedAt,
        Check::Lifetime,
        Check::Binding,
        Check::Subject,
        Check::Client,
        Check::Scopes,
    ];
    assert_eq!(checks.iter().map(|check| check.check).collect::<Vec<_>>(), order);
}

#[test]
fn a_token_names_its_issuer_key_and_algorithm_before_anything_is_verified() {
    let token = mint().draft(Key::Ed).sign(Key::RogueEd);
    let jwt = Jwt::read(&token).unwrap();
    assert_eq!(jwt.unverified_issuer(), Ok(ISSUER));
    assert_eq!((jwt.kid(), jwt.algorithm()), (Some(Key::Ed.kid()), Algorithm::EdDsa));
}

#[test]
fn reading_never_panics_whatever_is_cut_or_flipped() {
    let token = mint().good();
    for at in 0..=token.len() {
        let _cut = Jwt::read(token.get(..at).unwrap_or_default()).is_ok();
        if let Some((head, tail)) = token.split_at_checked(at) {
            for put in [".", "=", "é", "\0", "A"] {
                let _changed = Jwt::read(&format!("{head}{put}{tail}")).is_ok();
            }
        }
    }
    assert!(
        !crate::fuzzing::read_jwt(b"\xff")
            && !crate::fuzzing::read_jwt(b"")
            && crate::fuzzing::read_jwt(token.as_bytes())
    );
}

fn mint() -> Mint {
    Mint::new(ISSUER, RESOURCE, NOW)
}

fn issuer() -> IssuerConfig {
    IssuerConfig::jwt(ISSUER)
}

fn accept(token: &str, keys: &[Value], issuer: &IssuerConfig) -> Result<Verified, InvalidToken> {
    accept_at(NOW, token, keys, issuer)
}

fn accept_at(now: u64, token: &str, keys: &[Value], issuer: &IssuerConfig) -> Result<Verified, InvalidToken> {
    let TokenKind::Jwt(rules) = &issuer.tokens else { panic!("its tokens are JWTs") };
    let jwt = Jwt::read(token)?;
    let set = JwkSet::read(json!({ "keys": keys }).to_string().as_bytes(), 64).unwrap();
    let Candidates::Keys(keys) = set.candidates(jwt.kid(), jwt.algorithm()) else {
        return Err(InvalidToken::UnknownKey);
    };
    jwt.verify(&keys, rules)?;
    judging(now, issuer, |about| jwt.judge(about))
}

fn judging<T>(now: u64, issuer: &IssuerConfig, judge: impl FnOnce(&Judging<'_>) -> T) -> T {
    let TokenKind::Jwt(rules) = &issuer.tokens else { panic!("its tokens are JWTs") };
    let hierarchy = hierarchy();
    judge(&Judging {
        issuer,
        rules,
        resource: &Audience::new(RESOURCE),
        hierarchy: &hierarchy,
        limits: &AuthLimits::default(),
        now: at(now),
    })
}

fn hierarchy() -> ScopeHierarchy {
    ScopeHierarchy::new([("mcp:read".parse().unwrap(), "mcp:list".parse().unwrap())])
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
