//! Rows 95 to 116 as `serve --dev-issuer` has them, with a user who approves everything; and those of 244 and 248 that are
//! about the documents of clients. What the issuer's own tests cover in full is driven here by its most important cases.

use std::collections::{HashMap, HashSet};

use outboard_testkit::authority::Listener;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use url::{Url, form_urlencoded};

use super::asked::{Answer, Asked};
use super::attacked::{Attacked, LONG, play};
use super::expected::Expected::{Plain, Served};
use super::{Scenario, case};

/// A server with an issuer for development, and a registered client.
pub(super) struct Development {
    pub(super) attacked: Attacked,
    pub(super) client: String,
    listener: Listener,
    runtime: Runtime,
}

pub(super) const REDIRECT: &str = "http://127.0.0.1:33418/callback";
/// RFC 7636, Appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Development {
    pub(super) fn start(arguments: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(Listener::start());
        let arguments = [&["--dev-issuer"], arguments].concat();
        let attacked = Attacked::start(tempfile::tempdir().unwrap(), "", &[], &arguments);
        let mut development = Self { attacked, client: String::new(), listener, runtime };
        development.client = development.registered("none")["client_id"].as_str().unwrap().to_owned();
        development
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.attacked.host())
    }

    pub(super) fn resource(&self) -> String {
        format!("{}/mcp", self.origin())
    }

    pub(super) fn register(&self, metadata: &Value) -> Answer {
        self.attacked
            .ask(&Asked::new("POST", "/register").line("Content-Type: application/json").body(metadata.to_string()))
    }

    /// A new client that says who it is in this way.
    fn registered(&self, method: &str) -> Value {
        let answer = self.register(&json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": method,
            "grant_types": ["authorization_code", "refresh_token"], "client_name": "The <script>App"}));
        assert_eq!(answer.status, 201, "{answer:?}");
        let client = answer.json();
        if let Some(secret) = client["client_secret"].as_str() {
            self.attacked.secrets.borrow_mut().token(secret);
        }
        client
    }

    /// An authorization request: the good one, with parameters replaced, and left out where the value is empty.
    pub(super) fn authorization(&self, changes: &[(&str, &str)]) -> Asked {
        let resource = self.resource();
        let good = [
            ("response_type", "code"),
            ("client_id", self.client.as_str()),
            ("redirect_uri", REDIRECT),
            ("state", "canary-state-of-a-client-8d2a"),
            ("resource", resource.as_str()),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Asked::new("GET", &format!("/authorize?{}", form(&good, changes)))
    }

    /// Sends one, and reads the parameters that the client gets.
    fn authorize(&self, changes: &[(&str, &str)]) -> HashMap<String, String> {
        self.sent_back(&self.attacked.ask(&self.authorization(changes)))
    }

    /// The parameters that the client gets by a redirect; none where there is no redirect.
    pub(super) fn sent_back(&self, answer: &Answer) -> HashMap<String, String> {
        let Some(location) = answer.header("location") else { return HashMap::new() };
        let parameters: HashMap<String, String> = Url::parse(location).unwrap().query_pairs().into_owned().collect();
        if let Some(code) = parameters.get("code") {
            self.attacked.secrets.borrow_mut().token(code);
        }
        parameters
    }

    fn code(&self) -> String {
        let parameters = self.authorize(&[]);
        parameters.get("code").unwrap_or_else(|| panic!("no code: {parameters:?}")).clone()
    }

    /// Sends a form to the token endpoint.
    fn token(&self, parameters: &str, lines: &[&str]) -> Answer {
        let asked = Asked::new("POST", "/token").line("Content-Type: application/x-www-form-urlencoded");
        let answer = self.attacked.ask(&lines.iter().fold(asked, |asked, line| asked.line(line)).body(parameters));
        let tokens = answer.json();
        for kind in ["access_token", "refresh_token"] {
            if let Some(token) = tokens[kind].as_str() {
                self.attacked.secrets.borrow_mut().token(token);
            }
        }
        answer
    }

    /// What the issuer says of a token to the client of whoever may read the server's state directory.
    fn introspected(&self, token: &str) -> Value {
        let file = self.attacked.server().directory().join(".local/state/outboard/dev-issuer.json");
        let client: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let part = |name: &str| client[name].as_str().unwrap().to_owned();
        self.attacked.secrets.borrow_mut().token(&part("client_secret"));
        let parameters =
            format!("token={token}&client_id={}&client_secret={}", part("client_id"), part("client_secret"));
        let asked = Asked::new("POST", "/introspect").line("Content-Type: application/x-www-form-urlencoded");
        self.attacked.ask(&asked.body(&parameters)).json()
    }

    /// Redeems a code, with parameters replaced, and left out where the value is empty.
    pub(super) fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let resource = self.resource();
        let good = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", self.client.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("resource", resource.as_str()),
        ];
        self.token(&form(&good, changes), &[])
    }

    fn refresh(&self, token: &Value, changes: &[(&str, &str)]) -> Answer {
        let token = token.as_str().unwrap();
        let good = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", self.client.as_str())];
        self.token(&form(&good, changes), &[])
    }
}

