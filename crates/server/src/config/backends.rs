//! From the `[backends.NAME]` tables and the `--stdio` flags to what is lifted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::amount::Interval;
use super::backend_file::{BackendTable, Backends};
use super::check::{Check, KeyPath, minutes};
use super::effective::{Backend, ChildEnv, OwnEnvironment, Timing};
use super::environment::Environment;
use super::expand::{self, Refused};
use super::layers::Overrides;
use super::setting::Setting;
use crate::diagnostics::{Code, Diagnostic, Place};

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

impl Builder<'_, '_> {
    /// Builds those of the file, then those of the flags.
    pub(super) fn build(&mut self, file: &Backends, flags: &Overrides) -> Vec<Backend> {
        let mut backends: Vec<Backend> = file.iter().map(|(name, table)| self.table(name, table)).collect();
        self.prefixes(file);
        let setting = |name: &String| Setting { value: name.clone(), place: Place::Flag("--env-pass") };
        let env_pass = self.passed(&flags.env_pass.iter().map(setting).collect::<Vec<_>>(), &["--env-pass"]);
        for line in &flags.stdio {
            let name = free_name(&backends);
            backends.extend(self.command_line(name, line, env_pass.clone()));
        }
        backends
    }

    fn table(&mut self, name: &Setting<String>, table: &BackendTable) -> Backend {
        let at = ["backends", name.value.as_str()];
        self.name(name, &at);
        if let Some(prefix) = table.prefix.as_ref().filter(|prefix| !prefix.value.is_empty()) {
            self.name(prefix, &at_key(at, "prefix"));
        }
        Backend {
            name: name.value.clone(),
            command: self.command(name, table, &at_key(at, "command")),
            args: table.args.iter().map(|arg| self.literal(arg, &at_key(at, "args"))).collect(),
            env: self.variables(table, at),
            env_pass: self.passed(&table.env_pass, &at_key(at, "env_pass")),
            cwd: self.cwd(table, &at_key(at, "cwd")),
            prefix: table.prefix.as_ref().map(|prefix| prefix.value.clone()),
            timing: self.timing(table, at),
            own: self.own.clone(),
        }
    }

    /// The flag's words are taken as they are: nothing in them is replaced.
    fn command_line(&mut self, name: String, line: &str, env_pass: Vec<String>) -> Option<Backend> {
        let place = Place::Flag("--stdio");
        let mut words = match shell_words::split(line) {
            Ok(words) => words.into_iter(),
            Err(mistake) => {
                let fix = "close the quote; words are split as a shell would, but no shell runs";
                self.check.refuse(Code::BadCommandLine, &place, &["--stdio"], &mistake.to_string(), Some(fix));
                return None;
            }
        };
        let Some(command) = words.next().filter(|command| !command.is_empty()) else {
            let fix = "give the command and its arguments: `--stdio \"npx -y some-server\"`";
            self.check.refuse(Code::NoCommand, &place, &["--stdio"], "there is no command", Some(fix));
            return None;
        };
        let timing = self.timing(&BackendTable::default(), ["--stdio", ""]);
        let (args, env, own) = (words.collect(), ChildEnv::default(), self.own.clone());
        Some(Backend { name, command, args, env, env_pass, cwd: None, prefix: None, timing, own })
    }

    /// Two backends of one prefix could have two tools of one name.
    fn prefixes(&mut self, file: &Backends) {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, table) in file {
            let (prefix, place) = match &table.prefix {
                Some(prefix) => (prefix.value.as_str(), &prefix.place),
                None => (name.value.as_str(), &name.place),
            };
            if let Some(other) = taken.insert(prefix, &name.value) {
                let path = ["backends", &name.value, "prefix"];
                let problem = match prefix {
                    "" => format!("`backends.{other}` has no prefix either"),
                    prefix => format!("`backends.{other}` has the prefix `{prefix}` too"),
                };
                let fix = "give each backend its own prefix, or leave `prefix` out to have its name";
                self.check.refuse(Code::DuplicatePrefix, place, &path, &problem, Some(fix));
            }
        }
    }

    fn name(&mut self, name: &Setting<String>, path: KeyPath<'_>) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let text = &name.value;
        if text.is_empty() || text.len() > NAME_MAX || !text.chars().all(plain) {
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
        let literal = PathBuf::from(self.literal(&Setting { value: text, place: setting.place.clone() }, path));
        let resolved = self.check.path(path, &Setting { value: literal, place: setting.place.clone() });
        if !resolved.is_dir() {
            let fix = format!("create `{}`, or correct the path", resolved.display());
            let problem = "there is no such directory";
            self.check.refuse(Code::NoWorkingDirectory, &setting.place, path, problem, Some(&fix));
        }
        Some(resolved)
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
            let expanded = expand::expand(&value.value, |name| match env.var(name) {
                Some(value) if expand::is_variable_name(name) => {
                    value.into_string().map_err(|_| Refused::NotText { name: name.to_owned() })
                }
                None if expand::is_variable_name(name) => Err(Refused::NotSet { name: name.to_owned() }),
                _ => expand::nothing(name),
            });
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
            let code = match refused {
                Refused::NotSet { .. } | Refused::NotText { .. } => Code::VariableNotSet,
                Refused::Unclosed | Refused::Unknown { .. } | Refused::NotYet { .. } => Code::BadPlaceholder,
            };
            let fix = match refused {
                Refused::NotSet { .. } | Refused::NotText { .. } => {
                    "set it where outboard is started, or write the value here"
                }
                Refused::NotYet { .. } => "leave it out: every caller is the same to this version",
                Refused::Unclosed | Refused::Unknown { .. } => {
                    "only `${NAME}` in the values of `env` is replaced; write `$${` for the characters themselves"
                }
            };
            self.check.report.add(Diagnostic {
                code,
                place: from.place.clone(),
                what: format!("`{}`: {refused}", path.join(".")),
                why: None,
                fix: fix.to_owned(),
            });
            String::new()
        })
    }

    fn timing(&mut self, table: &BackendTable, at: [&str; 2]) -> Timing {
        let check = &mut self.check;
        let BackendTable { start_timeout, stop_timeout, restart_delay, restart_delay_max, .. } = table;
        check.within(&at_key(at, "start_timeout"), start_timeout, Interval::millis(100)..=minutes(10));
        check.within(&at_key(at, "stop_timeout"), stop_timeout, Interval::seconds(0)..=minutes(5));
        check.within(&at_key(at, "restart_delay"), restart_delay, Interval::millis(10)..=minutes(1));
        check.within(&at_key(at, "restart_delay_max"), restart_delay_max, Interval::millis(10)..=minutes(60));
        if restart_delay_max.value < restart_delay.value {
            let problem = format!("{} is shorter than `restart_delay`", restart_delay_max.value);
            let place = (&restart_delay_max.place).max(&restart_delay.place);
            check.refuse(Code::OutOfRange, place, &at_key(at, "restart_delay_max"), &problem, None);
        }
        Timing {
            start_timeout: start_timeout.value.0,
            stop_timeout: stop_timeout.value.0,
            restart_delay: restart_delay.value.0,
            restart_delay_max: restart_delay_max.value.0,
        }
    }
}

fn at_key<'a>([table, name]: [&'a str; 2], key: &'a str) -> [&'a str; 3] {
    [table, name, key]
}

/// The name of the next backend of the command line.
fn free_name(backends: &[Backend]) -> String {
    let taken = |name: &String| backends.iter().any(|backend| backend.name == *name);
    let numbered = (2..).map(|number| format!("stdio{number}"));
    std::iter::once("stdio".to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}
