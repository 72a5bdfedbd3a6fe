//! Rows 80 to 93: what a token is good for, and where to get one.

use outboard_testkit::mint::Mint;
use serde_json::json;

use super::asked::Asked;
use super::expected::Expected::{Bare, Failed, Plain, Scope, Served};
use super::expected::{METADATA, RESOURCE};
use super::site::{Site, with_scope};
use super::{Case, Scenario, case};

pub(super) fn cases(mint: &Mint) -> Vec<Case> {
    let call = |scope: &str, tool: &str| Asked::call(tool, &json!({})).bearer(&with_scope(mint, scope));
    let both = Scope("files:x mcp:write");
    let mut cases = vec![
        case(80, "neither", call("mcp:read", "write"), both.clone()),
        case(80, "the one", call("mcp:write", "write"), both.clone()),
        case(80, "the other", call("files:x", "write"), both.clone()),
        case(80, "both", call("files:x mcp:write", "write"), Served),
        case(81, "what stands for it", call("mcp:admin", "read"), Served),
        case(81, "what stands for one of two", call("mcp:admin", "write"), both.clone()),
        case(81, "what stands for one, and the other", call("mcp:admin files:x", "write"), Served),
        case(86, "a hidden tool by its name", call("mcp:read", "write"), both),
        case(86, "an unknown tool", call("mcp:read", "wri"), Failed(-32602)),
        case(91, "the host is not that of the metadata", Asked::plain().line("X-Forwarded-Host: evil.example"), Bare),
        case(91, "nor is what a proxy says", Asked::plain().line("Forwarded: host=evil.example;proto=http"), Bare),
    ];
    for scope in ["mcp:re", "mcp:read:x", "mcp:readwrite", "MCP:READ", "mcp", "mcp:*", "xmcp:read", ""] {
        cases.push(case(82, scope, call(scope, "read"), Scope("mcp:read")));
    }
    cases
}

pub(super) fn scenarios() -> Vec<Scenario<Site>> {
    vec![
        Scenario { rows: &[83, 84], name: "lists are of the caller", run: lists_are_of_the_caller },
        Scenario { rows: &[83], name: "answers to one caller are not kept", run: answers_are_not_kept },
        Scenario { rows: &[85], name: "arguments decide", run: arguments_decide },
        Scenario { rows: &[88], name: "nothing begins before it is allowed", run: nothing_begins_before },
        Scenario { rows: &[87, 89], name: "the metadata", run: the_metadata },
        Scenario { rows: &[90], name: "foreign hosts", run: foreign_hosts },
        Scenario { rows: &[92], name: "pages may read the metadata", run: pages_may_read_the_metadata },
    ]
}

