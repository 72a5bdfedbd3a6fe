//! Callers that lack a scope: 403 with the refusal for the layer in front while there is a head to send, an error in the
//! stream behind that, and nothing told of what they may not read.

use http::{Method, Response};
use outboard_identity::{Denied, Principal, Requirement};
use outboard_runtime::{
    Access, BoxFuture, Call, CallError, Catalog, Change, Context, DynamicTool, Handler, NativeTool, OfferedTool,
    Outcome, prompt, resource, tool,
};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{AnswerStream, HttpRequest, Served, legacy, modern};
use outboard_transport::{Authentication, Body, HttpConfig, StreamableHttp};
use serde_json::{Value, json};
use tower_service::Service as _;

use crate::support::{ADA, Caller, Following, LegacySession, Setup, assert_error, caller_in, for_callers, initialize};

/// Writes.
#[tool(scopes("notes:write", "audit"))]
async fn write() -> &'static str {
    "written"
}

/// Writes for a tenant.
#[tool(scopes("notes:write"), scopes_for = tenant_scope(tenant))]
async fn write_for(tenant: String) -> String {
    tenant
}

fn tenant_scope(tenant: &str) -> Result<outboard_identity::Scope, outboard_identity::ScopeError> {
    format!("tenant:{tenant}").parse()
}

/// For everybody.
#[tool]
async fn free(ctx: &Context) -> String {
    ctx.principal().subject_key().subject().to_owned()
}

/// Asks.
#[prompt(scopes("prompts"))]
async fn ask() -> &'static str {
    "ask"
}

/// A note that everybody may read.
#[resource(template = "note:{number}", name = "notes")]
async fn notes(number: String) -> String {
    number
}

/// A note that not everybody may read.
#[resource(template = "secret:{number}", name = "secrets", scopes("secret"))]
async fn secrets(number: String) -> String {
    number
}

fn setup() -> Setup {
    let catalog =
        Catalog::new("tests", "1").tool(write).tool(write_for).tool(free).prompt(ask).resource(notes).resource(secrets);
    Setup { catalog, http: HttpConfig::new(Authentication::RequestExtension), ..Setup::new() }
}

/// The response as the layer around the service gets it.
async fn response_to(service: &StreamableHttp, request: HttpRequest) -> Response<Body> {
    let mut request = request.into_http();
    let caller = caller_in(request.headers());
    request.extensions_mut().insert(caller);
    let Ok(response) = service.clone().call(request).await;
    response
}

async fn session_of(served: &Served, caller: Caller, revision: &str) -> LegacySession {
    LegacySession::opened(&served.send(caller.asks(initialize(revision))).await)
}

fn listen(uris: &[&str]) -> HttpRequest {
    modern("subscriptions/listen", json!({"notifications": {"toolsListChanged": true, "resourceSubscriptions": uris}}))
}

/// What is asked, and the scopes that it needs, in a session or without one.
fn everything_that_needs_scopes() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("tools/call", json!({"name": "write"}), "audit notes:write"),
        ("tools/call", json!({"name": "write_for", "arguments": {"tenant": "a"}}), "notes:write tenant:a"),
        ("prompts/get", json!({"name": "ask"}), "prompts"),
        ("resources/read", json!({"uri": "secret:1"}), "secret"),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "secret:{number}"}, "argument": {"name": "number", "value": ""}}),
            "secret",
        ),
    ]
}

/// A server with somebody who suggests, so that completion is served.
fn setup_that_completes() -> Setup {
    fn none(_: &str) -> Vec<String> {
        Vec::new()
    }
    let listed = outboard_protocol::types::Prompt { name: "p".to_owned(), ..Default::default() };
    let prompt = outboard_runtime::DynamicPrompt::new(listed, |_, _| async { "" }).complete("x", none);
    let setup = setup();
    Setup { catalog: setup.catalog.prompt(prompt), ..setup }
}

