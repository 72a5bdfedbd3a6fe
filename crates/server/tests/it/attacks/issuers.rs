//! Rows 61 to 79, and those of 27, 29 and 67 on which the published keys decide: issuers that are broken, slow, hostile, or
//! change their mind. Each has its own tokens on one server, and none disturbs another.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

use http::StatusCode;
use outboard_testkit::authority::{Authority, Fault, INTROSPECT, JWKS, Listener, Scripted};
use outboard_testkit::mint::{Key, KeyedToken, Mint, Verdict};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::asked::Asked;
use super::attacked::{Attacked, play};
use super::expected::Expected::{self, Bare, Invalid, Served, Unavailable};
use super::expected::RESOURCE;
use super::{Case, Scenario, case, now};

/// A server with many issuers.
struct Faults {
    attacked: Attacked,
    /// Whose keys change.
    moving: Authority,
    mint: Mint,
    /// Whose answers are remembered: its tokens begin with [`FLOOD`].
    asked: Authority,
    /// Where nobody may connect to.
    listener: Listener,
    runtime: Runtime,
    /// All other issuers.
    others: Vec<Authority>,
}

/// What an issuer is like, and what its good token is worth then.
struct Like {
    row: u16,
    name: &'static str,
    expected: Expected,
    fault: fn(&Authority, &Listener),
}

/// All tokens on which the published keys decide. They are different in each issuer, and the same in all else.
pub(super) fn keyed(mint: &Mint) -> Vec<KeyedToken> {
    mint.keyed()
}

pub(super) fn rows() -> Vec<u16> {
    let mint = Mint::new("http://127.0.0.1:1", RESOURCE, 1_785_240_000);
    let keyed = keyed(&mint).into_iter().map(|keyed| keyed.row);
    let likes = likes().into_iter().map(|like| like.row);
    let answers = answers("").into_iter().map(|(row, ..)| row);
    let scenarios = scenarios().into_iter().flat_map(|scenario| scenario.rows.to_vec());
    keyed.chain(likes).chain(answers).chain(scenarios).collect()
}

