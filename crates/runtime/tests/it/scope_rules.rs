//! Rules of the config: what they govern, how they apply together, and what arguments they take.

use outboard_protocol::RawJson;
use outboard_protocol::error::code;
use outboard_protocol::types::{
    CompleteParams, CompletionArgument, CompletionContext, CompletionReference, Prompt, PromptArgument,
};
use outboard_runtime::{
    Call, CallError, Catalog, CatalogError, DynamicTool, Governed, Offer, OfferedPrompt, OfferedTool, Operation,
    PromptCall, RequirementTemplate, Runtime, RuntimeConfig, ScopeRule, tool,
};
use serde_json::{Value, json};

use crate::fake::{Fake, Says, prompt, resource, template};
use crate::support::{
    by, call, denied, granted, open_tool, operation, outcome, refusal, runtime, tool_result, try_runtime,
};

/// A tool of the program itself.
#[tool(scopes("own"))]
async fn own(tenant: Option<String>) -> String {
    tenant.unwrap_or_default()
}

fn rule(backend: Option<&str>, governs: Governed, scopes: &[&str]) -> ScopeRule {
    let backend = backend.map(|glob| glob.parse().unwrap());
    let requires = RequirementTemplate::all_of(scopes.iter().map(|scope| scope.parse().unwrap()));
    ScopeRule { backend, governs, requires }
}

fn tools(glob: &str) -> Governed {
    Governed::Tools(glob.parse().unwrap())
}

fn resources(glob: &str) -> Governed {
    Governed::Resources(glob.parse().unwrap())
}

fn prompts(glob: &str) -> Governed {
    Governed::Prompts(glob.parse().unwrap())
}

fn offered(name: &str) -> OfferedTool {
    OfferedTool { tool: open_tool(name), handler: Says("fake").into() }
}

/// A prompt with the argument `tenant`, which may be absent, and somebody who suggests values.
fn ask() -> OfferedPrompt {
    let argument = PromptArgument { name: "tenant".to_owned(), ..PromptArgument::default() };
    let listed = Prompt { name: "ask".to_owned(), arguments: vec![argument], ..Prompt::default() };
    OfferedPrompt { prompt: listed, completer: Some(Says("fake").into()), ..prompt("fake", "ask") }
}

/// The program's own tool, and a backend `git` under a prefix that has some of everything.
fn server(rules: Vec<ScopeRule>) -> Runtime {
    let offer = Offer {
        tools: vec![offered("push"), offered("pull")],
        prompts: vec![ask()],
        resources: vec![resource("fake", "git:readme")],
        templates: vec![template("fake", "git:{+path}")],
        unlisted: Some(Says("fake").into()),
        has_resources: true,
        has_prompts: true,
        ..Offer::default()
    };
    let git = Fake::new("git", offer);
    runtime(Catalog::new("test", "1").tool(own).provider_with_prefix("git", git).scope_rules(rules))
}

fn read(uri: &str) -> Call {
    operation(Operation::ReadResource { uri: uri.into() })
}

fn get(arguments: &Value) -> Call {
    let arguments = Some(RawJson::of(arguments).unwrap());
    operation(Operation::GetPrompt(PromptCall { name: "git_ask".into(), arguments }))
}

fn complete(filled_in: &[(&str, &str)]) -> Call {
    let reference = CompletionReference::Prompt { name: "git_ask".to_owned() };
    let argument = CompletionArgument { name: "tenant".to_owned(), value: "b".to_owned() };
    let arguments = filled_in.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let context = Some(CompletionContext { arguments });
    operation(Operation::Complete(CompleteParams { reference, argument, context }.into()))
}

/// The scopes that the call needs, of somebody who has none.
async fn needed(server: &Runtime, call: Call) -> String {
    denied(outcome(server, by(granted(""), call)).await).map_or_else(String::new, |(required, _)| required)
}

#[tokio::test]
async fn rules_apply_together_and_with_what_the_item_says() {
    let server = server(vec![
        rule(None, Governed::Everything, &["any"]),
        rule(Some("g?t"), Governed::Everything, &["git"]),
        rule(Some("other"), Governed::Everything, &["other"]),
        rule(None, tools("git_*"), &["tools"]),
        rule(None, tools("push"), &["without-prefix"]),
        rule(Some("git"), tools("*_push"), &["push", "any"]),
        rule(None, resources("*"), &["resources"]),
        rule(None, resources("git:secret/*"), &["secret"]),
        rule(None, prompts("git_ask"), &["ask"]),
    ]);
    let none = json!({});
    let cases = [
        (call("own", &none), "any own"),
        (call("git_pull", &none), "any git tools"),
        (call("git_push", &none), "any git push tools"),
        (get(&none), "any ask git"),
        (complete(&[]), "any ask git"),
        (read("git:readme"), "any git resources"),
        (read("git:docs/a"), "any git resources"),
        (read("git:secret/a"), "any git resources secret"),
        (read("elsewhere:x"), "any git resources"),
    ];
    for (call, expected) in cases {
        let what = format!("{:?}", call.operation);
        let again = operation(call.operation.clone());
        assert_eq!(needed(&server, call).await, expected, "{what}");
        assert_eq!(denied(outcome(&server, by(granted(expected), again)).await), None, "{what}");
    }
}

