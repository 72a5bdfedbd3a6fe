//! The same answers in the words of each revision.

use serde_json::json;

use super::*;
use crate::revision::{V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28};
use crate::types::{CacheScope, Content, ListToolsResult, Tool};

fn server() -> ServerIdentity {
    ServerIdentity::new(Implementation { title: Some("T".into()), ..Implementation::new("s", "1") })
}

fn written(revision: &Revision, answer: &ServerResult) -> Value {
    let bytes = result(revision, &server(), &RequestId::Integer(1), answer);
    let mut whole: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(whole["id"], 1);
    whole["result"].take()
}

fn meta() -> Value {
    json!({"io.modelcontextprotocol/serverInfo": {"name": "s", "title": "T", "version": "1"}})
}

#[test]
fn a_tool_result_in_each_revision() {
    let link = Content::ResourceLink { uri: "file:///a".into(), name: "a".into(), extra: serde_json::Map::new() };
    let answer = ServerResult::CallTool(CallToolResult {
        content: vec![link],
        structured_content: Some(json!([1])),
        ..CallToolResult::default()
    });
    let link = json!({"type": "resource_link", "uri": "file:///a", "name": "a"});
    let text = json!({"type": "text", "text": "a: file:///a"});
    let cases = [
        (&V2025_03_26, json!({"content": [text]})),
        (&V2025_06_18, json!({"content": [link]})),
        (&V2025_11_25, json!({"content": [link]})),
        (&V2026_07_28, json!({"content": [link], "structuredContent": [1], "resultType": "complete", "_meta": meta()})),
    ];
    for (revision, expected) in cases {
        assert_eq!(written(revision, &answer), expected, "{}", revision.name);
    }
}

#[test]
fn a_tools_own_meta_stands_beside_ours() {
    let own = json!({"com.example/a": 1, "io.modelcontextprotocol/serverInfo": "forged"});
    let answer = ServerResult::CallTool(CallToolResult { meta: own.as_object().cloned(), ..CallToolResult::text("x") });
    let modern = written(&V2026_07_28, &answer);
    assert_eq!(modern["_meta"]["com.example/a"], 1);
    assert_eq!(modern["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "s");
    assert_eq!(written(&V2025_11_25, &answer)["_meta"], json!({"com.example/a": 1}));
}

#[test]
fn a_forwarded_result_keeps_its_unknown_members() {
    let raw = "{\"content\":[ ],\n\"x\":1.50,\"structuredContent\":[1],\"_meta\":{\"com.example/a\":{}}}";
    let answer = ServerResult::Forwarded(RawJson::parse(raw.into()).unwrap());
    let modern = result(&V2026_07_28, &server(), &RequestId::Integer(1), &answer);
    let modern = String::from_utf8(modern).unwrap();
    assert!(modern.contains("\"x\":1.50") && !modern.contains('\n'), "{modern}");
    let modern = written(&V2026_07_28, &answer);
    assert_eq!(modern["resultType"], "complete");
    assert_eq!(modern["_meta"]["com.example/a"], json!({}));
    assert_eq!(modern["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "s");
    assert_eq!(written(&V2025_06_18, &answer), json!({"content": [], "x": 1.50, "_meta": {"com.example/a": {}}}));

    let asking = r#"{"resultType":"input_required","inputRequests":{"k":{}},"requestState":"x","ttlMs":1,"cacheScope":"public",
        "_meta":{"io.modelcontextprotocol/serverInfo":{}},"content":[]}"#;
    let answer = ServerResult::Forwarded(RawJson::parse(asking.into()).unwrap());
    assert_eq!(written(&V2025_11_25, &answer), json!({"content": []}), "no question of another server passes");
    assert_eq!(written(&V2026_07_28, &answer), json!({"content": [], "resultType": "complete", "_meta": meta()}));

    let linking = r#"{"content":[{"type":"resource_link","uri":"file:///a","name":"a"}]}"#;
    let answer = ServerResult::Forwarded(RawJson::parse(linking.into()).unwrap());
    assert_eq!(written(&V2025_03_26, &answer)["content"][0]["text"], "a: file:///a");
    assert_eq!(written(&V2025_06_18, &answer)["content"][0]["type"], "resource_link");
}

#[test]
fn a_list_in_each_revision() {
    let tool = json!({
        "name": "a", "title": "A", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"},
        "icons": [{"src": "https://x"}], "_meta": {"k": 1}, "later": true
    });
    let tools = vec![serde_json::from_value::<Tool>(tool.clone()).unwrap()];
    let hints = CachingHints { ttl_ms: 5, cache_scope: CacheScope::Public };
    let list = ServerResult::ListTools(ToolList::new(ListToolsResult { tools, next_cursor: None }, hints));

    let modern = written(&V2026_07_28, &list);
    assert_eq!(modern["tools"][0], tool);
    assert_eq!((&modern["ttlMs"], &modern["cacheScope"]), (&json!(5), &json!("public")));
    assert_eq!(modern["resultType"], "complete");
    assert_eq!(written(&V2026_07_28, &list), modern, "the second time from memory");

    let oldest = json!({"name": "a", "inputSchema": {"type": "object"}, "_meta": {"k": 1}, "later": true});
    assert_eq!(written(&V2025_03_26, &list), json!({"tools": [oldest]}));
    assert!(written(&V2025_06_18, &list)["tools"][0].get("outputSchema").is_none(), "it must be an object there");
}

#[test]
fn a_new_revision_is_written_by_its_row_of_the_table() {
    static NEXT: Revision = Revision { name: "2027-03-15", cache_hints: false, ..V2026_07_28 };
    let hints = CachingHints { ttl_ms: 5, cache_scope: CacheScope::Public };
    let list = ServerResult::ListTools(ToolList::new(ListToolsResult::default(), hints));
    assert_eq!(written(&NEXT, &list), json!({"tools": [], "resultType": "complete", "_meta": meta()}));
}

#[test]
fn empty_results_and_initialize() {
    assert_eq!(written(&V2025_11_25, &ServerResult::Empty), json!({}));
    assert_eq!(written(&V2026_07_28, &ServerResult::Empty), json!({"resultType": "complete", "_meta": meta()}));
    let opened = ServerResult::Initialize(InitializeResult {
        protocol_version: "2025-03-26".into(),
        capabilities: crate::types::ServerCapabilities::default(),
        server_info: server().info().clone(),
        instructions: None,
    });
    assert_eq!(written(&V2025_03_26, &opened)["serverInfo"], json!({"name": "s", "version": "1"}));
    assert_eq!(written(&V2025_06_18, &opened)["serverInfo"]["title"], "T");
}

#[test]
fn errors_leave_an_unknown_id_out() {
    let fault = ErrorObject::new(-32700, "no");
    assert_eq!(error(None, &fault), br#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#);
    let fault = fault.with_data(&json!({"a": 1}));
    let expected = br#"{"jsonrpc":"2.0","id":"x","error":{"code":-32700,"message":"no","data":{"a":1}}}"#;
    assert_eq!(error(Some(&RequestId::String("x".into())), &fault), expected);
}

#[test]
fn progress_on_one_line() {
    let told = Progress { progress: 1.0, total: Some(2.0), message: Some("a\nb".into()) };
    let line = String::from_utf8(progress(&ProgressToken::from(7), &told)).unwrap();
    assert_eq!(
        line,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1.0,"total":2.0,"message":"a\nb"}}"#
    );
}
