//! The command on configuration files: exit codes, streams and formats. What is accepted is tested beside the code.

use std::path::Path;
use std::process::Output;

use crate::program;

/// A file with a mistake in its second line.
const BAD: &str = "path = \"/mcp\"\nlisten = \"0.0.0.0:0\"\n";

/// Runs the command in the directory, with an environment that says nothing about outboard.
fn outboard(directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    program::outboard()
        .args(arguments)
        .current_dir(directory)
        .env("HOME", directory)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn directory_with(file: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("outboard.toml"), file).unwrap();
    directory
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn check_answers_a_bad_file_with_64_and_a_good_one_with_0() {
    let bad = outboard(directory_with(BAD).path(), &["check"], &[]);
    assert_eq!(bad.status.code(), Some(64), "{bad:?}");
    assert!(text(&bad.stdout).contains("error[OB040]") && text(&bad.stdout).contains("outboard.toml:2:10"), "{bad:?}");
    assert!(!text(&bad.stdout).contains('\u{1b}'), "no colours into a pipe");
    let good = outboard(directory_with("path = \"/mcp\"\n").path(), &["check"], &[]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let missing = outboard(directory_with("").path(), &["check", "--config", "other.toml"], &[]);
    assert_eq!(missing.status.code(), Some(64), "{missing:?}");
    assert!(text(&missing.stdout).contains("OB001"), "{missing:?}");
}

#[test]
fn check_speaks_the_formats_of_programs() {
    let directory = directory_with(BAD);
    let json = outboard(directory.path(), &["check", "--format", "json"], &[]);
    let line: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&line["code"], &line["line"], &line["column"]), (&"OB040".into(), &2.into(), &10.into()));
    let github = outboard(directory.path(), &["check", "--format", "github"], &[]);
    let expected = "::error file=outboard.toml,line=2,endLine=2,col=10,endColumn=21,title=OB040::";
    assert!(text(&github.stdout).starts_with(expected), "{github:?}");
    assert_eq!((json.status.code(), github.status.code()), (Some(64), Some(64)));
}

#[test]
fn check_shows_what_is_in_force_and_what_would_be_imported() {
    let directory =
        directory_with("[limits]\npage_items = 7\n[backends.files]\ncommand = \"x\"\nargs = [\"canary\"]\n");
    let shown = outboard(directory.path(), &["check"], &[]);
    for line in ["limits.page_items = 7", "input.rounds = 16", "backends.files.command = \"x\""] {
        assert!(text(&shown.stdout).lines().any(|shown| shown == line), "{line} {shown:?}");
    }
    assert!(!text(&shown.stdout).contains("canary"), "{shown:?}");
    std::fs::write(directory.path().join("again.toml"), &shown.stdout).unwrap();
    let again = outboard(directory.path(), &["check", "--config", "again.toml"], &[]);
    assert_eq!(again.status.code(), Some(0), "what is shown is a file itself: {again:?}");

    let servers = r#"{"mcpServers": {"time": {"command": "uvx"}, "far": {"url": "https://a.example/mcp"}}}"#;
    std::fs::write(directory.path().join("mcp.json"), servers).unwrap();
    let alone = outboard(directory.path(), &["check", "--import", "mcp.json"], &[]);
    assert_eq!(alone.status.code(), Some(0), "{alone:?}");
    let alone = text(&alone.stdout);
    assert!(alone.contains("warning[OB035]: `mcp.json: mcpServers.far.url`") && !alone.contains("files"), "{alone}");
    assert!(alone.contains("backends.time.command = \"uvx\""), "{alone}");
    let both = ["check", "--config", "outboard.toml", "--import", "mcp.json", "--format", "json"];
    let both = outboard(directory.path(), &both, &[]);
    assert_eq!((both.status.code(), text(&both.stdout).lines().count()), (Some(0), 1), "{both:?}");
}