#[tokio::test]
async fn who_lacks_a_scope_is_refused_in_both_eras_with_the_same_words() {
    let service = setup_that_completes().service();
    let served = for_callers(service.clone()).await;
    let revisions = ["2025-03-26", "2025-06-18", "2025-11-25"];
    let mut sessions = Vec::new();
    for revision in revisions {
        sessions.push(session_of(&served, ADA, revision).await);
    }
    for (method, params, scopes) in everything_that_needs_scopes() {
        let needed: Vec<&str> = scopes.split(' ').collect();
        let of_sessions = sessions.iter().map(|session| session.request(method, params.clone()));
        let only_events = modern(method, params.clone()).with("accept", "text/event-stream");
        for request in of_sessions.chain([modern(method, params.clone()), only_events]) {
            let answer = served.send(ADA.asks(request.clone())).await;
            let error = assert_error(&answer, 403, 2403, &json!(1));
            assert_eq!(error["data"], json!({"requiredScopes": needed}), "{method}");
            assert!(error["message"].as_str().unwrap().contains("scopes are missing"), "{error}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method}");
            assert_eq!(answer.header("www-authenticate"), None, "the challenge is the business of the layer in front");
            assert_eq!(answer.header("retry-after"), None);
            let response = response_to(&service, ADA.asks(request)).await;
            let denied = response.extensions().get::<Denied>().expect("the layer in front is told");
            assert_eq!(denied.required().to_string(), scopes, "{method}");
        }
    }
}

#[tokio::test]
async fn who_has_the_scopes_is_served() {
    let service = setup().service();
    let served = for_callers(service.clone()).await;
    let able = ADA.with("audit notes:write tenant:a prompts secret");
    let session = session_of(&served, able, "2025-11-25").await;
    for (method, params, _) in everything_that_needs_scopes().into_iter().take(4) {
        for request in [session.request(method, params.clone()), modern(method, params.clone())] {
            let answer = served.send(able.asks(request.clone())).await;
            assert_eq!(answer.status, 200, "{method}: {}", answer.text());
            assert!(answer.json().get("result").is_some(), "{}", answer.text());
            assert_eq!(response_to(&service, able.asks(request)).await.extensions().get::<Denied>(), None);
        }
    }
}

/// The token of this request decides, not the one that opened the session.
#[tokio::test]
async fn session_grants_nothing() {
    let served = for_callers(setup().service()).await;
    let able = ADA.with("audit notes:write");
    let session = session_of(&served, able, "2025-11-25").await;
    let write = || session.request("tools/call", json!({"name": "write"}));
    assert_eq!(served.send(able.asks(write())).await.status, 200);
    assert_error(&served.send(ADA.asks(write())).await, 403, 2403, &json!(1));
    let weak = session_of(&served, ADA, "2025-11-25").await;
    let write = weak.request("tools/call", json!({"name": "write"}));
    assert_eq!(served.send(able.asks(write)).await.status, 200, "and takes nothing away");
}

#[tokio::test]
async fn entry_of_a_batch_has_its_own_refusal() {
    let served = for_callers(setup().service()).await;
    let session = session_of(&served, ADA, "2025-03-26").await;
    let call =
        |id: u8, name: &str| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name}});
    let subscribe = json!({"jsonrpc": "2.0", "id": 3, "method": "resources/subscribe", "params": {"uri": "secret:1"}});
    let batch = session.request("", json!({})).json(&json!([call(1, "write"), call(2, "free"), subscribe]));
    let answer = served.send(ADA.asks(batch)).await;
    assert_eq!(answer.status, 200);
    let answers = answer.json();
    assert_eq!(answers[0]["error"]["code"], 2403, "{answers}");
    assert_eq!(answers[1]["result"]["content"][0]["text"], "ada", "{answers}");
    assert_eq!(answers[2]["error"]["data"], json!({"requiredScopes": ["secret"]}), "{answers}");
}

/// Finds out late that its caller lacks a scope, when it has told something already.
struct Late;

impl NativeTool for Late {
    fn offered(self) -> OfferedTool {
        let tool = serde_json::from_value(json!({"name": "late", "inputSchema": {"type": "object"}})).unwrap();
        OfferedTool { tool, handler: self.into() }
    }
}

impl Handler for Late {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let progress = outboard_protocol::types::Progress { progress: 1.0, total: None, message: None };
        call.outlet.tell(outboard_runtime::Event::Progress(progress));
        let requirement = Requirement::all_of("late".parse().unwrap());
        let outcome = call.principal.granted().satisfy(&requirement).map_err(CallError::from);
        Box::pin(std::future::ready(outcome.and(Err(CallError::Panicked))))
    }

    fn access(&self) -> Access {
        Access::default()
    }
}

