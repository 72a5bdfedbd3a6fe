//! What a child lists, and how the offer follows it.

use std::sync::Arc;

use outboard_backend::stdio::{ListUnit, StartError, StdioBounds, StdioError};
use outboard_runtime::{Offer, Provider as _};

use super::harness::Lifted;

/// A server with all features, and a few items of each.
pub(super) const FEATURES: &str = r#"
CAPABILITIES.update({
    "resources": {"subscribe": True, "listChanged": True}, "prompts": {"listChanged": True},
    "completions": {}, "logging": {},
})
LISTS = {
    "resources": [{"uri": "file:///a", "name": "a", "size": 3, "annotations": {"priority": 1}, "later": {"x": 1}}],
    "resourceTemplates": [{"uriTemplate": "file:///{name}", "name": "any", "_meta": {"k": 1}}],
    "prompts": [{"name": "greet", "arguments": [{"name": "who", "required": True, "later": 2}], "later": [1]}],
}
METHODS["resources/list"] = lambda r: result(r, {"resources": LISTS["resources"]})
METHODS["resources/templates/list"] = lambda r: result(r, {"resourceTemplates": LISTS["resourceTemplates"]})
METHODS["prompts/list"] = lambda r: result(r, {"prompts": LISTS["prompts"]})
METHODS["logging/setLevel"] = lambda r: result(r, {})
"#;

/// What makes it a modern one. To be written before what replaces its methods.
pub(super) const MODERN: &str = "modern(listChanged=True)\n";

/// The names of all that is offered, by kind.
fn names(offer: &Offer) -> [Vec<&str>; 4] {
    [
        offer.tools.iter().map(|offered| &*offered.tool.name).collect(),
        offer.resources.iter().map(|offered| &*offered.resource.uri).collect(),
        offer.templates.iter().map(|offered| &*offered.template.uri_template).collect(),
        offer.prompts.iter().map(|offered| &*offered.prompt.name).collect(),
    ]
}

#[tokio::test]
async fn all_that_a_child_has_is_offered_and_unknown_members_survive() {
    for era in ["", MODERN] {
        let lifted = Lifted::python(&format!("{era}{FEATURES}serve()"));
        lifted.ready().await.unwrap();
        let offer = lifted.offer(|offer| !offer.prompts.is_empty()).await;
        assert_eq!(names(&offer), [vec!["echo"], vec!["file:///a"], vec!["file:///{name}"], vec!["greet"]]);
        let resource = &offer.resources[0].resource;
        assert_eq!((resource.size, &resource.extra["later"]["x"]), (Some(3), &1.into()));
        assert_eq!(resource.extra["annotations"]["priority"], 1);
        assert_eq!(offer.templates[0].template.extra["_meta"]["k"], 1);
        let prompt = &offer.prompts[0].prompt;
        assert!(prompt.arguments[0].required);
        assert_eq!((&prompt.extra["later"][0], &prompt.arguments[0].extra["later"]), (&1.into(), &2.into()));
        assert!(offer.has_resources && offer.has_prompts && offer.tells_updates && offer.logs);
        assert!(offer.unlisted.is_some());
        assert!(offer.templates[0].completer.is_some() && offer.prompts[0].completer.is_some());
        lifted.end().await;
    }
}

#[tokio::test]
async fn what_a_child_does_not_declare_is_not_offered_and_not_asked_for() {
    let silent = r#"
for method in ("resources/list", "resources/templates/list", "prompts/list", "logging/setLevel"):
    METHODS[method] = lambda r: sys.exit(9)
"#;
    for era in ["", "modern()\n"] {
        for declared in ["{}", r#"{"resources": True, "prompts": [], "logging": None}"#] {
            let declare = format!("CAPABILITIES.update({declared})\n");
            let lifted = Lifted::python(&format!("{era}{silent}{declare}serve()"));
            lifted.ready().await.unwrap();
            let offer = Arc::clone(&lifted.backend.offers().borrow());
            assert_eq!(names(&offer), [vec!["echo"], vec![], vec![], vec![]]);
            assert!(!offer.has_resources && !offer.has_prompts && !offer.tells_updates && !offer.logs);
            assert!(offer.unlisted.is_none());
            lifted.text("echo", "{}").await;
            lifted.end().await;
        }
    }
}

