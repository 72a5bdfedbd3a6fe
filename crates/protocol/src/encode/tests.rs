//! The same answers in the words of each revision.

use serde_json::json;

use super::*;
use crate::revision::{V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28};
use crate::types::{
    CacheScope, Completion, Content, ElicitParams, InputRequest, PromptArgument, PromptMessage, ResourceContents,
    ServerCapabilities, Tool,
};
use crate::types::{Progress, ProgressToken};

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
    let answer = ServerResult::Forwarded(RawJson::parse(raw.into()).unwrap(), None);
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
    let answer = ServerResult::Forwarded(RawJson::parse(asking.into()).unwrap(), None);
    assert_eq!(written(&V2025_11_25, &answer), json!({"content": []}), "no question of another server passes");
    assert_eq!(written(&V2026_07_28, &answer), json!({"content": [], "resultType": "complete", "_meta": meta()}));

    let linking = r#"{"content":[{"type":"resource_link","uri":"file:///a","name":"a"}]}"#;
    let answer = ServerResult::Forwarded(RawJson::parse(linking.into()).unwrap(), None);
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
    let list = ServerResult::ListTools(List::new(tools, hints), None);

    let modern = written(&V2026_07_28, &list);
    assert_eq!(modern["tools"][0], tool);
    assert_eq!((&modern["ttlMs"], &modern["cacheScope"]), (&json!(5), &json!("public")));
    assert_eq!(modern["resultType"], "complete");
    assert_eq!(written(&V2026_07_28, &list), modern, "the second time from memory");

    let oldest = json!({"name": "a", "inputSchema": {"type": "object"}, "_meta": {"k": 1}, "later": true});
    assert_eq!(written(&V2025_03_26, &list), json!({"tools": [oldest]}));
    assert!(written(&V2025_06_18, &list)["tools"][0].get("outputSchema").is_none(), "it must be an object there");

    let ServerResult::ListTools(page, _) = list else { unreachable!() };
    let first = ServerResult::ListTools(page, Some("a\"b".into()));
    assert_eq!(written(&V2025_11_25, &first)["nextCursor"], "a\"b");
}

#[test]
fn a_new_revision_is_written_by_its_row_of_the_table() {
    static NEXT: Revision = Revision { name: "2027-03-15", cache_hints: false, ..V2026_07_28 };
    let hints = CachingHints { ttl_ms: 5, cache_scope: CacheScope::Public };
    let list = ServerResult::ListTools(List::new(Vec::new(), hints), None);
    assert_eq!(written(&NEXT, &list), json!({"tools": [], "resultType": "complete", "_meta": meta()}));
}