/// Parameters, some of them replaced, and left out where the value is empty.
fn form(good: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let kept = good.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let changed = changes.iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(changed).copied()).finish()
}

pub(super) fn scenarios() -> Vec<Scenario<Development>> {
    vec![
        Scenario { rows: &[3, 92, 103], name: "a client gets in", run: a_client_gets_in },
        Scenario {
            rows: &[95, 103, 107],
            name: "requests that a client is told of",
            run: requests_that_a_client_is_told_of,
        },
        Scenario { rows: &[100], name: "redirect URIs that are not the client's", run: other_redirect_uris },
        Scenario {
            rows: &[96, 99, 107],
            name: "codes that are presented wrongly",
            run: codes_that_are_presented_wrongly,
        },
        Scenario { rows: &[97], name: "a code twice", run: a_code_twice },
        Scenario { rows: &[97], name: "a code twice revokes its access token", run: a_code_twice_revokes },
        Scenario { rows: &[108, 109], name: "a refresh token twice", run: a_refresh_token_twice },
        Scenario { rows: &[114], name: "clients at the token endpoint", run: clients_at_the_token_endpoint },
        Scenario { rows: &[116], name: "codes are long", run: codes_are_long },
        Scenario { rows: &[112, 113, 244, 248], name: "documents nobody may fetch", run: documents_nobody_may_fetch },
        // The last one: nobody can register after it.
        Scenario { rows: &[101, 110, 111], name: "registration", run: registration },
    ]
}

fn a_client_gets_in(at: &Development) {
    let metadata = at
        .attacked
        .ask(&Asked::new("GET", "/.well-known/oauth-authorization-server").line("Origin: https://a.example"));
    assert_eq!(metadata.header("access-control-allow-origin"), Some("*"));
    let document = metadata.json();
    assert_eq!(document["issuer"], at.origin());
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert!(!document["scopes_supported"].to_string().contains("offline_access"), "{document}");
    let parameters = at.authorize(&[]);
    assert_eq!(parameters["iss"], at.origin());
    let tokens = at.redeem(&parameters["code"], &[]);
    assert_eq!((tokens.status, tokens.header("cache-control")), (200, Some("no-store")));
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    Served.check(&at.attacked.ask(&Asked::plain().bearer(&token))).unwrap();
}

fn requests_that_a_client_is_told_of(at: &Development) {
    let (short, long) = ("x".repeat(42), "x".repeat(129));
    let other = format!("{}/other", at.origin());
    let fragment = format!("{}#f", at.resource());
    let resource = at.resource();
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", &short)], "invalid_request"),
        (&[("code_challenge", &long)], "invalid_request"),
        (&[("resource", &other)], "invalid_target"),
        (&[("resource", &fragment)], "invalid_target"),
        (&[("resource", &resource), ("resource", &resource)], "invalid_target"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("scope", "no:such")], "invalid_scope"),
    ];
    for (changes, error) in cases {
        let told = at.authorize(changes);
        assert_eq!(told.get("error").map(String::as_str), Some(error), "{changes:?}: {told:?}");
        assert_eq!(told.get("iss"), Some(&at.origin()), "{changes:?}: {told:?}");
        assert!(!told.contains_key("code"), "{changes:?}: {told:?}");
    }
    // There is one resource, so it may be left out.
    assert!(at.authorize(&[("resource", "")]).contains_key("code"));
}

