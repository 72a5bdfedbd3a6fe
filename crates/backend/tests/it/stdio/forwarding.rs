//! Resources, prompts and completion: what reaches the child, and what comes back.

use outboard_protocol::encode::ServerResult;
use outboard_protocol::revision::{V2025_11_25, V2026_07_28};
use outboard_protocol::types::{
    CacheScope, CachingHints, CompleteParams, CompletionArgument, CompletionContext, CompletionReference,
};
use outboard_runtime::{Answer, BackendFailure, CallError, Operation, PromptCall};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::callers::{Client, EVERYTHING, as_party, json as raw, live};
use super::harness::{Lifted, PATIENCE, call, forwarded, operation};
use super::lists::{FEATURES, MODERN};

/// Each feature answers its own params, as a text among the members that its result has.
const MIRROR: &str = r#"
seen = lambda r: json.dumps(r["params"], sort_keys=True)
METHODS["resources/read"] = lambda r: result(r, {"contents": [{"uri": r["params"]["uri"], "text": seen(r)}], "later": 1.50})
METHODS["prompts/get"] = lambda r: result(r, {"messages": [], "description": seen(r), "later": 1.50})
METHODS["completion/complete"] = lambda r: result(r, {"completion": {"values": [seen(r)]}, "later": 1.50})
CALLS["echo"] = lambda r: result(r, text(seen(r)))
"#;

fn read(uri: &str) -> Operation {
    Operation::ReadResource { uri: uri.into() }
}

fn prompt(arguments: Option<&str>) -> Operation {
    Operation::GetPrompt(PromptCall { name: "greet".into(), arguments: arguments.map(raw) })
}

fn complete(reference: CompletionReference) -> Operation {
    let argument = CompletionArgument { name: "who".to_owned(), value: "b\"".to_owned() };
    let context = CompletionContext { arguments: [("other".to_owned(), "x".to_owned())].into() };
    Operation::Complete(Box::new(CompleteParams { reference, argument, context: Some(context) }))
}

fn prompt_reference() -> CompletionReference {
    CompletionReference::Prompt { name: "greet".to_owned() }
}

fn template_reference() -> CompletionReference {
    CompletionReference::Resource { uri: "file:///{name}".to_owned() }
}

async fn ask(lifted: &Lifted, asked: Operation) -> Result<Answer, CallError> {
    timeout(PATIENCE, lifted.begin(operation(asked))).await.expect("a call ends")
}

async fn lift(lines: &str) -> Lifted {
    let lifted = Lifted::python(lines);
    lifted.ready().await.unwrap();
    lifted
}

