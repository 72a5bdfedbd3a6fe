//! Diagnostics for programs: JSON lines, and GitHub's workflow commands.

use std::fmt::Write as _;

use serde_json::json;

use super::{Diagnostic, Diagnostics, Place, Severity};

pub(super) fn json_lines(report: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in report.iter() {
        let position = report.position(diagnostic);
        let variable = if let Place::Variable(name) = diagnostic.place { Some(name) } else { None };
        let flag = if let Place::Flag(name) = diagnostic.place { Some(name) } else { None };
        let object = json!({
            "severity": severity(diagnostic),
            "code": diagnostic.code.id(),
            "file": position.and_then(|_| report.file()),
            "line": position.map(|(start, _)| start.line),
            "column": position.map(|(start, _)| start.column),
            "end_line": position.map(|(_, end)| end.line),
            "end_column": position.map(|(_, end)| end.column),
            "variable": variable,
            "flag": flag,
            "meaning": diagnostic.code.meaning(),
            "what": diagnostic.what,
            "why": diagnostic.why,
            "fix": diagnostic.fix,
        });
        out.push_str(&object.to_string());
        out.push('\n');
    }
    out
}

/// GitHub, "Workflow commands for GitHub Actions", error and warning messages.
pub(super) fn github(report: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in report.iter() {
        let _ = write!(out, "::{} ", severity(diagnostic));
        if let (Some(file), Some((start, end))) = (report.file(), report.position(diagnostic)) {
            let file = property(file);
            let _ = write!(out, "file={file},line={},endLine={},", start.line, end.line);
            // The annotation takes columns only within one line.
            if start.line == end.line {
                let _ = write!(out, "col={},endColumn={},", start.column, end.column);
            }
        }
        let _ = writeln!(out, "title={}::{}", diagnostic.code.id(), message(diagnostic));
    }
    out
}

fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn message(diagnostic: &Diagnostic) -> String {
    let origin = match diagnostic.place {
        Place::Default | Place::File(_) => String::new(),
        Place::Variable(name) => format!("environment variable {name}: "),
        Place::Flag(name) => format!("flag {name}: "),
    };
    let parts = [Some(&diagnostic.what), diagnostic.why.as_ref(), Some(&diagnostic.fix)];
    let lines: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    escape(&format!("{origin}{}", lines.join("\n")))
}

fn property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
