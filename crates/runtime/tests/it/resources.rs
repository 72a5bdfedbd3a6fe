//! Resources: who reads which, whose is taken where several have one, and which cannot be offered.

use outboard_protocol::error::code;
use outboard_protocol::revision::V2025_11_25;
use outboard_protocol::types::{Resource, ResourceTemplate};
use outboard_runtime::{
    CallError, Catalog, CatalogError, DynamicResource, DynamicTemplate, Item, ListKind, Offer, Operation, Runtime,
    RuntimeConfig, Whose,
};
use serde_json::{Value, json};

use crate::fake::{Fake, Says, resource, template};
use crate::support::{operation, outcome, runtime, try_runtime, written};

/// An offer of resources and templates that say whose they are.
fn offer(whose: &'static str, resources: &[&str], templates: &[&str]) -> Offer {
    Offer {
        resources: resources.iter().map(|uri| resource(whose, uri)).collect(),
        templates: templates.iter().map(|text| template(whose, text)).collect(),
        ..Offer::default()
    }
}

fn read(uri: &str) -> outboard_runtime::Call {
    operation(Operation::ReadResource { uri: uri.into() })
}

/// Who reads a resource; `None` when nobody does.
async fn reader(runtime: &Runtime, uri: &str) -> Option<String> {
    match outcome(runtime, read(uri)).await {
        Err(CallError::UnknownResource { .. }) => None,
        outcome => {
            let result = written(runtime, outcome);
            assert_eq!(result["contents"][0]["uri"], uri);
            Some(result["contents"][0]["text"].as_str().unwrap().to_owned())
        }
    }
}

async fn listed(runtime: &Runtime, kind: ListKind) -> Vec<String> {
    let list = written(runtime, outcome(runtime, operation(Operation::List { kind, cursor: None })).await);
    let names = |member: &str, key: &str| {
        let items = list.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    [names("resources", "uri"), names("resourceTemplates", "uriTemplate")].concat()
}

#[tokio::test]
async fn resource_is_read_by_who_lists_it_else_by_the_most_specific_template() {
    let general = ["notes://{user}/{+rest}", "notes://{user}/search{?text}", "notes://{user}/day/{day}"];
    let files = Fake::new("files", offer("files", &["file:///a"], &["file:///b/{name}"]));
    let notes = Fake::new("notes", offer("notes", &["notes://ada/day/1"], &general));
    let catalog = Catalog::new("test", "1").provider_with_prefix("f", files).provider(notes.clone());
    let runtime = runtime(catalog);
    assert_eq!(runtime.conflicts(), []);
    let cases = [
        ("file:///a", Some("files")),
        ("file:///b/x", Some("files")),
        ("file:///b/x/y", None),
        ("notes://ada/day/1", Some("notes")),
        ("notes://ada/day/2", Some("notes")),
        ("f_file:///a", None),
        ("", None),
        (&format!("notes://ada/{}", "x".repeat(8_192)), None),
    ];
    for (uri, expected) in cases {
        assert_eq!(reader(&runtime, uri).await.as_deref(), expected, "{uri}");
    }
    assert_eq!(listed(&runtime, ListKind::Resources).await, ["file:///a", "notes://ada/day/1"], "as they are");

    // Each template says which it is.
    let told_apart = Offer {
        templates: vec![template("any", general[0]), template("search", general[1]), template("day", general[2])],
        ..Offer::default()
    };
    notes.offer(told_apart);
    runtime.refresh();
    for (uri, expected) in [("notes://a/search?text=b", "search"), ("notes://a/day/1", "day"), ("notes://a/b/c", "any")]
    {
        assert_eq!(reader(&runtime, uri).await.as_deref(), Some(expected), "{uri}");
    }
}

#[tokio::test]
async fn unknown_resource_is_told_with_its_uri_and_the_callers_code() {
    let fake = Fake::new("fake", offer("fake", &["a:b"], &[]));
    let runtime = runtime(Catalog::new("test", "1").provider(fake));
    let long = format!("a:{}", "x".repeat(5_000));
    for uri in ["a:c", "", &long] {
        let error = outcome(&runtime, read(uri)).await.unwrap_err();
        let (modern, legacy) = (error.object(crate::support::REVISION), error.object(&V2025_11_25));
        assert_eq!((modern.code, legacy.code), (code::INVALID_PARAMS, code::RESOURCE_NOT_FOUND));
        assert_eq!(modern.data.unwrap().read::<Value>().unwrap(), json!({"uri": uri}));
    }
    let endless = format!("a:{}", "x".repeat(100_000));
    let error = outcome(&runtime, read(&endless)).await.unwrap_err().object(crate::support::REVISION);
    assert!(error.data.unwrap().as_bytes().len() < 200, "nothing is echoed at any length");
}

#[tokio::test]
async fn text_that_is_no_uri_is_refused_unless_it_is_listed() {
    let fake = Fake::new("fake", offer("fake", &["a:b c"], &["a:{+x}"]));
    let runtime = runtime(Catalog::new("test", "1").provider(fake));
    assert_eq!(reader(&runtime, "a:b c").await.as_deref(), Some("fake"), "as it is listed");
    assert_eq!(reader(&runtime, "a:%7Bx%7D").await.as_deref(), Some("fake"));
    for uri in ["a:{+x}", "a:{", "a:}", "a:b d", "a:b\\c", "a:<b>", "a:b\n", "a:b\0"] {
        let error = outcome(&runtime, read(uri)).await.unwrap_err();
        assert!(matches!(&error, CallError::WrongArgument { name, .. } if **name == *"uri"), "{uri}: {error:?}");
        assert_eq!(error.object(&V2025_11_25).code, code::INVALID_PARAMS);
    }
}

/// Two providers of one catalog that cannot both be taken.
struct Conflict {
    what: &'static str,
    first: (&'static [&'static str], &'static [&'static str]),
    second: (&'static [&'static str], &'static [&'static str]),
    /// What both could read.
    uri: &'static str,
    /// What is listed where the second comes first.
    reversed: &'static [&'static str],
}

