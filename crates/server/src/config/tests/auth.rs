//! Authentication in the file and in flags: what is refused, and what the resource server gets.

use std::time::Duration;

use outboard_auth::{
    AccessMark, Algorithm, Audience, AuthLimits, IntrospectionForm, IntrospectionRules, JwtRules, KeySource, Reach,
    ResourceServerConfig, ScopeForm, ScopeSet, TokenKind, TokenType,
};
use outboard_issuer::SigningAlgorithm;
use outboard_runtime::{Governed, Listing, RequirementTemplate, ScopeTemplate};
use url::Url;

use super::{EVERY_KEY, accepted, load, load_with, plain, report, summary};
use crate::config::auth::AuthConfig;
use crate::config::{DevIssuerConfig, Overrides};

/// A file with one issuer, on three lines, to write settings of the issuer behind.
pub(super) const ISSUER: &str = "[[auth.issuers]]\nissuer = \"https://a.example\"\n";

/// An API key, on four lines.
const KEY: &str = "[[auth.api_keys]]\nname = \"ci\"\nscopes = \"a\"\ndigest = \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n";

/// Lines behind [`ISSUER`], the first of which is line 3, and what is said about them.
pub(super) const BEHIND_ISSUER: &[(&str, &[&str])] = &[
    ("", &[]),
    ("isuer = 1", &["OB003 3:1"]),
    ("issuers = 1", &["OB003 3:1"]),
    ("audiences = [\"\"]", &["OB011 3:14"]),
    ("audiences = \"a\"", &["OB010 3:13"]),
    ("algorithms = [\"RS256\", \"EdDSA\"]", &[]),
    ("algorithms = [\"HS256\"]", &["OB010 3:15"]),
    ("algorithms = [\"none\"]", &["OB010 3:15"]),
    ("algorithms = []", &["OB010 1:1"]),
    ("types = [\"at+jwt\", \"\"]", &[]),
    ("types = []", &["OB010 1:1"]),
    ("metadata_url = \"https://a.example/m\"", &[]),
    ("metadata_url = \"a.example\"", &["OB010 3:16"]),
    ("metadata_url = \"ftp://a.example\"", &["OB010 3:16"]),
    ("metadata_url = \"https://u:p@a.example\"", &["OB010 3:16"]),
    ("metadata_url = \"https://a.example#x\"", &["OB010 3:16"]),
    ("metadata_url = \" https://a.example\"", &["OB010 3:16"]),
    ("metadata_url = \"http://b.example\"", &["OB046 3:16"]),
    ("jwks_url = \"http://b.example\"", &["OB046 3:12"]),
    ("jwks_url = \"http://127.0.0.1:1/keys\"", &[]),
    ("jwks_url = \"https://a.example\"\nmetadata_url = \"https://a.example\"", &["OB063 3:12"]),
    ("jwks_hosts = [\"keys.example\"]", &[]),
    ("jwks_hosts = [\"https://keys.example\"]", &["OB010 3:15"]),
    ("jwks_hosts = [\"KEYS.example\"]", &["OB010 3:15"]),
    ("jwks_hosts = [\"keys.example:1\"]", &["OB010 3:15"]),
    ("subject_claim = \"/a~1b\"", &[]),
    ("subject_claim = \"\"", &["OB068 3:17"]),
    ("subject_claim = \"/a~\"", &["OB068 3:17"]),
    ("claims = [\"a\\u0001\"]", &["OB068 3:11"]),
    ("client_id_claims = [\"\"]", &["OB068 3:21"]),
    ("access_token_claims = [\"\"]", &["OB068 3:24"]),
    ("scope_claims = [{ claim = \"a\", form = \"list\" }]", &[]),
    ("scope_claims = [{ claim = \"\", form = \"list\" }]", &["OB068 3:27"]),
    ("scope_claims = [{ claim = \"a\", form = \"lists\" }]", &["OB010 3:39"]),
    ("scope_claims = [{ claim = \"a\", fom = \"list\" }]", &["OB003 3:32"]),
    ("scope_claims = [{ claim = \"a\", values = { x = \"a  b\" } }]", &["OB010 3:47"]),
    ("scope_claims = [\"a\"]", &["OB010 3:17"]),
    ("preset = \"keycloack\"", &["OB062 3:10"]),
    ("preset = \"keycloak\"", &["OB063 2:10"]),
    ("preset = \"auth0\"", &["OB063 2:10"]),
    ("roles = \"scopes\"", &["OB063 1:1"]),
    ("roles = \"all\"", &["OB010 3:9"]),
    // Issuers that are asked.
    ("introspection = { endpoint = \"https://a.example\" }", &[]),
    ("introspection = {}", &["OB063 3:17"]),
    ("introspection = \"https://a.example\"", &["OB010 3:17"]),
    ("introspection = { endpont = \"https://a.example\" }", &["OB063 3:17", "OB003 3:19"]),
    ("introspection = { endpoint = \"http://b.example\" }", &["OB046 3:30"]),
    ("introspection = { endpoint = \"https://a.example\", form = \"jwt\" }", &["OB010 3:58"]),
    ("introspection = { endpoint = \"https://a.example\", client_id = \"x\" }", &["OB063 3:63"]),
    ("introspection = { endpoint = \"https://a.example\", client_secret = \"${HOME}\" }", &["OB063 3:67"]),
    ("introspection = { endpoint = \"https://a.example\", client_id = \"x\", client_secret = \"${HOME}\" }", &[]),
    ("introspection = { endpoint = \"https://a.example\", client_id = \"x\", client_secret = \"s\" }", &["OB064 3:84"]),
    (
        "introspection = { endpoint = \"https://a.example\", client_id = \"x\", client_secret = \"${NOT_SET}\" }",
        &["OB064 3:84"],
    ),
    (
        "introspection = { endpoint = \"https://a.example\", client_id = \"x\", client_secret_file = \"/does/not/exist\" }",
        &["OB064 3:89"],
    ),
    (
        "introspection = { endpoint = \"https://a.example\", client_id = \"x\", client_secret_file = \"Cargo.toml\" }",
        &["OB064 3:89"],
    ),
    (
        "introspection = { endpoint = \"https://a.example\", client_id = \"x\", client_secret = \"${HOME}\", client_secret_file = \"x\" }",
        &["OB063 3:116"],
    ),
    (
        "introspection = { endpoint = \"https://a.example\", form = \"tokeninfo\", client_id = \"x\", client_secret = \"${HOME}\" }",
        &["OB063 3:17"],
    ),
    ("introspection = { endpoint = \"https://a.example\" }\nalgorithms = [\"ES256\"]", &["OB063 4:15"]),
    ("introspection = { endpoint = \"https://a.example\" }\njwks_url = \"https://a.example\"", &["OB063 4:12"]),
    // What else there may be.
    ("[[auth.issuers]]\nissuer = \"https://a.example/\"", &[]),
    ("[[auth.issuers]]\nissuer = \"https://a.example\"", &["OB061 4:10"]),
    ("[[auth.issuers]]", &["OB060 3:1"]),
    ("[[auth.issuers]]\nissuer = 1", &["OB010 4:10"]),
    ("[[auth.issuers]]\nissuer = \"a.example\"", &["OB010 4:10"]),
    ("[[auth.issuers]]\nissuer = \"https://b.example?x\"", &["OB010 4:10"]),
    ("[[auth.issuers]]\nissuer = \"http://b.example\"", &["OB046 4:10"]),
    ("[[auth.issuers]]\nissuer = \"http://b.example\"\nallow_private = true", &[]),
    ("[[auth.issuers]]\nissuer = \"http://localhost:8090\"", &[]),
    ("[auth]\nlists = \"some\"", &["OB010 4:9"]),
    ("[auth]\nresource = \"mcp\"", &["OB010 4:12"]),
    ("[auth]\nresource = \"https://a.example/mcp?x\"", &["OB010 4:12"]),
    ("[auth]\nresource = \"http://a.example/mcp\"", &["OB045 4:12"]),
    ("[auth]\nresource_name = \"\"", &["OB011 4:17"]),
    ("[auth]\nresource_name = \"Notes of \u{5d0}, \u{e9}\u{200d}\"", &[]),
    ("[auth]\nresource_name = \"a\\r\\nb\"", &["OB010 4:17"]),
    ("[auth]\nresource_name = \"a\\u001b[1m\"", &["OB010 4:17"]),
    ("[auth]\nresource_name = \"a\u{202e}b\"", &["OB010 4:17"]),
    ("[auth]\nresource_name = \"a\u{2067}b\"", &["OB010 4:17"]),
    ("[auth]\nresource_name = \"a\u{200f}b\"", &["OB010 4:17"]),
    ("[auth]\nresource_name = \"a\u{61c}b\"", &["OB010 4:17"]),
    ("[server]\ntitle = \"a\u{202e}b\"\n[auth]\nresource_name = \"a\"", &[]),
    ("[server]\ntitle = \"a\u{202e}b\"", &["OB010 4:9"]),
    ("[server]\ntitle = \"a\"\nname = \"a\u{202e}b\"", &[]),
    ("[server]\nname = \"a\u{202e}b\"", &["OB010 4:8"]),
    ("[auth]\ninitial_scopes = \"a  b\"", &["OB010 4:18"]),
    ("[auth]\nscopes_supported = \"\"", &[]),
    ("[auth]\nscopes_supported = \"a\\\\\"", &["OB010 4:20"]),
    ("[auth.hierarchy]\n\"a b\" = \"c\"", &["OB066 4:1"]),
    ("[auth.hierarchy]\na = \"\"", &[]),
    ("[auth.limits]\nskew = 30", &["OB010 4:8"]),
    ("[auth.limits]\nskow = \"30s\"", &["OB003 4:1"]),
    ("[auth.limits]\nkeys_fresh_min = \"2h\"\nkeys_fresh_max = \"1h\"", &["OB011 5:18"]),
    ("[auth.limits]\ntoken_bytes = \"31KiB\"", &[]),
    ("[auth.limits]\ntoken_bytes = \"32KiB\"", &["OB011 4:15"]),
    ("[auth.limits]\ntoken_bytes = \"64KiB\"\n[limits]\nheaders = \"65KiB\"", &[]),
    ("[auth.limits]\ntoken_bytes = \"64KiB\"\n[limits]\nheaders = \"64KiB\"", &["OB011 6:11"]),
    // Who says nothing of tokens has said how long they may be.
    ("[limits]\nheaders = \"8KiB\"", &[]),
    ("[[auth.rules]]\nall_of = [\"a\"]", &[]),
    ("[[auth.rules]]", &["OB067 3:1"]),
    ("[[auth.rules]]\ntool = \"x\"", &["OB067 3:1"]),
    ("[[auth.rules]]\ntool = \"\"\nall_of = [\"a\"]", &["OB067 4:8"]),
    ("[[auth.rules]]\ntool = \"x\"\nprompt = \"x\"\nall_of = [\"a\"]", &["OB067 5:10"]),
    ("[[auth.rules]]\ntools = \"x\"\nall_of = [\"a\"]", &["OB003 4:1"]),
    ("[[auth.rules]]\ntool = \"x\"\nall_of = [\"a b\"]", &["OB066 5:11"]),
    ("[[auth.rules]]\ntool = \"x\"\nall_of = [\"${env.HOME}\"]", &["OB066 5:11"]),
    ("[[auth.rules]]\ntool = \"x\"\nany_of = [\"t:${args.t}\"]", &[]),
    ("[[auth.rules]]\nprompt = \"x\"\nany_of = [\"t:${args.t}\"]", &[]),
    ("[[auth.rules]]\nresource = \"x\"\nany_of = [\"t:${args.t}\"]", &["OB067 3:1"]),
    ("[[auth.rules]]\nall_of = [\"t:${args.t}\"]", &["OB067 3:1"]),
    ("[[auth.rules]]\nbackend = \"x\"\nall_of = [\"a\"]", &["OB031 4:11"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"shared\"\n[[auth.rules]]\nbackend = \"x*\"\nall_of = [\"a\"]", &[]),
    (
        "[backends.x]\ncommand = \"x\"\nisolation = \"shared\"\n[[auth.rules]]\nbackend = \"y*\"\nall_of = [\"a\"]",
        &["OB031 7:11"],
    ),
    // A backend of several callers.
    ("[backends.x]\ncommand = \"x\"", &["OB049 3:11"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"per-principal\"", &["OB030 5:13"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"per-session\"", &["OB030 5:13"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"nobody\"", &["OB010 5:13"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"shared\"\nclaims = [\"sub\", \"\"]", &["OB068 6:18"]),
];

/// Whole files, and what is said about them.
pub(super) const FILES: &[(&str, &[&str])] = &[
    ("[auth]", &["OB047 1:1"]),
    ("auth = 1", &["OB010 1:8"]),
    ("auth.issuers = [\"https://a.example\"]", &["OB010 1:17"]),
    ("auth.issuers = [[\"https://a.example\"]]", &["OB010 1:17"]),
    ("[auth.issuers]\nissuer = \"https://a.example\"", &["OB010 1:1"]),
    ("[auth]\ndev_issuer = true", &["OB047 1:1", "OB003 2:1"]),
    ("insecure_no_auth = true\n[[auth.issuers]]\nissuer = \"https://a.example\"", &["OB048 1:20"]),
    ("listen = \"0.0.0.0:1\"\n[[auth.issuers]]\nissuer = \"https://a.example\"", &["OB044 1:10"]),
    (
        "listen = \"0.0.0.0:1\"\npublic_url = \"https://b.example\"\n[[auth.issuers]]\nissuer = \"https://a.example\"",
        &[],
    ),
    (
        "listen = \"0.0.0.0:1\"\npublic_url = \"http://b.example\"\n[[auth.issuers]]\nissuer = \"https://a.example\"",
        &["OB045 2:14"],
    ),
    (
        "public_url = \"https://b.example\"\n[[auth.issuers]]\nissuer = \"http://a.example\"\nallow_private = true",
        &["OB046 3:10"],
    ),
    ("transport = \"stdio\"\n[auth]", &["OB070 2:1"]),
    ("transport = \"stdio\"\n[[auth.issuers]]", &["OB060 2:1", "OB070 2:3"]),
    ("transport = \"stdio\"\ndev_issuer.enabled = true", &["OB070 2:22"]),
    ("transport = \"stdio\"\ndev_issuer.enabled = false", &[]),
    // API keys.
    (KEY, &[]),
    ("[[auth.api_keys]]", &["OB065 1:1", "OB065 1:1"]),
    ("[[auth.api_keys]]\nname = \"ci\"", &["OB065 1:1"]),
    ("[[auth.api_keys]]\nname = \"ci\"\ndigest = \"9f86d081\"", &["OB010 3:10"]),
    ("[[auth.api_keys]]\nname = \"ci\"\ndigest = \"sha256:9f86d081\"", &["OB010 3:10"]),
    ("[[auth.api_keys]]\nname = \"ci\"\ndigest = \"obk_canary\"", &["OB010 3:10"]),
    ("[[auth.api_keys]]\nname = \"ci\"\nkey = \"obk_canary\"", &["OB065 1:1", "OB003 3:1"]),
    // The development issuer.
    ("dev_issuer.enabled = true", &[]),
    (
        "[auth]\nissuers = [{ issuer = \"https://a.example\" }]\n[[auth.rules]]\ntool = \"x\"\nall_of = [\"offline_access\"]",
        &["OB066 5:11"],
    ),
    ("dev_issuer.enabled = false", &[]),
    ("dev_issuer.enabled = true\ndev_issuer.users = []", &["OB011 1:22"]),
    ("dev_issuer.users = [\"a\", \"a\"]", &["OB032 1:26"]),
    ("dev_issuer.users = [\"a\\u0007\"]", &["OB010 1:21"]),
    ("dev_issuer.allow_redirect = [\"x\"]", &["OB010 1:30"]),
    ("listen = \"0.0.0.0:1\"\ndev_issuer.enabled = true", &["OB050 1:10"]),
    ("public_url = \"https://a.example\"\ndev_issuer.enabled = true", &["OB050 1:14"]),
    ("insecure_no_auth = true\ndev_issuer.enabled = true", &["OB048 1:20"]),
    ("dev_issuer.enabled = true\nbackends.x.command = \"x\"", &["OB049 2:10"]),
    // What belongs to one call is no part of a command.
    ("[backends.x]\ncommand = \"x\"\nargs = [\"${claims.email}\"]", &["OB026 3:9"]),
    ("[backends.x]\ncommand = \"x\"\nargs = [\"${args.path}\"]", &["OB026 3:9"]),
    ("[backends.x]\ncommand = \"x\"\ncwd = \"${claims.sub}\"", &["OB026 3:7"]),
    ("[backends.x]\ncommand = \"x\"\nenv.USER = \"${claims.sub}\"", &["OB026 3:12"]),
];

/// All files of this table.
pub(super) fn files() -> impl Iterator<Item = (String, &'static [&'static str])> {
    let behind = BEHIND_ISSUER.iter().map(|(lines, said)| (format!("{ISSUER}{lines}"), *said));
    behind.chain(FILES.iter().map(|(file, said)| ((*file).to_owned(), *said)))
}

#[test]
fn files_are_refused_for_their_mistakes_and_for_nothing_else() {
    let mut wrong = String::new();
    for (file, expected) in files() {
        let report = report(&file, &[]);
        let said = summary(&report);
        if said != expected {
            wrong.push_str(&format!("{file}\n{said:?} instead of {expected:?}\n{report}\n\n"));
        }
        assert_eq!(load(&file, &[]).is_err(), report.has_errors(), "{file}");
        assert!(!plain(&report).contains("canary"), "{report}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn over_stdio_it_is_said_that_nobody_is_asked_for_a_token() {
    let file = format!("transport = \"stdio\"\n{KEY}");
    let loaded = load(&file, &[]).unwrap();
    assert_eq!(summary(&loaded.warnings), ["OB070 2:3"]);
    assert!(plain(&loaded.warnings).contains("the one local caller is served without a token"));
    let variables = [("OUTBOARD_TRANSPORT", "stdio"), ("OUTBOARD_ISSUERS", "https://a.example")];
    assert_eq!(summary(&load("", &variables).unwrap().warnings), ["OB070 Variable(\"OUTBOARD_ISSUERS\")"]);
    let flags = Overrides {
        transport: Some("stdio".to_owned()),
        issuers: vec!["https://a.example".to_owned()],
        ..Overrides::default()
    };
    let refused = load_with("", &flags, &[]).unwrap_err();
    assert_eq!(summary(&refused), ["OB013 Flag(\"--issuer\")"], "once is enough");
}

#[test]
fn a_wrong_digest_is_told_what_it_should_be_and_never_shown() {
    let tables = ["digest = \"canary\"", "digest = \"sha256:canary\"", "digest = 20260101", "digest = [\"canary\"]"];
    for digest in tables {
        let report = report(&format!("[[auth.api_keys]]\nname = \"a\"\n{digest}"), &[]);
        let text = plain(&report);
        assert!(text.contains("expected in quotes `sha256:` and 64 hexadecimal digits"), "{text}");
        assert!(!text.contains("canary") && !text.contains("20260101"), "{text}");
    }
    let secret =
        "[auth.issuers.introspection]\nendpoint = \"https://a.example\"\nclient_id = \"a\"\nclient_secret = 20260101";
    let text = plain(&report(&format!("{ISSUER}{secret}"), &[]));
    assert!(text.contains("expected a string in quotes") && !text.contains("20260101"), "{text}");
}

#[test]
fn what_an_issuer_is_asked_in_the_clear_is_told_by_what_it_is_for() {
    let cases = [
        ("jwks_url = \"http://b.example\"", "the tokens of all callers", "changes its keys on their way"),
        ("introspection = { endpoint = \"http://b.example\" }", "changes its keys", "the tokens of all callers"),
    ];
    for (line, never, said) in cases {
        let text = plain(&report(&format!("{ISSUER}{line}"), &[]));
        assert!(text.contains(said) && !text.contains(never), "{text}");
    }
}

#[test]
fn two_keys_are_told_apart_by_digest_and_a_holder_may_have_two() {
    let other = KEY.replace("9f86", "0f86");
    let cases = [
        (format!("{KEY}{}", KEY.replace("ci", "cd")), vec!["OB065 8:10"]),
        (format!("{KEY}{other}"), vec![]),
        (format!("{KEY}{}", other.replace("ci", "cd")), vec![]),
    ];
    for (file, expected) in cases {
        assert_eq!(summary(&report(&file, &[])), expected, "{file}");
    }
}

#[test]
fn tokens_of_issuers_that_are_asked_begin_differently() {
    let asked = |name: &str, prefix: &str| {
        let prefix = if prefix.is_empty() { String::new() } else { format!(", token_prefix = \"{prefix}\"") };
        format!(
            "[[auth.issuers]]\nissuer = \"https://{name}.example\"\nintrospection = {{ endpoint = \"https://{name}.example\"{prefix} }}\n"
        )
    };
    let cases = [
        ("", "", false),
        ("a_", "", true),
        ("", "b_", true),
        ("a_", "b_", true),
        ("a_", "a_", false),
        ("a_", "a_b", false),
        ("ab", "a", false),
    ];
    for (first, second, is_accepted) in cases {
        let file = format!("{}{}", asked("a", first), asked("b", second));
        let report = report(&file, &[]);
        let expected: &[&str] = if is_accepted { &[] } else { &["OB063"] };
        let codes: Vec<&str> = report.iter().map(|diagnostic| diagnostic.code.id()).collect();
        assert_eq!(codes, expected, "{file}\n{report}");
    }
}

#[test]
fn mistakes_say_what_was_meant() {
    let cases = [
        (format!("{ISSUER}preset = \"keycloack\""), "did you mean `keycloak`?"),
        (format!("{ISSUER}preset = \"ping\""), "the presets are entra, keycloak, auth0, okta, google"),
        (format!("{ISSUER}audience = \"x\""), "did you mean `audiences`?"),
        (format!("{ISSUER}endpoint = \"x\""), "`endpoint` belongs in `[auth.issuers.introspection]`"),
        ("[auth]\npreset = \"entra\"".to_owned(), "`preset` belongs in `[[auth.issuers]]`"),
        (format!("{ISSUER}[backends.x]\ncommand = \"x\""), "write `isolation = \"shared\"` into `[backends.x]`"),
        ("[backends.x]\ncommand = \"${claims.sub}\"".to_owned(), "by the `_meta` of each call alone"),
        (
            format!("{ISSUER}[[auth.rules]]\nbackend = \"fils\"\nall_of = [\"a\"]\n[backends.files]\ncommand = \"x\""),
            "did you mean `files`?",
        ),
        ("[auth]".to_owned(), "or try it with `--dev-issuer`"),
    ];
    for (file, expected) in cases {
        let text = plain(&report(&file, &[]));
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

fn server(auth: &AuthConfig, named: &str) -> ResourceServerConfig {
    let endpoint = Url::parse("http://127.0.0.1:1234/mcp").unwrap();
    auth.resource_server(auth.resource(&endpoint).unwrap(), &scopes(named))
}

fn scopes(text: &str) -> ScopeSet {
    text.parse().unwrap()
}

#[test]
fn defaults_are_those_of_the_resource_server() {
    let config = accepted(ISSUER, &[]);
    let auth = config.auth.unwrap();
    assert_eq!((auth.listing, auth.rules.len(), config.dev_issuer), (Listing::Permitted, 0, None));
    let server = server(&auth, "notes:read notes:write");
    assert_eq!(server.resource.as_str(), "http://127.0.0.1:1234/mcp", "where clients reach it");
    assert_eq!(
        (&server.initial_scopes, &server.scopes_supported),
        (&scopes("notes:read notes:write"), &scopes("notes:read notes:write"))
    );
    assert_eq!((server.resource_name, server.api_keys.len()), (None, 0));
    assert_eq!(format!("{:?}", server.limits), format!("{:?}", AuthLimits::default()));
    let [issuer] = server.issuers.as_slice() else { panic!("one issuer") };
    let plain = outboard_auth::IssuerConfig::jwt("https://a.example");
    assert_eq!(format!("{issuer:?}"), format!("{plain:?}"));
    let named = accepted("server.name = \"n\"\nserver.title = \"T\"\ndev_issuer.enabled = true", &[]).auth.unwrap();
    assert_eq!(self::server(&named, "a").resource_name.as_deref(), Some("T"));
}

#[test]
fn every_setting_arrives_at_the_resource_server() {
    let config = load(EVERY_KEY, &[("DB_PASSWORD", "pw"), ("GITHUB_TOKEN", "gh")]).unwrap().config;
    let auth = config.auth.as_ref().unwrap();
    let server = server(auth, "x");
    assert_eq!(server.resource.as_str(), "https://mcp.example.com/mcp");
    assert_eq!(
        (&server.initial_scopes, &server.scopes_supported),
        (&scopes("notes:read"), &scopes("notes:read notes:write"))
    );
    assert_eq!(server.resource_name.as_deref(), Some("Notes of the team"));
    assert_eq!(server.hierarchy.expand(&scopes("notes:admin")), scopes("notes:admin notes:read notes:write"));
    let expected = AuthLimits {
        token_bytes_max: 8 << 10,
        skew: Duration::from_secs(20),
        lifetime_max: Duration::from_secs(7_200),
        issued_ahead_max: Duration::from_secs(60),
        identifier_bytes_max: 512,
        cached_tokens_max: 500,
        cached_for: Duration::from_secs(40),
        introspected_for: Duration::from_secs(15),
        inactive_for: Duration::from_secs(5),
        introspections_max: 16,
        issuer_timeout: Duration::from_secs(4),
        document_bytes_max: 128 << 10,
        keys_max: 32,
        keys_fresh_for: Duration::from_secs(300),
        keys_fresh_min: Duration::from_secs(60),
        keys_fresh_max: Duration::from_secs(43_200),
        keys_stale_max: Duration::from_secs(21_600),
        keys_cool_down: Duration::from_secs(10),
    };
    assert_eq!(format!("{:?}", server.limits), format!("{expected:?}"));
    let [key] = server.api_keys.as_slice() else { panic!("one key") };
    assert_eq!(
        (&*key.name, key.digest[0], key.digest[31], &key.scopes),
        ("nightly", 0x9f, 0x08, &scopes("notes:read"))
    );
    let users = ["carol", "dave"].map(str::to_owned).into();
    let allow_redirect = vec!["https://app.example.com/callback".to_owned()];
    let dev_issuer = DevIssuerConfig {
        users,
        allow_redirect,
        dangerous_auto_approve: None,
        algorithm: SigningAlgorithm::Rs256,
        dangerous_document_reach: Reach::AnyAddress,
    };
    assert_eq!(config.dev_issuer, Some(dev_issuer));
    assert_eq!(config.backends[0].claims, ["email", "sub"]);
}

#[test]
fn every_setting_of_an_issuer_arrives() {
    let config = load(EVERY_KEY, &[("DB_PASSWORD", "pw"), ("GITHUB_TOKEN", "gh")]).unwrap().config;
    let server = server(config.auth.as_ref().unwrap(), "x");
    let [jwt, by_keys, keycloak, entra, asked, other] = server.issuers.as_slice() else { panic!("six issuers") };
    assert_eq!((&*jwt.issuer, jwt.reach), ("https://login.example.com/a", Reach::AnyAddress));
    assert_eq!(jwt.audiences, [Audience::new("api://notes")]);
    let TokenKind::Jwt(JwtRules { algorithms, types, marks, keys, jwks_hosts, .. }) = &jwt.tokens else {
        panic!("JWTs")
    };
    assert_eq!(algorithms, &[Algorithm::Es256, Algorithm::EdDsa]);
    assert_eq!(types, &[TokenType::Named("at+jwt".into()), TokenType::Absent]);
    assert_eq!(marks, &[AccessMark::Present(vec![outboard_auth::ClaimPath::new("scp")])]);
    assert_eq!(keys, &KeySource::Metadata(Url::parse("https://login.example.com/metadata").unwrap()));
    assert_eq!(jwks_hosts, &[Box::<str>::from("keys.example.com")]);
    assert_eq!(jwt.claims.subject.as_str(), "oid");
    let names =
        |paths: &[outboard_auth::ClaimPath]| paths.iter().map(|path| path.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&jwt.claims.client_id), ["appid"]);
    assert_eq!(names(&jwt.claims.kept), ["email", "/realm_access/roles"]);
    let [roles, scope] = jwt.claims.scopes.as_slice() else { panic!("two sources") };
    assert_eq!((roles.claim.as_str(), roles.form, scope.form), ("roles", ScopeForm::List, ScopeForm::Text));
    let values = roles.values.as_ref().unwrap();
    assert_eq!((values.len(), &values["All of it"]), (2, &scopes("notes:admin")));
    assert!(scope.values.is_none());

    let TokenKind::Jwt(JwtRules { keys, .. }) = &by_keys.tokens else { panic!("JWTs") };
    assert_eq!(keys, &KeySource::Jwks(Url::parse("https://keys.example.com/jwks").unwrap()));
    assert_eq!(
        (by_keys.reach, names(&by_keys.claims.kept)),
        (Reach::PublicOnly, vec!["email".to_owned()]),
        "a backend wants it"
    );
    // What a preset sets is tested beside it.
    assert_eq!((keycloak.audiences.len(), entra.audiences.len()), (1, 1));
    assert!(keycloak.claims.scopes.len() > 1, "roles count as scopes: {:?}", keycloak.claims);
    let mapped = entra.claims.scopes.iter().filter_map(|source| source.values.as_ref());
    assert!(mapped.flat_map(|values| values.keys()).any(|role| &**role == "Note.Writers"), "{:?}", entra.claims);

    let TokenKind::Opaque(IntrospectionRules { endpoint, form, credentials, token_prefix }) = &asked.tokens else {
        panic!("it is asked")
    };
    assert_eq!(
        (endpoint.path(), *form, token_prefix.as_deref()),
        ("/introspect", IntrospectionForm::Introspection, Some("oq_"))
    );
    let credentials = credentials.as_ref().unwrap();
    assert_eq!((credentials.client_id.as_str(), credentials.client_secret.as_str()), ("outboard", "gh"));
    let TokenKind::Opaque(IntrospectionRules { credentials, token_prefix, .. }) = &other.tokens else {
        panic!("it is asked")
    };
    let secret = &credentials.as_ref().unwrap().client_secret;
    assert_eq!((secret.as_str(), token_prefix), ("s3cret of the introspection client", &None));
    assert!(!format!("{config:?}").contains("s3cret"), "secrets are not in the Debug form");
}

#[test]
fn an_issuer_on_this_machine_may_be_reached_there() {
    let reach = |lines: &str| server(&accepted(lines, &[]).auth.unwrap(), "x").issuers[0].reach;
    let cases = [
        ("https://a.example", "", Reach::PublicOnly),
        ("https://a.example", "allow_private = true", Reach::AnyAddress),
        ("http://127.0.0.1:8090", "", Reach::AnyAddress),
        ("http://localhost:8090", "", Reach::AnyAddress),
        ("https://localhost.example", "", Reach::PublicOnly),
    ];
    for (issuer, line, expected) in cases {
        assert_eq!(reach(&format!("[[auth.issuers]]\nissuer = \"{issuer}\"\n{line}")), expected, "{issuer} {line}");
    }
}

#[test]
fn google_is_asked_without_further_ado() {
    let file = "[[auth.issuers]]\nissuer = \"https://accounts.google.com\"\npreset = \"google\"\naudiences = [\"x.apps.googleusercontent.com\"]\n";
    let server = server(&accepted(file, &[]).auth.unwrap(), "x");
    assert!(
        matches!(&server.issuers[0].tokens, TokenKind::Opaque(rules) if rules.form == IntrospectionForm::TokenInfo)
    );
    let file = format!("{file}introspection = {{ token_prefix = \"ya30.\" }}");
    let server = self::server(&accepted(&file, &[]).auth.unwrap(), "x");
    let TokenKind::Opaque(rules) = &server.issuers[0].tokens else { panic!("it is asked") };
    assert_eq!((rules.form, rules.token_prefix.as_deref()), (IntrospectionForm::TokenInfo, Some("ya30.")));
}

#[test]
fn rules_arrive_at_the_catalog() {
    let config = load(EVERY_KEY, &[("DB_PASSWORD", "pw"), ("GITHUB_TOKEN", "gh")]).unwrap().config;
    let auth = config.auth.unwrap();
    assert_eq!(auth.listing, Listing::All);
    let [tool, resource, prompt] = auth.rules.as_slice() else { panic!("three rules") };
    let template = |text: &str| text.parse::<ScopeTemplate>().unwrap();
    let all = RequirementTemplate::all_of([template("notes:write"), template("tenant:${args.tenant}")]);
    let any = RequirementTemplate::any_of(template("files:all"), [template("files:some")]);
    assert_eq!((tool.backend.as_ref().unwrap().as_str(), &tool.requires), ("fi*", &all.and(any)));
    assert_eq!(tool.governs, Governed::Tools("fs_write*".parse().unwrap()));
    assert_eq!(resource.governs, Governed::Resources("file:///srv/*".parse().unwrap()));
    assert_eq!((&prompt.governs, &prompt.backend), (&Governed::Prompts("greet".parse().unwrap()), &None));
    let everything = accepted(&format!("{ISSUER}[[auth.rules]]\nall_of = [\"a\"]"), &[]).auth.unwrap();
    assert_eq!(everything.rules[0].governs, Governed::Everything);
}

#[test]
fn flags_and_variables_switch_authentication_on() {
    let issuers = |file: &str, flags: &Overrides, variables: &[(&str, &str)]| {
        let config = load_with(file, flags, variables).unwrap_or_else(|report| panic!("{report}")).config;
        let names = config
            .auth
            .map(|auth| server(&auth, "x").issuers.iter().map(|issuer| issuer.issuer.to_string()).collect::<Vec<_>>());
        (names.unwrap_or_default().join(" "), config.dev_issuer.map(|dev| dev.users.join(" ")))
    };
    let none = Overrides::default();
    let given =
        Overrides { issuers: vec!["https://b.example".to_owned(), "https://c.example".to_owned()], ..none.clone() };
    let dev = Overrides { dev_issuer: true, ..none.clone() };
    let auto = Overrides { dev_issuer_auto_approve: Some("bob".to_owned()), ..dev.clone() };
    let alice_and_bob = Some("alice bob".to_owned());
    let cases = [
        ("", &none, &[][..], ("", None)),
        (ISSUER, &none, &[], ("https://a.example", None)),
        (ISSUER, &given, &[], ("https://a.example https://b.example https://c.example", None)),
        (
            "",
            &none,
            &[("OUTBOARD_ISSUERS", "https://d.example, https://e.example")],
            ("https://d.example https://e.example", None),
        ),
        ("", &given, &[("OUTBOARD_ISSUERS", "https://d.example")], ("https://b.example https://c.example", None)),
        ("", &dev, &[], ("", alice_and_bob.clone())),
        ("", &auto, &[], ("", alice_and_bob.clone())),
        ("", &none, &[("OUTBOARD_DEV_ISSUER", "1")], ("", alice_and_bob)),
        ("dev_issuer.enabled = true", &none, &[("OUTBOARD_DEV_ISSUER", "0")], ("", None)),
    ];
    for (file, flags, variables, (names, users)) in cases {
        assert_eq!(issuers(file, flags, variables), (names.to_owned(), users), "{file} {flags:?} {variables:?}");
    }
    let approved = load_with("", &auto, &[]).unwrap().config.dev_issuer.unwrap().dangerous_auto_approve;
    assert_eq!(approved.as_deref(), Some("bob"));
}

#[test]
fn flags_are_refused_where_they_stand() {
    let some = |text: &str| Some(text.to_owned());
    let none = Overrides::default;
    let cases: [(Overrides, &[&str]); 12] = [
        (Overrides { issuers: vec!["b".to_owned()], ..none() }, &["OB010 Flag(\"--issuer\")"]),
        (Overrides { issuers: vec!["http://b.example".to_owned()], ..none() }, &["OB046 Flag(\"--issuer\")"]),
        (
            Overrides { issuers: vec!["https://b.example".to_owned(), "https://b.example".to_owned()], ..none() },
            &["OB061 Flag(\"--issuer\")"],
        ),
        (
            Overrides { issuers: vec!["https://b.example".to_owned()], insecure_no_auth: true, ..none() },
            &["OB048 Flag(\"--insecure-no-auth\")"],
        ),
        (Overrides { dev_issuer: true, listen: some("0.0.0.0:1"), ..none() }, &["OB050 Flag(\"--listen\")"]),
        (Overrides { dev_issuer_auto_approve: some("bob"), ..none() }, &["OB013 Flag(\"--dev-issuer-auto-approve\")"]),
        (
            Overrides { dev_issuer: true, dev_issuer_auto_approve: some("bib"), ..none() },
            &["OB069 Flag(\"--dev-issuer-auto-approve\")"],
        ),
        (Overrides { dev_issuer: true, stdio: vec!["x".to_owned()], ..none() }, &["OB049 Flag(\"--stdio\")"]),
        (Overrides { isolation: some("shared"), ..none() }, &["OB013 Flag(\"--isolation\")"]),
        (
            Overrides { isolation: some("mine"), stdio: vec!["x".to_owned()], ..none() },
            &["OB010 Flag(\"--isolation\")"],
        ),
        (
            Overrides { isolation: some("per-session"), stdio: vec!["x".to_owned(), "y".to_owned()], ..none() },
            &["OB030 Flag(\"--isolation\")"],
        ),
        (
            Overrides { dev_issuer: true, isolation: some("per-principal"), stdio: vec!["x".to_owned()], ..none() },
            &["OB030 Flag(\"--isolation\")"],
        ),
    ];
    for (flags, expected) in cases {
        let report = load_with("", &flags, &[]).unwrap_err();
        assert_eq!(summary(&report), expected, "{flags:?}\n{report}");
    }
    let fix =
        plain(&load_with("", &Overrides { dev_issuer: true, stdio: vec!["x".to_owned()], ..none() }, &[]).unwrap_err());
    assert!(fix.contains("start with `--isolation shared`"), "{fix}");
}

#[test]
fn shared_servers_of_flags_are_served_to_several_callers() {
    let flags = Overrides {
        dev_issuer: true,
        isolation: Some("shared".to_owned()),
        stdio: vec!["x".to_owned()],
        ..Overrides::default()
    };
    let config = load_with("", &flags, &[]).unwrap_or_else(|report| panic!("{report}")).config;
    let backend = &config.backends[0];
    assert_eq!((backend.isolation, backend.serial), (crate::config::Isolation::Shared, false));
}

#[test]
fn over_stdio_the_flags_of_tokens_have_no_meaning() {
    let stdio = || Overrides { transport: Some("stdio".to_owned()), ..Overrides::default() };
    let cases = [
        (Overrides { issuers: vec!["https://a.example".to_owned()], ..stdio() }, "--issuer"),
        (Overrides { dev_issuer: true, ..stdio() }, "--dev-issuer"),
    ];
    for (flags, flag) in cases {
        let report = load_with("", &flags, &[]).unwrap_err();
        assert_eq!(summary(&report), [format!("OB013 Flag({flag:?})")]);
    }
}

#[test]
fn what_a_preset_and_the_defaults_add_is_shown_and_no_secret_is() {
    let shown = load(EVERY_KEY, &[("DB_PASSWORD", "canary"), ("GITHUB_TOKEN", "canary")]).unwrap().shown;
    assert!(!shown.contains("canary") && !shown.contains("s3cret"), "{shown}");
    for part in [
        "auth.resource = \"https://mcp.example.com/mcp\"\n",
        "auth.hierarchy.\"notes:admin\" = \"notes:read notes:write\"\n",
        "auth.limits.keys_stale_max = \"6h\"\n",
        "auth.issuers = [\n",
        "client_secret = \"${GITHUB_TOKEN}\"",
        "# issuer https://keycloak.example.com/realms/team: JWTs by ",
        "# issuer https://opaque.example.com: asked at https://opaque.example.com/introspect",
        "kept email, /realm_access/roles",
        "dev_issuer.users = [\"carol\",\"dave\"]\n",
        "backends.files.claims = [\"email\",\"sub\"]\n",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(load("", &[]).unwrap().shown.contains("# auth is not set\n"));
}

#[test]
fn secrets_and_digests_are_masked_where_lines_are_shown() {
    for file in [
        format!("{ISSUER}introspection = {{ client_secret = \"canary\", client_id = 1 }}"),
        format!("{ISSUER}introspection = {{ client_secrt = \"canary\" }}"),
        format!("{ISSUER}[auth.issuers.introspection]\nclient_secret = \"canary\""),
        format!("{ISSUER}jwks_url = \"https://me:canary@a.example\""),
        "[auth]\nclient_secret = \"canary\"".to_owned(),
        "[[auth.api_keys]]\ndigest = \"canary\"".to_owned(),
        "[[auth.api_keys]]\nkey = \"canary\"".to_owned(),
        // No TOML.
        "x =\nclient_secret = \"canary\"".to_owned(),
        "x =\nintrospection = { endpoint = \"\", client_secret = \"canary\" }".to_owned(),
        "x =\n[x] client_secret = \"canary\" ]".to_owned(),
        "x =\ndigest = \"canary\"".to_owned(),
        "x =\njwks_url = \"https://me:canary@a.example\"".to_owned(),
    ] {
        let report = report(&file, &[]);
        assert!(report.has_errors(), "{file}");
        for text in [plain(&report), report.to_json_lines(), report.to_github()] {
            assert!(!text.contains("canary"), "{file}\n{text}");
        }
    }
}
