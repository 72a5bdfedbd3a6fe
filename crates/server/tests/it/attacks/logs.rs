//! Rows 251 to 259: what a run leaves behind. The search itself is at the end of each run.

use outboard_testkit::mint::Key;
use serde_json::json;

use super::Scenario;
use super::asked::Asked;
use super::attacked::LONG;
use super::expected::Expected::{Invalid, Served};
use super::site::{ARGUMENT, STATE, Site, backwards, canaries};

pub(super) fn scenarios() -> Vec<Scenario<Site>> {
    vec![
        Scenario { rows: &[251, 252], name: "canaries", run: canaries_of_a_caller },
        Scenario { rows: &[253], name: "texts that are made for logs", run: texts_that_are_made_for_logs },
        Scenario { rows: &[255], name: "traces of callers", run: traces_of_callers },
        Scenario { rows: &[257], name: "nothing else is served", run: nothing_else_is_served },
    ]
}

fn canaries_of_a_caller(site: &Site) {
    let good = site.attacked.ask(&canaries(&site.mint.good()));
    assert_eq!(good.told(), backwards(ARGUMENT));
    Served.check(&site.attacked.ask(&canaries(&site.api_key))).unwrap();
    Invalid.check(&site.attacked.ask(&canaries(&site.mint.unknown_kid(251)))).unwrap();
    Invalid.check(&site.attacked.ask(&canaries("canary-opaque-token-81bd"))).unwrap();
    // Whatever becomes of these, nothing of them may be told.
    let params = json!({"name": "read", "arguments": {"text": ARGUMENT}, "requestState": STATE,
        "inputResponses": {"a": {"action": "accept", "content": {"b": ARGUMENT}}}});
    site.attacked.ask(&Asked::modern("tools/call", params).bearer(&site.mint.good()));
    let wrong = json!({"name": "read", "arguments": ARGUMENT});
    site.attacked.ask(&Asked::modern("tools/call", wrong).bearer(&site.mint.good()));
    let wrong = json!({"name": "read", "arguments": {"text": {"canary": ARGUMENT}}});
    site.attacked.ask(&Asked::modern("tools/call", wrong).bearer(&site.mint.good()));
}

/// Line breaks, colours, a separator that some editors break lines at, and text that runs backwards.
const EVIL: &str = "a\r\n{\"level\":\"ERROR\"}\u{1b}[31m\u{2028}\u{202e}b\u{85}";

fn texts_that_are_made_for_logs(site: &Site) {
    let long = LONG.repeat(4096);
    for text in [EVIL, &long] {
        let rsa = || site.mint.draft(Key::Rsa);
        let evil = [
            rsa().member("kid", text),
            rsa().member("typ", text),
            rsa().member("alg", text),
            rsa().claim("iss", text),
            rsa().claim("aud", text),
            rsa().claim("sub", json!([text])),
            rsa().claim("sub", LONG.repeat(1 << 13)),
            rsa().member("crit", json!([text])),
        ];
        for draft in evil {
            Invalid.check(&site.attacked.ask(&Asked::plain().bearer(&draft.sign(Key::Rsa)))).unwrap();
        }
        // These are as long, or as odd, as a name may be, and are let in.
        let sub = if text == EVIL { "a\u{2028}\u{202e}b".to_owned() } else { LONG.repeat(1000) };
        let named = rsa().claim("sub", sub.as_str()).claim("client_id", sub).claim("jti", text);
        Served.check(&site.attacked.ask(&Asked::plain().bearer(&named.sign(Key::Rsa)))).unwrap();
    }
    let good = site.mint.good();
    // What HTTP allows in a header of these.
    for text in ["a\u{2028}\u{202e}b\u{85}", &LONG.repeat(60 * 1024)] {
        for name in ["Origin", "User-Agent", "X-Request-Id", "Mcp-Session-Id", "Accept-Language", "Referer"] {
            site.attacked.ask(&Asked::plain().line(format!("{name}: {text}")).bearer(&good));
        }
        let mut call = Asked::call("read", &json!({}));
        call.lines.retain(|line| !line.starts_with(b"Mcp-Name"));
        site.attacked.ask(&call.line(format!("Mcp-Name: {text}")).bearer(&good));
    }
    let lengths = [300, 1000, 100_000, 1 << 20].map(|length| LONG.repeat(length));
    for text in std::iter::once(EVIL).chain(lengths.iter().map(String::as_str)) {
        let info = json!({"name": text, "version": text});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info});
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let opened = site.attacked.ask(&Asked::legacy(&initialize).bearer(&good));
        if let Some(session) = opened.header("mcp-session-id") {
            site.attacked.secrets.borrow_mut().token(session);
        }
        let mut evil = Asked::call(text, &json!({ text: text }));
        // No header can carry it: the body is read, and refused, nevertheless.
        evil.lines.retain(|line| !line.starts_with(b"Mcp-Name"));
        site.attacked.ask(&evil.bearer(&good));
        let legacy = json!({"jsonrpc": "2.0", "id": text, "method": text, "params": {"name": text}});
        site.attacked.ask(&Asked::legacy(&legacy).bearer(&good));
        for (method, params) in [
            ("tools/call", json!({"name": text, "arguments": {}})),
            ("tools/list", json!({ "cursor": text })),
            ("tools/call", json!({"name": "read", "arguments": {}, "requestState": text})),
            ("tools/call", json!({"name": "read", "arguments": {"text": {}}, "_meta": {"progressToken": text}})),
            ("tools/call", json!({"name": "tenant", "arguments": {"tenant": text}})),
            ("resources/read", json!({ "uri": text })),
            ("prompts/get", json!({ "name": text })),
            (
                "completion/complete",
                json!({"ref": {"type": text, "name": text}, "argument": {"name": text, "value": text}}),
            ),
        ] {
            let other = Asked::modern(method, json!({}));
            let mut headers = other.line("Mcp-Name: read").body(Asked::modern(method, params.clone()).body);
            // What the header says is not what the body says, or there is no revision in the head.
            site.attacked.ask(&headers.clone().bearer(&good));
            headers.lines.retain(|line| !line.starts_with(b"MCP-Protocol-Version"));
            site.attacked.ask(&headers.bearer(&good));
            let legacy = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            site.attacked.ask(&Asked::legacy(&legacy).bearer(&good));
        }
    }
}

fn traces_of_callers(site: &Site) {
    let state = format!("a={}", LONG.repeat(1024));
    let lines = [
        "traceparent: 00-00000000000000000000000000000000-0000000000000000-01",
        "traceparent: 00-x-y-01",
        "traceparent: ff",
        "baggage: secret=canary-argument-90d2",
        &format!("tracestate: {state}"),
    ];
    for line in lines {
        let shown = site.attacked.ask(&Asked::call("show", &json!({})).line(line).bearer(&site.mint.good()));
        let told = shown.told();
        assert!(!told.contains(ARGUMENT) && !told.contains("ZZZZ"), "{line}: {told}");
    }
}

fn nothing_else_is_served(site: &Site) {
    let good = site.mint.good();
    for path in ["/metrics", "/debug", "/debug/pprof/", "/admin", "/config", "/mcp/metrics", "/.env", "/mcp/", "//mcp"]
    {
        for asked in [Asked::new("GET", path), Asked::new("GET", path).bearer(&good)] {
            let answer = site.attacked.ask(&asked);
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            assert_eq!(answer.header("www-authenticate"), None, "{path}");
        }
    }
}
