//! Lists show to each caller what it may use, in pages of their own, and say that they are its own.

use outboard_identity::{Principal, Requirement};
use outboard_protocol::error::code;
use outboard_protocol::types::{CallToolResult, Prompt, Resource, ResourceTemplate};
use outboard_runtime::{
    Call, Catalog, DynamicPrompt, DynamicResource, DynamicTemplate, DynamicTool, ListKind, Listing, MatchedUri,
    Operation, PromptArguments, Runtime, RuntimeConfig,
};
use serde_json::Value;

use crate::support::{by, granted, open_tool, operation, outcome, refusal, runtime, runtime_with, written};

fn list(kind: ListKind, cursor: Option<&str>) -> Call {
    operation(Operation::List { kind, cursor: cursor.map(Into::into) })
}

/// A page of tools: their names, for whom it may be kept, and where the list goes on.
async fn tools(runtime: &Runtime, caller: Principal, cursor: Option<&str>) -> (String, String, Option<String>) {
    let page = written(runtime, outcome(runtime, by(caller, list(ListKind::Tools, cursor))).await);
    (names(&page, "tools"), page["cacheScope"].as_str().unwrap().to_owned(), cursor_of(&page))
}

fn names(page: &Value, member: &str) -> String {
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    page[member].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
}

fn cursor_of(page: &Value) -> Option<String> {
    page.get("nextCursor").map(|cursor| cursor.as_str().unwrap().to_owned())
}

fn all(scopes: &str) -> Requirement {
    if scopes.is_empty() { Requirement::default() } else { Requirement::all_of(scopes.parse().unwrap()) }
}

/// Tools, each with what it requires.
fn catalog(tools: &[(&str, &str)]) -> Catalog {
    tools.iter().fold(Catalog::new("test", "1"), |catalog, (name, scopes)| {
        let tool = DynamicTool::new(open_tool(name), |_, _| async { CallToolResult::text("") });
        catalog.tool(tool.requires(all(scopes)))
    })
}

#[tokio::test]
async fn list_has_what_its_caller_may_use_in_the_order_of_the_catalog() {
    let runtime = runtime(catalog(&[("z", "a"), ("free", ""), ("y", "a b"), ("b", "b")]));
    let cases = [("", "free"), ("a", "z free"), ("b", "free b"), ("a b", "z free y b"), ("a b c", "z free y b")];
    for _ in 0..2 {
        for (scopes, expected) in cases {
            let listed = tools(&runtime, granted(scopes), None).await;
            assert_eq!(listed, (expected.to_owned(), "private".to_owned(), None), "{scopes}");
        }
        let listed = tools(&runtime, Principal::local(), None).await;
        assert_eq!(listed, ("z free y b".to_owned(), "private".to_owned(), None), "also of who sees all");
    }
    assert_eq!((runtime.counts().tools, runtime.tools().len()), (4, 4), "the server still has all of them");
}

#[tokio::test]
async fn list_that_requires_nothing_is_everybodys() {
    let runtime = runtime(catalog(&[("a", ""), ("b", "")]));
    for caller in [granted(""), Principal::local()] {
        assert_eq!(tools(&runtime, caller, None).await, ("a b".to_owned(), "public".to_owned(), None));
    }
}

#[tokio::test]
async fn list_of_a_server_that_shows_all_has_all() {
    let runtime = runtime(catalog(&[("a", "a"), ("b", "")]).listing(Listing::All));
    assert_eq!(tools(&runtime, granted(""), None).await, ("a b".to_owned(), "private".to_owned(), None));
}

#[tokio::test]
async fn every_list_is_its_callers() {
    let template =
        ResourceTemplate { uri_template: "t:{x}".to_owned(), name: "t".to_owned(), ..ResourceTemplate::default() };
    let listed = Prompt { name: "p".to_owned(), ..Prompt::default() };
    let catalog = Catalog::new("test", "1")
        .prompt(DynamicPrompt::new(listed, |_, _: PromptArguments| async { "" }).requires(all("s")))
        .resource(DynamicResource::new(Resource::new("r:1", "r"), |_| async { "" }).requires(all("s")))
        .resource(DynamicTemplate::new(template, |_, _: MatchedUri| async { "" }).requires(all("s")));
    let runtime = runtime(catalog);
    let lists = [
        (ListKind::Prompts, "prompts", "p"),
        (ListKind::Resources, "resources", "r"),
        (ListKind::ResourceTemplates, "resourceTemplates", "t"),
    ];
    for (kind, member, name) in lists {
        for (scopes, expected) in [("", ""), ("s", name)] {
            let page = written(&runtime, outcome(&runtime, by(granted(scopes), list(kind, None))).await);
            assert_eq!((&*names(&page, member), &page["cacheScope"]), (expected, &"private".into()), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn pages_are_of_what_the_caller_may_use() {
    let names: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    let tools_of: Vec<(&str, &str)> =
        names.iter().enumerate().map(|(number, name)| (&**name, if number % 2 == 0 { "even" } else { "" })).collect();
    let runtime = runtime_with(catalog(&tools_of), RuntimeConfig { page_items_max: 3, ..RuntimeConfig::default() });
    for (scopes, pages) in [("", vec!["t1 t3 t5", "t7"]), ("even", vec!["t0 t1 t2", "t3 t4 t5", "t6 t7"])] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let (page, _, next) = tools(&runtime, granted(scopes), cursor.as_deref()).await;
            found.push(page);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, pages, "{scopes}");
    }
    // A caller whose new token grants less goes on behind what it still may use.
    let (_, _, cursor) = tools(&runtime, granted("even"), None).await;
    let (rest, _, _) = tools(&runtime, granted(""), cursor.as_deref()).await;
    assert_eq!(rest, "t3 t5", "what is left of its page");
}

#[tokio::test]
async fn cursor_behind_what_is_no_longer_permitted_leads_nowhere() {
    let runtime = runtime_with(
        catalog(&[("a", "s"), ("b", "s"), ("c", "")]),
        RuntimeConfig { page_items_max: 2, ..RuntimeConfig::default() },
    );
    let (_, _, cursor) = tools(&runtime, granted("s"), None).await;
    let refused = outcome(&runtime, by(granted(""), list(ListKind::Tools, cursor.as_deref()))).await;
    assert_eq!(refusal(refused).0, code::INVALID_PARAMS);
}
