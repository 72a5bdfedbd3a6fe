//! Which templates are refused, what URIs match them with which values, and which templates share a URI.

mod expansion;
mod properties;

use super::*;

fn template(text: &str) -> UriTemplate {
    UriTemplate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Values as one line: `name=text` and `name=[item|item]`, ordered by name.
fn line(variables: &Variables) -> String {
    let shown = variables.iter().map(|(name, value)| match value {
        Value::Text(text) => format!("{name}={text}"),
        Value::List(list) => format!("{name}=[{}]", list.join("|")),
        Value::Pairs(pairs) => format!("{name}={pairs:?}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn matched(text: &str, uri: &str) -> Option<String> {
    template(text).matches(uri).as_ref().map(line)
}

#[test]
fn templates_of_all_levels_are_read() {
    let cases: [(&str, &[&str], usize); 12] = [
        ("", &[], 0),
        ("test://static", &[], 13),
        ("test://template/{id}/data", &["id"], 21),
        ("{a}{b}{a}", &["a", "b"], 0),
        ("{+path}/here{#section}", &["path", "section"], 5),
        ("X{.x}{/x,y}{;z}", &["x", "y", "z"], 1),
        ("{?q,lang}{&more}", &["q", "lang", "more"], 0),
        ("{first.second_3}", &["first.second_3"], 0),
        ("{caf%C3%A9}", &["caf%C3%A9"], 0),
        ("{a:1}{b:9999}{c*}", &["a", "b", "c"], 0),
        // Decoded characters count.
        ("caf%C3%A9/\u{e9}", &[], 6),
        ("it's-(a)!", &[], 9),
    ];
    for (text, names, literal_len) in cases {
        let read = template(text);
        assert_eq!(read.variables(), names, "{text}");
        assert_eq!(read.literal_len(), literal_len, "{text}");
        assert_eq!((read.as_str(), read.to_string().as_str()), (text, text));
        assert_eq!(text.parse(), Ok(read));
    }
}

#[test]
fn texts_that_break_the_grammar_are_refused_with_their_position() {
    use TemplateError::*;
    let cases = [
        ("ab{x", Unclosed { position: 2 }),
        ("ab}x", Unopened { position: 2 }),
        ("{x}}", Unopened { position: 3 }),
        ("a{}", NameMissing { position: 2 }),
        ("a{+}", NameMissing { position: 3 }),
        ("{x,}", NameMissing { position: 3 }),
        ("{,x}", ReservedOperator { operator: ',', position: 1 }),
        ("a{=x}", ReservedOperator { operator: '=', position: 2 }),
        ("{!x}", ReservedOperator { operator: '!', position: 1 }),
        ("{@x}", ReservedOperator { operator: '@', position: 1 }),
        ("{|x}", ReservedOperator { operator: '|', position: 1 }),
        ("{a{b}}", Name { character: '{', position: 2 }),
        ("{x,user-id}", Name { character: '-', position: 7 }),
        ("{.x..y}", Name { character: '.', position: 4 }),
        ("{x.}", NameMissing { position: 3 }),
        ("{ x}", Name { character: ' ', position: 1 }),
        ("{\u{e9}}", Name { character: '\u{e9}', position: 1 }),
        ("{x%4}", Percent { position: 2 }),
        ("{*}", NameMissing { position: 1 }),
        ("{x*:3}", Name { character: '*', position: 2 }),
        ("{x:3*}", Name { character: ':', position: 2 }),
        ("{x:}", Prefix { position: 3 }),
        ("{x:0}", Prefix { position: 3 }),
        ("{x:+1}", Prefix { position: 3 }),
        ("{x:10000}", Prefix { position: 3 }),
        ("a b", Literal { character: ' ', position: 1 }),
        ("{x}<", Literal { character: '<', position: 3 }),
        ("a\n", Literal { character: '\n', position: 1 }),
        ("\u{e9}\\", Literal { character: '\\', position: 2 }),
        ("{x}%", Percent { position: 3 }),
        ("a%4g", Percent { position: 1 }),
        ("a%+4", Percent { position: 1 }),
        ("a%ff", NotUtf8 { position: 1 }),
    ];
    for (text, expected) in cases {
        assert_eq!(UriTemplate::parse(text), Err(expected), "{text}");
    }
    let message = Name { character: '-', position: 7 }.to_string();
    assert_eq!(message, "the character '-' at position 7 does not belong in a variable name");
}

#[test]
fn a_template_over_a_bound_is_refused_and_one_at_the_bound_is_read() {
    let long = "a".repeat(TEMPLATE_BYTES_MAX);
    assert_eq!(template(&long).literal_len(), TEMPLATE_BYTES_MAX);
    let error = UriTemplate::parse(&format!("{long}a"));
    assert_eq!(error, Err(TemplateError::TooLong { bytes: TEMPLATE_BYTES_MAX + 1 }));

    let many = "{a}".repeat(EXPRESSIONS_MAX);
    assert_eq!(template(&many).variables(), ["a"]);
    let error = UriTemplate::parse(&format!("{many}{{a}}"));
    assert_eq!(error, Err(TemplateError::TooManyExpressions { position: many.len() }));

    let names = vec!["a"; VARIABLES_MAX].join(",");
    assert_eq!(template(&format!("{{{names}}}")).variables(), ["a"]);
    let error = UriTemplate::parse(&format!("{{{names},b}}"));
    assert_eq!(error, Err(TemplateError::TooManyVariables { position: names.len() + 2 }));
}

#[test]
fn values_are_found() {
    let cases = [
        // Simple.
        ("test://template/{id}/data", "test://template/123/data", "id=123"),
        ("notes://{id}", "notes://", "id="),
        ("notes://{id}", "notes://a%20b%2Fc", "id=a b/c"),
        ("notes://{id}", "notes://caf\u{e9}", "id=caf\u{e9}"),
        ("notes://{id}", "notes://user@host:1,2", "id=user@host:1,2"),
        ("{a}-{b}", "1-2-3", "a=1 b=2-3"),
        ("{a}{b}", "12", "a= b=12"),
        ("{a}/{a}", "1/1", "a=1"),
        ("{x,y}", "1,2", "x=1 y=2"),
        ("{x,y}", "1", "x=1"),
        ("{x,y}/", "1,2%2C3/", "x=1 y=2,3"),
        ("{x*}", "1,2,3", "x=[1|2|3]"),
        ("{x*,y}", "1,2,3", "x=[1|2] y=3"),
        ("{x:3}{y}", "abcdef", "x= y=abcdef"),
        ("{x:3,y}", "abcdef", "y=abcdef"),
        ("{x:3}/", "%C3%A9%C3%A9%C3%A9/", "x=\u{e9}\u{e9}\u{e9}"),
        ("{/x:1,x}", "/v/value", "x=value"),
        ("{x:3}/{x:1}", "abc/a", "x=abc"),
        // Percent-encoding makes no difference, except for reserved characters.
        ("caf%c3%a9/{x}", "caf\u{e9}/1", "x=1"),
        ("a-b/{x}", "%61%2Db/1", "x=1"),
        // Reserved and fragment.
        ("file:///{+path}", "file:///a/b%20c?d#e", "path=a/b c?d#e"),
        ("{+a}/{+b}", "1/2/3", "a=1 b=2/3"),
        ("{+x,y}", "a/b,c,d", "x=a/b y=c,d"),
        ("a{#x}", "a#b/c", "x=b/c"),
        ("a{#x}", "a", ""),
        // Label and path.
        ("{+path}{.ext}", "a/b.tar.gz", "ext=tar.gz path=a/b"),
        ("a{.x,y}", "a.1.2.3", "x=1 y=2.3"),
        ("a{/x}{/y}", "a/1", "x=1"),
        ("a{/x}/y", "a/y", ""),
        ("a{/x}", "a/", "x="),
        ("a{/x*}", "a/1/2/3", "x=[1|2|3]"),
        ("a{/x*}", "a", ""),
        ("a{/x*,y:1}/b", "a/1/2/3/b", "x=[1|2] y=3"),
        // Members.
        ("a{?x,y}", "a", ""),
        ("a{?x,y}", "a?x=1&y=2", "x=1 y=2"),
        ("a{?x,y}", "a?y=2&x=1", "x=1 y=2"),
        ("a{?x,y}", "a?y=2", "y=2"),
        ("a{?x,xy}", "a?xy=b/c?d=e%26f&x=", "x= xy=b/c?d=e&f"),
        ("a{?x,y}", "a?x&y=", "x= y="),
        ("a{?x*,y}", "a?x=1&y=2&x=3", "x=[1|3] y=2"),
        ("a{?x}#b", "a?x=1#b", "x=1"),
        ("a{?x}.json", "a?x=1.json.json", "x=1.json"),
        ("a{?x:3}", "a?x=123", "x=123"),
        ("a?f=1{&x,y}", "a?f=1&y=2", "y=2"),
        ("a{?x}&y=1", "a?x=2&y=1", "x=2"),
        ("a{?x,y}&x=1", "a?y=2&x=1", "y=2"),
        ("a{?x}{+rest}", "a?x=1&x=2", "rest=&x=2 x=1"),
        ("a{?x,x}", "a?x=1&x=1", "x=1"),
        ("a{;x,y}/b", "a;y;x=1/b", "x=1 y="),
        ("a{;x*}", "a;x=1;x=2", "x=[1|2]"),
        ("a{?caf%C3%A9}", "a?caf\u{e9}=1", "caf%C3%A9=1"),
    ];
    for (text, uri, expected) in cases {
        assert_eq!(matched(text, uri).as_deref(), Some(expected), "{text} {uri}");
        assert!(template(text).overlaps_uri(uri));
    }
}

#[test]
fn uris_that_no_values_give_do_not_match() {
    let cases = [
        ("", "a"),
        ("abc", "ab"),
        ("abc", "ABC"),
        ("test://{id}/data", "test://1/2/data"),
        ("test://{id}", "test://1?x=2"),
        ("test://{id}", "test://1#x"),
        ("test://{id}", "other://1"),
        ("a/b{x}", "a%2Fb1"),
        ("a%2Fb{x}", "a/b1"),
        ("{a}/{a}", "1/2"),
        ("{x,y}", "1,2,3"),
        ("{x:3}", "abcd"),
        ("{x:3}/{x:1}", "abc/b"),
        ("{/x:1,x}", "/v/walue"),
        ("{x}{/x*}", "1/1"),
        ("a{/x}", "a/1/2"),
        ("a{/x}", "ab"),
        ("a{#x}", "ab"),
        ("a{?x}", "a?"),
        ("a{?x}", "a?y=1"),
        ("a{?x}", "a?x=1&y=2"),
        ("a{?x}", "a?x=1&x=1"),
        ("a{?x}", "a?xx=1"),
        ("a{?x}", "a?x=1&"),
        ("a{?x}", "a&x=1"),
        ("a{?x:3}", "a?x=1234"),
        ("a{&x}", "a?x=1"),
        ("a{;x}", "a;x=1/2"),
        // A variable that is absent in one of its places only.
        ("a{/x*}{x}b", "ab"),
        ("a{/x*}{x}b", "acb"),
        ("a{/x}/{x}", "a/1"),
        ("a{x}{?x}", "a1"),
        ("{x,x}", "1"),
        // Characters that no URI has.
        ("{+x}", "a b"),
        ("{x}", "{x}"),
        ("{+x}", "a|b"),
        ("{+x}", "a\0"),
        // Broken percent-encoding.
        ("{x}", "%"),
        ("{x}", "%4"),
        ("{x}", "%zz"),
        ("{+x}", "%+1"),
        ("{+x}", "%ff"),
        ("{+x}", "%C3-%A9"),
    ];
    for (text, uri) in cases {
        assert_eq!(matched(text, uri), None, "{text} {uri}");
        assert!(!template(text).overlaps_uri(uri));
    }
}

#[test]
fn a_uri_over_the_bound_matches_nothing() {
    let anything = template("{+x}");
    let longest = "a".repeat(URI_BYTES_MAX);
    assert_eq!(anything.matches(&longest).unwrap().text("x").map(str::len), Some(URI_BYTES_MAX));
    assert_eq!(anything.matches(&format!("{longest}a")), None);
}

/// With one try per way to cut the URI, none of these would ever end.
#[test]
fn hostile_templates_and_uris_are_answered() {
    let uri = "a".repeat(URI_BYTES_MAX - 1);
    let names = (0..EXPRESSIONS_MAX).map(|n| format!("x{n}")).collect::<Vec<_>>();
    let each = |expression: fn(&str) -> String| names.iter().map(|name| expression(name)).collect::<String>();
    for text in [
        each(|name| format!("{{+{name}}}a")),
        each(|name| format!("{{{name}}}a")),
        each(|name| format!("{{+{name}*,{name}y:9000}}a")),
        each(|name| format!("{{{name}:9999}}a")),
    ] {
        let hostile = template(&text);
        assert!(hostile.matches(&format!("{uri}a")).is_some(), "{text}");
        assert_eq!(hostile.matches(&format!("{uri}b")), None, "{text}");
    }
    let separators = ",".repeat(URI_BYTES_MAX);
    let lists = template(&format!("{}b", each(|name| format!("{{+{name}*}}"))));
    assert_eq!(lists.matches(&separators), None);
    let members = template(&format!("{}b", each(|name| format!("{{&x:9000,{name}*}}"))));
    assert_eq!(members.matches(&"&x=&x0".repeat(URI_BYTES_MAX / 6)), None);
    let literal = template(&format!("{{+x}}{}b", "a".repeat(TEMPLATE_BYTES_MAX - 5)));
    assert_eq!(literal.matches(&uri), None);
}

#[test]
fn templates_that_share_a_uri_overlap_and_level_one_templates_that_share_none_do_not() {
    let cases = [
        ("", "", true),
        ("a", "a", true),
        ("a", "b", false),
        ("a", "ab", false),
        ("%61", "a", true),
        ("%2F", "/", false),
        ("%2F", "{x}", true),
        ("/", "{x}", false),
        ("{x}", "{y}", true),
        ("{x}", "", true),
        ("a{x}", "b{x}", false),
        ("{x}a", "{x}b", false),
        ("a{x}", "{x}b", true),
        ("a{x}/b", "a{x}/c", false),
        ("a{x}b{y}c", "a{x}c", true),
        ("a/{x}", "a/{x}/{y}", false),
        ("notes://{id}", "notes://search", true),
        ("notes://{id}", "notes://search/all", false),
        ("notes://{user}/{id}", "notes://ada/{x}", true),
        ("notes://{user}/new", "notes://ada/{x}", true),
        ("notes://{user}/new", "notes://ada/old{x}", false),
        ("x{a}?", "x{b}", false),
        // Beyond level one.
        ("file:///{+path}", "file:///{a}/{b}", true),
        ("file:///{+path}", "http://{a}", false),
        ("{+path}.txt", "{+path}.md", false),
        ("a{/x}", "a", true),
        ("a{/x}", "a/{y}", true),
        ("a{/x}/c", "a/{y}", true),
        ("a{/x*}", "a/b/c", true),
        ("a{/x}", "a/b/c", false),
        ("a{?x}", "a?x=1", true),
        ("a{?x}", "a{#y}", true),
        ("a{?x}b", "a{#y}c", false),
        ("a{;x}", "a;x;y", false),
        ("a{x,y}", "a{z}", true),
    ];
    for (one, other, expected) in cases {
        assert_eq!(template(one).overlaps(&template(other)), expected, "{one} {other}");
        assert_eq!(template(other).overlaps(&template(one)), expected, "{other} {one}");
    }
}

#[test]
fn the_largest_templates_are_compared() {
    let a = template(&"a".repeat(TEMPLATE_BYTES_MAX));
    let runs = template(&format!("{}b", "{x}a".repeat(EXPRESSIONS_MAX)));
    assert!(!a.overlaps(&runs));
    assert!(a.overlaps(&template(&"{+x}a".repeat(EXPRESSIONS_MAX))));
}