#[tokio::test]
async fn refusal_behind_the_head_of_a_stream_is_its_last_event() {
    let setup = setup();
    let served = for_callers(Setup { catalog: setup.catalog.tool(Late), ..setup }.service()).await;
    let session = session_of(&served, ADA, "2025-06-18").await;
    let params = json!({"name": "late", "_meta": {"progressToken": "t"}});
    for request in [modern("tools/call", params.clone()), session.request("tools/call", params.clone())] {
        let stream = served.open(ADA.asks(request)).await;
        assert_eq!((stream.status.as_u16(), stream.header("content-type")), (200, Some("text/event-stream")));
        let messages = stream.messages().await;
        assert_eq!(messages[0]["method"], "notifications/progress", "{messages:?}");
        assert_eq!(messages[1]["error"]["code"], 2403, "{messages:?}");
        assert_eq!(messages[1]["error"]["data"], json!({"requiredScopes": ["late"]}));
    }
    let silent = modern("tools/call", json!({"name": "late"}));
    assert_error(&served.send(ADA.asks(silent)).await, 403, 2403, &json!(1));
}

#[tokio::test]
async fn scope_is_decided_before_the_params_of_the_call() {
    let served = for_callers(setup().service()).await;
    let call = |arguments: Value| modern("tools/call", json!({"name": "write_for", "arguments": arguments}));
    let wrong = json!({"tenant": 1});
    assert_error(&served.send(ADA.asks(call(wrong.clone()))).await, 403, 2403, &json!(1));
    let able = served.send(ADA.with("notes:write").asks(call(wrong))).await;
    assert_eq!((able.status.as_u16(), &able.json()["result"]["isError"]), (200, &json!(true)));
}

#[tokio::test]
async fn lists_are_of_what_the_caller_may_use() {
    let served = for_callers(setup().service()).await;
    let session = session_of(&served, ADA, "2025-11-25").await;
    for (scopes, expected) in [("", json!(["free"])), ("notes:write audit", json!(["write", "write_for", "free"]))] {
        for request in [modern("tools/list", json!({})), session.request("tools/list", json!({}))] {
            let listed = served.send(ADA.with(scopes).asks(request)).await.json();
            let tools = listed["result"]["tools"].as_array().unwrap();
            let names: Value = tools.iter().map(|tool| tool["name"].clone()).collect();
            assert_eq!(names, expected, "{scopes}");
        }
    }
}

#[tokio::test]
async fn request_without_a_principal_is_our_fault() {
    let served = Setup { ..setup() }.serve().await;
    for request in [modern("tools/list", json!({})), legacy("tools/list", json!({})), listen(&[])] {
        assert_eq!(served.send(request).await.status, 500);
    }
}

#[tokio::test]
async fn stream_of_what_its_caller_may_not_read_is_not_opened() {
    // A stream that was opened would keep the only place.
    let setup = setup();
    let http = HttpConfig { streams_max: 1, ..setup.http.clone() };
    let service = Setup { http, ..setup }.service();
    let served = for_callers(service.clone()).await;
    let request = || ADA.asks(listen(&["note:1", "secret:1", "secret:2"]));
    let answer = served.send(request()).await;
    let error = assert_error(&answer, 403, 2403, &json!(1));
    assert_eq!(error["data"], json!({"requiredScopes": ["secret"]}));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(response_to(&service, request()).await.extensions().get::<Denied>().is_some());
    let mut stream = served.open(ADA.with("secret").asks(listen(&["note:1", "secret:1"]))).await;
    assert_eq!(stream.message().await["method"], "notifications/subscriptions/acknowledged");
}

#[tokio::test]
async fn subscription_to_what_its_caller_may_not_read_is_refused() {
    let served = for_callers(setup().service()).await;
    let session = session_of(&served, ADA, "2025-11-25").await;
    let request = |method: &str| session.request(method, json!({"uri": "secret:1"}));
    assert_error(&served.send(ADA.asks(request("resources/subscribe"))).await, 403, 2403, &json!(1));
    assert_eq!(served.send(ADA.with("secret").asks(request("resources/subscribe"))).await.status, 200);
    assert_eq!(served.send(ADA.asks(request("resources/unsubscribe"))).await.status, 200, "who leaves may always");
}

