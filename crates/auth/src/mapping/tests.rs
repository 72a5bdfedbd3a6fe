//! What is read from claims, and what is not.

use serde_json::json;

use super::*;

#[test]
fn a_path_is_a_name_or_a_pointer() {
    let claims = claims(json!({
        "a": 1, "a/b": 2, "https://x.example/roles": 3, "": 4, "o": {"p": {"q/r": 5, "s~t": 6}, "list": [7, 8]}, "~1": 9,
    }));
    let cases = [
        ("a", Some(1)),
        ("a/b", Some(2)),
        ("https://x.example/roles", Some(3)),
        ("", Some(4)),
        ("~1", Some(9)),
        ("/a", Some(1)),
        ("/a~1b", Some(2)),
        ("/", Some(4)),
        ("/~01", Some(9)),
        ("/o/p/q~1r", Some(5)),
        ("/o/p/s~0t", Some(6)),
        ("/o/list/1", Some(8)),
        ("/o/list/2", None),
        ("/o/list/x", None),
        ("/a/b", None),
        ("/o/p/q", None),
        ("o.p", None),
        ("b", None),
    ];
    for (path, expected) in cases {
        assert_eq!(ClaimPath::new(path).find(&claims).and_then(Value::as_i64), expected, "{path}");
    }
}

#[test]
fn a_subject_is_a_text_that_is_not_empty_too_long_or_unprintable() {
    let limits = AuthLimits { identifier_bytes_max: 4, ..AuthLimits::default() };
    let rules = ClaimRules::default();
    for good in ["a", "abcd", "é x"] {
        assert_eq!(rules.subject(&claims(json!({"sub": good})), &limits), Ok(good));
    }
    for bad in [
        json!(""),
        json!("abcde"),
        json!("ééé"),
        json!("a\n"),
        json!("\0"),
        json!("\u{85}"),
        json!(1),
        json!(null),
        json!(["a"]),
    ] {
        let refused = InvalidToken::Claim { claim: "sub".into() };
        assert_eq!(rules.subject(&claims(json!({"sub": bad})), &limits), Err(refused), "{bad}");
    }
    assert!(rules.subject(&claims(json!({})), &limits).is_err());
    let elsewhere = ClaimRules { subject: ClaimPath::new("/user/id"), ..ClaimRules::default() };
    assert_eq!(elsewhere.subject(&claims(json!({"user": {"id": "x"}})), &limits), Ok("x"));
}

#[test]
fn the_client_is_the_first_claim_that_is_there() {
    let limits = AuthLimits::default();
    let rules = ClaimRules::default();
    let refused = |claim: &str| Err(InvalidToken::Claim { claim: claim.into() });
    let cases = [
        (json!({}), Ok("")),
        (json!({"azp": "a"}), Ok("a")),
        (json!({"azp": "a", "client_id": "c"}), Ok("c")),
        // One that is there and wrong is not passed over for another.
        (json!({"azp": "a", "client_id": 1}), refused("client_id")),
        (json!({"azp": "a", "client_id": ""}), refused("client_id")),
        (json!({"azp": ["a"]}), refused("azp")),
    ];
    for (given, expected) in cases {
        assert_eq!(rules.client_id(&claims(given.clone()), &limits), expected, "{given}");
    }
}

