//! From the `[backends.NAME]` tables and the flags `--import` and `--stdio` to what is lifted.

mod bounds;
mod command_line;
mod imported;
mod roots;
mod unique;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize as _;
use serde::de::value::{Error as TextError, StrDeserializer};

use super::auth::claim_path;
use super::backend_file::{BackendTable, Isolation};
use super::check::{Check, KeyPath};
use super::effective::{Backend, ChildEnv, OwnEnvironment};
use super::environment::Environment;
use super::expand::{self, Refused};
use super::file::File;
use super::layers::Overrides;
use super::setting::Setting;
use crate::diagnostics::{Code, Diagnostic, Place};

/// Most claims that one backend is told.
const CLAIMS_MAX: usize = 64;

/// Longest name and longest prefix. With it, tool names of 31 characters stay within the 64 that clients take.
const NAME_MAX: usize = 32;

/// Builds all backends; what is wrong with them goes to the report.
pub(super) struct Builder<'a, 'c> {
    pub(super) env: &'a dyn Environment,
    /// The settings that could not be read, so that nothing is said about their absence.
    pub(super) broken: &'a BTreeSet<String>,
    pub(super) check: &'a mut Check<'c>,
    /// What all backends are handed to pick from.
    pub(super) own: OwnEnvironment,
}

/// What flags say of the backends that flags name.
pub(super) struct Given {
    env_pass: Vec<String>,
    /// The rest, as a table of the file would have it.
    table: BackendTable,
}

/// A backend, and what it takes to speak of it.
pub(super) struct Candidate {
    pub(super) backend: Backend,
    /// What it is called in messages, by where it was written: `backends.files`.
    pub(super) label: String,
    /// Who was said to share one process of it, if that was said.
    pub(super) isolation: Option<Setting<Isolation>>,
    /// Where its prefix comes from.
    pub(super) place: Place,
    /// The key of its prefix, if there is one.
    prefix_key: Option<&'static str>,
}