fn likes() -> Vec<Like> {
    let like = |row, name, expected, fault| Like { row, name, expected, fault };
    vec![
        like(66, "keys: 500", Unavailable, |issuer, _| issuer.set(JWKS, status(500))),
        like(249, "keys: 500 with a long story", Unavailable, |issuer, _| {
            let body = format!("no route to {STORY}").into();
            issuer.set(JWKS, Fault::Answer(Scripted { status: StatusCode::BAD_GATEWAY, headers: Vec::new(), body }));
        }),
        like(65, "keys: hang", Unavailable, |issuer, _| issuer.set(JWKS, Fault::Hang)),
        like(65, "keys: reset", Unavailable, |issuer, _| issuer.set(JWKS, Fault::Reset)),
        like(65, "keys: a page", Unavailable, |issuer, _| issuer.set(JWKS, Fault::Html)),
        like(65, "keys: garbage", Unavailable, |issuer, _| issuer.set(JWKS, Fault::Garbage)),
        like(65, "keys: 64 MiB", Unavailable, |issuer, _| issuer.set(JWKS, Fault::Huge)),
        like(64, "keys: none", Unavailable, |issuer, _| issuer.set(JWKS, Fault::EmptyKeys)),
        like(246, "keys: elsewhere", Unavailable, |issuer, to| issuer.set(JWKS, Fault::Redirect(to.url()))),
        like(65, "keys: at the metadata of a cloud", Unavailable, |issuer, _| {
            issuer.set(JWKS, Fault::Redirect("http://169.254.169.254/latest/meta-data/".to_owned()));
        }),
        like(66, "metadata: 500", Unavailable, |issuer, _| {
            issuer.metadata_paths().iter().for_each(|path| issuer.set(path, status(500)));
        }),
        like(68, "metadata: of another issuer", Unavailable, |issuer, _| {
            issuer.set_metadata("issuer", json!("https://other.example"));
        }),
        like(68, "metadata: of the issuer with a slash", Unavailable, |issuer, _| {
            issuer.set_metadata("issuer", json!(format!("{}/", issuer.issuer())));
        }),
        like(69, "metadata: keys on another host", Unavailable, |issuer, to| {
            issuer.set_metadata("jwks_uri", json!(format!("http://localhost:{}/jwks", to.address().port())));
        }),
        like(248, "metadata: keys in a file", Unavailable, |issuer, _| {
            issuer.set_metadata("jwks_uri", json!("file:///etc/passwd"));
        }),
        like(67, "keys: 10 000", Served, |issuer, _| {
            let mut keys: Vec<Value> = (0..1000).map(|n| Key::RogueEd.jwk_as(&format!("x{n}"))).collect();
            keys.insert(0, Key::Rsa.jwk());
            issuer.set_keys(keys);
        }),
        like(71, "asked: active", Served, |_, _| {}),
        like(75, "asked: 401", Unavailable, |issuer, _| issuer.set(INTROSPECT, status(401))),
        like(75, "asked: 500", Unavailable, |issuer, _| issuer.set(INTROSPECT, status(500))),
        like(75, "asked: hang", Unavailable, |issuer, _| issuer.set(INTROSPECT, Fault::Hang)),
        like(75, "asked: reset", Unavailable, |issuer, _| issuer.set(INTROSPECT, Fault::Reset)),
        like(75, "asked: a page", Unavailable, |issuer, _| issuer.set(INTROSPECT, Fault::Html)),
        like(247, "asked: 64 MiB", Unavailable, |issuer, _| issuer.set(INTROSPECT, Fault::Huge)),
        like(246, "asked: elsewhere", Unavailable, |issuer, to| issuer.set(INTROSPECT, Fault::Redirect(to.url()))),
        like(73, "asked: a member twice", Invalid, |issuer, _| {
            let text = format!(r#"{{"active":false,"active":true,"sub":"user-1","aud":"{RESOURCE}"}}"#);
            issuer.set(INTROSPECT, Fault::Answer(Scripted::json(text)));
        }),
    ]
}

fn status(status: u16) -> Fault {
    Fault::Status(StatusCode::from_u16(status).unwrap())
}

/// What one issuer says of tokens.
fn answers(issuer: &str) -> Vec<(u16, &'static str, Value, Expected)> {
    let good = |changes: Value| {
        let mut answer = json!({"active": true, "iss": issuer, "aud": RESOURCE, "sub": "user-1", "client_id": "client-1",
            "scope": "mcp:read", "exp": now() + 600});
        let members = answer.as_object_mut().unwrap();
        members.extend(changes.as_object().unwrap().clone());
        answer
    };
    let bad = |row, name, changes| (row, name, good(changes), Invalid);
    vec![
        (71, "good", good(json!({})), Served),
        (71, "good for several", good(json!({"aud": ["https://other.example", RESOURCE]})), Served),
        (72, "inactive", json!({"active": false}), Invalid),
        bad(72, "inactive and all else good", json!({"active": false})),
        bad(73, "a text", json!({"active": "true"})),
        bad(73, "a number", json!({"active": 1})),
        bad(73, "nothing", json!({"active": null})),
        (73, "an array", json!([good(json!({}))]), Invalid),
        (73, "nested", json!({"data": good(json!({}))}), Invalid),
        bad(74, "another audience", json!({"aud": "https://other.example/mcp"})),
        bad(74, "no audience", json!({"aud": null})),
        bad(74, "another issuer", json!({"iss": "https://other.example"})),
        bad(74, "a client that is no text", json!({"client_id": ["client-1"]})),
        bad(74, "a refresh token", json!({"token_type": "refresh_token"})),
        bad(74, "expired", json!({"exp": now() - 600})),
        bad(74, "not yet", json!({"nbf": now() + 600})),
        bad(74, "bound", json!({"cnf": {"jkt": "x"}})),
    ]
}

fn scenarios() -> Vec<Scenario<Faults>> {
    vec![
        Scenario { rows: &[59, 61, 62, 64, 65], name: "keys come and go", run: keys_come_and_go },
        Scenario { rows: &[76], name: "a flood of opaque tokens", run: a_flood_of_opaque_tokens },
        Scenario { rows: &[20], name: "a token ends while answers are open", run: a_token_ends },
    ]
}

const SECRET: &str = "canary-of-a-client-2b90";
const FLOOD: &str = "flood-";
/// What an issuer says that does not work.
const STORY: &str = "canary-database-inside-af09";

/// The server of these, and what its issuers' tokens are worth.
fn start() -> (Faults, Vec<Case>) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(Listener::start());
    let new = || runtime.block_on(Authority::start());
    let plain = |token: &str| Asked::plain().bearer(token);
    let (mut others, mut cases, mut config) = (Vec::new(), Vec::new(), CONFIG.to_owned());
    let by_keys = |issuer: &Authority| format!("[[auth.issuers]]\nissuer = '{}'\n", issuer.issuer());
    let by_asking = |issuer: &Authority, prefix: &str| {
        format!(
            "{}introspection = {{ endpoint = '{}', client_id = 'outboard', client_secret = '${{SECRET}}', \
             token_prefix = '{prefix}' }}\n",
            by_keys(issuer),
            issuer.introspection_endpoint()
        )
    };
    for number in 0..keyed(&Mint::new("http://127.0.0.1:1", RESOURCE, now())).len() {
        let issuer = new();
        let keyed = keyed(&Mint::new(issuer.issuer(), RESOURCE, now())).swap_remove(number);
        issuer.set_keys(keyed.keys);
        let expected = match keyed.verdict {
            Verdict::Accepted => Served,
            Verdict::Refused => Invalid,
        };
        cases.push(case(keyed.row, keyed.name, plain(&keyed.token), expected));
        config.push_str(&by_keys(&issuer));
        others.push(issuer);
    }
    for (number, like) in likes().into_iter().enumerate() {
        let issuer = new();
        let mint = Mint::new(issuer.issuer(), RESOURCE, now());
        issuer.set_keys(mint.keys());
        let token = if like.name.starts_with("asked") {
            let token = format!("like{number}-canary-of-an-opaque-token");
            issuer.set_introspection(&token, answers(issuer.issuer()).swap_remove(0).2);
            config.push_str(&by_asking(&issuer, &format!("like{number}-")));
            token
        } else {
            config.push_str(&by_keys(&issuer));
            mint.good()
        };
        (like.fault)(&issuer, &listener);
        cases.push(case(like.row, like.name, plain(&token), like.expected));
        others.push(issuer);
    }
    let (asked, moving) = (new(), new());
    for (number, (row, name, answer, expected)) in answers(asked.issuer()).into_iter().enumerate() {
        let token = format!("{FLOOD}{number}-canary-of-an-opaque-token");
        asked.set_introspection(&token, answer);
        cases.push(case(row, name, plain(&token), expected));
    }
    config.push_str(&by_asking(&asked, FLOOD));
    let mint = Mint::new(moving.issuer(), RESOURCE, now());
    moving.set_keys(mint.keys());
    moving.set_cache_control(JWKS, "max-age=0");
    config.push_str(&by_keys(&moving));
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("slow.py"), SLOW).unwrap();
    let attacked = Attacked::start(directory, &config, &[("SECRET", SECRET)], &[]);
    [SECRET, STORY].iter().for_each(|word| attacked.secrets.borrow_mut().word(word));
    (Faults { attacked, moving, mint, asked, listener, runtime, others }, cases)
}