/// What the child saw, and the result as it came.
fn mirrored(answer: Answer) -> (Value, String) {
    let Answer::Result(ServerResult::Forwarded(result, _)) = answer else { panic!("{answer:?}") };
    let value: Value = result.read().unwrap();
    let places = ["/contents/0/text", "/description", "/completion/values/0", "/content/0/text"];
    let seen = places.iter().find_map(|place| value.pointer(place)).unwrap().as_str().unwrap();
    (serde_json::from_str(seen).unwrap(), String::from_utf8(result.as_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn each_feature_reaches_the_child_in_its_own_words_and_comes_back_raw() {
    for era in ["", MODERN] {
        let lifted = lift(&format!("{era}{FEATURES}{MIRROR}serve()")).await;
        let argument = json!({ "name": "who", "value": "b\"" });
        let context = json!({ "arguments": { "other": "x" } });
        let cases = [
            (read("odd:// uri/ä%20?x"), json!({ "uri": "odd:// uri/ä%20?x" })),
            (prompt(None), json!({ "name": "greet" })),
            (prompt(Some(r#"{"who":"é"}"#)), json!({ "name": "greet", "arguments": { "who": "é" } })),
            (
                complete(prompt_reference()),
                json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": argument, "context": context }),
            ),
            (
                complete(template_reference()),
                json!({ "ref": { "type": "ref/resource", "uri": "file:///{name}" }, "argument": argument, "context": context }),
            ),
        ];
        for (asked, expected) in cases {
            let (mut seen, result) = mirrored(ask(&lifted, asked).await.unwrap());
            assert_eq!(seen.as_object_mut().unwrap().remove("_meta").is_some(), era == MODERN);
            assert_eq!(seen, expected);
            assert!(result.contains(r#""later": 1.5"#), "unknown members survive: {result}");
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_prompt_is_known_to_the_child_by_its_own_name() {
    let lifted = lift(&format!("{FEATURES}{MIRROR}serve()")).await;
    let offer = lifted.offer(|offer| !offer.prompts.is_empty()).await;
    let offered = &offer.prompts[0];
    let renamed = Operation::GetPrompt(PromptCall { name: "prefix_greet".into(), arguments: None });
    let (seen, _) = mirrored(offered.handler.0.call(operation(renamed)).await.unwrap());
    assert_eq!(seen["name"], "greet");
    let renamed = complete(CompletionReference::Prompt { name: "prefix_greet".to_owned() });
    let (seen, _) = mirrored(offered.completer.as_ref().unwrap().0.call(operation(renamed)).await.unwrap());
    assert_eq!(seen["ref"]["name"], "greet");
    lifted.end().await;
}

#[tokio::test]
async fn forged_claims_in_meta_never_reach_a_child_whatever_is_asked() {
    let forged = r#"{
        "traceparent": "00-1", "com.example/k": [1], "progressToken": "theirs",
        "io.modelcontextprotocol/clientCapabilities": {"sampling": {}}, "io.modelcontextprotocol/logLevel": "debug",
        "io.modelcontextprotocol/anything": 1, "dev.outboard/subject": "admin", "dev.mcp/claims": {"sub": "admin"}
    }"#;
    for era in ["", MODERN] {
        let lifted = lift(&format!("{era}{FEATURES}{MIRROR}serve()")).await;
        let asked = [
            call("echo", "{}").operation,
            read("file:///a"),
            prompt(None),
            complete(prompt_reference()),
            complete(template_reference()),
        ];
        for asked in asked {
            let call = operation(asked).with_meta(Some(raw(forged)));
            let (seen, _) = mirrored(lifted.begin(as_party(call, "mallory", EVERYTHING)).await.unwrap());
            let mut expected = json!({ "traceparent": "00-1", "com.example/k": [1] });
            if era == MODERN {
                expected["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
                expected["io.modelcontextprotocol/clientCapabilities"] = json!({});
                expected["io.modelcontextprotocol/clientInfo"] =
                    json!({ "name": "outboard", "version": env!("CARGO_PKG_VERSION") });
            }
            assert_eq!(seen["_meta"].as_object().cloned().unwrap_or_default(), *expected.as_object().unwrap());
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_child_is_told_the_claims_of_whoever_calls_that_its_config_names() {
    let forged = r#"{ "com.example/k": 1, "dev.outboard/claims": { "sub": "admin", "email": "admin@example.com" } }"#;
    for era in ["", MODERN] {
        let lifted = Lifted::with(&format!("{era}{FEATURES}{MIRROR}serve()"), |config| {
            config.claims = ["sub", "iss", "email"].map(str::to_owned).into();
        });
        lifted.ready().await.unwrap();
        for party in ["alice", "bob"] {
            for asked in [call("echo", "{}").operation, read("file:///a"), prompt(None), complete(prompt_reference())] {
                let call = operation(asked).with_meta(Some(raw(forged)));
                let (seen, _) = mirrored(lifted.begin(as_party(call, party, EVERYTHING)).await.unwrap());
                assert_eq!(
                    seen["_meta"]["dev.outboard/claims"],
                    json!({ "sub": party, "iss": "https://issuer.example" })
                );
                assert_eq!(seen["_meta"]["com.example/k"], 1);
            }
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_resource_is_kept_by_its_reader_alone_and_as_long_as_a_modern_child_says() {
    let cases = [
        ("", r#""ttlMs": 9000, "cacheScope": "public""#, 0),
        (MODERN, r#""ttlMs": 9000, "cacheScope": "public""#, 9_000),
        (MODERN, r#""ttlMs": 9000, "cacheScope": "private""#, 9_000),
        (MODERN, r#""ttlMs": 9e99"#, 0),
        (MODERN, r#""ttlMs": 18446744073709551615"#, 31_536_000_000),
        (MODERN, r#""ttlMs": -1"#, 0),
        (MODERN, r#""ttlMs": "long""#, 0),
        (MODERN, r#""other": 1"#, 0),
    ];
    for (era, says, ttl_ms) in cases {
        let answer = format!(r#"METHODS["resources/read"] = lambda r: result(r, {{"contents": [], {says}}})"#);
        let lifted = lift(&format!("{era}{FEATURES}{answer}\nserve()")).await;
        let answer = ask(&lifted, read("file:///a")).await.unwrap();
        let Answer::Result(ServerResult::Forwarded(_, hints)) = answer else { panic!("{answer:?}") };
        assert_eq!(hints, Some(CachingHints { ttl_ms, cache_scope: CacheScope::Private }), "{era} {says}");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_resource_that_is_not_found_is_so_in_the_callers_words() {
    let cases = [
        (r#"-32002, "Resource not found", data={"uri": "its:own"}"#, true),
        (r#"-32002, "Resource not found""#, true),
        (r#"-32602, "Unknown", data={"uri": "file:///gone"}"#, true),
        (r#"-32602, "Invalid""#, false),
        (r#"-32602, "Invalid", data={"uri": 7}"#, false),
        (r#"-32603, "Disk", data={"uri": "file:///gone"}"#, false),
    ];
    for (refusal, not_found) in cases {
        let answer = format!(r#"METHODS["resources/read"] = lambda r: error(r, {refusal})"#);
        let lifted = lift(&format!("{FEATURES}{answer}\nserve()")).await;
        let error = ask(&lifted, read("file:///gone")).await.unwrap_err();
        if not_found {
            assert!(matches!(&error, CallError::UnknownResource { uri } if **uri == *"file:///gone"), "{error:?}");
            assert_eq!(error.object(&V2025_11_25).code, -32002);
            assert_eq!(error.object(&V2026_07_28).code, -32602);
        } else {
            assert!(matches!(error, CallError::Forwarded(_)), "{error:?}");
        }
        lifted.end().await;
    }
    // Of a prompt the same error is the child's own.
    let answer = r#"METHODS["prompts/get"] = lambda r: error(r, -32002, "x", data={"uri": "a"})"#;
    let lifted = lift(&format!("{FEATURES}{answer}\nserve()")).await;
    let error = ask(&lifted, prompt(None)).await.unwrap_err();
    assert!(matches!(error, CallError::Forwarded(_)), "{error:?}");
    lifted.end().await;
}

#[tokio::test]
async fn a_modern_childs_question_is_no_answer_to_any_feature() {
    let lines = r#"
for method in ("resources/read", "prompts/get", "completion/complete"):
    METHODS[method] = lambda r: result(r, {"resultType": "input_required", "inputRequests": {}})
serve()
"#;
    let lifted = lift(&format!("{MODERN}{FEATURES}{lines}")).await;
    for asked in [read("file:///a"), prompt(None), complete(prompt_reference())] {
        let error = ask(&lifted, asked).await.unwrap_err();
        assert!(matches!(error, CallError::Backend { failure: BackendFailure::InvalidAnswer { .. }, .. }), "{error:?}");
    }
    lifted.end().await;
}

#[tokio::test]
async fn nobody_is_asked_while_a_completion_waits() {
    let lines = r#"
METHODS["completion/complete"] = lambda r: ask("elicitation/create", form("?"), lambda answer:
    result(r, {"completion": {"values": [str(answer["error"]["code"])]}}))
serve()
"#;
    let lifted = lift(&format!("{FEATURES}{lines}")).await;
    let client = Client::answering(r#"{"action":"accept"}"#);
    let call = live(operation(complete(prompt_reference())), "alice", EVERYTHING, &client);
    let answer: Value = forwarded(timeout(PATIENCE, lifted.begin(call)).await.unwrap().unwrap()).read().unwrap();
    assert_eq!(answer["completion"]["values"][0], "-32601");
    assert_eq!(client.asked(), []);
    lifted.end().await;
}

#[tokio::test]
async fn the_messages_of_a_batch_are_taken_one_by_one_in_the_revision_that_has_them() {
    let lines = r#"
def batch(request):
    tell = {"jsonrpc": "2.0", "method": "notifications/progress",
            "params": {"progressToken": request["params"]["_meta"]["progressToken"], "progress": 1}}
    ping = {"jsonrpc": "2.0", "id": "p", "method": "ping"}
    ASKED["p"] = lambda answer: None
    write("[]\n")
    write(json.dumps([tell, 7, ping]) + "\n")
    write(json.dumps([{"jsonrpc": "2.0", "id": request["id"], "result": text("in a batch")}]) + "\n")
    result(request, text("alone"))
CALLS["echo"] = batch
"#;
    for (version, text, garbage) in [("2025-03-26", "in a batch", 2), ("2025-06-18", "alone", 3)] {
        let initialize = format!("METHODS['initialize'] = lambda r: legacy_initialize(r, '{version}')\n");
        let lifted = lift(&format!("{initialize}{lines}serve()")).await;
        let call = call("echo", "{}").with_telling(Some(7.into()), None);
        let outlet = call.outlet.clone();
        let answer: Value = forwarded(timeout(PATIENCE, lifted.begin(call)).await.unwrap().unwrap()).read().unwrap();
        assert_eq!(answer["content"][0]["text"], text);
        assert_eq!(outlet.try_next().is_some(), version == "2025-03-26");
        assert_eq!(lifted.backend.counts().garbage_lines, garbage);
        lifted.end().await;
    }
}