const CONFLICTS: [Conflict; 4] = [
    Conflict { what: "the same URI", first: (&["a:1"], &[]), second: (&["a:1"], &[]), uri: "a:1", reversed: &["a:1"] },
    Conflict {
        what: "the same template",
        first: (&[], &["a:{x}"]),
        second: (&[], &["a:{x}"]),
        uri: "a:1",
        reversed: &["a:{x}"],
    },
    Conflict {
        what: "templates that overlap",
        first: (&[], &["a:{x}/b"]),
        second: (&[], &["a:c/{x}"]),
        uri: "a:c/b",
        reversed: &["a:c/{x}"],
    },
    Conflict {
        what: "a URI in a template",
        first: (&[], &["a:{x}"]),
        second: (&["a:1"], &[]),
        uri: "a:1",
        // What is listed is asked first, so the template can stay for the rest.
        reversed: &["a:1", "a:{x}"],
    },
];

async fn all_listed(runtime: &Runtime) -> Vec<String> {
    [listed(runtime, ListKind::Resources).await, listed(runtime, ListKind::ResourceTemplates).await].concat()
}

#[tokio::test]
async fn what_two_providers_have_is_withheld_from_the_second_and_told() {
    for Conflict { what, first, second, uri, .. } in CONFLICTS {
        for order in [&[][..], &["first"], &["second"], &["other", "first"]] {
            let catalog = Catalog::new("test", "1")
                .provider(Fake::new("first", offer("first", first.0, first.1)))
                .provider(Fake::new("second", offer("second", second.0, second.1)))
                .resource_order(order.iter().copied());
            let runtime = runtime(catalog);
            let [error @ CatalogError::Conflict { first, second, .. }] = &*runtime.conflicts() else {
                panic!("{what}: {:?}", runtime.conflicts())
            };
            let named_first = *order.first().unwrap_or(&"first");
            let taken = if named_first == "second" { "second" } else { "first" };
            assert_eq!(*first, Whose::Provider(taken.into()), "{what} {order:?}");
            assert_ne!(first, second);
            let text = error.to_string();
            assert!(text.contains("'first'") && text.contains("'second'") && text.contains("resource_order"), "{text}");
            assert_eq!(reader(&runtime, uri).await.as_deref(), Some(taken), "{what} {order:?}");
            assert_eq!(all_listed(&runtime).await.len(), 1, "{what} {order:?}");
        }
    }
}

#[tokio::test]
async fn what_the_order_names_goes_to_the_one_that_stands_first() {
    for Conflict { what, first, second, uri, reversed } in CONFLICTS {
        let with_order = |order: [&'static str; 3]| {
            let catalog = Catalog::new("test", "1")
                .provider(Fake::new("first", offer("first", first.0, first.1)))
                .provider(Fake::new("second", offer("second", second.0, second.1)));
            runtime(catalog.resource_order(order))
        };
        let runtime = with_order(["first", "other", "second"]);
        assert_eq!(runtime.conflicts(), [], "{what}");
        assert_eq!(reader(&runtime, uri).await.as_deref(), Some("first"), "{what}");
        assert_eq!(all_listed(&runtime).await, [first.0, first.1].concat(), "{what}");

        let runtime = with_order(["second", "first", "other"]);
        assert_eq!(runtime.conflicts(), [], "{what}");
        assert_eq!(reader(&runtime, uri).await.as_deref(), Some("second"), "{what}");
        assert_eq!(all_listed(&runtime).await, reversed, "{what}");
    }
}

#[tokio::test]
async fn native_resource_goes_before_a_providers_which_has_to_be_named() {
    let catalog = || {
        let own = DynamicResource::new(Resource::new("a:1", "own"), |_| async { "native" });
        Catalog::new("test", "1").provider(Fake::new("fake", offer("fake", &["a:1", "a:2"], &[]))).resource(own)
    };
    let unnamed = runtime(catalog());
    let [error @ CatalogError::Conflict { first: Whose::Native, .. }] = &*unnamed.conflicts() else {
        panic!("{:?}", unnamed.conflicts())
    };
    assert!(error.to_string().contains("name 'fake' in resource_order"), "{error}");
    let named = runtime(catalog().resource_order(["fake"]));
    assert_eq!(named.conflicts(), []);
    for runtime in [unnamed, named] {
        assert_eq!(reader(&runtime, "a:1").await.as_deref(), Some("native"));
        assert_eq!(reader(&runtime, "a:2").await.as_deref(), Some("fake"));
        assert_eq!(listed(&runtime, ListKind::Resources).await, ["a:1", "a:2"]);
    }
}