fn other_redirect_uris(at: &Development) {
    let uris = [
        "http://127.0.0.1:33418/other",
        "http://127.0.0.1:33418/callback/more",
        "http://127.0.0.1:33418/callback?x",
        "http://127.0.0.1:33418/callback#f",
        "http://127.0.0.1:33418/%63allback",
        "http://127.0.0.1:33418@evil.example/callback",
        "http://127.0.0.1\\@evil.example/callback",
        "https://127.0.0.1:33418/callback",
        "https://a@evil.example/callback",
        "https://evil.example:8443/callback",
        "//evil.example/callback",
        "javascript:alert(1)",
    ];
    for uri in uris {
        let answer = at.attacked.ask(&at.authorization(&[("redirect_uri", uri)]));
        assert_eq!((answer.status, answer.header("location")), (400, None), "{uri}: {answer:?}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{uri}");
    }
}

fn is_refused(answer: &Answer, error: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
}

fn codes_that_are_presented_wrongly(at: &Development) {
    let stranger = at.registered("none")["client_id"].as_str().unwrap().to_owned();
    let other = format!("{}/other", at.origin());
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("code_verifier", "")], "invalid_grant"),
        (&[("code_verifier", "another-verifier-of-forty-three-characters-00")], "invalid_grant"),
        (&[("client_id", &stranger)], "invalid_grant"),
        (&[("redirect_uri", "http://127.0.0.1:1/callback")], "invalid_grant"),
        (&[("resource", &other)], "invalid_target"),
    ];
    for (changes, error) in cases {
        is_refused(&at.redeem(&at.code(), changes), error);
    }
}

fn a_code_twice(at: &Development) {
    let code = at.code();
    let first = at.redeem(&code, &[]);
    assert_eq!(first.status, 200, "{first:?}");
    is_refused(&at.redeem(&code, &[]), "invalid_grant");
    is_refused(&at.refresh(&first.json()["refresh_token"], &[]), "invalid_grant");
}

/// The issuer says so from then on; who verifies a JWT by itself serves it until it ends, which is soon (RFC 7009 §3).
fn a_code_twice_revokes(at: &Development) {
    let code = at.code();
    let first = at.redeem(&code, &[]).json();
    let token = first["access_token"].as_str().unwrap();
    assert_eq!(at.introspected(token)["active"], true);
    is_refused(&at.redeem(&code, &[]), "invalid_grant");
    assert_eq!(at.introspected(token), json!({"active": false}));
}

fn a_refresh_token_twice(at: &Development) {
    let first = at.redeem(&at.code(), &[]).json();
    let other = format!("{}/other", at.origin());
    is_refused(&at.refresh(&first["refresh_token"], &[("scope", "no:such")]), "invalid_scope");
    is_refused(&at.refresh(&first["refresh_token"], &[("resource", &other)]), "invalid_target");
    // Neither has spent it.
    let second = at.refresh(&first["refresh_token"], &[]);
    assert_eq!(second.status, 200, "{second:?}");
    is_refused(&at.refresh(&first["refresh_token"], &[]), "invalid_grant");
    is_refused(&at.refresh(&second.json()["refresh_token"], &[]), "invalid_grant");
}

fn clients_at_the_token_endpoint(at: &Development) {
    let client = at.registered("client_secret_basic");
    let id = client["client_id"].as_str().unwrap();
    let grant = "grant_type=authorization_code&code=x&code_verifier=x";
    let both = format!("{grant}&client_id={id}&client_secret=canary-a-secret-in-a-form");
    let wrong = [
        "Authorization: Basic bm9ib2R5Ondyb25nLXNlY3JldC1vZi1ub2JvZHk=",
        "Authorization: Basic !!!-no-base64-at-all-!!!",
        "Authorization: Bearer eyJhIjoiYiJ9-not-a-client",
    ];
    for line in wrong {
        let answer = at.token(grant, &[line]);
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (401, Some("invalid_client")),
            "{line}: {answer:?}"
        );
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic ")), "{line}");
    }
    is_refused(&at.token(&both, &wrong[..1]), "invalid_request");
    is_refused(&at.token(&format!("{grant}&grant_type=refresh_token&client_id={}", at.client), &[]), "invalid_request");
    let json = Asked::new("POST", "/token").line("Content-Type: application/json").body("{}");
    assert!(matches!(at.attacked.ask(&json).status, 400 | 415));
    let cases = [case(114, "in the URL", Asked::new("POST", &format!("/token?{grant}")), Plain(400, None))];
    at.attacked.table(&cases);
}

