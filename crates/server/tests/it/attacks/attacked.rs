//! A running server that is attacked, what is secret in its run, and what went wrong.

use std::cell::RefCell;
use std::fs;
use std::io::BufReader;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use tempfile::TempDir;

use super::asked::{Answer, Asked};
use super::secrets::Secrets;
use super::{Case, Scenario};
use crate::program::Running;

/// One run of a server.
pub(super) struct Attacked {
    server: Running,
    pub(super) secrets: RefCell<Secrets>,
    /// What was shown to those who were refused.
    refusals: RefCell<String>,
    failures: RefCell<Vec<String>>,
}

impl Attacked {
    /// Starts one with this config, in a directory that has what it needs.
    pub(super) fn start(directory: TempDir, config: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let config = format!("log = {{ level = 'trace', format = 'json' }}\n{config}");
        fs::write(directory.path().join("outboard.toml"), config).unwrap();
        let arguments = [&["--config", "outboard.toml"], arguments].concat();
        let server = Running::start_in(directory, variables, &arguments);
        Self { server, secrets: RefCell::default(), refusals: RefCell::default(), failures: RefCell::default() }
    }

    /// Where it listens.
    pub(super) fn host(&self) -> &str {
        self.server.url.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }

    pub(super) fn server(&self) -> &Running {
        &self.server
    }

    pub(super) fn ask(&self, asked: &Asked) -> Answer {
        self.keep_secret(asked);
        let answer = asked.send(self.host());
        if answer.status >= 400 || answer.json().get("error").is_some() {
            let mut refusals = self.refusals.borrow_mut();
            refusals.push_str(&answer.head);
            refusals.push_str(&answer.body);
        }
        answer
    }

    /// The same for an answer that is read as it comes.
    pub(super) fn open(&self, asked: &Asked) -> BufReader<TcpStream> {
        self.keep_secret(asked);
        asked.open(self.host())
    }

    fn keep_secret(&self, asked: &Asked) {
        for line in &asked.lines {
            let line = String::from_utf8_lossy(line);
            let token = line.strip_prefix("Authorization: ").and_then(|line| line.split_once(' '));
            if let Some((_, token)) = token {
                self.secrets.borrow_mut().token(token);
            }
        }
    }

    /// Judges by a table.
    pub(super) fn table(&self, cases: &[Case]) {
        for case in cases {
            if let Err(wrong) = case.expected.check(&self.ask(&case.asked)) {
                self.fail(&format!("row {}, {}: {wrong}", case.row, case.name));
            }
        }
    }

    pub(super) fn fail(&self, failure: &str) {
        self.failures.borrow_mut().push(failure.to_owned());
    }

    /// Ends the server, and says all that went wrong.
    pub(super) fn end(self) {
        let process = fs::read(format!("/proc/{}/cmdline", self.server.id())).unwrap();
        self.server.signal("TERM");
        let (code, log) = self.server.ended();
        let mut failures = self.failures.into_inner();
        if code != Some(0) {
            failures.push(format!("the server ended with {code:?}"));
        }
        if !["TRACE", "DEBUG"].iter().all(|level| log.contains(&format!("\"level\":\"{level}\""))) {
            failures.push("the log does not tell all: what is not in it proves nothing".to_owned());
        }
        let secrets = self.secrets.into_inner();
        let places = [
            ("log", &*log),
            ("refusals", &self.refusals.into_inner()),
            ("process", &String::from_utf8_lossy(&process)),
        ];
        for (place, text) in places {
            let found = secrets.found_in(text);
            failures.extend(found.into_iter().map(|found| format!("rows 251 and 252, {place}: {found}")));
        }
        failures.extend(wrong_lines(&log));
        assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
    }
}

/// Plays all scenarios, also behind one that fails.
pub(super) fn play<S>(on: &S, attacked: &Attacked, scenarios: &[Scenario<S>]) {
    for Scenario { rows, name, run } in scenarios {
        let played = catch_unwind(AssertUnwindSafe(|| run(on)));
        if let Err(panic) = played {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
            attacked.fail(&format!("rows {rows:?}, {name}: {text}"));
        }
    }
}

/// What a caller writes into a log is on one line with the event, is escaped, and is cut.
fn wrong_lines(log: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in log.lines() {
        let shown: String = line.chars().take(300).collect();
        if !serde_json::from_str::<Value>(line).is_ok_and(|event| event.is_object()) {
            wrong.push(format!("row 253: a line of the log is no event: {shown}"));
        }
        if line.chars().any(|c| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c)) {
            wrong.push(format!("row 253: a line of the log has a character that is not escaped: {shown}"));
        }
        if line.contains(&LONG.repeat(257)) {
            wrong.push(format!("row 253: what a caller sent is not cut: {shown}"));
        }
    }
    wrong.truncate(5);
    wrong
}

/// What long texts are made of that are sent to be logged: no log has a run of them.
pub(super) const LONG: &str = "Z";