#[tokio::test]
async fn each_list_is_read_again_when_it_has_changed_in_both_eras() {
    // A modern server tells only what it was asked to tell.
    let told = r#"
WANTED = {}
METHODS["subscriptions/listen"] = lambda r: WANTED.update(r["params"]["notifications"])
def tell(what):
    if "server/discover" not in METHODS or WANTED.get(what + "ListChanged"):
        changed(what)
def change(request):
    what = request["params"]["arguments"]["what"]
    {
        "tools": lambda: TOOLS.append(tool("more")),
        "resources": lambda: (LISTS["resources"].append({"uri": "file:///more", "name": "more"}),
                              LISTS["resourceTemplates"].append({"uriTemplate": "more:{x}", "name": "more"})),
        "prompts": lambda: LISTS["prompts"].append({"name": "more"}),
    }[what]()
    tell(what)
    result(request, text("changed"))
CALLS["echo"] = change
serve()
"#;
    for era in ["", MODERN] {
        let lifted = Lifted::python(&format!("{era}{FEATURES}{told}"));
        lifted.ready().await.unwrap();
        type Case = (&'static str, fn(&Offer) -> bool);
        let cases: [Case; 3] = [
            ("tools", |offer| offer.tools.len() == 2),
            ("resources", |offer| offer.resources.len() == 2 && offer.templates.len() == 2),
            ("prompts", |offer| offer.prompts.len() == 2),
        ];
        for (what, is_there) in cases {
            lifted.text("echo", &format!(r#"{{"what":"{what}"}}"#)).await;
            lifted.offer(is_there).await;
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_modern_child_is_asked_to_tell_what_it_declares_and_no_more() {
    let cases = [
        ("modern()", r#"{}"#, None),
        ("modern(listChanged=True)", "{}", Some(r#"{"toolsListChanged": true}"#)),
        (
            "modern()",
            r#"{"resources": {"listChanged": True}, "prompts": {"listChanged": True}}"#,
            Some(r#"{"promptsListChanged": true, "resourcesListChanged": true}"#),
        ),
    ];
    let lines = r#"
METHODS["subscriptions/listen"] = lambda r: (
    TOOLS.append(tool("listening", title=json.dumps(r["params"]["notifications"], sort_keys=True))), changed("tools"))
"#;
    for (era, declared, filter) in cases {
        let lifted = Lifted::python(&format!(
            "{FEATURES}{era}\nCAPABILITIES.pop('resources'); CAPABILITIES.pop('prompts'); CAPABILITIES.update({declared})\n{lines}serve()"
        ));
        lifted.ready().await.unwrap();
        if let Some(filter) = filter {
            let offer = lifted.offer(|offer| offer.tools.len() == 2).await;
            assert_eq!(offer.tools[1].tool.title.as_deref(), Some(filter));
        } else {
            lifted.text("echo", "{}").await;
            assert_eq!(lifted.backend.offers().borrow().tools.len(), 1);
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_modern_child_that_ends_its_listen_request_is_asked_again() {
    // In order, and by the notification alone.
    let ends = [
        r#"lambda r: result(r, {"resultType": "complete"})"#,
        r#"lambda r: send({"method": "notifications/cancelled", "params": {"requestId": r["id"]}})"#,
        r#"lambda r: error(r, -32000, "no")"#,
    ];
    for end in ends {
        let lines = format!(
            r#"
end = {end}
def listen(request):
    TOOLS.append(tool("t%d" % len(TOOLS)))
    end(request)
METHODS["subscriptions/listen"] = listen
serve()
"#
        );
        let lifted = Lifted::with(&format!("{MODERN}{lines}"), |config| {
            config.bounds.backoff_min = std::time::Duration::from_millis(1);
            config.bounds.backoff_max = std::time::Duration::from_millis(1);
        });
        lifted.ready().await.unwrap();
        lifted.offer(|offer| offer.tools.len() > 3).await;
        lifted.end().await;
    }
}

#[tokio::test]
async fn all_pages_are_read_and_what_has_no_form_is_left_out() {
    let lifted = Lifted::python(&format!(
        r#"
{FEATURES}
def paged(method, member, pages):
    def page(request):
        items, cursor = pages[request["params"].get("cursor")]
        result(request, {{member: items, "nextCursor": cursor}})
    METHODS[method] = page
paged("tools/list", "tools", {{
    None: ([tool("a"), {{"name": "broken"}}], "a\"b"),
    "a\"b": ([tool("b", title="B", outputSchema={{"type": "object"}}, later={{"x": 1}}), tool("a", title="twice")], "last"),
    "last": ([7, tool("c")], None),
}})
paged("resources/list", "resources", {{
    None: ([{{"uri": "a:1", "name": "1"}}, {{"name": "no uri"}}, {{"uri": "a:1", "name": "twice"}}], "2"),
    "2": ([None, {{"uri": "a:2", "name": "2"}}], None),
}})
paged("resources/templates/list", "resourceTemplates", {{
    None: ([{{"uriTemplate": "b:{{x}}", "name": "x"}}, {{"uriTemplate": 7, "name": "y"}}], "2"),
    "2": ([{{"uriTemplate": "c:{{x}}", "name": "x"}}], None),
}})
paged("prompts/list", "prompts", {{
    None: ([{{"name": "p"}}, {{"name": "q", "arguments": [7]}}], "2"),
    "2": ([{{"name": "r"}}, {{"name": "p", "title": "twice"}}], None),
}})
serve()
"#
    ));
    lifted.ready().await.unwrap();
    let offer = lifted.offer(|offer| !offer.prompts.is_empty()).await;
    let expected = [vec!["a", "b", "c"], vec!["a:1", "a:2"], vec!["b:{x}", "c:{x}"], vec!["p", "r"]];
    assert_eq!(names(&offer), expected);
    assert_eq!(offer.tools[0].tool.title, None, "the first of two with one name counts");
    assert_eq!(offer.tools[1].tool.extra["later"]["x"], 1);
    lifted.end().await;
}

#[tokio::test]
async fn a_list_that_is_not_answered_takes_nothing_from_the_others() {
    let refusals = [
        r#"error(r, -32601, "Method not found")"#,
        r#"error(r, -32000, "broken")"#,
        r#"result(r, {})"#,
        r#"result(r, {"resources": 7, "resourceTemplates": 7, "prompts": 7})"#,
    ];
    for refusal in refusals {
        for (method, empty) in [("resources/list", 1), ("resources/templates/list", 2), ("prompts/list", 3)] {
            let lifted = Lifted::python(&format!("{FEATURES}\nMETHODS['{method}'] = lambda r: {refusal}\nserve()"));
            lifted.ready().await.unwrap();
            let offer = Arc::clone(&lifted.backend.offers().borrow());
            let found: Vec<bool> = names(&offer).iter().map(Vec::is_empty).collect();
            let expected: Vec<bool> = (0..4).map(|kind| kind == empty).collect();
            assert_eq!(found, expected, "{method}: {refusal}");
            lifted.end().await;
        }
    }
}

#[tokio::test]
async fn every_list_is_bounded() {
    let items = r#"[{"uri": "a:%d" % n, "uriTemplate": "a:%d" % n, "name": "n%d" % n} for n in range(11)]"#;
    let large = r#"[{"uri": "a:1", "uriTemplate": "a:1", "name": "n", "title": "x" * 5000}]"#;
    let lists = [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ];
    type Case = (&'static str, &'static str, fn(&mut StdioBounds), ListUnit, usize);
    let cases: [Case; 3] = [
        ("[]", "'again'", |bounds| bounds.list_pages_max = 7, ListUnit::Pages, 7),
        (items, "None", |bounds| bounds.list_items_max = 10, ListUnit::Items, 10),
        (large, "None", |bounds| bounds.list_bytes_max = 4_096, ListUnit::Bytes, 4_096),
    ];
    for (method, member) in lists {
        for (items, cursor, bound, unit, limit) in cases {
            let page = format!("lambda r: result(r, {{'{member}': {items}, 'nextCursor': {cursor}}})");
            let lines = format!("{FEATURES}\nMETHODS['{method}'] = {page}\nserve()");
            let lifted = Lifted::with(&lines, |config| bound(&mut config.bounds));
            let error = lifted.ready().await.unwrap_err();
            let StdioError::Start(StartError::ListTooLong { method: told_of, unit: found, limit: told }) = &*error
            else {
                panic!("{error:?}")
            };
            assert_eq!((&**told_of, *found, *told), (method, unit, limit));
            lifted.end().await;
        }
    }
}
