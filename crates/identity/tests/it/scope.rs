//! Scopes: the syntax of RFC 6749 §3.3, the decision, and the refusal.

use outboard_identity::{Denied, Requirement, Scope, ScopeError, ScopeSet};

#[test]
fn a_set_is_read_in_order_and_each_scope_once() {
    let cases = [
        ("read", "read"),
        ("write read", "read write"),
        ("b a b a", "a b"),
        ("files:read https://example.com/auth", "files:read https://example.com/auth"),
        ("Read read", "Read read"),
        ("!#[]~", "!#[]~"),
    ];
    for (text, expected) in cases {
        let set: ScopeSet = text.parse().unwrap();
        assert_eq!(set.to_string(), expected);
        assert_eq!(set.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "), expected);
        assert_eq!(expected.parse::<ScopeSet>().unwrap(), set);
    }
}

#[test]
fn every_character_is_decided_as_the_rfc_does() {
    for c in (0..=0x2ff).filter_map(char::from_u32) {
        let allowed = c == '\x21' || ('\x23'..='\x5b').contains(&c) || ('\x5d'..='\x7e').contains(&c);
        let expected = if allowed { Ok(()) } else { Err(ScopeError::ForbiddenCharacter { found: c, at: 1 }) };
        assert_eq!(format!("a{c}").parse::<Scope>().map(|_| ()), expected, "{c:?}");
    }
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let forbidden = |found, at| ScopeError::ForbiddenCharacter { found, at };
    let cases = [
        ("", ScopeError::Empty { at: 0 }, "empty scope at byte 0"),
        (" ", ScopeError::Empty { at: 0 }, "empty scope at byte 0"),
        (" a", ScopeError::Empty { at: 0 }, "empty scope at byte 0"),
        ("a ", ScopeError::Empty { at: 2 }, "empty scope at byte 2"),
        ("ab  c", ScopeError::Empty { at: 3 }, "empty scope at byte 3"),
        ("ab c\td", forbidden('\t', 4), "'\\t' at byte 4 cannot stand in a scope"),
        ("a \"b\"", forbidden('"', 2), "'\"' at byte 2 cannot stand in a scope"),
        ("a b\\", forbidden('\\', 3), "'\\\\' at byte 3 cannot stand in a scope"),
        ("a bé", forbidden('é', 3), "'é' at byte 3 cannot stand in a scope"),
    ];
    for (text, expected, message) in cases {
        let error = text.parse::<ScopeSet>().unwrap_err();
        assert_eq!(error, expected, "{text:?}");
        assert_eq!(error.to_string(), message);
    }
    assert_eq!("a b".parse::<Scope>(), Err(forbidden(' ', 1)), "one scope is not two");
}

#[test]
fn scopes_come_from_config_by_the_same_rules() {
    assert_eq!(serde_json::from_str::<ScopeSet>("\"b a\"").unwrap(), set("a b"));
    assert_eq!(serde_json::from_str::<Scope>("\"a\"").unwrap(), "a".parse().unwrap());
    for (json, told) in
        [("\"a  b\"", "empty scope at byte 2"), ("\"\"", "empty scope at byte 0"), ("7", "expected scopes")]
    {
        let error = serde_json::from_str::<ScopeSet>(json).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn all_required_scopes_must_be_held() {
    let none = ScopeSet::default();
    let cases = [
        (none.clone(), none.clone(), None),
        (none.clone(), set("a"), None),
        (set("a"), set("a"), None),
        (set("a b"), set("c b a"), None),
        (set("a"), none.clone(), Some("a")),
        (set("a b c"), set("b d"), Some("a c")),
        (set("files"), set("files:read"), Some("files")),
        (set("files:read"), set("files"), Some("files:read")),
        (set("a"), set("A"), Some("a")),
    ];
    for (required, held, missing) in cases {
        let denied = Requirement::all_of(required.clone()).check(&held).err();
        let told = denied.as_ref().map(|denied| denied.missing().to_string());
        assert_eq!(told.as_deref(), missing, "{required} of {held}");
        if let Some(denied) = denied {
            assert_eq!(*denied.required(), required, "every scope the call needs, held or not");
        }
    }
    assert_eq!(Requirement::default().check(&none), Ok(()));
}

#[test]
fn a_refusal_says_what_is_missing_and_what_is_needed() {
    let denied: Denied = Requirement::all_of(set("a b")).check(&set("b")).unwrap_err();
    assert_eq!(denied.to_string(), "scopes are missing: a (the call needs: a b)");
}

#[test]
fn a_set_knows_what_it_holds() {
    let set: ScopeSet = ["b", "a", "b"].iter().map(|scope| scope.parse::<Scope>().unwrap()).collect();
    assert_eq!(set.iter().len(), 2);
    assert!(set.contains(&"a".parse().unwrap()) && !set.contains(&"c".parse().unwrap()));
    assert!(!set.is_empty() && ScopeSet::default().is_empty());
}

fn set(text: &str) -> ScopeSet {
    text.parse().unwrap()
}
