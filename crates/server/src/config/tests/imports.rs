//! Files of MCP clients: what becomes a backend, and what is refused.

use std::path::{Path, PathBuf};

use crate::config::backend_file::Isolation;
use crate::config::{Backend, Loaded, Overrides};
use crate::diagnostics::Diagnostics;

use super::{load_with, names, plain, summary};

/// Files, and what is said about them, each at the flag. An empty list: nothing.
pub(super) const IMPORTS: &[(&str, &[&str])] = &[
    (r#"{"mcpServers": {"x": {"command": "x"}}}"#, &[]),
    ("\u{feff}{\"mcpServers\": {\"x\": {\"command\": \"x\"}}}", &[]),
    (r#"{"servers": {"x": {"type": "stdio", "command": "x"}}, "inputs": [{"id": "token"}]}"#, &[]),
    (r#"{"mcpServers": {}}"#, &[]),
    (r#"{"theme": "dark", "mcpServers": {"x": {"command": "x", "alwaysAllow": ["a"]}}}"#, &[]),
    (r#"{"mcpServers": {"x": {"command": "x", "args": null, "env": null, "cwd": null}}}"#, &[]),
    (r#"{"mcpServers": {"x": {"disabled": true, "command": 1, "url": 2}}}"#, &[]),
    // The file.
    ("", &["OB034"]),
    ("[backends.x]", &["OB034"]),
    (r#"{"mcpServers": {"x": {"command": "x",}}}"#, &["OB034"]),
    ("// mine\n{}", &["OB034"]),
    ("[]", &["OB034"]),
    ("{}", &["OB034"]),
    (r#"{"mcpServers": []}"#, &["OB034"]),
    // What this version cannot serve.
    (r#"{"mcpServers": {"x": {"url": "https://a.example/mcp"}}}"#, &["OB035"]),
    (r#"{"mcpServers": {"x": {"serverUrl": "https://a.example/mcp"}}}"#, &["OB035"]),
    (r#"{"mcpServers": {"x": {"httpUrl": "https://a.example/mcp"}}}"#, &["OB035"]),
    (r#"{"mcpServers": {"x": {"type": "sse", "command": "x"}}}"#, &["OB035"]),
    (r#"{"mcpServers": {"x": {"command": "x", "envFile": ".env"}}}"#, &["OB035"]),
    // The entries.
    (r#"{"mcpServers": {"x": "x"}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {}}}"#, &["OB022"]),
    (r#"{"mcpServers": {"x": {"command": " "}}}"#, &["OB022"]),
    (r#"{"mcpServers": {"x": {"command": ["x"]}}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {"command": "x", "args": "y"}}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {"command": "x", "args": ["y", 1]}}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {"command": "a\u0000b"}}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {"command": "x", "env": ["A=1"]}}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {"command": "x", "env": {"A": true}}}}"#, &["OB010"]),
    (r#"{"mcpServers": {"x": {"command": "x", "env": {"A-B": "1"}}}}"#, &["OB024"]),
    (r#"{"mcpServers": {"x": {"command": "x", "env": {"A": "${NOT_SET}"}}}}"#, &["OB025"]),
    (r#"{"mcpServers": {"x": {"command": "x", "env": {"A": "${env:NOT_SET}"}}}}"#, &["OB025"]),
    (r#"{"mcpServers": {"x": {"command": "x", "args": ["${env:NOT_SET}"]}}}"#, &["OB025"]),
    (r#"{"mcpServers": {"x": {"command": "x", "env": {"A": "${input:token}"}}}}"#, &["OB026"]),
    (r#"{"mcpServers": {"x": {"command": "${workspaceFolder}/x"}}}"#, &["OB026"]),
    (r#"{"mcpServers": {"x": {"command": "${HOME"}}}"#, &["OB026"]),
    (r#"{"mcpServers": {"x": {"command": "x", "cwd": "/does/not/exist"}}}"#, &["OB023"]),
    (r#"{"mcpServers": {"x": {"command": "x", "cwd": 1}}}"#, &["OB010"]),
    // The names.
    (r#"{"mcpServers": {"": {"command": "x"}}}"#, &["OB020"]),
    (r#"{"mcpServers": {"ÄÖ": {"command": "x"}}}"#, &["OB020"]),
    (r#"{"mcpServers": {"a23456789012345678901234567890_23": {"command": "x"}}}"#, &["OB020"]),
    (r#"{"mcpServers": {"a b": {"command": "x"}, "a/b": {"command": "x"}}}"#, &["OB032"]),
    (r#"{"mcpServers": {"a": {"command": "x"}}, "servers": {"a": {"command": "x"}}}"#, &["OB032"]),
    // All mistakes at once.
    (
        r#"{"mcpServers": {"x": {"args": 1, "env": {"A": "${NOT_SET}"}}, "y": {"url": ""}, "a~": 1}}"#,
        &["OB022", "OB010", "OB025", "OB035", "OB010"],
    ),
];

/// Writes the files `0.json`, `1.json`, … and imports them beside a configuration file.
fn import(
    file: &str,
    imports: &[&str],
    variables: &[(&str, &str)],
) -> (tempfile::TempDir, Result<Loaded, Diagnostics>) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("work")).unwrap();
    let write = |(number, json): (usize, &&str)| {
        let path = directory.path().join(format!("{number}.json"));
        std::fs::write(&path, json).unwrap();
        path
    };
    let imports: Vec<PathBuf> = imports.iter().enumerate().map(write).collect();
    let flags = Overrides { imports, env_pass: vec!["HOME".to_owned()], ..Overrides::default() };
    let loaded = load_with(file, &flags, variables);
    (directory, loaded)
}

/// The report about one imported file, whether it is refused or only warned about.
pub(super) fn report(json: &str) -> Diagnostics {
    import("", &[json], &[]).1.map_or_else(|report| report, |loaded| loaded.warnings)
}

fn backend(json: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Backend) {
    let (directory, loaded) = import("", &[json], variables);
    let mut backends = loaded.unwrap_or_else(|report| panic!("{json}\n{report}")).config.backends;
    assert_eq!(backends.len(), 1, "{json}");
    (directory, backends.remove(0))
}

#[test]
fn imports_are_refused_for_their_mistakes_and_for_nothing_else() {
    for (json, expected) in IMPORTS {
        let report = report(json);
        let expected: Vec<String> = expected.iter().map(|code| format!("{code} Flag(\"--import\")")).collect();
        assert_eq!(summary(&report), expected, "{json}\n{report}");
        assert_eq!(import("", &[json], &[]).1.is_err(), report.has_errors(), "{json}");
    }
}

#[test]
fn every_part_of_an_entry_arrives() {
    let json = r#"{"mcpServers": {"git hub": {
        "command": "${BIN}/x", "args": ["--token", "${env:TOKEN}", "${MODE:-fast}"], "cwd": "work",
        "env": {"A": "${userHome}/a", "B": "${TOKEN}", "PORT": 80, "GONE": null}
    }}}"#;
    let (directory, backend) = backend(json, &[("BIN", "/bin"), ("TOKEN", "t")]);
    assert_eq!((backend.name.as_str(), backend.command.as_str()), ("git-hub", "/bin/x"));
    assert_eq!(backend.args, ["--token", "t", "fast"]);
    assert_eq!(backend.cwd, Some(directory.path().join("work")), "relative to the file");
    let expected = [("A", "/home/me/a"), ("B", "t"), ("PORT", "80")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(backend.env.clone().into_map(), expected.into());
    assert_eq!(backend.env_pass, ["HOME"], "the flag is for imported backends too");
    assert_eq!((backend.isolation, backend.serial), (Isolation::PerPrincipal, true));
    assert_eq!((backend.prefix(1), backend.prefix(2)), (None, Some("git-hub")));
}

#[test]
fn names_become_what_can_begin_the_name_of_a_tool() {
    let cases = [
        ("time", "time"),
        ("My Server", "My-Server"),
        ("@scope/name", "scope-name"),
        ("io.github.me/files_2", "io.github.me-files_2"),
        (" a  (b) ", "a-b"),
    ];
    for (name, expected) in cases {
        let json = format!(r#"{{"mcpServers": {{"{name}": {{"command": "x"}}}}}}"#);
        assert_eq!(backend(&json, &[]).1.name, expected);
    }
}

#[test]
fn imported_backends_join_those_of_the_file_and_of_each_other() {
    let one =
        r#"{"mcpServers": {"a": {"command": "x"}, "off": {"command": "x", "disabled": true}, "url": {"url": ""}}}"#;
    let two = r#"{"servers": {"b": {"command": "x"}}}"#;
    let file = "resource_order = [\"b\", \"c\", \"a\"]\nbackends.c.command = \"x\"";
    let loaded = import(file, &[one, two], &[]).1.unwrap();
    assert_eq!(names(&loaded.config), ["c", "a", "b"]);
    assert_eq!(summary(&loaded.warnings), ["OB035 Flag(\"--import\")"]);
}

#[test]
fn what_stands_in_two_places_is_refused() {
    let json = r#"{"mcpServers": {"a": {"command": "x"}}}"#;
    let cases: [(&str, &[&str], &[&str]); 4] = [
        ("backends.a.command = \"x\"", &[json], &["OB032 Flag(\"--import\")"]),
        ("", &[json, json], &["OB032 Flag(\"--import\")"]),
        ("backends.b = { command = \"x\", prefix = \"a\" }", &[json], &["OB021 Flag(\"--import\")"]),
        ("backends.b = { command = \"x\", prefix = \"c\" }", &[json], &[]),
    ];
    for (file, imports, expected) in cases {
        let report = import(file, imports, &[]).1.map_or_else(|report| report, |loaded| loaded.warnings);
        assert_eq!(summary(&report), expected, "{file}\n{report}");
    }
}

#[test]
fn reports_name_the_file_and_the_entry_and_show_no_values() {
    let text = |json: &str| {
        let (directory, loaded) = import("", &[json], &[]);
        let report = loaded.map_or_else(|report| report, |loaded| loaded.warnings);
        plain(&report).replace(&format!("{}/", directory.path().display()), "")
    };
    let broken = text("{\"mcpServers\": {\n  \"x\": { \"env\": {\"TOKEN\": \"canary\" oops} }\n}}");
    assert!(broken.contains("error[OB034]: `0.json`: it is not JSON: "), "{broken}");
    assert!(broken.contains("at line 2 column 36"), "{broken}");
    let unset = text(r#"{"mcpServers": {"x": {"command": "x", "env": {"A": "canary ${NOT_SET}", "B": ["canary"]}}}}"#);
    let expected = "error[OB025]: `0.json: mcpServers.x.env.A`: the variable `NOT_SET` is not set";
    assert!(unset.contains(expected), "{unset}");
    assert!(unset.contains("`0.json: mcpServers.x.env.B`: expected a string"), "{unset}");
    let asks = text(r#"{"servers": {"x": {"command": "x", "env": {"A": "${input:token}"}}}}"#);
    assert!(asks.contains("`${input:token}` asks a person"), "{asks}");
    for text in [broken, unset, asks] {
        assert!(text.contains("--> flag --import\n") && !text.contains("canary"), "{text}");
    }
}

#[test]
fn large_files_are_not_read() {
    let json = format!("{{\"mcpServers\": {{}}}}{}", " ".repeat(1 << 20));
    let text = plain(&report(&json));
    assert!(text.contains("OB033") && text.contains("it is larger than 1048576 bytes"), "{text}");
}

#[test]
fn damaged_files_never_panic_nor_show_secrets() {
    let json = r#"{"mcpServers": {"x": {"command": "x", "args": ["a"], "env": {"A": "canary-${HOME}", "B": 1}}}}"#;
    for (number, (at, c)) in json.char_indices().enumerate() {
        let damage = ["", "\"", "{", "}", "[", "]", ",", ":", "\0", "ä", "$"][(number * 7) % 11];
        for text in [json[..at].to_owned(), format!("{}{damage}{}", &json[..at], &json[at + c.len_utf8()..])] {
            let (_, loaded) = import("", &[&text], &[]);
            let shown = loaded.map_or_else(|report| plain(&report), |loaded| loaded.shown);
            assert!(!shown.contains("canary"), "{text}\n{shown}");
        }
    }
    assert!(Path::new("Cargo.toml").is_file(), "nothing was written where the tests run");
}
