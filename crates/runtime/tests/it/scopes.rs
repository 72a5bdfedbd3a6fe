//! Scopes beside what is called: who is refused, when it is decided, and what the refusal names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outboard_identity::{Principal, Requirement, Scope, ScopeError, ScopeSet};
use outboard_protocol::RawJson;
use outboard_protocol::error::code;
use outboard_protocol::types::{
    CallToolResult, CompleteParams, CompletionArgument, CompletionReference, Prompt, PromptArgument, Resource,
    ResourceTemplate, Tool,
};
use outboard_runtime::{
    Access, Cached, Call, CallError, Catalog, CatalogError, Context, Culprit, DynamicPrompt, DynamicResource,
    DynamicTemplate, DynamicTool, Item, MatchedUri, Offer, OfferedResource, OfferedTool, Operation, PromptArguments,
    PromptCall, Runtime, RuntimeConfig, prompt, resource, tool,
};
use serde_json::{Value, json};

use crate::fake::{Fake, Says, resource as offered_resource};
use crate::support::{
    REVISION, by, call, call_with, denied, granted, open_tool, operation, outcome, runtime, tool_result, try_runtime,
    written,
};

/// Reads notes.
#[tool(scopes("notes:read"))]
async fn read_notes() -> &'static str {
    "read"
}

/// Writes notes.
#[tool(scopes("notes:write", "audit"), any_scope("tenant:own", "tenant:all"))]
async fn write_notes() -> &'static str {
    "written"
}

/// Moves money.
#[tool(scopes("money"), scopes_for = tenant_scope(tenant))]
async fn move_money(#[schemars(length(max = 10))] tenant: String, #[schemars(range(min = 1))] amount: u32) -> String {
    format!("{amount} of {tenant}")
}

fn tenant_scope(tenant: &str) -> Result<Scope, ScopeError> {
    format!("tenant:{tenant}").parse()
}

/// Moves a lot.
#[tool(scopes_for = large)]
async fn transfer(r#type: String, amount: u32, ctx: &Context) -> String {
    format!("{amount} {} for {}", r#type, ctx.principal().subject_key().subject())
}

fn large(_type: &str, amount: &u32) -> ScopeSet {
    if *amount > 100 { "large".parse().unwrap() } else { ScopeSet::default() }
}

/// Decides by a function that fails.
#[tool(scopes_for = never(text))]
async fn broken(text: String) -> String {
    text
}

fn never(text: &str) -> Requirement {
    panic!("{text}")
}

/// Asks for a review.
#[prompt(scopes("prompts"), complete(language = languages))]
async fn review(language: String) -> String {
    language
}

fn languages(_: &str) -> Vec<String> {
    vec!["rust".to_owned()]
}

/// A secret.
#[resource(uri = "secret:1", any_scope("secret", "admin"))]
async fn secret() -> Cached<&'static str> {
    Cached::public(std::time::Duration::from_secs(5), "hush")
}

/// More secrets.
#[resource(template = "secrets:{name}", scopes("secret"), complete(name = languages))]
async fn secrets(name: String) -> String {
    name
}

fn server() -> Runtime {
    let catalog = Catalog::new("test", "1")
        .tool(read_notes)
        .tool(write_notes)
        .tool(move_money)
        .tool(transfer)
        .tool(broken)
        .prompt(review)
        .resource(secret)
        .resource(secrets);
    runtime(catalog)
}

fn get(name: &str, arguments: &Value) -> Call {
    let arguments = Some(RawJson::of(arguments).unwrap());
    operation(Operation::GetPrompt(PromptCall { name: name.into(), arguments }))
}

fn read(uri: &str) -> Call {
    operation(Operation::ReadResource { uri: uri.into() })
}

fn complete(reference: CompletionReference) -> Call {
    let argument = CompletionArgument { name: "language".to_owned(), value: String::new() };
    operation(Operation::Complete(CompleteParams { reference, argument, context: None }.into()))
}

fn of_prompt(name: &str) -> CompletionReference {
    CompletionReference::Prompt { name: name.to_owned() }
}