impl Builder<'_, '_> {
    /// Builds those of the file, then those of the flags.
    pub(super) fn build(&mut self, file: &File, flags: &Overrides) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> =
            file.backends.iter().map(|(name, table)| self.table(name, table)).collect();
        let setting = |name: &String| Setting { value: name.clone(), place: Place::Flag("--env-pass") };
        let env_pass = self.passed(&flags.env_pass.iter().map(setting).collect::<Vec<_>>(), &["--env-pass"]);
        let given = Given { env_pass, table: self.given(flags) };
        for path in &flags.imports {
            candidates.extend(self.import(path, &given));
        }
        for line in &flags.stdio {
            let name = command_line::free_name(&candidates);
            candidates.extend(self.command_line(name, line, &given));
        }
        self.names(&candidates);
        self.prefixes(&candidates);
        self.resource_order(&file.resource_order, &candidates);
        candidates
    }

    fn table(&mut self, name: &Setting<String>, table: &BackendTable) -> Candidate {
        let at = ["backends", name.value.as_str()];
        self.name(name, &at);
        let prefix = table.prefix.as_ref();
        if let Some(prefix) = prefix.filter(|prefix| !prefix.value.is_empty()) {
            self.name(prefix, &at_key(at, "prefix"));
        }
        let backend = Backend {
            command: self.command(name, table, &at_key(at, "command")),
            args: table.args.iter().map(|arg| self.literal(arg, &at_key(at, "args"))).collect(),
            env: self.variables(table, at),
            env_pass: self.passed(&table.env_pass, &at_key(at, "env_pass")),
            cwd: self.cwd(table, &at_key(at, "cwd")),
            prefix: prefix.map(|prefix| prefix.value.clone()),
            roots: self.roots(&table.roots, &at_key(at, "roots")),
            claims: self.claims(&table.claims, &at_key(at, "claims")),
            ..self.plain(name.value.clone(), table, at)
        };
        let place = prefix.map_or(&name.place, |prefix| &prefix.place).clone();
        Candidate { backend, label: at.join("."), isolation: table.isolation(), place, prefix_key: Some("prefix") }
    }

    /// A backend of this name with what needs no text to be read; without a command.
    fn plain(&mut self, name: String, table: &BackendTable, at: [&str; 2]) -> Backend {
        let isolation = match table.isolation.place {
            // It is judged once, for all that the flags name.
            Place::Flag(_) => table.isolation.value,
            _ => self.isolation(&table.isolation, &at_key(at, "isolation")),
        };
        Backend {
            name,
            command: String::new(),
            args: Vec::new(),
            env: ChildEnv::default(),
            env_pass: Vec::new(),
            cwd: None,
            prefix: None,
            isolation,
            claims: Vec::new(),
            serial: table.serial.as_ref().map_or(isolation != Isolation::Shared, |serial| serial.value),
            roots: Vec::new(),
            log_level: table.log_level.value.into(),
            bounds: self.bounds(table, at),
            own: self.own.clone(),
        }
    }

    fn isolation(&mut self, setting: &Setting<Isolation>, path: KeyPath<'_>) -> Isolation {
        if setting.value == Isolation::PerSession {
            let problem = "`per-session` does not exist in this version";
            let fix = "write `per-principal`, under which no two callers share a process";
            self.check.refuse(Code::IsolationNotYet, &setting.place, path, problem, Some(fix));
        }
        setting.value
    }

    /// What the flags say of all backends that they name.
    fn given(&mut self, flags: &Overrides) -> BackendTable {
        const FLAG: &str = "--isolation";
        let Some(text) = &flags.isolation else { return BackendTable::default() };
        if flags.stdio.is_empty() && flags.imports.is_empty() {
            let problem = "there is no `--stdio` and no `--import` that it would be for";
            let fix = "leave it out, or write `isolation` into the tables of the backends";
            self.check.refuse(Code::UselessFlag, &Place::Flag(FLAG), &[FLAG], problem, Some(fix));
        }
        match Isolation::deserialize(StrDeserializer::<TextError>::new(text)) {
            Ok(value) => {
                let isolation = Setting { value, place: Place::Flag(FLAG) };
                self.isolation(&isolation, &[FLAG]);
                BackendTable { isolation, ..BackendTable::default() }
            }
            Err(mistake) => {
                let fix = "write `shared` if the programs keep nothing about their callers";
                self.check.refuse(Code::BadValue, &Place::Flag(FLAG), &[FLAG], &mistake.to_string(), Some(fix));
                BackendTable::default()
            }
        }
    }

    fn claims(&mut self, claims: &[Setting<String>], path: KeyPath<'_>) -> Vec<String> {
        for claim in claims {
            if let Err(problem) = claim_path(&claim.value) {
                let fix =
                    "write its name, such as `email`, or a JSON Pointer (RFC 6901), such as `/realm_access/roles`";
                self.check.refuse(Code::BadClaim, &claim.place, path, problem, Some(fix));
            }
        }
        if let Some(beyond) = claims.get(CLAIMS_MAX) {
            let problem = format!("there are more than {CLAIMS_MAX}");
            self.check.refuse(Code::OutOfRange, &beyond.place, path, &problem, None);
        }
        claims.iter().map(|claim| claim.value.clone()).collect()
    }

    fn name(&mut self, name: &Setting<String>, path: KeyPath<'_>) {
        let text = &name.value;
        if text.is_empty() || text.len() > NAME_MAX || !text.chars().all(is_name_part) {
            let fix = "use 1 to 32 letters, digits, `_`, `.` and `-`: it becomes a part of the tools' names";
            self.check.refuse(Code::BadName, &name.place, path, "this cannot be a part of a tool's name", Some(fix));
        }
    }

    fn command(&mut self, name: &Setting<String>, table: &BackendTable, path: KeyPath<'_>) -> String {
        let problem = match &table.command {
            Some(command) if !command.value.trim().is_empty() => return self.literal(command, path),
            Some(_) => "it is empty",
            None if self.broken.contains(&path.join(".")) => return String::new(),
            None => "it is missing",
        };
        let place = table.command.as_ref().map_or(&name.place, |command| &command.place);
        let fix = "name the program to start: `command = \"npx\"`, with `args = [\"-y\", \"some-server\"]`";
        self.check.refuse(Code::NoCommand, place, path, problem, Some(fix));
        String::new()
    }

    fn cwd(&mut self, table: &BackendTable, path: KeyPath<'_>) -> Option<PathBuf> {
        let setting = table.cwd.as_ref()?;
        let text = setting.value.to_string_lossy().into_owned();
        let resolved = self.path(&Setting { value: text, place: setting.place.clone() }, path)?;
        Some(self.directory(resolved, &setting.place, path))
    }

    /// A path that was written as text. Where there is none, it is already said why.
    fn path(&mut self, setting: &Setting<String>, path: KeyPath<'_>) -> Option<PathBuf> {
        let text = self.literal(setting, path);
        if text.is_empty() && !setting.value.is_empty() {
            return None;
        }
        let resolved = self.check.path(path, &Setting { value: PathBuf::from(text), place: setting.place.clone() });
        (!setting.value.is_empty()).then_some(resolved)
    }

    /// A working directory, which must exist.
    fn directory(&mut self, directory: PathBuf, place: &Place, path: KeyPath<'_>) -> PathBuf {
        if !directory.is_dir() {
            let fix = format!("create `{}`, or correct the path", directory.display());
            self.check.refuse(Code::NoWorkingDirectory, place, path, "there is no such directory", Some(&fix));
        }
        directory
    }

    fn variables(&mut self, table: &BackendTable, at: [&str; 2]) -> ChildEnv {
        let mut variables = BTreeMap::new();
        let [at_table, at_name] = at;
        for (name, value) in &table.env {
            let path = [at_table, at_name, "env", &name.value];
            if !expand::is_variable_name(&name.value) {
                self.bad_variable_name(name, &path);
            }
            let env = self.env;
            let expanded = expand::expand(&value.value, |name| expand::variable(name, env));
            let value = self.expanded(expanded, value, &path);
            variables.insert(name.value.clone(), value);
        }
        ChildEnv(variables)
    }

    fn passed(&mut self, names: &[Setting<String>], path: KeyPath<'_>) -> Vec<String> {
        for name in names {
            if !expand::is_variable_name(&name.value) {
                self.bad_variable_name(name, path);
            } else if self.env.var(&name.value).is_none() {
                let problem = format!("`{}` is not set, so the program starts without it", name.value);
                let fix = "set it, or take it out of the list";
                self.check.refuse(Code::PassedVariableNotSet, &name.place, path, &problem, Some(fix));
            }
        }
        names.iter().map(|name| name.value.clone()).collect()
    }

    fn bad_variable_name(&mut self, name: &Setting<String>, path: KeyPath<'_>) {
        let problem = "this cannot be the name of an environment variable";
        let fix = "use letters, digits and `_`, not beginning with a digit";
        self.check.refuse(Code::BadVariableName, &name.place, path, problem, Some(fix));
    }

    /// A text in which nothing can be replaced.
    fn literal(&mut self, setting: &Setting<String>, path: KeyPath<'_>) -> String {
        self.expanded(expand::expand(&setting.value, expand::nothing), setting, path)
    }

    fn expanded(&mut self, expanded: Result<String, Refused>, from: &Setting<String>, path: KeyPath<'_>) -> String {
        if from.value.contains('\0') {
            let fix = Some("take the NUL character out: no program can be given one");
            self.check.refuse(Code::BadValue, &from.place, path, "it holds a NUL character", fix);
        }
        expanded.unwrap_or_else(|refused| {
            self.check.report.add(Diagnostic {
                code: refused.code(),
                place: from.place.clone(),
                what: format!("`{}`: {refused}", path.join(".")),
                why: None,
                fix: refused.fix().to_owned(),
            });
            String::new()
        })
    }
}

fn at_key<'a>([table, name]: [&'a str; 2], key: &'a str) -> [&'a str; 3] {
    [table, name, key]
}

/// Whether the names of tools may have it (specification, "Tool Names").
fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}