fn lists_are_of_the_caller(site: &Site) {
    let list = |scope: &str| {
        let answer = site.attacked.ask(&Asked::plain().bearer(&site.token(scope)));
        let result = answer.json()["result"].clone();
        assert_eq!(result["cacheScope"], "private", "{result}");
        let names: Vec<_> = result["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
        serde_json::Value::from(names)
    };
    for _ in 0..2 {
        assert_eq!(list("mcp:read"), json!(["tenant", "read", "show"]));
        assert_eq!(list("files:x mcp:write"), json!(["write", "tenant", "show"]));
        assert_eq!(list("nothing"), json!(["tenant", "show"]));
    }
}

fn answers_are_not_kept(site: &Site) {
    let progress = json!({"name": "read", "arguments": {}, "_meta": {"progressToken": 1}});
    for asked in [Asked::plain(), Asked::modern("tools/call", progress), Asked::initialize()] {
        let answer = site.attacked.ask(&asked.bearer(&site.mint.good()));
        if let Some(session) = answer.header("mcp-session-id") {
            site.attacked.secrets.borrow_mut().token(session);
        }
        let kept = answer.header("cache-control");
        assert!(kept.is_some_and(|value| value.contains("no-store")), "{}", answer.head);
    }
}

fn arguments_decide(site: &Site) {
    let call = |tenant: &str| {
        let asked = Asked::call("tenant", &json!({ "tenant": tenant }));
        site.attacked.ask(&asked.bearer(&site.token("tenant:acme")))
    };
    let before = site.called();
    Scope("tenant:other").check(&call("other")).unwrap();
    Scope("tenant:acme2").check(&call("acme2")).unwrap();
    // No scope can have these in it.
    for tenant in ["acme other", "", "acme\" x=\"", "acme\r\nSet-Cookie: a"] {
        let answer = call(tenant);
        assert_eq!((answer.status, answer.header("www-authenticate")), (200, None), "{tenant:?}: {answer:?}");
        assert_eq!(answer.json()["result"]["isError"], true, "{tenant:?}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(site.called(), before, "the tool was not called");
    Served.check(&call("acme")).unwrap();
    assert_eq!(site.called(), format!("{before}tenant\n"));
}

fn nothing_begins_before(site: &Site) {
    let params = json!({"name": "write", "arguments": {}, "_meta": {"progressToken": 1}});
    let token = site.token("mcp:read");
    let opened = site.attacked.ask(&Asked::initialize().bearer(&token));
    let session = opened.header("mcp-session-id").expect("a session");
    site.attacked.secrets.borrow_mut().token(session);
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params});
    for asked in [Asked::modern("tools/call", params), Asked::legacy(&call).in_session(session)] {
        let answer = site.attacked.ask(&asked.bearer(&token));
        Scope("files:x mcp:write").check(&answer).unwrap();
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.head);
    }
}

const PATHS: [&str; 2] = ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"];

fn the_metadata(site: &Site) {
    let issuers = [site.mint.issuer(), site.other.issuer(), site.asked.issuer()];
    let expected = json!({
        "resource": RESOURCE,
        "authorization_servers": issuers,
        "scopes_supported": ["files:x", "mcp:read", "mcp:write"],
        "bearer_methods_supported": ["header"],
    });
    for path in PATHS {
        let answer = site.attacked.ask(&Asked::new("GET", path));
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(METADATA.ends_with(path) || path == PATHS[1]);
    }
}

fn foreign_hosts(site: &Site) {
    for lines in
        [["Host: evil.example", "Accept: */*"], ["X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"]]
    {
        for path in PATHS {
            let asked = lines.iter().fold(Asked::new("GET", path), |asked, line| asked.line(line));
            let answer = site.attacked.ask(&asked);
            let whole = format!("{}{}", answer.head, answer.body);
            assert!(matches!(answer.status, 200 | 403 | 421) && !whole.contains("evil"), "{whole}");
            assert!(answer.status != 200 || answer.json()["resource"] == RESOURCE, "{whole}");
        }
    }
    // Whoever is not addressed says nothing of tokens.
    for asked in [Asked::plain(), Asked::plain().bearer(&site.mint.good())] {
        Plain(403, None).check(&site.attacked.ask(&asked.clone().line("Host: evil.example"))).unwrap();
        Plain(403, None).check(&site.attacked.ask(&asked.line("Origin: https://evil.example"))).unwrap();
    }
}

fn pages_may_read_the_metadata(site: &Site) {
    for path in PATHS {
        let from = |method| Asked::new(method, path).line("Origin: https://anywhere.example");
        let read = site.attacked.ask(&from("GET"));
        assert_eq!((read.status, read.header("access-control-allow-origin")), (200, Some("*")), "{}", read.head);
        assert_eq!(read.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(read.header("access-control-allow-credentials"), None);
        let asked = site.attacked.ask(&from("OPTIONS").line("Access-Control-Request-Method: GET"));
        assert_eq!((asked.status, asked.header("access-control-allow-methods")), (204, Some("GET, HEAD")));
        let written = site.attacked.ask(&from("POST"));
        assert_eq!((written.status, written.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    }
}
