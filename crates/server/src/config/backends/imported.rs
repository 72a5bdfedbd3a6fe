//! From the servers in the files of MCP clients (`--import`) to backends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::effective::{Backend, ChildEnv};
use super::super::expand;
use super::super::import::{self, Entry, ImportError};
use super::super::setting::Setting;
use super::{Builder, Candidate, Given};
use crate::diagnostics::{Code, Place};

const PLACE: Place = Place::Flag("--import");

/// Members under which clients write the URL of a server.
const URLS: [&str; 3] = ["url", "serverUrl", "httpUrl"];

impl Builder<'_, '_> {
    /// The servers of one file.
    pub(super) fn import(&mut self, path: &Path, given: &Given) -> Vec<Candidate> {
        match import::read(path) {
            Ok(entries) => entries.iter().filter_map(|entry| self.imported(path, entry, given)).collect(),
            Err(mistake) => {
                let (code, fix) = match &mistake {
                    ImportError::Unreadable(_) => (Code::ImportUnreadable, "name a file that exists and can be read"),
                    ImportError::NotJson(_) => {
                        (Code::BadImport, "correct it; comments and trailing commas are no JSON")
                    }
                    ImportError::NoServers => {
                        (Code::BadImport, "name a file such as `{\"mcpServers\": {\"time\": {\"command\": \"uvx\"}}}`")
                    }
                };
                self.check.refuse(code, &PLACE, &[&path.display().to_string()], &mistake.to_string(), Some(fix));
                Vec::new()
            }
        }
    }

    fn imported(&mut self, file: &Path, entry: &Entry, given: &Given) -> Option<Candidate> {
        let at = [entry.table.as_str(), entry.name.as_str()];
        let Value::Object(members) = &entry.value else {
            self.wrong(&at, "expected an object");
            return None;
        };
        if self.is_left_out(members, at) {
            return None;
        }
        let name = backend_name(&entry.name);
        self.name(&Setting { value: name.clone(), place: PLACE }, &at);
        let backend = Backend {
            command: self.imported_command(members, at),
            args: self.imported_args(members, at),
            env: self.imported_variables(members, at),
            env_pass: given.env_pass.clone(),
            cwd: self.imported_cwd(file, members, at),
            ..self.plain(name, &given.table, at)
        };
        let isolation = given.table.isolation();
        Some(Candidate { backend, label: at.join("."), isolation, place: PLACE, prefix_key: None })
    }

    /// Whether the server is switched off, or is one that this version cannot serve; the latter is said.
    fn is_left_out(&mut self, members: &Map<String, Value>, at: [&str; 2]) -> bool {
        if members.get("disabled") == Some(&Value::Bool(true)) {
            return true;
        }
        let url = URLS.into_iter().find(|key| members.contains_key(*key));
        let is_remote = members.get("type").is_some_and(|kind| kind.is_string() && kind != "stdio");
        let Some(key) = url.or_else(|| is_remote.then_some("type")) else { return false };
        let fix = "take it out of the file, or keep connecting clients to it directly";
        let problem = "it is a remote server; only those that are started by a command are served yet";
        self.check.refuse(Code::ImportedLeftOut, &PLACE, &[at[0], at[1], key], problem, Some(fix));
        true
    }

    fn imported_command(&mut self, members: &Map<String, Value>, at: [&str; 2]) -> String {
        let path = [at[0], at[1], "command"];
        match members.get("command") {
            Some(Value::String(command)) if !command.trim().is_empty() => return self.of_client(command, &path),
            Some(Value::String(_)) => self.no_command(&path, "it is empty"),
            Some(_) => self.wrong(&path, "expected a string"),
            None => self.no_command(&path, "it is missing"),
        }
        String::new()
    }

    fn no_command(&mut self, path: &[&str], problem: &str) {
        let fix = "name the program to start: `\"command\": \"npx\"`, with `\"args\": [\"-y\", \"some-server\"]`";
        self.check.refuse(Code::NoCommand, &PLACE, path, problem, Some(fix));
    }

    fn imported_args(&mut self, members: &Map<String, Value>, at: [&str; 2]) -> Vec<String> {
        let path = [at[0], at[1], "args"];
        let mut args = Vec::new();
        match members.get("args") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for value in list {
                    match value {
                        Value::String(text) => args.push(self.of_client(text, &path)),
                        _ => self.wrong(&path, "expected strings alone"),
                    }
                }
            }
            Some(_) => self.wrong(&path, "expected a list of strings"),
        }
        args
    }

    fn imported_variables(&mut self, members: &Map<String, Value>, at: [&str; 2]) -> ChildEnv {
        if members.contains_key("envFile") {
            let path = [at[0], at[1], "envFile"];
            let fix = "set its variables where outboard is started and pass them with `--env-pass NAME`";
            self.check.refuse(Code::ImportedLeftOut, &PLACE, &path, "files of variables are not read", Some(fix));
        }
        let mut variables = BTreeMap::new();
        let table = match members.get("env") {
            None | Some(Value::Null) => return ChildEnv::default(),
            Some(Value::Object(table)) => table,
            Some(_) => {
                self.wrong(&[at[0], at[1], "env"], "expected an object");
                return ChildEnv::default();
            }
        };
        for (name, value) in table {
            let path = [at[0], at[1], "env", name];
            if !expand::is_variable_name(name) {
                self.bad_variable_name(&Setting { value: name.clone(), place: PLACE }, &path);
            }
            match value {
                Value::String(text) => drop(variables.insert(name.clone(), self.of_client(text, &path))),
                Value::Number(number) => drop(variables.insert(name.clone(), number.to_string())),
                // VS Code: the variable is taken away, as it is here unless somebody passes it.
                Value::Null => {}
                _ => self.wrong(&path, "expected a string"),
            }
        }
        ChildEnv(variables)
    }

    /// Relative to the file, like that of our own file.
    fn imported_cwd(&mut self, file: &Path, members: &Map<String, Value>, at: [&str; 2]) -> Option<PathBuf> {
        let path = [at[0], at[1], "cwd"];
        let text = match members.get("cwd") {
            None | Some(Value::Null) => return None,
            Some(Value::String(text)) => self.of_client(text, &path),
            Some(_) => {
                self.wrong(&path, "expected a string");
                return None;
            }
        };
        let base = file.parent().unwrap_or_else(|| Path::new(""));
        Some(self.directory(base.join(text), &PLACE, &path))
    }

    /// A text with the `${…}` of clients.
    fn of_client(&mut self, text: &str, path: &[&str]) -> String {
        let env = self.env;
        let expanded = expand::expand(text, |inside| expand::of_client(inside, env));
        self.expanded(expanded, &Setting { value: text.to_owned(), place: PLACE }, path)
    }

    fn wrong(&mut self, path: &[&str], problem: &str) {
        let fix = "correct it as the client that the file is for documents it";
        self.check.refuse(Code::BadValue, &PLACE, path, problem, Some(fix));
    }
}

/// A name that tools' names may begin with: what cannot stand there becomes one `-`.
fn backend_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if super::is_name_part(c) {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}
