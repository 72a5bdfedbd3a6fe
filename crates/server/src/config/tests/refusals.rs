//! Each refusal by its code and place, beside what is just accepted.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{Config, Overrides};
use crate::diagnostics::{Code, Diagnostics};

use super::auth;
use super::imports::{IMPORTS, report as imported};
use super::replicas::{self, REPLICAS};
use super::{env, load, plain, report, summary};

/// Files, and what is said about them. An empty list: nothing.
pub(super) const FILES: &[(&str, &[&str])] = &[
    ("", &[]),
    ("[log", &["OB002 1:5"]),
    ("path = \"/a\"\npath = \"/b\"", &["OB002 2:1"]),
    ("lisen = 1", &["OB003 1:1"]),
    ("[limits]\n[redis]\nx = 1", &["OB003 2:2"]),
    ("log.levle = \"info\"", &["OB003 1:5"]),
    ("[backends.x]\ncommand = \"x\"\nargz = []", &["OB003 3:1"]),
    // Listen.
    ("listen = \"[::1]:0\"", &[]),
    ("listen = \"127.0.0.1\"", &["OB010 1:10"]),
    ("listen = \":8080\"", &["OB010 1:10"]),
    ("listen = \"localhost:8080\"", &["OB010 1:10"]),
    ("listen = \"127.0.0.1:65536\"", &["OB010 1:10"]),
    ("listen = 8080", &["OB010 1:10"]),
    ("listen = { port = 8080 }", &["OB010 1:10"]),
    ("listen = \"0.0.0.0:8080\"", &["OB040 1:10"]),
    ("listen = \"0.0.0.0:8080\"\ninsecure_no_auth = true", &["OB043 2:20"]),
    ("listen = \"0.0.0.0:8080\"\ninsecure_no_auth = \"yes\"", &["OB010 2:20"]),
    // Public URL.
    ("public_url = \"http://localhost:8080\"", &[]),
    ("public_url = \"http://127.0.0.1/a\"", &[]),
    ("public_url = \"localhost:8080\"", &["OB010 1:14"]),
    ("public_url = \"/mcp\"", &["OB010 1:14"]),
    ("public_url = \"ftp://localhost\"", &["OB010 1:14"]),
    ("public_url = \"http://u@localhost\"", &["OB010 1:14"]),
    ("public_url = \"http://:p@localhost\"", &["OB010 1:14"]),
    ("public_url = \"http://localhost?a\"", &["OB010 1:14"]),
    ("public_url = \"http://localhost#a\"", &["OB010 1:14"]),
    ("public_url = \"http://localhost/mcp\"", &["OB010 1:14"]),
    ("public_url = \"http://localhost/mcp/\"", &["OB010 1:14"]),
    ("public_url = \"http://localhost/mcp\"\npath = \"/\"", &[]),
    ("public_url = \"https://mcp.example.com\"", &["OB041 1:14"]),
    // Path.
    ("path = \"/\"", &[]),
    ("path = \"/a-b/c_d.e~f\"", &[]),
    ("path = \"\"", &["OB010 1:8"]),
    ("path = \"mcp\"", &["OB010 1:8"]),
    ("path = \"/mcp/\"", &["OB010 1:8"]),
    ("path = \"//mcp\"", &["OB010 1:8"]),
    ("path = \"/a/../mcp\"", &["OB010 1:8"]),
    ("path = \"/%6dcp\"", &["OB010 1:8"]),
    ("path = \"/mcp?x\"", &["OB010 1:8"]),
    ("path = \"/mäcp\"", &["OB010 1:8"]),
    ("path = \"/.well-known/mcp\"", &["OB010 1:8"]),
    ("path = \"/readyz\"", &["OB010 1:8"]),
    ("path = \"/readyz/mcp\"", &[]),
    // Origins.
    ("allowed_origins = [\"https://a.example\", \"http://[::1]:3000\", \"chrome-extension://abcd\"]", &[]),
    ("allowed_origins = [\"*\"]", &["OB042 1:20"]),
    ("insecure_no_auth = true\nallowed_origins = [\"*\"]", &["OB043 1:20", "OB042 2:20"]),
    ("allowed_origins = \"https://a.example\"", &["OB010 1:19"]),
    ("allowed_origins = [\"https://a.example/\"]", &["OB010 1:20"]),
    ("allowed_origins = [\"https://A.example\"]", &["OB010 1:20"]),
    ("allowed_origins = [\"https://a.example:443\"]", &["OB010 1:20"]),
    ("allowed_origins = [\"https://a.example/x\", \"a.example\"]", &["OB010 1:20", "OB010 1:43"]),
    ("allowed_origins = [\"https://*.example\"]", &["OB010 1:20"]),
    ("allowed_origins = [\"null\"]", &["OB010 1:20"]),
    ("allowed_origins = [\"file://\"]", &["OB010 1:20"]),
    // Other values.
    ("state_dir = \"\"", &["OB010 1:13"]),
    ("state_dir = \"~/state\"", &["OB010 1:13"]),
    ("log.level = \"info,hyper=warn,outboard_server::config=trace\"", &[]),
    ("log.level = \"loud\"", &["OB010 1:13"]),
    ("log.level = \"hyper=\"", &["OB010 1:13"]),
    ("log.format = \"yaml\"", &["OB010 1:14"]),
    ("server.name = \"\"", &["OB011 1:15"]),
    ("limits.body = -1", &["OB010 1:15"]),
    ("limits.body = \"4MB\"", &["OB010 1:15"]),
    ("limits.body = 99999999999999999999", &["OB010 1:15"]),
    ("limits.calls = \"many\"", &["OB010 1:16"]),
    ("limits = []", &["OB010 1:10"]),
    ("timeouts.call = 30", &["OB010 1:17"]),
    ("timeouts.call = 1979-05-27", &["OB010 1:17"]),
    ("transport = \"sse\"", &["OB010 1:13"]),
    ("transport = \"stdio\"\nlisten = \"0.0.0.0:8080\"\ninsecure_no_auth = true", &[]),
    ("transport = \"sse\"\nlisten = \"0.0.0.0:8080\"", &["OB010 1:13"]),
    ("legacy.connection_max = \"off\"", &["OB010 1:25"]),
    ("listen = { catch_up = \"1s\" }", &["OB010 1:10"]),
    // The order of resources.
    ("resource_order = [\"a\"]\nbackends.a.command = \"x\"", &[]),
    ("resource_order = [\"a\", \"a\"]\nbackends.a.command = \"x\"", &["OB032 1:24"]),
    ("resource_order = [\"a\", \"b\"]\nbackends.a.command = \"x\"", &["OB031 1:24"]),
    ("resource_order = [\"a\"]", &["OB031 1:19"]),
    ("resource_order = [\"a\"]\nbackends.a = 1", &["OB010 2:14"]),
    ("resource_order = \"a\"", &["OB010 1:18"]),
    // Backends.
    ("[backends.a-b_c]\ncommand = \"x\"", &[]),
    ("[[backends]]\ncommand = \"x\"", &["OB010 1:1"]),
    ("backends.x = 1", &["OB010 1:14"]),
    ("[backends.\"\"]\ncommand = \"x\"", &["OB020 1:11"]),
    ("[backends.\"a b\"]\ncommand = \"x\"", &["OB020 1:11"]),
    ("[backends.\"ä\"]\ncommand = \"x\"", &["OB020 1:11"]),
    ("[backends.a23456789012345678901234567890_2]\ncommand = \"x\"", &[]),
    ("[backends.a23456789012345678901234567890_23]\ncommand = \"x\"", &["OB020 1:11"]),
    ("[backends.x]\ncommand = \"x\"\nprefix = \"a/b\"", &["OB020 3:10"]),
    ("[backends.a]\ncommand = \"x\"\n[backends.b]\ncommand = \"x\"\nprefix = \"a\"", &["OB021 5:10"]),
    ("[backends.a]\ncommand = \"x\"\nprefix = \"b\"\n[backends.b]\ncommand = \"x\"", &["OB021 4:11"]),
    ("[backends.a]\ncommand = \"x\"\nprefix = \"\"\n[backends.b]\ncommand = \"x\"\nprefix = \"\"", &["OB021 6:10"]),
    ("[backends.x]", &["OB022 1:11"]),
    ("[backends.x]\ncommand = \" \"", &["OB022 2:11"]),
    ("[backends.x]\ncommand = 1", &["OB010 2:11"]),
    ("[backends.x]\ncommand = \"a\\u0000b\"", &["OB010 2:11"]),
    ("[backends.x]\ncommand = \"x\"\ncwd = \"/does/not/exist\"", &["OB023 3:7"]),
    ("[backends.x]\ncommand = \"x\"\ncwd = \"Cargo.toml\"", &["OB023 3:7"]),
    ("[backends.x]\ncommand = \"x\"\nenv.\"A-B\" = \"x\"", &["OB024 3:5"]),
    ("[backends.x]\ncommand = \"x\"\nenv_pass = [\"A=B\"]", &["OB024 3:13"]),
    ("[backends.x]\ncommand = \"x\"\nenv.A = \"${NOT_SET}\"", &["OB025 3:9"]),
    ("[backends.x]\ncommand = \"x\"\nenv.A = \"$${NOT_SET} $HOME ${HOME}\"", &[]),
    ("[backends.x]\ncommand = \"x\"\nenv.A = \"${HOME\"", &["OB026 3:9"]),
    ("[backends.x]\ncommand = \"x\"\nenv.A = \"${HOME:-x}\"", &["OB026 3:9"]),
    ("[backends.x]\ncommand = \"x\"\nenv.A = \"${subject.hash}\"", &["OB026 3:9"]),
    ("[backends.x]\ncommand = \"${child.dir}/x\"", &["OB026 2:11"]),
    ("[backends.x]\ncommand = \"x\"\nargs = [\"a\", \"${HOME}\"]", &["OB026 3:14"]),
    ("[backends.x]\ncommand = \"x\"\nargs = [\"$${HOME}\"]", &[]),
    ("[backends.x]\ncommand = \"x\"\nenv_pass = [\"NOT_SET\"]", &["OB028 3:13"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"per-principal\"", &[]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"shared\"", &[]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"per-session\"", &["OB030 3:13"]),
    ("[backends.x]\ncommand = \"x\"\nisolation = \"none\"", &["OB010 3:13"]),
    ("[backends.x]\ncommand = \"x\"\nserial = \"yes\"", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nlog_level = \"emergency\"", &[]),
    ("[backends.x]\ncommand = \"x\"\nlog_level = \"trace\"", &["OB010 3:13"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"src\", \"file:///does/not/exist\"]", &[]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"/does/not/exist\"]", &["OB029 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"Cargo.toml\"]", &["OB029 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"${child.dir}\"]", &["OB026 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"\"]", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\ncwd = \"${child.dir}\"", &["OB026 3:7"]),
    ("[backends.x]\ncommand = \"x\"\ncwd = \"\"", &["OB010 3:7"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"https://a.example/x\"]", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"file://host/x\"]", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"file:x\"]", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"file:///x?a\"]", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = [\"file:///x#a\"]", &["OB010 3:10"]),
    ("[backends.x]\ncommand = \"x\"\nroots = \"src\"", &["OB010 3:9"]),
    ("[backends.x]\ncommand = \"x\"\nrestart_delay = \"40s\"", &["OB011 3:17"]),
];

#[test]
fn files_are_refused_for_their_mistakes_and_for_nothing_else() {
    for (file, expected) in FILES {
        let report = report(file, &[]);
        assert_eq!(summary(&report), *expected, "{file}\n{report}");
        assert_eq!(load(file, &[]).is_err(), report.has_errors(), "{file}");
    }
}

/// Refusals that come from elsewhere than the text of the file.
fn others() -> Vec<(Diagnostics, &'static [&'static str])> {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Config::load(Some(&path), &Overrides::default(), &env(&[])).unwrap_err()
    };
    let missing = Config::load(Some(&dir.path().join("missing")), &Overrides::default(), &env(&[])).unwrap_err();
    let folder = Config::load(Some(dir.path()), &Overrides::default(), &env(&[])).unwrap_err();
    let variable = |name: &str, value: &str| load("", &[(name, value)]).unwrap_err();
    let flags = |flags: &Overrides| Config::load(None, flags, &env(&[])).unwrap_err();
    let stdio = |line: &str| flags(&Overrides { stdio: vec![line.to_owned()], ..Overrides::default() });
    let import = |path: &Path| flags(&Overrides { imports: vec![path.to_owned()], ..Overrides::default() });
    let (none, text) = (Overrides::default, |text: &str| Some(text.to_owned()));
    let over_stdio = |given: Overrides| flags(&Overrides { transport: text("stdio"), ..given });
    let many: String = (0..60).map(|number| format!("unknown{number} = 1\n")).collect();
    let homeless = Config::load(None, &Overrides::default(), &std::collections::BTreeMap::new()).unwrap_err();
    let origin = vec!["*".to_owned()];
    let listen = Some("0.0.0.0:1".to_owned());
    let name = vec!["A-B".to_owned()];
    vec![
        (missing, &["OB001 Default"]),
        (folder, &["OB001 Default"]),
        (file("latin-1", b"path = \"/\xe4\""), &["OB001 Default"]),
        (file("large", &[b'#'; (1 << 20) + 1]), &["OB001 Default"]),
        (homeless, &["OB012 Default"]),
        (variable("OUTBOARD_LISTEN", "8080"), &["OB010 Variable(\"OUTBOARD_LISTEN\")"]),
        (variable("OUTBOARD_LISTEN", "0.0.0.0:1"), &["OB040 Variable(\"OUTBOARD_LISTEN\")"]),
        (variable("OUTBOARD_INSECURE_NO_AUTH", "yes"), &["OB010 Variable(\"OUTBOARD_INSECURE_NO_AUTH\")"]),
        (
            variable("OUTBOARD_ALLOWED_ORIGINS", "https://a.example,b"),
            &["OB010 Variable(\"OUTBOARD_ALLOWED_ORIGINS\")"],
        ),
        (flags(&Overrides { listen, ..Overrides::default() }), &["OB040 Flag(\"--listen\")"]),
        (flags(&Overrides { allowed_origins: origin, ..Overrides::default() }), &["OB042 Flag(\"--allowed-origin\")"]),
        (stdio("npx 'open"), &["OB027 Flag(\"--stdio\")"]),
        (stdio(" "), &["OB022 Flag(\"--stdio\")"]),
        (stdio("''"), &["OB022 Flag(\"--stdio\")"]),
        (
            flags(&Overrides { stdio: vec!["x".to_owned()], env_pass: name, ..Overrides::default() }),
            &["OB024 Flag(\"--env-pass\")"],
        ),
        (import("/does/not/exist".as_ref()), &["OB033 Flag(\"--import\")"]),
        (import(dir.path()), &["OB033 Flag(\"--import\")"]),
        (variable("OUTBOARD_TRANSPORT", "tcp"), &["OB010 Variable(\"OUTBOARD_TRANSPORT\")"]),
        (over_stdio(Overrides { listen: text("127.0.0.1:1"), ..none() }), &["OB013 Flag(\"--listen\")"]),
        (over_stdio(Overrides { public_url: text("http://localhost"), ..none() }), &["OB013 Flag(\"--public-url\")"]),
        (over_stdio(Overrides { path: text("/x"), ..none() }), &["OB013 Flag(\"--path\")"]),
        (
            over_stdio(Overrides { allowed_origins: vec!["https://a.example".to_owned()], ..none() }),
            &["OB013 Flag(\"--allowed-origin\")"],
        ),
        (over_stdio(Overrides { insecure_no_auth: true, ..none() }), &["OB013 Flag(\"--insecure-no-auth\")"]),
        (over_stdio(Overrides { redis: text("redis://a"), ..none() }), &["OB013 Flag(\"--redis\")"]),
        (over_stdio(Overrides { replicas: Some(2), ..none() }), &["OB013 Flag(\"--replicas\")"]),
        (
            flags(&Overrides { dev_issuer: true, dev_issuer_auto_approve: text("eve"), ..none() }),
            &["OB069 Flag(\"--dev-issuer-auto-approve\")"],
        ),
        (load(&many, &[]).unwrap_err(), &["OB099 Default"]),
    ]
}

#[test]
fn mistakes_outside_the_file_name_where_they_come_from() {
    for (report, expected) in others() {
        assert_eq!(summary(&report)[..1], *expected, "{}", plain(&report));
    }
}

#[test]
fn every_code_is_said_somewhere() {
    let files = FILES.iter().map(|(file, _)| report(file, &[]));
    let auth = auth::files().map(|(file, _)| report(&file, &[]));
    let others = others().into_iter().map(|(report, _)| report);
    let replicas = REPLICAS.iter().map(|(file, _)| report(file, &[])).chain(replicas::others());
    let imports = IMPORTS.iter().map(|(json, _)| imported(json));
    let reports: Vec<Diagnostics> = files.chain(auth).chain(others).chain(imports).chain(replicas).collect();
    let said: BTreeSet<Code> = reports.iter().flat_map(Diagnostics::iter).map(|diagnostic| diagnostic.code).collect();
    assert_eq!(said, Code::ALL.iter().copied().collect());
}

#[test]
fn codes_are_stable_and_explained() {
    let ids: BTreeSet<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    assert_eq!(ids.len(), Code::ALL.len());
    for code in Code::ALL {
        assert!(code.id().starts_with("OB0") && code.id().len() == 5, "{code:?}");
        assert!(code.meaning().ends_with('.'), "{code:?}");
    }
}