#[tokio::test]
async fn resource_is_governed_however_its_uri_is_spelled() {
    let server = server(vec![rule(None, resources("git:/secret/*"), &["secret"])]);
    for uri in ["git:/secret/a", "git:/secret/a?b", "git:/secret/a/"] {
        assert_eq!(needed(&server, read(uri)).await, "secret", "{uri}");
    }
    // What could be another spelling of something is nothing, whoever asks for it.
    let others = [
        "GIT:/secret/a",
        " git:/secret/a",
        "git:/secret/a\n",
        "git:/secret/a#b",
        "git:/%73ecret/a",
        "git:/secret%2Fa",
        "git:/docs/../secret/a",
        "git:/docs/%2e%2e/secret/a",
        "git:/./secret/a",
        "git://@host/secret/a",
        "git://host:/secret/a",
        "git://host//secret/a",
    ];
    for uri in others {
        for scopes in ["", "other"] {
            let refused = outcome(&server, by(granted(scopes), read(uri))).await;
            assert!(
                matches!(refused, Err(CallError::UnknownResource { .. } | CallError::WrongArgument { .. })),
                "{uri:?}"
            );
            assert!(server.may_read(&granted(scopes), [uri]).is_err(), "{uri:?}");
        }
        assert!(!server.has_resource(uri), "{uri:?}");
    }
    assert_eq!(needed(&server, read("git:/docs/a")).await, "");
}

#[tokio::test]
async fn without_rules_for_resources_a_uri_is_whatever_its_server_takes() {
    let server = server(vec![rule(None, tools("git_push"), &["push"])]);
    for uri in ["GIT:/a", "git:/a/../b", "git:readme"] {
        assert_eq!(needed(&server, read(uri)).await, "", "{uri}");
    }
    assert!(server.has_resource("git://host//a"));
}

#[tokio::test]
async fn pattern_is_read_in_any_spelling_too() {
    let cases = [
        ("git:/secret%20dir/*", "git:/secret%20dir/a"),
        ("git:/%73ecret/*", "git:/secret/a"),
        ("GIT:/Private/*", "git:/Private/a"),
        ("git://HOST/x/*", "git://host/x/a"),
        ("git:/docs/../secret/*", "git:/secret/a"),
    ];
    for (pattern, uri) in cases {
        let server = server(vec![rule(None, resources(pattern), &["secret"])]);
        assert_eq!(needed(&server, read(uri)).await, "secret", "{pattern}");
    }
}

#[tokio::test]
async fn rules_for_all_templates_that_could_be_meant_apply() {
    let offer = Offer {
        templates: vec![template("fake", "file:///{+any}"), template("fake", "file:///plain/{name}")],
        has_resources: true,
        ..Offer::default()
    };
    for guarded in ["file:///{+any}", "file:///plain/{name}"] {
        let catalog = Catalog::new("test", "1").provider(Fake::new("files", offer.clone()));
        let server = runtime(catalog.scope_rules(vec![rule(None, resources(guarded), &["secret"])]));
        assert_eq!(needed(&server, read("file:///plain/d")).await, "secret", "{guarded}");
    }
}

#[tokio::test]
async fn rule_for_a_template_governs_what_is_read_by_it() {
    let server = server(vec![rule(None, resources("git:{+path}"), &["template"])]);
    assert_eq!(needed(&server, read("git:docs/a")).await, "template");
    assert_eq!(needed(&server, read("git:readme")).await, "", "that one is listed by itself");
}

#[tokio::test]
async fn rule_takes_arguments_of_the_call() {
    let server = server(vec![
        rule(None, tools("git_push"), &["push", "tenant:${args.tenant}"]),
        rule(None, tools("git_push"), &["branch:${args.to.branch}"]),
    ]);
    let push = |tenant: &str| call("git_push", &json!({"tenant": tenant, "to": {"branch": 7}}));
    let cases = [
        ("", "a", Some("branch:7 push tenant:a")),
        ("push", "a", Some("branch:7 push tenant:a")),
        ("push tenant:a", "a", Some("branch:7 push tenant:a")),
        ("push tenant:a branch:7", "a", None),
        ("push tenant:a branch:7", "b", Some("branch:7 push tenant:b")),
        ("push tenant:a branch:7", "${args.to}", Some("branch:7 push tenant:${args.to}")),
        ("push tenant:* branch:7", "a", Some("branch:7 push tenant:a")),
    ];
    for (scopes, tenant, expected) in cases {
        let refused = denied(outcome(&server, by(granted(scopes), push(tenant))).await);
        assert_eq!(refused.map(|(required, _)| required).as_deref(), expected, "{tenant} with '{scopes}'");
    }
}

