//! The server that all attacks share which leave nothing behind: two issuers of JWTs, one that is asked, an API key, and a
//! lifted server whose tools need scopes.

use std::fs;
use std::path::PathBuf;

use outboard_auth::ApiKey;
use outboard_testkit::authority::{Authority, INTROSPECT, JWKS, Listener};
use outboard_testkit::mint::{Key, Mint};
use tokio::runtime::Runtime;

use super::asked::Asked;
use super::attacked::{Attacked, play};
use super::expected::RESOURCE;
use super::{Case, Scenario, logs, now, outgoing, presentation, scopes, tokens};

pub(super) struct Site {
    pub(super) attacked: Attacked,
    /// Issues the tokens of the tables.
    pub(super) mint: Mint,
    pub(super) authority: Authority,
    /// Its key is one that the first one does not know. Scopes are in `scp`, and the resource may end with a slash.
    pub(super) other: Mint,
    /// Is asked about tokens that are no JWTs.
    pub(super) asked: Authority,
    /// Where nobody may connect: the tokens name it, and the environment does as a proxy.
    pub(super) listener: Listener,
    pub(super) api_key: String,
    /// What the lifted server was called with.
    pub(super) calls: PathBuf,
    pub(super) runtime: Runtime,
    other_authority: Authority,
}

/// All tables of this server.
pub(super) fn cases(mint: &Mint, other: &Mint) -> Vec<Case> {
    [presentation::cases(mint), tokens::cases(mint, other), scopes::cases(mint)].into_iter().flatten().collect()
}

/// All scenarios of this server.
pub(super) fn scenarios() -> Vec<Scenario<Site>> {
    [presentation::scenarios(), tokens::scenarios(), scopes::scenarios(), outgoing::scenarios(), logs::scenarios()]
        .into_iter()
        .flatten()
        .collect()
}

/// The mint of the second issuer's tokens, which signs with a key of its own by [`Mint::draft`].
pub(super) const OTHER_KEY: Key = Key::RogueRsa;

impl Site {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(Listener::start());
        let start = || runtime.block_on(Authority::start());
        let (authority, other_authority, asked) = (start(), start(), start());
        let mint = Mint::new(authority.issuer(), RESOURCE, now()).listening_at(&listener.url());
        let other = Mint::new(other_authority.issuer(), RESOURCE, now());
        authority.set_keys(mint.keys());
        other_authority.set_keys(vec![OTHER_KEY.jwk()]);
        let (api_key, kept) = ApiKey::generate("robot", "mcp:read".parse().unwrap());
        let config = format!(
            "{COMMON}\
             [[auth.issuers]]\nissuer = '{}'\n\
             [[auth.issuers]]\nissuer = '{}'\naudiences = ['{RESOURCE}/']\ntypes = ['at+jwt', 'JWT']\n\
             scope_claims = [{{ claim = 'scp', form = 'list' }}]\n\
             [[auth.issuers]]\nissuer = '{}'\n[auth.issuers.introspection]\nendpoint = '{}'\nclient_id = 'outboard'\n\
             client_secret = '${{INTROSPECTION_SECRET}}'\n\
             [[auth.api_keys]]\nname = 'robot'\ndigest = 'sha256:{}'\nscopes = 'mcp:read'\n",
            authority.issuer(),
            other_authority.issuer(),
            asked.issuer(),
            asked.introspection_endpoint(),
            kept.digest_hex(),
        );
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("lifted.py"), LIFTED).unwrap();
        let calls = directory.path().join("calls");
        let url = listener.url();
        let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let mut variables: Vec<(&str, &str)> = proxies.iter().map(|name| (*name, url.as_str())).collect();
        variables.push(("INTROSPECTION_SECRET", INTROSPECTION_SECRET));
        let attacked = Attacked::start(directory, &config, &variables, &[]);
        {
            let mut secrets = attacked.secrets.borrow_mut();
            [INTROSPECTION_SECRET, CHILD_SECRET, ARGUMENT, &backwards(ARGUMENT), QUERY, COOKIE, STATE]
                .iter()
                .for_each(|word| secrets.word(word));
            secrets.token(&api_key);
        }
        let api_key = api_key.to_string();
        Self { attacked, mint, authority, other, asked, listener, api_key, calls, runtime, other_authority }
    }

    /// A fresh token with this scope.
    pub(super) fn token(&self, scope: &str) -> String {
        with_scope(&self.mint, scope)
    }

    /// The tools that were called, in their order.
    pub(super) fn called(&self) -> String {
        fs::read_to_string(&self.calls).unwrap_or_default()
    }

    pub(super) fn connections(&self) -> usize {
        self.runtime.block_on(self.listener.connections())
    }
}

