//! Scopes that stand for others: as it was said and no further.

use outboard_identity::{Scope, ScopeHierarchy, ScopeSet};

fn set(text: &str) -> ScopeSet {
    if text.is_empty() { ScopeSet::default() } else { text.parse().unwrap() }
}

fn hierarchy(direct: &[(&str, &str)]) -> ScopeHierarchy {
    ScopeHierarchy::new(direct.iter().map(|(scope, implied)| (scope.parse::<Scope>().unwrap(), set(implied))))
}

#[test]
fn scope_stands_for_what_was_said_directly_or_not() {
    let steps = [("admin", "write audit"), ("write", "read"), ("a", "b"), ("b", "c"), ("c", "a"), ("self", "self")];
    let hierarchy = hierarchy(&steps);
    let cases = [
        ("", ""),
        ("read", "read"),
        ("write", "read write"),
        ("admin", "admin audit read write"),
        ("audit", "audit"),
        ("read audit", "audit read"),
        ("a", "a b c"),
        ("c", "a b c"),
        ("self", "self"),
        ("other", "other"),
        // Nothing is read into a spelling.
        ("adm", "adm"),
        ("admin:x", "admin:x"),
        ("Admin", "Admin"),
    ];
    for (held, expected) in cases {
        let expanded = hierarchy.expand(&set(held));
        assert_eq!(expanded, set(expected), "{held}");
        assert_eq!(hierarchy.expand(&expanded), expanded, "there is nothing more to it: {held}");
    }
}

#[test]
fn what_is_said_of_one_scope_twice_is_said_of_it_together() {
    assert_eq!(hierarchy(&[("a", "b"), ("a", "c")]).expand(&set("a")), set("a b c"));
    assert_eq!(ScopeHierarchy::default().expand(&set("a")), set("a"));
}

#[test]
fn long_chain_is_followed_to_its_end() {
    let scope = |number: usize| format!("s{number}").parse::<Scope>().unwrap();
    let steps = (0..500).map(|number| (scope(number), [scope(number + 1)].into_iter().collect()));
    let expanded = ScopeHierarchy::new(steps).expand(&set("s0"));
    assert_eq!(expanded.iter().len(), 501);
}
