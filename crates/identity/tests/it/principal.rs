//! [`Principal`] and its keys, as other crates see them.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, UNIX_EPOCH};

use outboard_identity::{Claim, Claims, GrantedScopes, Principal, Requirement};

#[test]
fn all_local_callers_are_one_party_with_every_scope() {
    let local = Principal::local();
    let requirement = Requirement::all_of("files:read admin".parse().unwrap());
    assert_eq!(local, Principal::local());
    assert_eq!(local.owner(), Principal::local().owner());
    assert_eq!(local.owner().subject_key(), local.subject_key());
    assert_eq!(local.granted().satisfy(&requirement), Ok(()));
}

#[test]
fn no_issuer_of_tokens_can_be_that_of_local_callers() {
    let issuer = Principal::local().subject_key().issuer().to_owned();
    assert!(!issuer.starts_with("https:") && !issuer.starts_with("http:"), "{issuer}");
}

#[test]
fn a_verified_token_names_its_party_and_what_it_grants() {
    let granted = || GrantedScopes::Only("files:read".parse().unwrap());
    let alice = Principal::verified("https://issuer.example", "alice", "editor", granted());
    assert_eq!(
        (alice.subject_key().issuer(), alice.subject_key().subject(), alice.owner().client_id()),
        ("https://issuer.example", "alice", "editor")
    );
    assert_eq!(alice.granted(), &granted());
    assert!(alice.granted().satisfy(&Requirement::all_of("files:write".parse().unwrap())).is_err());
}

#[test]
fn parties_differ_by_issuer_subject_and_client() {
    let party = |issuer, subject, client| Principal::verified(issuer, subject, client, GrantedScopes::All);
    let alice = party("https://a.example", "alice", "editor");
    assert_eq!(alice, party("https://a.example", "alice", "editor"));
    let others = [
        (party("https://b.example", "alice", "editor"), false),
        (party("https://a.example", "bob", "editor"), false),
        (party("https://a.example", "alice", "other"), true),
        (Principal::local(), false),
    ];
    for (other, same_subject) in others {
        assert_ne!(alice.owner(), other.owner(), "{other:?}");
        assert_eq!(alice.subject_key() == other.subject_key(), same_subject, "{other:?}");
    }
}

#[test]
fn both_keys_find_what_was_kept_under_them() {
    let local = Principal::local();
    let sessions = HashMap::from([(local.owner().clone(), "session")]);
    let budgets = BTreeMap::from([(local.subject_key().clone(), "budget")]);
    let again = Principal::local();
    assert_eq!((sessions[again.owner()], budgets[again.subject_key()]), ("session", "budget"));
}

#[test]
fn a_bounded_grant_is_held_to_its_scopes() {
    let granted = GrantedScopes::Only("files:read".parse().unwrap());
    for (required, missing) in [("files:read", None), ("files:read files:write", Some("files:write"))] {
        let requirement = Requirement::all_of(required.parse().unwrap());
        let denied = granted.satisfy(&requirement).err();
        assert_eq!(denied.map(|denied| denied.missing().to_string()).as_deref(), missing, "{required}");
    }
}

#[test]
fn an_api_key_is_a_party_that_no_token_can_be() {
    let granted = || GrantedScopes::Only("files:read".parse().unwrap());
    let key = Principal::api_key("ci", granted());
    assert_eq!((key.subject_key().subject(), key.granted()), ("ci", &granted()));
    assert!(!key.subject_key().issuer().starts_with("http"), "{}", key.subject_key().issuer());
    for other in [Principal::local(), Principal::api_key("cd", granted())] {
        assert_ne!(key.owner(), other.owner());
    }
    let named_local = Principal::api_key("local", GrantedScopes::All);
    assert_ne!(named_local.owner(), Principal::local().owner(), "whatever the key is called");
}

#[test]
fn what_is_known_beside_is_added_and_changes_nothing_else() {
    let granted = GrantedScopes::Only("a".parse().unwrap());
    let bare = Principal::verified("https://a.example", "alice", "editor", granted);
    assert!(bare.claims().is_empty() && bare.valid_until().is_none());
    let claims: Claims = [("tenant".into(), Claim::Text("acme".into()))].into_iter().collect();
    let until = UNIX_EPOCH + Duration::from_secs(1_785_240_000);
    let known = bare.clone().with_claims(claims.clone()).with_valid_until(until);
    assert_eq!((known.claims(), known.valid_until()), (&claims, Some(until)));
    assert_eq!((known.owner(), known.granted()), (bare.owner(), bare.granted()));
    assert!(bare.claims().is_empty() && bare.valid_until().is_none(), "its clones are left as they were");
    assert_ne!(known, bare);
}