#[test]
fn check_tells_of_authentication_what_is_in_force_and_no_secret() {
    let file = "[[auth.issuers]]\nissuer = \"https://keycloak.example.com/realms/team\"\npreset = \"keycloak\"\naudiences = [\"notes\"]\n\
                [[auth.issuers]]\nissuer = \"https://opaque.example.com\"\n[auth.issuers.introspection]\n\
                endpoint = \"https://opaque.example.com/introspect\"\nclient_id = \"me\"\nclient_secret = \"${ASKED}\"\n";
    let directory = directory_with(file);
    let shown = outboard(directory.path(), &["check"], &[("ASKED", "canary")]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    for part in ["# issuer https://keycloak.example.com/realms/team: JWTs by ", "auth.limits.skew = \"30s\"\n"] {
        assert!(text(&shown.stdout).contains(part), "{part} {shown:?}");
    }
    assert!(!text(&shown.stdout).contains("canary"), "{shown:?}");
    std::fs::write(directory.path().join("again.toml"), &shown.stdout).unwrap();
    let again = outboard(directory.path(), &["check", "--config", "again.toml"], &[("ASKED", "canary")]);
    assert_eq!(again.status.code(), Some(0), "what is shown is a file itself: {again:?}");
    let unset = outboard(directory.path(), &["check"], &[]);
    assert_eq!(unset.status.code(), Some(64), "{unset:?}");
    assert!(text(&unset.stdout).contains("error[OB064]"), "{unset:?}");
}

#[test]
fn serve_refuses_what_check_refuses_whichever_layer_says_it() {
    type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 15] = [
        (BAD, &["serve", "--config", "outboard.toml"], &[], "outboard.toml:2:10"),
        ("", &["serve", "--listen", "0.0.0.0:0"], &[], "flag --listen"),
        ("", &["serve"], &[("OUTBOARD_LISTEN", "0.0.0.0:0")], "environment variable OUTBOARD_LISTEN"),
        ("", &["serve", "--stdio", "npx 'open"], &[], "flag --stdio"),
        ("", &["serve", "--import", "missing.json"], &[], "flag --import"),
        ("", &["serve", "--transport", "stdio", "--listen", "127.0.0.1:0"], &[], "flag --listen"),
        ("transport = \"stdio\"", &["serve", "--path", "/x"], &[], "flag --path"),
        ("", &["serve", "--issuer", "http://a.example"], &[], "flag --issuer"),
        ("", &["serve"], &[("OUTBOARD_ISSUERS", "a.example")], "environment variable OUTBOARD_ISSUERS"),
        ("", &["serve", "--dev-issuer", "--listen", "0.0.0.0:0"], &[], "flag --listen"),
        ("", &["serve", "--dev-issuer", "--stdio", "x"], &[], "flag --stdio"),
        ("", &["serve", "--dev-issuer-auto-approve", "bob"], &[], "flag --dev-issuer-auto-approve"),
        ("", &["serve", "--redis", "redis://127.0.0.1:9"], &[], "flag --redis"),
        ("", &["serve", "--replicas", "2"], &[], "flag --replicas"),
        ("", &["serve"], &[("OUTBOARD_KEY_FILE", "missing")], "environment variable OUTBOARD_KEY_FILE"),
    ];
    for (file, arguments, variables, place) in cases {
        let refused = outboard(directory_with(file).path(), arguments, variables);
        assert_eq!(refused.status.code(), Some(64), "{refused:?}");
        assert!(text(&refused.stderr).contains(place), "{refused:?}");
        assert!(refused.stdout.is_empty(), "{refused:?}");
    }
}

#[test]
fn a_forced_colour_reaches_the_report() {
    let directory = directory_with(BAD);
    let coloured = outboard(directory.path(), &["check"], &[("CLICOLOR_FORCE", "1")]);
    assert!(text(&coloured.stdout).contains("\u{1b}["), "{coloured:?}");
    let plain = outboard(directory.path(), &["check"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(!text(&plain.stdout).contains('\u{1b}'), "{plain:?}");
}

/// In a release build there are no faults to switch on.
#[cfg(debug_assertions)]
#[test]
fn a_fault_that_there_is_not_is_refused() {
    let directory = directory_with("listen = \"127.0.0.1:0\"\n");
    let refused = outboard(directory.path(), &["serve"], &[("OUTBOARD_SABOTAGE", "everything")]);
    assert_eq!(refused.status.code(), Some(64), "{refused:?}");
    assert!(text(&refused.stderr).contains("none of mailbox, bus, terminated, owner"), "{refused:?}");
}