const CONFIG: &str = r#"
[backends.slow]
command = "python3"
args = ["slow.py"]
cwd = "."
isolation = "shared"
[auth]
resource = "https://mcp.example.com/mcp"
initial_scopes = "mcp:read"
[auth.limits]
skew = "0s"
keys_fresh_min = "1s"
keys_cool_down = "1s"
"#;

/// A stdio server whose tool ends when there is a file `over`.
const SLOW: &str = r#"
import json, os, sys, time
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer, params = message["method"], {}, message.get("params", {})
    if method == "initialize":
        answer["result"] = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                            "serverInfo": {"name": "slow", "version": "1"}}
    elif method == "tools/list":
        answer["result"] = {"tools": [{"name": "wait", "inputSchema": {"type": "object"}}]}
    elif method == "tools/call":
        open("called", "w").close()
        while not os.path.exists("over"):
            time.sleep(0.01)
        answer["result"] = {"content": [{"type": "text", "text": "it is over"}]}
    else:
        answer["error"] = {"code": -32601, "message": "no such method"}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

/// Waits until two more fetches of keys have begun: then the first of them is over.
fn fetched(faults: &Faults) {
    let begun = faults.moving.count(JWKS);
    faults.runtime.block_on(faults.moving.counted(JWKS, begun + 2));
}