fn codes_are_long(at: &Development) {
    let codes: HashSet<String> = (0..8).map(|_| at.code()).collect();
    assert_eq!(codes.len(), 8);
    // 128 bits in base64url.
    assert!(codes.iter().all(|code| code.len() >= 22), "{codes:?}");
}

fn documents_nobody_may_fetch(at: &Development) {
    let port = at.listener.address().port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "localhost",
        "localhost.",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fd00::1]",
        "[fe80::1]",
        "①②⑦.⓪.⓪.①",
    ];
    let documents = hosts.map(|host| format!("https://{host}:{port}/client.json"));
    let others = [
        format!("http://127.0.0.1:{port}/client.json"),
        format!("https://127.0.0.1:{port}"),
        format!("https://user@127.0.0.1:{port}/client.json"),
        format!("https://127.0.0.1:{port}/a/../client.json"),
        format!("https://127.0.0.1:{port}/client.json#f"),
        "file:///etc/passwd".to_owned(),
        "gopher://a.example/client.json".to_owned(),
        "unix:/run/x.sock".to_owned(),
    ];
    let mut pages = HashSet::new();
    for id in documents.iter().chain(&others) {
        let answer = at.attacked.ask(&at.authorization(&[("client_id", id)]));
        assert_eq!((answer.status, answer.header("location")), (400, None), "{id}: {answer:?}");
        // Why not is for the log: who asks could find out what is where.
        let whys = ["private", "loopback", "special", "refused", "connect", "timed out", "resolve"];
        assert!(whys.iter().all(|why| !answer.body.contains(why)), "{id}: {}", answer.body);
        pages.insert(answer.body.replace(id.as_str(), ""));
    }
    assert!(pages.len() <= 2, "{pages:?}");
    assert_eq!(at.runtime.block_on(at.listener.connections()), 0);
}

fn registration(at: &Development) {
    let uris = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:http://localhost/x",
        "file:///etc/passwd",
        "http://evil.example/cb",
    ];
    for uri in uris {
        is_refused(&at.register(&json!({ "redirect_uris": [uri] })), "invalid_redirect_uri");
    }
    is_refused(&at.register(&json!({ "redirect_uris": vec![REDIRECT; 21] })), "invalid_redirect_uri");
    assert_eq!(at.register(&json!({ "redirect_uris": vec![REDIRECT; 1000] })).status, 413);
    for (name, value) in [
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!(["implicit"])),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", json!("other")),
    ] {
        let mut metadata = json!({"redirect_uris": [REDIRECT]});
        metadata[name] = value;
        is_refused(&at.register(&metadata), "invalid_client_metadata");
    }
    let long = at.register(&json!({"redirect_uris": [REDIRECT], "client_name": LONG.repeat(1 << 20)}));
    assert_eq!(long.status, 413, "{long:?}");
    let mut registered = 0;
    let slowed = loop {
        let answer = at.register(&json!({"redirect_uris": [REDIRECT]}));
        match answer.status {
            201 => registered += 1,
            _ => break answer,
        }
        assert!(registered < 200, "nobody slows a flood");
    };
    assert_eq!(slowed.status, 429, "{slowed:?}");
    let seconds: u64 = slowed.header("retry-after").expect("when to come back").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

#[test]
fn every_attack_on_the_issuer_for_development_has_its_answer() {
    let development = Development::start(&["--dev-issuer-auto-approve", "alice"]);
    development.attacked.secrets.borrow_mut().word("canary-state-of-a-client-8d2a");
    development.attacked.secrets.borrow_mut().word("canary-a-secret-in-a-form");
    let huge = Asked::plain().bearer(&LONG.repeat(64 * 1024));
    development.attacked.table(&[case(14, "more than a head may have", huge, Plain(431, None))]);
    play(&development, &development.attacked, &scenarios());
    development.attacked.end();
}