fn of_resource(uri: &str) -> CompletionReference {
    CompletionReference::Resource { uri: uri.to_owned() }
}

/// What is needed and what is missing, of each call by each caller.
#[tokio::test]
async fn who_lacks_a_scope_is_refused_with_all_that_the_call_needs() {
    let server = server();
    let needs = |required: &str, missing: &str| Some((required.to_owned(), missing.to_owned()));
    let none = json!({});
    let money = json!({"tenant": "a", "amount": 1});
    let cases = [
        ("notes:read", call("read_notes", &none), None),
        ("", call("read_notes", &none), needs("notes:read", "notes:read")),
        // Nothing is read into the spelling of a scope.
        ("notes", call("read_notes", &none), needs("notes:read", "notes:read")),
        ("notes:re notes:read:x notes:readwrite", call("read_notes", &none), needs("notes:read", "notes:read")),
        ("", call("write_notes", &none), needs("audit notes:write tenant:own", "audit notes:write tenant:own")),
        ("notes:write", call("write_notes", &none), needs("audit notes:write tenant:own", "audit tenant:own")),
        ("tenant:all", call("write_notes", &none), needs("audit notes:write tenant:all", "audit notes:write")),
        ("notes:write audit tenant:all", call("write_notes", &none), None),
        ("money tenant:a", call("move_money", &money), None),
        // One refusal names what the arguments need, too, whichever part fails.
        ("", call("move_money", &money), needs("money tenant:a", "money tenant:a")),
        ("money", call("move_money", &money), needs("money tenant:a", "tenant:a")),
        ("tenant:a", call("move_money", &money), needs("money tenant:a", "money")),
        ("money tenant:b", call("move_money", &money), needs("money tenant:a", "tenant:a")),
        ("", call("transfer", &json!({"type": "x", "amount": 100})), None),
        ("", call("transfer", &json!({"type": "x", "amount": 101})), needs("large", "large")),
        ("large", call("transfer", &json!({"type": "x", "amount": 101})), None),
        ("", get("review", &json!({"language": "rust"})), needs("prompts", "prompts")),
        ("prompts", get("review", &json!({"language": "rust"})), None),
        ("", complete(of_prompt("review")), needs("prompts", "prompts")),
        ("prompts", complete(of_prompt("review")), None),
        ("", read("secret:1"), needs("secret", "secret")),
        ("admin", read("secret:1"), None),
        ("", read("secrets:x"), needs("secret", "secret")),
        ("admin", read("secrets:x"), needs("secret", "secret")),
        ("secret", read("secrets:x"), None),
        ("", complete(of_resource("secrets:{name}")), needs("secret", "secret")),
        ("", complete(of_resource("secrets:x")), needs("secret", "secret")),
        ("", complete(of_resource("secret:1")), needs("secret", "secret")),
        ("secret", complete(of_resource("secrets:{name}")), None),
    ];
    for (scopes, call, expected) in cases {
        let what = format!("{:?} with '{scopes}'", call.operation);
        let local = outcome(&server, by(Principal::local(), call_again(&call))).await;
        assert!(local.is_ok(), "{what}: whoever has all scopes is never refused");
        assert_eq!(denied(outcome(&server, by(granted(scopes), call)).await), expected, "{what}");
    }
}

fn call_again(call: &Call) -> Call {
    operation(call.operation.clone())
}

#[tokio::test]
async fn refusal_says_what_is_missing_and_what_is_needed() {
    let refused = outcome(&server(), by(granted("notes:write"), call("write_notes", &json!({})))).await;
    let error = refused.unwrap_err();
    assert_eq!((error.culprit(), error.retry_after()), (Culprit::Client, None));
    let object = error.object(REVISION);
    assert_eq!(object.code, code::INSUFFICIENT_SCOPE);
    assert!(!(-32_768..=-32_000).contains(&object.code), "the numbers that JSON-RPC reserves are not ours to give");
    assert_eq!(object.message, "scopes are missing: audit tenant:own (the call needs: audit notes:write tenant:own)");
    let data: Value = object.data.unwrap().read().unwrap();
    assert_eq!(data, json!({"requiredScopes": ["audit", "notes:write", "tenant:own"]}));
}

