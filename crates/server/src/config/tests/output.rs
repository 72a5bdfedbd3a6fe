//! Reports for programs, and for people where the file is none.

use super::{load, load_with, plain, report};
use crate::config::Overrides;
use crate::config::tests::refusals::FILES;
use crate::diagnostics::Style;

#[test]
fn json_lines_hold_the_whole_report() {
    let report = report("lisen = 1\n\n[backends.x]\ncommand = \"x\"\nenv_pass = [\"NOT_SET\"]", &[]);
    let lines: Vec<serde_json::Value> =
        report.to_json_lines().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = serde_json::json!([
        {
            "severity": "error", "code": "OB003", "file": "outboard.toml",
            "line": 1, "column": 1, "end_line": 1, "end_column": 6, "variable": null, "flag": null,
            "meaning": "A key is not one of the settings.", "what": "unknown key `lisen`", "why": null,
            "fix": "did you mean `listen`?",
        },
        {
            "severity": "warning", "code": "OB028", "file": "outboard.toml",
            "line": 5, "column": 13, "end_line": 5, "end_column": 22, "variable": null, "flag": null,
            "meaning": "A variable that should be passed on to a backend is not set.",
            "what": "`backends.x.env_pass`: `NOT_SET` is not set, so the program starts without it", "why": null,
            "fix": "set it, or take it out of the list",
        },
    ]);
    assert_eq!(serde_json::Value::from(lines), expected);
}

#[test]
fn json_names_the_variable_or_the_flag() {
    let report = load("", &[("OUTBOARD_LISTEN", "x")]).unwrap_err();
    let line: serde_json::Value = serde_json::from_str(&report.to_json_lines()).unwrap();
    assert_eq!((&line["variable"], &line["flag"], &line["file"]), (&"OUTBOARD_LISTEN".into(), &().into(), &().into()));
    let flags = Overrides { path: Some("x".to_owned()), ..Overrides::default() };
    let line: serde_json::Value =
        serde_json::from_str(&load_with("", &flags, &[]).unwrap_err().to_json_lines()).unwrap();
    assert_eq!((&line["variable"], &line["flag"], &line["line"]), (&().into(), &"--path".into(), &().into()));
}

#[test]
fn github_annotations_are_escaped() {
    let report = report("\"a\\r\\n::error::%,:\" = 1\npath = \"\"\"\n\"\"\"", &[]);
    let expected = [
        "::error file=outboard.toml,line=1,endLine=1,col=1,endColumn=20,title=OB003::unknown key `a%0D%0A::error::%25,:`%0A",
        "::error file=outboard.toml,line=2,endLine=3,title=OB010::`path`: a path begins with a slash, expected ",
    ];
    let text = report.to_github();
    assert_eq!(text.lines().count(), expected.len(), "{text}");
    for (line, expected) in text.lines().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn text_names_the_variable_or_the_flag() {
    let flags = Overrides { listen: Some("0.0.0.0:1".to_owned()), ..Overrides::default() };
    let report = load_with("", &flags, &[("OUTBOARD_PATH", "x")]).unwrap_err();
    let text = plain(&report);
    assert!(text.contains("error[OB010]: `path`: a path begins with a slash"), "{text}");
    assert!(text.contains("--> environment variable OUTBOARD_PATH\n"), "{text}");
    assert!(text.contains("--> flag --listen\n"), "{text}");
}

#[test]
fn passwords_in_urls_are_not_shown() {
    for file in ["public_url = \"http://me:pass@localhost\"", "path = \npublic_url = \"http://me:pass@localhost"] {
        let text = plain(&report(file, &[]));
        assert!(text.contains("public_url") || text.contains("path"), "{text}");
        assert!(!text.contains("pass@"), "{text}");
    }
    let text = plain(&report("", &[("OUTBOARD_PUBLIC_URL", "http://me:pass@localhost")]));
    assert!(text.contains("it must not hold a user name or a password") && !text.contains("pass@"), "{text}");
}

#[test]
fn only_the_coloured_style_has_escape_sequences() {
    let report = report("\"\\u001b[31mred\" = 1", &[]);
    assert!(report.has_errors());
    assert!(!report.to_text(Style::Plain).contains('\u{1b}'), "{:?}", report.to_text(Style::Plain));
    assert!(report.to_text(Style::Coloured).contains("\u{1b}["));
    assert!(!report.to_text(Style::Coloured).contains("\u{1b}[31mred"));
}

#[test]
fn text_and_json_agree_on_every_position() {
    for (file, _) in FILES {
        let report = report(file, &[]);
        let text = plain(&report);
        for (line, diagnostic) in text.lines().filter(|line| line.trim_start().starts_with("--> ")).zip(report.iter()) {
            let (start, _) = report.position(diagnostic).unwrap();
            let expected = format!("--> outboard.toml:{}:{}", start.line, start.column);
            assert_eq!(line.trim_start(), expected, "{text}");
        }
    }
}