#[tokio::test]
async fn argument_that_is_no_part_of_a_scope_is_refused_as_a_wrong_one() {
    let server = server(vec![
        rule(None, tools("git_push"), &["tenant:${args.tenant}"]),
        rule(None, prompts("*"), &["tenant:${args.tenant}"]),
    ]);
    let everything = || granted("tenant: tenant:a tenant admin null");
    let cases = [
        (json!({}), "tenant: is missing"),
        (json!({"tenant": null}), "must be a string, an integer or a boolean"),
        (json!({"tenant": ["a"]}), "must be a string, an integer or a boolean"),
        (json!({"tenant": 1.5}), "must be a string, an integer or a boolean"),
        (json!({"tenant": ""}), "must be short, not empty"),
        (json!({"tenant": "a admin"}), "must be short, not empty"),
        (json!({"tenant": "a".repeat(300)}), "must be short, not empty"),
    ];
    for (arguments, said) in cases {
        let refused = tool_result(outcome(&server, by(everything(), call("git_push", &arguments))).await);
        let text = serde_json::to_value(&refused.content).unwrap()[0]["text"].as_str().unwrap().to_owned();
        assert!(refused.is_error && text.contains(said), "{arguments}: {text}");
    }
    for arguments in [json!({}), json!({"tenant": ""}), json!({"tenant": "a admin"})] {
        let refused = refusal(outcome(&server, by(everything(), get(&arguments))).await);
        assert_eq!(refused.0, code::INVALID_PARAMS, "{arguments}: {}", refused.1);
        assert!(refused.1.contains("tenant"), "{}", refused.1);
    }
    assert_eq!(denied(outcome(&server, by(everything(), get(&json!({"tenant": "a"})))).await), None);
}

#[tokio::test]
async fn argument_that_a_prompt_does_not_have_decides_nothing() {
    let server = server(vec![rule(None, prompts("*"), &["owner:${args.owner}"])]);
    let refused = refusal(outcome(&server, by(granted("owner:a"), get(&json!({"owner": "a"})))).await);
    assert_eq!(refused.0, code::INVALID_PARAMS, "{}", refused.1);
}

#[tokio::test]
async fn suggestions_need_what_is_filled_in_already() {
    let server = server(vec![rule(None, prompts("*"), &["ask", "tenant:${args.tenant}"])]);
    let cases = [
        ("", vec![], Some("ask")),
        ("ask", vec![], None),
        ("ask", vec![("tenant", "b")], Some("ask tenant:b")),
        ("ask tenant:b", vec![("tenant", "b")], None),
        ("", vec![("tenant", "b")], Some("ask tenant:b")),
    ];
    for (scopes, filled_in, expected) in cases {
        let refused = denied(outcome(&server, by(granted(scopes), complete(&filled_in))).await);
        assert_eq!(refused.map(|(required, _)| required).as_deref(), expected, "{filled_in:?} with '{scopes}'");
    }
}

#[tokio::test]
async fn one_of_several_scopes_is_enough_where_a_rule_says_so() {
    let template = |text: &str| text.parse().unwrap();
    let requires = RequirementTemplate::any_of(template("tenant:${args.tenant}"), [template("tenant-all")]);
    let server = server(vec![ScopeRule { backend: None, governs: tools("git_push"), requires }]);
    let push = || call("git_push", &json!({"tenant": "a"}));
    assert_eq!(needed(&server, push()).await, "tenant:a");
    for scopes in ["tenant:a", "tenant-all"] {
        assert_eq!(denied(outcome(&server, by(granted(scopes), push())).await), None, "{scopes}");
    }
}

#[test]
fn rule_that_wants_arguments_of_resources_is_refused() {
    let refused = |governs: Governed| {
        let fine = rule(None, tools("*"), &["t:${args.t}"]);
        let rules = vec![fine, rule(None, governs, &["a", "t:${args.t}"])];
        try_runtime(Catalog::new("test", "1").scope_rules(rules), RuntimeConfig::default()).err()
    };
    let expected = Some(CatalogError::ScopeRule { number: 2 });
    assert_eq!(refused(Governed::Everything), expected);
    assert_eq!(refused(resources("a:*")), expected);
    assert_eq!(refused(prompts("*")), None);
    assert_eq!(refused(tools("*")), None);
}

#[tokio::test]
async fn rules_hold_for_what_is_offered_later() {
    let fake = Fake::new("git", Offer::default());
    let rules = vec![rule(Some("git"), Governed::Everything, &["git"])];
    let server = runtime(Catalog::new("test", "1").provider(fake.clone()).scope_rules(rules));
    fake.offer(Offer { tools: vec![offered("late")], ..Offer::default() });
    server.refresh();
    assert_eq!(needed(&server, call("late", &json!({}))).await, "git");
}

#[tokio::test]
async fn what_no_rule_governs_is_everybodys() {
    let tool = DynamicTool::new(open_tool("free"), |_, _| async { "free" });
    let rules = vec![rule(None, tools("other"), &["other"])];
    let server = runtime(Catalog::new("test", "1").tool(tool).scope_rules(rules));
    assert_eq!(needed(&server, call("free", &json!({}))).await, "");
}