/// Scope before arguments, arguments before what they need.
#[tokio::test]
async fn arguments_are_judged_between_the_two_decisions() {
    let server = server();
    let bad = [
        r#"{"tenant":"a"}"#,
        r#"{"tenant":"a","amount":0}"#,
        r#"{"tenant":"longer than ten","amount":1}"#,
        r#"{"tenant":"a","tenant":"b","amount":1}"#,
        "[]",
    ];
    for arguments in bad {
        let refused = outcome(&server, by(granted("tenant:a"), call_with("move_money", arguments))).await;
        let needed = Some(("money".to_owned(), "money".to_owned()));
        assert_eq!(denied(refused), needed, "{arguments}: nothing is told of arguments that do not fit");
        match outcome(&server, by(granted("money"), call_with("move_money", arguments))).await {
            Ok(unfit) => assert!(tool_result(Ok(unfit)).is_error, "{arguments}"),
            Err(error) => assert!(matches!(error, CallError::DuplicateArgument { .. }), "{arguments}: {error:?}"),
        }
    }
    for tenant in ["", " ", "a admin", "\"", "\u{e4}"] {
        let call = call("move_money", &json!({"tenant": tenant, "amount": 1}));
        let result = tool_result(outcome(&server, by(granted("money tenant:a admin tenant:"), call)).await);
        // An empty one makes a scope of what stands before it; that is the function's to decide.
        assert_eq!(result.is_error, !tenant.is_empty(), "{tenant:?}");
    }
}

#[tokio::test]
async fn function_that_panics_ends_its_call_alone() {
    let server = server();
    let refused = outcome(&server, by(granted(""), call("broken", &json!({"text": "boom"})))).await;
    assert!(matches!(refused, Err(CallError::Panicked)), "{refused:?}");
    assert_eq!(denied(outcome(&server, by(granted("notes:read"), call("read_notes", &json!({})))).await), None);
}

#[tokio::test]
async fn handler_does_not_run_for_who_is_refused() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let run = move |_: Context, _: Value| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { CallToolResult::text("ran") }
    };
    let scope = |arguments: &Value| format!("n:{}", arguments["n"]).parse::<Scope>();
    let tool = DynamicTool::new(open_tool("run"), run).requires(all("a")).requires(all("b")).scopes_for(scope);
    let server = runtime(Catalog::new("test", "1").tool(tool));
    for (scopes, ran) in [("", 0), ("a", 0), ("a b", 0), ("a b n:2", 0), ("a n:1", 0), ("a b n:1", 1)] {
        let refused = denied(outcome(&server, by(granted(scopes), call("run", &json!({"n": 1})))).await);
        assert_eq!((refused.is_none(), runs.load(Ordering::Relaxed)), (ran == 1, ran), "{scopes}");
    }
}

fn all(scopes: &str) -> Requirement {
    Requirement::all_of(scopes.parse().unwrap())
}

#[tokio::test]
async fn what_is_made_of_data_requires_scopes_too() {
    let argument = PromptArgument { name: "x".to_owned(), ..PromptArgument::default() };
    let listed = Prompt { name: "p".to_owned(), arguments: vec![argument], ..Prompt::default() };
    let template =
        ResourceTemplate { uri_template: "t:{x}".to_owned(), name: "t".to_owned(), ..ResourceTemplate::default() };
    let catalog = Catalog::new("test", "1")
        .prompt(DynamicPrompt::new(listed, |_, _: PromptArguments| async { "" }).requires(all("p")))
        .resource(DynamicResource::new(Resource::new("r:1", "r"), |_| async { "" }).requires(all("r")))
        .resource(DynamicTemplate::new(template, |_, _: MatchedUri| async { "" }).requires(all("t")));
    let server = runtime(catalog);
    for (scope, call) in [("p", get("p", &json!({}))), ("r", read("r:1")), ("t", read("t:1"))] {
        let again = call_again(&call);
        assert_eq!(denied(outcome(&server, by(granted(""), call)).await), Some((scope.into(), scope.into())));
        assert_eq!(denied(outcome(&server, by(granted(scope), again)).await), None);
    }
}