fn keys_come_and_go(faults: &Faults) {
    let check = |token: &str, expected: Expected| {
        expected.check(&faults.attacked.ask(&Asked::plain().bearer(token))).unwrap();
    };
    let by = |key: Key| faults.mint.draft(key).sign(key);
    let remembered = by(Key::Rsa);
    check(&remembered, Served);
    faults.moving.set_keys(vec![Key::Ec.jwk()]);
    fetched(faults);
    check(&remembered, Invalid);
    check(&by(Key::Rsa), Invalid);
    check(&by(Key::Ec), Served);
    // Without an answer nobody knows whether there is another key by now.
    for (fault, unknown) in [(Fault::EmptyKeys, Invalid), (status(500), Unavailable), (Fault::Garbage, Unavailable)] {
        let begun = faults.moving.count(JWKS);
        faults.moving.set(JWKS, fault);
        faults.runtime.block_on(faults.moving.counted(JWKS, begun + 2));
        check(&by(Key::Ec), Served);
        check(&faults.mint.unknown_kid(64), unknown);
    }
    faults.moving.clear();
    faults.moving.set_keys(faults.mint.keys());
    fetched(faults);
    check(&by(Key::Rsa), Served);
}

fn a_flood_of_opaque_tokens(faults: &Faults) {
    let before = faults.asked.count(INTROSPECT);
    let tokens: Vec<String> = (0..100).map(|number| format!("{FLOOD}flood-{number}-canary-of-a-flood")).collect();
    // The second time they are remembered as bad.
    for token in tokens.iter().chain(&tokens[90..]) {
        Invalid.check(&faults.attacked.ask(&Asked::plain().bearer(token))).unwrap();
    }
    assert_eq!(faults.asked.count(INTROSPECT), before + tokens.len());
    Served.check(&faults.attacked.ask(&Asked::plain().bearer(&faults.mint.good()))).unwrap();
}

fn a_token_ends(faults: &Faults) {
    let ends =
        faults.mint.clone().at(now()).good_with(|claims| drop(claims.insert("exp".to_owned(), (now() + 3).into())));
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let mut listening = faults.attacked.open(&Asked::modern("subscriptions/listen", filter).bearer(&ends));
    let mut calling = faults.attacked.open(&Asked::call("wait", &json!({})).bearer(&ends));
    assert!(head(&mut listening).starts_with("HTTP/1.1 200"));
    let called = faults.attacked.server().directory().join("called");
    crate::drain::wait_until("the call arrives", || called.exists());
    let mut rest = String::new();
    listening.read_to_string(&mut rest).unwrap();
    let last = rest.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().expect("an event");
    let last: Value = serde_json::from_str(last).unwrap();
    assert!(last.get("result").is_some(), "{rest}");
    Invalid.check(&faults.attacked.ask(&Asked::plain().bearer(&ends))).unwrap();
    fs::write(faults.attacked.server().directory().join("over"), "").unwrap();
    let mut rest = String::new();
    calling.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("HTTP/1.1 200") && rest.contains("it is over"), "{rest}");
}

fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut first = String::new();
    stream.read_line(&mut first).unwrap();
    first
}

#[test]
fn every_broken_issuer_has_its_answer_and_disturbs_no_other() {
    let (faults, cases) = start();
    faults.attacked.table(&cases);
    faults.attacked.table(&[case(1, "no token", Asked::plain(), Bare)]);
    play(&faults, &faults.attacked, &scenarios());
    assert_eq!(faults.runtime.block_on(faults.listener.connections()), 0, "nobody goes where an answer says");
    assert!(!faults.others.is_empty());
    faults.attacked.end();
}