/// A fresh token with this scope.
pub(super) fn with_scope(mint: &Mint, scope: &str) -> String {
    mint.good_with(|claims| drop(claims.insert("scope".to_owned(), scope.into())))
}

/// A call with every secret that a caller can have.
pub(super) fn canaries(token: &str) -> Asked {
    Asked::call("read", &serde_json::json!({ "text": ARGUMENT }))
        .at(&format!("/mcp?q={QUERY}"))
        .line(format!("Cookie: session={COOKIE}"))
        .bearer(token)
}

pub(super) fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

const INTROSPECTION_SECRET: &str = "canary-introspection-4b1f";
const CHILD_SECRET: &str = "canary-child-environment-77ac";
pub(super) const ARGUMENT: &str = "canary-argument-90d2";
pub(super) const QUERY: &str = "canary-query-13e8";
const COOKIE: &str = "canary-cookie-5f6a";
pub(super) const STATE: &str = "canary-request-state-c04e";

const COMMON: &str = r#"
limits = { headers = "256KiB" }
[backends.lifted]
command = "python3"
args = ["lifted.py"]
cwd = "."
isolation = "shared"
env = { SECRET = "canary-child-environment-77ac" }
[auth]
resource = "https://mcp.example.com/mcp"
initial_scopes = "mcp:read offline_access"
scopes_supported = "mcp:read mcp:write files:x offline_access"
[auth.hierarchy]
"mcp:admin" = "mcp:read mcp:write"
[[auth.rules]]
tool = "read"
all_of = ["mcp:read"]
[[auth.rules]]
tool = "write"
all_of = ["mcp:write", "files:x"]
[[auth.rules]]
tool = "tenant"
all_of = ["tenant:${args.tenant}"]
"#;

/// A stdio server that gives texts back backwards, shows what it was sent, and notes which tools were called.
const LIFTED: &str = r#"
import json, os, sys
TOOLS = [{"name": name, "inputSchema": {"type": "object", "properties": {argument: {"type": "string"}}}}
         for name, argument in [("write", "text"), ("tenant", "tenant"), ("read", "text"), ("show", "text")]]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer, params = message["method"], {}, message.get("params", {})
    if method == "initialize":
        answer["result"] = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                            "serverInfo": {"name": "lifted", "version": "1"}}
    elif method == "tools/list":
        answer["result"] = {"tools": TOOLS}
    elif method == "tools/call":
        with open("calls", "a") as file:
            file.write(params["name"] + "\n")
        text = params.get("arguments", {}).get("text", "")[::-1]
        if params["name"] == "show":
            text = line + json.dumps(dict(os.environ)) + " ".join(sys.argv)
        answer["result"] = {"content": [{"type": "text", "text": text}]}
    else:
        answer["error"] = {"code": -32601, "message": "no such method"}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

#[test]
fn every_attack_on_one_server_has_its_answer() {
    let site = Site::start();
    site.attacked.table(&cases(&site.mint, &site.other));
    play(&site, &site.attacked, &scenarios());
    let elsewhere = [site.authority.count(INTROSPECT), site.other_authority.count(INTROSPECT), site.asked.count(JWKS)];
    assert_eq!(elsewhere, [0; 3], "nobody is asked for what the config does not say");
    site.attacked.end();
}
