//! What a call needs where there are alternatives, and what the refusal then asks for.

use outboard_identity::{Requirement, Scope, ScopeSet};

fn set(text: &str) -> ScopeSet {
    if text.is_empty() { ScopeSet::default() } else { text.parse().unwrap() }
}

/// One of these, the first of which is preferred.
fn any(scopes: &str) -> Requirement {
    let mut scopes = scopes.split(' ').map(|scope| scope.parse::<Scope>().unwrap());
    Requirement::any_of(scopes.next().unwrap(), scopes)
}

fn all(scopes: &str) -> Requirement {
    Requirement::all_of(set(scopes))
}

#[test]
fn one_of_each_row_is_enough_and_the_preferred_one_is_asked_for() {
    let both = || all("x").and(any("b a")).and(any("d c"));
    let cases = [
        (any("b a"), "a", None),
        (any("b a"), "b", None),
        (any("b a"), "c", Some(("b", "b"))),
        (any("b a"), "", Some(("b", "b"))),
        (any("b"), "", Some(("b", "b"))),
        (both(), "x a c", None),
        (both(), "x a b c d", None),
        (both(), "a c", Some(("a c x", "x"))),
        (both(), "x a", Some(("a d x", "d"))),
        (both(), "x c", Some(("b c x", "b"))),
        (both(), "", Some(("b d x", "b d x"))),
        (any("b a").and(any("b a")), "", Some(("b", "b"))),
        (any("a b").and(any("b a")), "", Some(("a b", "a b"))),
    ];
    for (requirement, held, expected) in cases {
        let denied = requirement.check(&set(held)).err();
        let told = denied.map(|denied| (denied.required().to_string(), denied.missing().to_string()));
        let expected = expected.map(|(required, missing)| (required.to_owned(), missing.to_owned()));
        assert_eq!(told, expected, "{requirement:?} of '{held}'");
    }
}

#[test]
fn who_gets_what_the_refusal_asks_for_is_served() {
    let requirement = all("x").and(any("b a")).and(any("d c"));
    for held in ["", "x", "a", "c", "x a", "b d", "other"] {
        let held = set(held);
        let Err(denied) = requirement.check(&held) else { panic!("{held} is enough") };
        assert!(!denied.missing().is_empty(), "{held}");
        assert_eq!(requirement.check(denied.required()), Ok(()), "{held}");
        assert_eq!(requirement.check(&held.union(denied.missing())), Ok(()), "{held}");
    }
    assert_eq!(requirement.check(&requirement.least()), Ok(()));
}

#[test]
fn requirement_names_its_scopes() {
    let requirement = all("x").and(any("b a"));
    assert_eq!((requirement.named(), requirement.least()), (set("a b x"), set("b x")));
    assert!(!requirement.is_empty() && !any("a").is_empty());
    let none = Requirement::default().and(all(""));
    assert!(none.is_empty() && none.named().is_empty() && none.least().is_empty());
}

#[test]
fn sets_are_joined_and_taken_apart() {
    assert_eq!(set("a b").union(&set("b c")), set("a b c"));
    assert_eq!(set("a b c").difference(&set("b d")), set("a c"));
    assert_eq!(set("").union(&set("")), set(""));
    let mut extended = set("b");
    extended.extend(set("a b").iter().cloned());
    assert_eq!(extended, set("a b"));
}
