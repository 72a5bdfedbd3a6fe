//! Rows 1 to 22: how a token is brought.

use outboard_testkit::authority::{INTROSPECT, JWKS};
use outboard_testkit::mint::Mint;
use serde_json::json;

use super::asked::Asked;
use super::expected::Expected::{self, Bare, Failed, Invalid, Malformed, Plain, Served};
use super::site::Site;
use super::{Case, Scenario, case};

pub(super) fn cases(mint: &Mint) -> Vec<Case> {
    [headers(mint), places(mint), orders()].into_iter().flatten().collect()
}

pub(super) fn scenarios() -> Vec<Scenario<Site>> {
    vec![
        Scenario { rows: &[18, 19], name: "each request of a session", run: each_request_of_a_session },
        Scenario { rows: &[16], name: "before the body", run: before_the_body },
        Scenario { rows: &[22], name: "the token stays here", run: the_token_stays_here },
    ]
}

/// The `Authorization` header.
fn headers(mint: &Mint) -> Vec<Case> {
    let good = mint.good();
    let with = |row: u16, line: String, expected: Expected| {
        let shown: String = line.chars().take(40).collect();
        case(row, shown, Asked::plain().line(format!("Authorization: {line}")), expected)
    };
    let two = |first: &str, second: &str| {
        let asked = Asked::plain().bearer(first).bearer(second);
        case(9, "two lines", asked, Malformed)
    };
    let mut cases = vec![
        case(1, "nothing", Asked::plain(), Bare),
        case(2, "nothing: the scope is told", Asked::plain(), Bare),
        case(3, "a good one", Asked::plain().bearer(&good), Served),
        with(4, format!("bearer {good}"), Served),
        with(4, format!("BEARER {good}"), Served),
        with(4, format!("bEaReR {good}"), Served),
        with(5, "Basic Z29vZDpnb29kLWFuZC1sb25n".to_owned(), Bare),
        with(5, format!("DPoP {good}"), Bare),
        with(5, format!("Bearer-{good}"), Bare),
        with(6, "Bearer".to_owned(), Malformed),
        with(6, "Bearer ".to_owned(), Malformed),
        with(6, "Bearer =".to_owned(), Malformed),
        with(7, format!("Bearer {good} extra"), Malformed),
        with(8, format!("Bearer {good}, Bearer bad"), Malformed),
        with(8, format!("Bearer bad, Bearer {good}"), Malformed),
        two("bad", &good),
        two(&good, "bad"),
        two(&good, &good),
        with(14, format!("Bearer {}", super::attacked::LONG.repeat(64 * 1024)), Invalid),
        with(15, format!("Bearer {good}%20"), Malformed),
        with(15, format!("Bearer {good}é"), Malformed),
        with(15, format!("Bearer {good}\t"), Served),
        with(15, format!("Bearer\t{good}"), Malformed),
    ];
    // What HTTP has no place for never becomes a header.
    for control in ['\n', '\r', '\0', '\u{1b}'] {
        let line = format!("Authorization: Bearer {good}{control}x");
        cases.push(case(15, control.escape_debug().to_string(), Asked::plain().line(line), Plain(400, None)));
    }
    cases
}

/// Other places than the header.
fn places(mint: &Mint) -> Vec<Case> {
    let good = mint.good();
    let query = format!("/mcp?access_token={good}");
    let form = Asked::new("POST", "/mcp").line("Content-Type: application/x-www-form-urlencoded");
    let escaped = format!("/mcp?a=1&access%5Ftoken={good}");
    vec![
        case(10, "in the URL", Asked::plain().at(&query), Bare),
        case(11, "in a form", form.body(format!("access_token={good}")), Bare),
        case(11, "in JSON", Asked::modern("tools/list", json!({ "access_token": good })), Bare),
        case(12, "in a cookie", Asked::plain().line(format!("Cookie: access_token={good}")), Bare),
        case(13, "in the header and the URL", Asked::plain().at(&query).bearer(&good), Malformed),
        case(13, "spelled otherwise", Asked::plain().at(&escaped).bearer(&good), Malformed),
    ]
}

