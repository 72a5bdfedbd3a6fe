//! What holds for every template: it is read or refused, an expansion matches, and what overlaps says is safe.

use proptest::prelude::*;

use super::*;

/// Text with the characters that matter to templates, and some others.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,3}", "[-a./?#,;&=%: ]{0,6}", ".{0,6}"]
}

fn values(names: usize) -> impl Strategy<Value = Variables> {
    let values = proptest::collection::vec(text(), names);
    values.prop_map(|texts| texts.into_iter().enumerate().map(|(n, text)| (format!("v{n}"), text)).collect())
}

/// A template of level one from literals, with its variables named `v0`, `v1`, ….
fn level_one(literals: &[String]) -> UriTemplate {
    let parts = literals.iter().enumerate().map(|(n, literal)| format!("{literal}{{v{n}}}"));
    template(&parts.collect::<String>())
}

/// A template with any operators; every variable of its own name.
fn any_level() -> impl Strategy<Value = String> {
    let expression = ("[+#./;?&]?", proptest::collection::vec("(:[1-4]|\\*)?", 1..3));
    let part = prop_oneof!["[-ab./?#,;&=]{0,3}".prop_map(|literal| (literal, Vec::new())), expression];
    proptest::collection::vec(part, 0..5).prop_map(|parts| {
        let mut count = 0;
        let parts = parts.into_iter().map(|(start, modifiers)| {
            let names = modifiers.iter().map(|modifier| {
                count += 1;
                format!("v{}{modifier}", count - 1)
            });
            let names = names.collect::<Vec<_>>().join(",");
            if names.is_empty() { start } else { format!("{{{start}{names}}}") }
        });
        parts.collect()
    })
}

/// A template whose variables have two names, so that most stand in several places.
fn repeating() -> impl Strategy<Value = String> {
    let variables = proptest::collection::vec("v[01](:[1-4]|\\*)?", 1..3);
    let expression = ("[+#./]?", variables).prop_map(|(operator, names)| format!("{{{operator}{}}}", names.join(",")));
    let parts = proptest::collection::vec(prop_oneof!["[-ab./,#]{0,2}".boxed(), expression.boxed()], 0..4);
    parts.prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_makes_parsing_panic(text in prop_oneof![".*", "[{}a:*,%0-9+#./;?&!-]{0,40}"], uri in ".*") {
        if let Ok(template) = UriTemplate::parse(&text) {
            prop_assert_eq!(template.as_str(), text);
            prop_assert_eq!(template.overlaps_uri(&uri), template.matches(&uri).is_some());
            prop_assert!(template.overlaps(&template));
        }
    }

    /// Every literal has a character that an expansion of a value never shows.
    #[test]
    fn expanding_and_matching_gives_the_values_back(
        (literals, values) in proptest::collection::vec("[-a.]{0,2}[/:!,@][-a.]{0,2}", 1..5)
            .prop_flat_map(|literals| { let names = literals.len(); (Just(literals), values(names)) }),
    ) {
        let template = level_one(&literals);
        let uri = template.expand(&values);
        prop_assert_eq!(template.matches(&uri), Some(values), "{} {}", template, uri);
    }

    #[test]
    fn values_that_were_found_expand_to_the_same_uri(
        literals in proptest::collection::vec("[-a./]{0,2}", 0..5),
        values in values(5),
    ) {
        let template = level_one(&literals);
        let uri = template.expand(&values);
        let found = template.matches(&uri);
        prop_assert_eq!(found.map(|found| template.expand(&found)), Some(uri), "{}", template);
    }

    /// Members are left out here: they have an order and an `=` of their own.
    #[test]
    fn values_of_variables_that_stand_several_times_expand_to_the_same_uri(
        template in repeating(),
        uri in "[-ab./,#]{0,6}",
    ) {
        let template = self::template(&template);
        if let Some(found) = template.matches(&uri) {
            let expanded = symbol::symbols(&template.expand(&found)).unwrap();
            prop_assert_eq!(symbol::text(&expanded), uri, "{} {:?}", template, found);
        }
    }

    /// Reserved expansions copy triplets of their values, and these need not be UTF-8: no percent signs here.
    #[test]
    fn an_expansion_matches_its_template_and_each_that_it_matches_overlaps(
        (one, other) in (any_level(), any_level()),
        texts in proptest::collection::vec(("[-a./,:\u{e9} ]{0,4}", any::<bool>()), 10),
    ) {
        let (one, other) = (template(&one), template(&other));
        let values = texts.into_iter().enumerate().filter(|(_, (_, present))| *present);
        let values = values.map(|(n, (text, _))| (format!("v{n}"), text)).collect::<Variables>();
        let uri = one.expand(&values);
        prop_assert!(one.overlaps_uri(&uri), "{} {}", one, uri);
        if other.overlaps_uri(&uri) {
            prop_assert!(one.overlaps(&other) && other.overlaps(&one), "{} {} {}", one, other, uri);
        }
    }

    /// A short text is a URI of both more often than an expansion is.
    #[test]
    fn templates_that_match_one_text_overlap(
        (one, other) in (any_level(), any_level()),
        uri in "[-ab./?#,;&=]{0,5}",
    ) {
        let (one, other) = (template(&one), template(&other));
        if one.overlaps_uri(&uri) && other.overlaps_uri(&uri) {
            prop_assert!(one.overlaps(&other) && other.overlaps(&one), "{} {} {}", one, other, uri);
        }
    }

    /// What two such templates share, if anything, includes a text no longer than their literals together.
    #[test]
    fn overlaps_is_exact_for_level_one(
        one in proptest::collection::vec("[ab/]?", 0..3),
        other in proptest::collection::vec("[ab/]?", 0..3),
        (one_end, other_end) in ("[ab/]?", "[ab/]?"),
    ) {
        let with_end = |literals: &[String], end: &str| template(&format!("{}{end}", level_one(literals)));
        let (one, other) = (with_end(&one, &one_end), with_end(&other, &other_end));
        let shared = short_texts(6).into_iter().find(|uri| one.overlaps_uri(uri) && other.overlaps_uri(uri));
        prop_assert_eq!(one.overlaps(&other), shared.is_some(), "{} {} {:?}", one, other, shared);
    }
}

/// All texts of the characters of these literals, up to a length.
fn short_texts(length: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut longest = texts.clone();
    for _ in 0..length {
        longest = longest.iter().flat_map(|text| ["a", "b", "/"].map(|end| format!("{text}{end}"))).collect();
        texts.extend_from_slice(&longest);
    }
    texts
}
