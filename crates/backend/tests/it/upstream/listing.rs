//! Lists of tools: pages, bounds, and definitions that cannot be used.

use outboard_backend::upstream::{ClientOptions, ExchangeError, ListError, ToolFault};
use serde_json::{Value, json};

use super::fake::{Server, options};

fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

#[tokio::test]
async fn all_pages_become_one_list() {
    let server = Server::modern(|seen| {
        let page = match seen.body["params"]["cursor"].as_str() {
            None => json!({ "tools": [tool("a"), tool("b")], "nextCursor": "two" }),
            Some("two") => json!({ "tools": [], "nextCursor": "three" }),
            Some("three") => json!({ "tools": [tool("c")], "nextCursor": null }),
            Some(other) => panic!("{other}"),
        };
        seen.result(&page)
    })
    .await;
    let listing = server.client().await.list_tools().await.unwrap();
    let names: Vec<_> = listing.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(listing.left_out.is_empty());
}

#[tokio::test]
async fn an_endless_list_is_given_up() {
    let server = Server::modern(|seen| seen.result(&json!({ "tools": [tool("a")], "nextCursor": "again" }))).await;
    let client = server.connect(ClientOptions { pages_max: 3, ..options() }).await.unwrap();
    let error = client.list_tools().await.unwrap_err();
    assert!(matches!(error, ListError::TooManyPages { max: 3 }), "{error:?}");
    assert_eq!(server.asked("tools/list").len(), 3);
}

#[tokio::test]
async fn too_many_tools_are_refused() {
    let server = Server::modern(|seen| {
        let page = vec![tool("a"), json!({}), tool("b")];
        seen.result(&json!({ "tools": page }))
    })
    .await;
    for (tools_max, fits) in [(3, true), (2, false)] {
        let client = server.connect(ClientOptions { tools_max, ..options() }).await.unwrap();
        let listed = client.list_tools().await;
        assert_eq!(listed.is_ok(), fits, "{listed:?}");
    }
}

#[tokio::test]
async fn one_wrong_definition_does_not_hide_the_others() {
    let annotated = json!({ "type": "object", "properties": { "n": { "type": "number", "x-mcp-header": "N" } } });
    let page = json!({ "tools": [
        tool("good"),
        { "name": "no schema" },
        { "inputSchema": {} },
        "text",
        { "name": "annotated", "inputSchema": annotated },
    ] });
    let modern_page = page.clone();
    let modern = Server::modern(move |seen| seen.result(&modern_page)).await;
    let listing = modern.client().await.list_tools().await.unwrap();
    assert_eq!(listing.tools.len(), 1);
    let left_out: Vec<_> = listing.left_out.iter().map(|left| (left.name.as_deref(), left.fault.clone())).collect();
    let [first, second, third, (name, ToolFault::Annotation(_))] = &left_out[..] else { panic!("{left_out:?}") };
    assert_eq!(first, &(Some("no schema"), ToolFault::Shape));
    assert_eq!([second, third], [&(None, ToolFault::Shape); 2]);
    assert_eq!(*name, Some("annotated"));

    let legacy = Server::legacy(move |seen| seen.result(&page)).await;
    let listing = legacy.client().await.list_tools().await.unwrap();
    let names: Vec<_> = listing.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["good", "annotated"], "a legacy revision gives the annotation no meaning");
}

#[tokio::test]
async fn a_result_that_is_no_list_is_the_servers_fault() {
    for result in [json!({}), json!({ "tools": {} }), json!([]), json!({ "tools": [], "nextCursor": 7 })] {
        let server = Server::modern(move |seen| seen.result(&result)).await;
        let error = server.client().await.list_tools().await.unwrap_err();
        assert!(matches!(error, ListError::Exchange(ExchangeError::ResultShape { .. })), "{error:?}");
    }
}