#[tokio::test]
async fn conflict_that_comes_later_takes_nothing_away_from_who_was_first() {
    let (first, second) = (Fake::new("first", offer("first", &["a:1"], &[])), Fake::new("second", Offer::default()));
    let runtime = runtime(Catalog::new("test", "1").provider(first).provider(second.clone()));
    second.offer(offer("second", &["a:1", "a:2"], &[]));
    runtime.refresh();
    assert_eq!(runtime.conflicts().len(), 1);
    assert_eq!(reader(&runtime, "a:1").await.as_deref(), Some("first"));
    assert_eq!(reader(&runtime, "a:2").await.as_deref(), Some("second"));
    second.offer(Offer::default());
    runtime.refresh();
    assert_eq!(runtime.conflicts(), []);
}

#[tokio::test]
async fn what_nobody_lists_is_read_by_the_only_one_who_may_have_it() {
    let unlisted = |whose| Offer { unlisted: Some(Says(whose).into()), ..offer(whose, &[], &[]) };
    let catalog = |providers: &[&'static str]| {
        let lists = Catalog::new("test", "1").provider(Fake::new("lists", offer("lists", &["a:1"], &["b:{x}"])));
        providers.iter().fold(lists, |catalog, name| catalog.provider(Fake::new(name, unlisted(name))))
    };
    let cases: [(&[&str], &[&str], Option<&str>); 6] = [
        (&[], &[], None),
        (&["one"], &[], Some("one")),
        (&["one", "two"], &[], None),
        (&["one", "two"], &["two"], None),
        (&["one", "two"], &["two", "one"], Some("two")),
        (&["one", "two"], &["lists", "one", "two"], Some("one")),
    ];
    for (providers, order, expected) in cases {
        let runtime = runtime(catalog(providers).resource_order(order.iter().copied()));
        assert_eq!(reader(&runtime, "c:1").await.as_deref(), expected, "{providers:?} {order:?}");
        for listed in ["a:1", "b:1"] {
            assert_eq!(reader(&runtime, listed).await.as_deref(), Some("lists"), "{providers:?} {order:?}");
        }
        assert_eq!(reader(&runtime, "").await, None);
        assert_eq!(reader(&runtime, &format!("c:{}", "x".repeat(8_191))).await, None, "too long to be one");
    }
}

fn native_resource(uri: &str) -> impl outboard_runtime::NativeResource + use<> {
    DynamicResource::new(Resource::new(uri, "x"), |_| async { "native" })
}

fn native_template(text: &str) -> impl outboard_runtime::NativeResource + use<> {
    let listed =
        ResourceTemplate { uri_template: text.to_owned(), name: "x".to_owned(), ..ResourceTemplate::default() };
    DynamicTemplate::new(listed, |_, _| async { "native" })
}

#[tokio::test]
async fn native_resources_that_cannot_be_offered_are_refused() {
    let refused = |catalog: Catalog| try_runtime(catalog, RuntimeConfig::default()).unwrap_err();
    let catalog = || Catalog::new("test", "1").resource(native_resource("a:1")).resource(native_template("a:{x}"));
    let repeated = |item, uri: &str| CatalogError::Repeated { item, uri: uri.into(), whose: Whose::Native };
    assert_eq!(refused(catalog().resource(native_resource("a:1"))), repeated(Item::Resource, "a:1"));
    assert_eq!(refused(catalog().resource(native_template("a:{x}"))), repeated(Item::Template, "a:{x}"));
    for uri in ["", "a:\n", &"x".repeat(8_193)] {
        let error = refused(catalog().resource(native_resource(uri)));
        assert!(matches!(error, CatalogError::Uri { .. }), "{uri}: {error:?}");
    }
    for text in ["a:{", "a:{x}}", &"x".repeat(2_049)] {
        let error = refused(catalog().resource(native_template(text)));
        assert!(matches!(error, CatalogError::Template { .. }), "{text}: {error:?}");
    }
}

#[tokio::test]
async fn resource_that_cannot_be_offered_takes_no_other_away() {
    let unfit = offer("fake", &["a:1", "a:1", "", "a:\u{7}", "a:2"], &["b:{x}", "b:{", "b:{x}", "c:{x}"]);
    let runtime = runtime(Catalog::new("test", "1").provider(Fake::new("fake", unfit)));
    assert_eq!(all_listed(&runtime).await, ["a:1", "a:2", "b:{x}", "c:{x}"]);
    assert_eq!(runtime.conflicts(), [], "they are faults and no conflicts");
    let counts = runtime.counts();
    assert_eq!((counts.tools, counts.resources, counts.templates, counts.prompts), (0, 2, 2, 0));
}
