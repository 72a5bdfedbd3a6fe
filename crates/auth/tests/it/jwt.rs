//! Tokens of the mint, good and hostile, before a resource server that fetches the issuer's keys.

use std::time::Duration;

use outboard_auth::{InvalidToken, Preset, PresetOptions, Reach, fuzzing};
use outboard_testkit::{
    authority::{Authority, JWKS, Listener},
    mint::{Key, Mint, Verdict},
};
use serde_json::json;

use crate::bed::{Bed, NOW, RESOURCE, Refused as _, jwt_issuer};

#[tokio::test(start_paused = true)]
async fn a_hostile_token_is_refused_and_nothing_that_it_names_is_fetched() {
    let bed = Bed::new().await;
    let listener = Listener::start().await;
    let tokens = bed.mint.clone().listening_at(&listener.url()).hostile();
    assert!(tokens.len() > 100, "{}", tokens.len());
    for minted in tokens {
        let outcome = bed.authenticate(&minted.token).await;
        assert!(outcome.is_err(), "{} (row {}) is accepted", minted.name, minted.row);
        outcome.invalid();
        assert!(bed.server.remembered(&minted.token).is_none(), "{} (row {}) is remembered", minted.name, minted.row);
    }
    assert_eq!(listener.connections().await, 0);
    // The keys, once: those that are not known came within the time in which nobody asks again.
    assert_eq!(bed.authority.count(JWKS), 1);
}

#[tokio::test(start_paused = true)]
async fn a_good_token_is_accepted_and_remembered() {
    let bed = Bed::new().await;
    for minted in bed.mint.valid() {
        let principal = bed.authenticate(&minted.token).await;
        let principal = principal.unwrap_or_else(|refusal| panic!("{} (row {}): {refusal}", minted.name, minted.row));
        assert_eq!(principal.subject_key().subject(), Mint::SUBJECT, "{}", minted.name);
        assert_eq!(principal.subject_key().issuer(), bed.authority.issuer(), "{}", minted.name);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_issuer_publishes_decides() {
    for row in 0.. {
        let bed = Bed::new().await;
        let Some(keyed) = bed.mint.keyed().into_iter().nth(row) else { break };
        bed.authority.set_keys(keyed.keys);
        // A set of which no key can be used is no answer yet (503), and lets nobody in either.
        let outcome = bed.authenticate(&keyed.token).await;
        assert_eq!(
            outcome.is_ok(),
            keyed.verdict == Verdict::Accepted,
            "{} (row {}): {outcome:?}",
            keyed.name,
            keyed.row
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_of_one_issuer_does_not_sign_for_another() {
    let other = Authority::start().await;
    other.set_keys(vec![Key::RogueRsa.jwk_as(Key::Rsa.kid())]);
    let bed = Bed::with(|_, config| config.issuers.push(jwt_issuer(other.issuer()))).await;
    let others = Mint::new(other.issuer(), RESOURCE, NOW);
    let signed = |mint: &Mint, key: Key| mint.draft(Key::Rsa).sign_as(key, Key::Rsa.algorithm());
    bed.authenticate(&signed(&bed.mint, Key::Rsa)).await.unwrap();
    bed.authenticate(&signed(&others, Key::RogueRsa)).await.unwrap();
    for forged in [signed(&bed.mint, Key::RogueRsa), signed(&others, Key::Rsa)] {
        assert_eq!(bed.authenticate(&forged).await.invalid(), InvalidToken::Signature);
    }
}

#[tokio::test(start_paused = true)]
async fn one_name_at_two_issuers_is_two_subjects() {
    let other = Authority::start().await;
    other.set_keys(vec![Key::Rsa.jwk()]);
    let bed = Bed::with(|_, config| config.issuers.push(jwt_issuer(other.issuer()))).await;
    let ours = bed.authenticate(&bed.mint.good()).await.unwrap();
    let theirs = bed.authenticate(&Mint::new(other.issuer(), RESOURCE, NOW).good()).await.unwrap();
    assert_eq!(ours.subject_key().subject(), theirs.subject_key().subject());
    assert_ne!(ours.subject_key(), theirs.subject_key());
    assert_ne!(ours.owner(), theirs.owner());
}

#[tokio::test(start_paused = true)]
async fn under_a_preset_a_token_of_its_provider_is_accepted_and_its_id_token_is_not() {
    let authority = Authority::start_at("/realms/main").await;
    let bed = Bed::of(authority, |authority, config| {
        let options = PresetOptions { audiences: vec![config.resource.audience()], ..PresetOptions::default() };
        let mut keycloak = Preset::Keycloak.apply(authority.issuer(), options).unwrap();
        keycloak.reach = Reach::AnyAddress;
        config.issuers = vec![keycloak];
    });
    let token = |typ: &str| {
        let draft = bed.mint.draft(Key::Rsa).member("typ", "JWT").without_claim("client_id");
        draft.claim("azp", "client-1").claim("typ", typ).sign(Key::Rsa)
    };
    let principal = bed.authenticate(&token("Bearer")).await.unwrap();
    assert_eq!(principal.owner().client_id(), "client-1");
    for typ in ["ID", "Refresh"] {
        assert_eq!(bed.authenticate(&token(typ)).await.invalid(), InvalidToken::Type, "{typ}");
    }
}

#[test]
fn parsers_bear_whatever_is_cut_or_flipped() {
    let mint = Mint::new("https://as.example", RESOURCE, NOW);
    let token = mint.good().into_bytes();
    let keys = json!({"keys": mint.keys()}).to_string().into_bytes();
    assert!(fuzzing::read_jwt(&token));
    assert_eq!(fuzzing::read_jwks(&keys), Key::PUBLISHED.len());
    let (mut unlike, mut same) = (0, 0);
    for (at, put) in (0..keys.len()).flat_map(|at| [0, b'"', b'[', 0xff].map(|put| (at, put))) {
        let mut bent = keys.clone();
        bent[at] = put;
        unlike += usize::from(fuzzing::read_jwks(&bent) < Key::PUBLISHED.len());
        assert_eq!(fuzzing::read_jwks(&keys[..at]), 0);
        if let Some(byte) = token.get(at) {
            let mut bent = token.clone();
            bent[at] = byte ^ put;
            // The signature is not looked at here, so that some bent tokens are good.
            same += usize::from(fuzzing::read_jwt(&bent));
            same += usize::from(fuzzing::read_jwt(&token[..at]));
        }
    }
    assert!(unlike > 0 && same > 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_expired_is_refused_although_it_was_remembered() {
    let bed = Bed::new().await;
    let token = bed.mint.good();
    bed.authenticate(&token).await.unwrap();
    let life = Duration::from_secs(Mint::LIFETIME_SECONDS);
    bed.advance(life + Duration::from_secs(30)).await;
    assert_eq!(bed.authenticate(&token).await.invalid(), InvalidToken::Expired);
}