#[tokio::test]
async fn what_was_read_by_permission_is_kept_for_its_caller_alone() {
    for caller in [granted("secret"), Principal::local()] {
        let server = server();
        let result = written(&server, outcome(&server, by(caller, read("secret:1"))).await);
        assert_eq!((&result["cacheScope"], &result["ttlMs"]), (&json!("private"), &json!(5_000)));
    }
}

#[tokio::test]
async fn unknown_things_are_unknown_to_who_has_no_scope() {
    let server = server();
    let none = || granted("");
    let unknown = outcome(&server, by(none(), call("nothing", &json!({})))).await;
    assert!(matches!(unknown, Err(CallError::UnknownTool { .. })), "{unknown:?}");
    let unknown = outcome(&server, by(none(), read("no:such"))).await;
    assert!(matches!(unknown, Err(CallError::UnknownResource { .. })), "{unknown:?}");
}

#[tokio::test]
async fn somebody_may_read_what_it_has_the_scopes_for() {
    let server = server();
    let cases = [
        ("", vec!["secret:1"], Some("secret")),
        ("", vec!["secret:1", "secrets:x"], Some("secret")),
        ("admin", vec!["secret:1", "secrets:x"], Some("admin secret")),
        ("admin", vec!["secret:1", "no:such"], None),
        ("", vec!["no:such"], None),
        ("", vec![], None),
    ];
    for (scopes, uris, needed) in cases {
        let refused = server.may_read(&granted(scopes), uris.iter().copied()).err();
        let told = refused.map(|denied| denied.required().to_string());
        assert_eq!(told.as_deref(), needed, "{uris:?} with '{scopes}'");
        assert!(server.may_read(&Principal::local(), uris).is_ok());
    }
}

/// Says of itself what it requires, as handlers that people write do.
struct Guarded(Access);

impl outboard_runtime::Handler for Guarded {
    fn call(&self, call: Call) -> outboard_runtime::BoxFuture<'static, outboard_runtime::Outcome> {
        Says("guarded").call(call)
    }

    fn access(&self) -> Access {
        self.0.clone()
    }
}

#[tokio::test]
async fn provider_says_what_its_own_require() {
    let handler = || Guarded(Access::requiring(all("g")));
    let tool: Tool = open_tool("tool");
    let offer = Offer {
        tools: vec![OfferedTool { tool, handler: handler().into() }],
        resources: vec![OfferedResource { handler: handler().into(), ..offered_resource("", "r:1") }],
        unlisted: Some(handler().into()),
        has_resources: true,
        ..Offer::default()
    };
    let server = runtime(Catalog::new("test", "1").provider(Fake::new("fake", offer)));
    for call in [call("tool", &json!({})), read("r:1"), read("r:unlisted")] {
        let again = call_again(&call);
        assert!(denied(outcome(&server, by(granted(""), call)).await).is_some());
        assert_eq!(denied(outcome(&server, by(granted("g"), again)).await), None);
    }
}

#[tokio::test]
async fn resource_that_decides_by_arguments_is_not_offered() {
    let decides = || Guarded(Access::default().scopes_for(|_| ScopeSet::default()));
    let listed = OfferedResource { handler: decides().into(), ..offered_resource("", "r:1") };
    struct Native(OfferedResource);
    impl outboard_runtime::NativeResource for Native {
        fn offered(self) -> outboard_runtime::ResourceOffer {
            outboard_runtime::ResourceOffer::Resource(self.0)
        }
    }
    let refused = try_runtime(Catalog::new("test", "1").resource(Native(listed)), RuntimeConfig::default());
    let expected = CatalogError::ScopesForNothing { item: Item::Resource, uri: "r:1".into() };
    assert_eq!(refused.unwrap_err(), expected);
    let offer = Offer { unlisted: Some(decides().into()), has_resources: true, ..Offer::default() };
    let server = runtime(Catalog::new("test", "1").provider(Fake::new("fake", offer)));
    let unknown = outcome(&server, read("r:2")).await;
    assert!(matches!(unknown, Err(CallError::UnknownResource { .. })), "nobody reads it: {unknown:?}");
}