/// What comes before the token, and what behind it.
fn orders() -> Vec<Case> {
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    vec![
        case(17, "an unknown method", Asked::modern("no/such", json!({})), Bare),
        case(17, "no JSON", Asked::new("POST", "/mcp").body("{"), Bare),
        case(17, "another media type", Asked::new("POST", "/mcp").line("Content-Type: text/plain"), Bare),
        case(17, "an unknown method and a bad token", Asked::modern("no/such", json!({})).bearer("bad"), Invalid),
        case(19, "GET", Asked::new("GET", "/mcp").line("Accept: text/event-stream"), Bare),
        case(19, "DELETE", Asked::new("DELETE", "/mcp"), Bare),
        case(19, "the metadata", Asked::new("GET", metadata), Plain(200, None)),
        case(19, "readiness", Asked::new("GET", "/readyz"), Plain(200, None)),
        case(19, "liveness", Asked::new("GET", "/livez"), Plain(200, None)),
    ]
}

fn each_request_of_a_session(site: &Site) {
    let token = site.mint.good();
    let opened = site.attacked.ask(&Asked::initialize().bearer(&token));
    Served.check(&opened).unwrap();
    let session = opened.header("mcp-session-id").expect("a session");
    site.attacked.secrets.borrow_mut().token(session);
    let ping = Asked::legacy(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping"})).in_session(session);
    let stream = Asked::new("GET", "/mcp").line("Accept: text/event-stream").in_session(session);
    let end = Asked::new("DELETE", "/mcp").in_session(session);
    for asked in [&ping, &stream, &end] {
        Bare.check(&site.attacked.ask(asked)).unwrap();
        Invalid.check(&site.attacked.ask(&asked.clone().bearer(&site.mint.unknown_kid(18)))).unwrap();
    }
    Served.check(&site.attacked.ask(&ping.clone().bearer(&token))).unwrap();
    // Another token of the same owner will do, one of another owner finds no session.
    Served.check(&site.attacked.ask(&ping.clone().bearer(&site.mint.good()))).unwrap();
    let stranger = site.mint.good_with(|claims| drop(claims.insert("sub".to_owned(), "user-2".into())));
    Plain(404, Some(1404)).check(&site.attacked.ask(&ping.bearer(&stranger))).unwrap();
    assert_eq!(site.attacked.ask(&end.bearer(&token)).status, 204);
}

fn before_the_body(site: &Site) {
    // The server cannot wait for the rest: it never comes.
    let asked = Asked::plain().body("0123456789").declaring(1 << 20);
    Bare.check(&site.attacked.ask(&asked)).unwrap();
    Invalid.check(&site.attacked.ask(&asked.bearer("bad"))).unwrap();
}

fn the_token_stays_here(site: &Site) {
    let token = site.mint.good();
    let shown = site.attacked.ask(&Asked::call("show", &json!({})).bearer(&token).line("Cookie: a=canary-cookie-5f6a"));
    let told = shown.told();
    assert!(told.contains("tools/call") && told.contains("PATH"), "{told}");
    for secret in [token.as_str(), &token[..12], "canary-cookie-5f6a", "authorization"] {
        assert!(!told.to_ascii_lowercase().contains(&secret.to_ascii_lowercase()), "{secret}: {told}");
    }
    for path in [JWKS, INTROSPECT].map(str::to_owned).into_iter().chain(site.authority.metadata_paths()) {
        for seen in site.authority.seen(&path) {
            let whole = format!("{:?}{:?}{:?}", seen.headers, seen.query, seen.body);
            assert!(!seen.headers.contains_key("authorization") && !whole.contains("eyJ"), "{path}: {whole}");
        }
    }
    Failed(-32602).check(&site.attacked.ask(&Asked::call("nothing", &json!({})).bearer(&token))).unwrap();
}
