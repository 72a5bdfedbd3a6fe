//! From the command lines of `--stdio` to backends.

use super::super::effective::Backend;
use super::{Builder, Candidate, Given};
use crate::diagnostics::{Code, Place};

const PLACE: Place = Place::Flag("--stdio");

impl Builder<'_, '_> {
    /// The flag's words are taken as they are: nothing in them is replaced.
    pub(super) fn command_line(&mut self, name: String, line: &str, given: &Given) -> Option<Candidate> {
        let mut words = match shell_words::split(line) {
            Ok(words) => words.into_iter(),
            Err(mistake) => {
                let fix = "close the quote; words are split as a shell would, but no shell runs";
                self.check.refuse(Code::BadCommandLine, &PLACE, &["--stdio"], &mistake.to_string(), Some(fix));
                return None;
            }
        };
        let Some(command) = words.next().filter(|command| !command.is_empty()) else {
            let fix = "give the command and its arguments: `--stdio \"npx -y some-server\"`";
            self.check.refuse(Code::NoCommand, &PLACE, &["--stdio"], "there is no command", Some(fix));
            return None;
        };
        let plain = self.plain(name, &given.table, ["--stdio", ""]);
        let backend = Backend { command, args: words.collect(), env_pass: given.env_pass.clone(), ..plain };
        let isolation = given.table.isolation();
        Some(Candidate { backend, label: "--stdio".to_owned(), isolation, place: PLACE, prefix_key: None })
    }
}

/// The name of the next backend of the command line.
pub(super) fn free_name(candidates: &[Candidate]) -> String {
    let taken = |name: &String| {
        let uses = |backend: &Backend| backend.name == *name || backend.prefix.as_ref() == Some(name);
        candidates.iter().any(|candidate| uses(&candidate.backend))
    };
    let numbered = (2..).map(|number| format!("stdio{number}"));
    std::iter::once("stdio".to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}