/// Reads messages until one is of this resource; returns the resources that were told of before it.
async fn told_before(stream: &mut AnswerStream, uri: &str) -> Vec<String> {
    let mut before = Vec::new();
    loop {
        let Some(event) = stream.next().await else { panic!("the stream ended before {uri}: {before:?}") };
        if event.field("data").is_none_or(str::is_empty) {
            continue;
        }
        match event.message()["params"]["uri"].as_str() {
            Some(told) if told == uri => return before,
            Some(told) => before.push(told.to_owned()),
            None => {}
        }
    }
}

/// Tells of one resource that is secret, then of one that is not, each behind the other.
async fn tell(server: &Following, secret: &str) {
    let uris = [secret.into(), "note:1".into()];
    let topics = outboard_runtime::Topics::lists_and(uris);
    let mut witness = server.runtime.notify().listen(topics, outboard_runtime::Since::Recently).await.unwrap();
    for uri in [secret, "note:1"] {
        server.runtime.notify().resource_updated(uri);
        while witness.next().await.change != Change::Resource(uri.into()) {}
    }
}

/// Subscribed with one token, read with another: that of the stream decides.
#[tokio::test]
async fn change_is_told_to_who_may_read_what_changed() {
    let server = setup().follow();
    let served = for_callers(server.service.clone()).await;
    let able = ADA.with("secret");
    for (caller, expected) in [(ADA, vec![]), (able, vec!["secret:1".to_owned()])] {
        let session = session_of(&served, able, "2025-06-18").await;
        for uri in ["secret:1", "note:1"] {
            let subscribe = session.request("resources/subscribe", json!({"uri": uri}));
            assert_eq!(served.send(able.asks(subscribe)).await.status, 200);
        }
        let mut stream = served.open(caller.asks(session.get())).await;
        tell(&server, "secret:1").await;
        assert_eq!(told_before(&mut stream, "note:1").await, expected);
        let delete = HttpRequest::of(Method::DELETE).in_session(&session.id, &session.revision);
        assert_eq!(served.send(caller.asks(delete)).await.status, 204);
    }
}

/// A resource comes to require a scope while a stream is open.
#[tokio::test]
async fn change_of_what_is_no_longer_permitted_is_not_told() {
    let shelf = crate::shelf::Shelf::new();
    let rules = vec![outboard_runtime::ScopeRule {
        backend: Some("shelf".parse().unwrap()),
        governs: outboard_runtime::Governed::Everything,
        requires: outboard_runtime::RequirementTemplate::all_of(["shelf".parse().unwrap()]),
    }];
    shelf.change(|offer| offer.resources.clear());
    let provider = std::sync::Arc::clone(&shelf) as std::sync::Arc<dyn outboard_runtime::Provider>;
    let catalog = Catalog::new("tests", "1").resource(notes).provider(provider).scope_rules(rules);
    let server = Setup { catalog, ..setup() }.follow();
    let served = for_callers(server.service.clone()).await;
    // Nobody has it yet, so that there is nothing that it could require.
    let resource = outboard_protocol::types::Resource::new("book:1", "one");
    let mut stream = served.open(ADA.asks(listen(&["book:1", "note:1"]))).await;
    stream.message().await;
    let handler = Gate::new().tool().offered().handler;
    shelf.change(|offer| offer.resources.push(outboard_runtime::OfferedResource { resource, handler }));
    server.runtime.refresh();
    tell(&server, "book:1").await;
    assert_eq!(told_before(&mut stream, "note:1").await, Vec::<String>::new());
    assert!(server.runtime.may_read(&Principal::local(), ["book:1"]).is_ok());
}

#[tokio::test]
async fn tool_that_requires_nothing_answers_as_it_always_did() {
    let tool: outboard_protocol::types::Tool =
        serde_json::from_value(json!({"name": "quick", "inputSchema": {"type": "object"}})).unwrap();
    let quick = DynamicTool::new(tool, |_, _| async { "quick" });
    let setup = setup();
    let served = for_callers(Setup { catalog: setup.catalog.tool(quick), ..setup }.service()).await;
    let answer = served.send(ADA.asks(modern("tools/call", json!({"name": "quick"})))).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, None));
}