#[test]
fn scopes_are_where_the_rules_say_and_nowhere_else() {
    let source = |claim: &str, form, values| ScopeSource { claim: ClaimPath::new(claim), form, values };
    let rules = |scopes: Vec<ScopeSource>| ClaimRules { scopes, ..ClaimRules::default() };
    let roles: BTreeMap<Box<str>, ScopeSet> =
        [("Admin".into(), scopes("a b")), ("with space".into(), scopes("c"))].into();
    let standard = ClaimRules::default();
    let scp = rules(vec![source("scp", ScopeForm::List, None)]);
    let none = rules(Vec::new());
    let mixed = rules(vec![source("scope", ScopeForm::Text, None), source("/r/roles", ScopeForm::List, Some(roles))]);
    let refused = |claim: &str| Err(InvalidToken::Claim { claim: claim.into() });
    let cases = [
        (&standard, json!({}), Ok(scopes(""))),
        (&standard, json!({"scope": ""}), Ok(scopes(""))),
        (&standard, json!({"scope": "x y x"}), Ok(scopes("x y"))),
        (&standard, json!({"scope": " x  y "}), Ok(scopes("x y"))),
        (&standard, json!({"scope": "x\ty \"z\" é w"}), Ok(scopes("w"))),
        (&standard, json!({"scope": ["x"]}), refused("scope")),
        (&standard, json!({"scope": null}), refused("scope")),
        (&standard, json!({"scp": "x"}), refused("scp")),
        (&standard, json!({"scope": "x", "scp": "x"}), refused("scp")),
        (&standard, json!({"roles": ["x"], "permissions": ["y"]}), Ok(scopes(""))),
        (&scp, json!({"scp": ["x", "y z", ""]}), Ok(scopes("x"))),
        (&scp, json!({"scp": ["x", 1]}), refused("scp")),
        (&scp, json!({"scp": "x"}), refused("scp")),
        (&scp, json!({"scp": {"x": true}}), refused("scp")),
        (&scp, json!({"scope": "x"}), refused("scope")),
        (&none, json!({}), Ok(scopes(""))),
        (&none, json!({"scope": "x"}), refused("scope")),
        (&mixed, json!({"scope": "x", "r": {"roles": ["Admin", "admin", "z"]}}), Ok(scopes("a b x"))),
        (&mixed, json!({"r": {"roles": ["with space"]}}), Ok(scopes("c"))),
        (&mixed, json!({"r": {"roles": "Admin"}}), refused("/r/roles")),
        (&mixed, json!({"scope": "Admin"}), Ok(scopes("Admin"))),
    ];
    for (rules, given, expected) in cases {
        assert_eq!(rules.granted(&claims(given.clone())), expected, "{given}");
    }
}

#[test]
fn claims_are_kept_whole_or_not_at_all() {
    let long = "x".repeat(KEPT_BYTES_MAX);
    let too_long = "x".repeat(KEPT_BYTES_MAX + 1);
    let text = |text: &str| Claim::Text(text.into());
    let texts = |texts: &[&str]| Claim::Texts(texts.iter().map(|text| (*text).into()).collect());
    let cases = [
        (json!("x"), Some(text("x"))),
        (json!(long), Some(text(&long))),
        (json!(too_long), None),
        (json!(-7), Some(Claim::Number(-7))),
        (json!(1.5), None),
        (json!(u64::MAX), None),
        (json!(true), Some(Claim::Bool(true))),
        (json!(["a", "b"]), Some(texts(&["a", "b"]))),
        (json!([]), Some(texts(&[]))),
        (json!(["a", 1]), None),
        (json!(["a", too_long]), None),
        (json!(vec!["g"; KEPT_VALUES_MAX]), Some(texts(&["g"; KEPT_VALUES_MAX]))),
        (json!(vec!["g"; KEPT_VALUES_MAX + 1]), None),
        (json!({"a": 1}), None),
        (json!(null), None),
    ];
    let rules = ClaimRules { kept: vec![ClaimPath::new("c")], ..ClaimRules::default() };
    for (value, expected) in cases {
        assert_eq!(rules.kept(&claims(json!({"c": value}))).named("c"), expected.as_ref(), "{value}");
    }
}

#[test]
fn the_number_of_kept_values_is_bounded_over_all_claims() {
    let names: Vec<_> = (0..3).map(|number| format!("c{number}")).collect();
    let kept = names.iter().map(|name| ClaimPath::new(name.as_str())).collect();
    let rules = ClaimRules { kept, ..ClaimRules::default() };
    let kept = rules.kept(&claims(json!({"c0": vec!["g"; 40], "c1": vec!["g"; 40], "c2": "fits"})));
    assert_eq!(kept.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["c0", "c2"]);
}

fn claims(value: Value) -> Map<String, Value> {
    let Value::Object(claims) = value else { panic!("claims are an object") };
    claims
}

fn scopes(text: &str) -> ScopeSet {
    text.parse().unwrap_or_default()
}