#[test]
fn empty_results_and_initialize() {
    assert_eq!(written(&V2025_11_25, &ServerResult::Empty), json!({}));
    assert_eq!(written(&V2026_07_28, &ServerResult::Empty), json!({"resultType": "complete", "_meta": meta()}));
    let opened = ServerResult::Initialize(Box::new(InitializeResult {
        protocol_version: "2025-03-26".into(),
        capabilities: ServerCapabilities::default(),
        server_info: server().info().clone(),
        instructions: None,
    }));
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
    let fault = ErrorObject { data: Some(RawJson::parse("{\n\"a\":\r\n1}".into()).unwrap()), ..fault };
    assert_eq!(error(Some(&RequestId::String("x".into())), &fault), expected, "on one line");
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

const PRIVATE: CachingHints = CachingHints { ttl_ms: 0, cache_scope: CacheScope::Private };

#[test]
fn lists_of_resources_and_prompts_leave_out_what_a_revision_does_not_know() {
    let icons = json!([{"src": "https://x"}]);
    let resource = json!({"uri": "a:1", "name": "a", "title": "A", "icons": icons, "size": 3, "later": 1});
    let resource: Resource = serde_json::from_value(resource).unwrap();
    let resources = ServerResult::ListResources(List::new(vec![resource], PRIVATE), None);
    assert_eq!(written(&V2026_07_28, &resources)["resources"][0]["icons"], icons);
    assert_eq!(written(&V2026_07_28, &resources)["cacheScope"], "private");
    let known = json!({"uri": "a:1", "name": "a", "title": "A", "size": 3, "later": 1});
    assert_eq!(written(&V2025_06_18, &resources), json!({"resources": [known]}));
    let known = json!({"uri": "a:1", "name": "a", "size": 3, "later": 1});
    assert_eq!(written(&V2025_03_26, &resources), json!({"resources": [known]}));

    let template = json!({"uriTemplate": "a:{b}", "name": "a", "title": "A", "icons": icons});
    let template: ResourceTemplate = serde_json::from_value(template).unwrap();
    let templates = ServerResult::ListResourceTemplates(List::new(vec![template], PRIVATE), None);
    let known = json!({"resourceTemplates": [{"uriTemplate": "a:{b}", "name": "a"}]});
    assert_eq!(written(&V2025_03_26, &templates), known);

    let argument = PromptArgument { name: "x".into(), title: Some("X".into()), ..PromptArgument::default() };
    let prompt = Prompt { name: "p".into(), arguments: vec![argument], ..Prompt::default() };
    let prompts = ServerResult::ListPrompts(List::new(vec![prompt], PRIVATE), None);
    let with_title = json!({"prompts": [{"name": "p", "arguments": [{"name": "x", "title": "X"}]}]});
    assert_eq!(written(&V2025_06_18, &prompts), with_title);
    let without = json!({"prompts": [{"name": "p", "arguments": [{"name": "x"}]}]});
    assert_eq!(written(&V2025_03_26, &prompts), without);
}

#[test]
fn what_a_resource_holds_carries_hints_where_the_revision_has_them() {
    let read = ReadResourceResult::from(ResourceContents::text("a:1", "text/plain", "x"));
    let answer = ServerResult::ReadResource(read, PRIVATE);
    let contents = json!([{"uri": "a:1", "mimeType": "text/plain", "text": "x"}]);
    assert_eq!(written(&V2025_11_25, &answer), json!({"contents": contents}));
    let modern = json!({
        "contents": contents, "resultType": "complete", "_meta": meta(), "ttlMs": 0, "cacheScope": "private"
    });
    assert_eq!(written(&V2026_07_28, &answer), modern);

    let raw = RawJson::parse(r#"{"contents":[],"ttlMs":9,"cacheScope":"public","x":1}"#.into()).unwrap();
    let forwarded = ServerResult::Forwarded(raw, Some(PRIVATE));
    assert_eq!(written(&V2025_11_25, &forwarded), json!({"contents": [], "x": 1}));
    let modern = written(&V2026_07_28, &forwarded);
    assert_eq!((&modern["ttlMs"], &modern["cacheScope"]), (&json!(0), &json!("private")), "hints are for us to give");
}

#[test]
fn a_prompt_links_to_resources_where_the_revision_has_links() {
    let link = Content::ResourceLink { uri: "a:1".into(), name: "a".into(), extra: serde_json::Map::new() };
    let answer = GetPromptResult { messages: vec![PromptMessage::user(link)], ..GetPromptResult::default() };
    let answer = ServerResult::GetPrompt(answer);
    assert_eq!(written(&V2025_06_18, &answer)["messages"][0]["content"]["type"], "resource_link");
    let oldest = json!({"messages": [{"role": "user", "content": {"type": "text", "text": "a: a:1"}}]});
    assert_eq!(written(&V2025_03_26, &answer), oldest);
}

#[test]
fn questions_are_a_result_of_their_own_type() {
    let form = ElicitParams::Form { message: "Who?".into(), requested_schema: json!({"type": "object"}) };
    let questions = InputRequiredResult {
        input_requests: [("who".to_owned(), InputRequest::Elicit(form))].into(),
        request_state: Some("sealed".into()),
    };
    let who = json!({
        "method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": {"type": "object"}}
    });
    let expected = json!({
        "inputRequests": {"who": who}, "requestState": "sealed", "resultType": "input_required", "_meta": meta()
    });
    assert_eq!(written(&V2026_07_28, &ServerResult::InputRequired(questions)), expected);
}

#[test]
fn a_completion_tells_what_was_cut_off() {
    let few = Completion::of(["a".to_owned()]);
    let answer = ServerResult::Complete(CompleteResult { completion: few });
    assert_eq!(written(&V2025_11_25, &answer), json!({"completion": {"values": ["a"], "total": 1}}));
    let many = Completion::of((0..250).map(|number| number.to_string()));
    assert_eq!((many.values.len(), many.total, many.has_more), (100, Some(250), true));
}

#[test]
fn extensions_are_told_where_the_revision_has_them() {
    let mut capabilities = ServerCapabilities::default();
    capabilities.extensions.insert("com.example/x".into(), json!({"a": 1}));
    let found = DiscoverResult {
        supported_versions: vec!["2026-07-28".into()],
        capabilities: capabilities.clone(),
        instructions: None,
    };
    let found = written(&V2026_07_28, &ServerResult::Discover(Box::new(found), PRIVATE));
    assert_eq!(found["capabilities"]["extensions"]["com.example/x"]["a"], 1);
    let opened = ServerResult::Initialize(Box::new(InitializeResult {
        protocol_version: "2025-11-25".into(),
        capabilities,
        server_info: server().info().clone(),
        instructions: None,
    }));
    assert_eq!(written(&V2025_11_25, &opened)["capabilities"], json!({}));
}
