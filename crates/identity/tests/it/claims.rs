//! What else is known of a caller, by name.

use outboard_identity::{Claim, Claims};

fn text(text: &str) -> Claim {
    Claim::Text(text.into())
}

#[test]
fn claims_are_found_by_their_names_and_told_in_their_order() {
    let groups = Claim::Texts(["staff".into(), "admin".into()].into());
    let claims: Claims = [
        ("tenant".into(), text("acme")),
        ("level".into(), Claim::Number(-3)),
        ("groups".into(), groups.clone()),
        ("email_verified".into(), Claim::Bool(true)),
    ]
    .into_iter()
    .collect();
    assert_eq!(claims.named("tenant"), Some(&text("acme")));
    assert_eq!(claims.named("groups"), Some(&groups));
    for absent in ["Tenant", "tenant ", "", "sub"] {
        assert_eq!(claims.named(absent), None, "{absent:?}");
    }
    let names: Vec<_> = claims.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["email_verified", "groups", "level", "tenant"]);
    assert!(!claims.is_empty() && Claims::default().is_empty());
}

#[test]
fn claim_that_is_told_twice_counts_as_told_last() {
    let claims: Claims = [("a".into(), text("first")), ("a".into(), text("last"))].into_iter().collect();
    assert_eq!((claims.named("a"), claims.iter().len()), (Some(&text("last")), 1));
}
