//! From the `[[auth.rules]]` tables to what items require beside what they say themselves.

use outboard_runtime::{Glob, GlobError, Governed, RequirementTemplate, ScopeRule, ScopeTemplate};

use super::super::backends::Candidate;
use super::super::keys::nearest;
use super::super::setting::Setting;
use super::Builder;
use super::file::RuleTable;
use crate::diagnostics::{Code, Place};

/// Who lacks it could never step up (MCP 2026-07-28 *Authorization*, refresh tokens).
const OFFLINE_ACCESS: &str = "offline_access";

impl Builder<'_, '_> {
    pub(super) fn rules(&mut self, tables: &[Setting<RuleTable>], candidates: &[Candidate]) -> Vec<ScopeRule> {
        tables.iter().filter_map(|table| self.rule(table, candidates)).collect()
    }

    fn rule(&mut self, table: &Setting<RuleTable>, candidates: &[Candidate]) -> Option<ScopeRule> {
        let Setting { value: table, place } = table;
        let backend = match &table.backend {
            Some(backend) => Some(self.backend(backend, candidates)?),
            None => None,
        };
        let governs = self.governed(table)?;
        let requires = self.required(table, place)?;
        if let (Governed::Everything | Governed::Resources(_), false) = (&governs, requires.is_fixed()) {
            let fix = "say with `tool` or `prompt` what the rule is about: only these have arguments";
            self.wrong(place, "all_of", "what is read has no arguments for `${args.…}`", fix);
        }
        Some(ScopeRule { backend, governs, requires })
    }

    /// A rule for a backend that there is not protects nothing, and looks as if it did.
    fn backend(&mut self, setting: &Setting<String>, candidates: &[Candidate]) -> Option<Glob> {
        let glob = self.glob(setting, "backend")?;
        let names: Vec<&str> = candidates.iter().map(|candidate| candidate.backend.name.as_str()).collect();
        let is_unread = self.broken.iter().any(|key| key.split('.').next() == Some("backends"));
        if !is_unread && !names.iter().any(|name| glob.matches(name)) {
            let fix = match nearest(&setting.value, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "leave it out: there are no backends".to_owned(),
                None => format!("the backends are {}", names.join(", ")),
            };
            let problem = format!("no backend is called `{}`", setting.value.escape_debug());
            self.check.refuse(Code::UnknownBackend, &setting.place, &at("backend"), &problem, Some(&fix));
        }
        Some(glob)
    }

    fn governed(&mut self, table: &RuleTable) -> Option<Governed> {
        let kinds: [Kind<'_>; 3] = [
            ("tool", &table.tool, Governed::Tools),
            ("resource", &table.resource, Governed::Resources),
            ("prompt", &table.prompt, Governed::Prompts),
        ];
        let mut given = kinds.into_iter().filter_map(|(key, setting, make)| Some((key, setting.as_ref()?, make)));
        let Some((key, setting, make)) = given.next() else {
            let is_unread = ["tool", "resource", "prompt"].iter().any(|key| self.broken.contains(&at(key).join(".")));
            // It would be about more than was meant.
            return (!is_unread).then_some(Governed::Everything);
        };
        if let Some((other, setting, _)) = given.next() {
            let problem = format!("a rule is about one kind of items, and this one has `{key}` already");
            self.wrong(&setting.place, other, &problem, "make it two rules");
            return None;
        }
        self.glob(setting, key).map(make)
    }

    fn required(&mut self, table: &RuleTable, place: &Place) -> Option<RequirementTemplate> {
        let is_unread = ["all_of", "any_of"].iter().any(|key| self.broken.contains(&at(key).join(".")));
        if table.all_of.is_empty() && table.any_of.is_empty() && !is_unread {
            let fix = "say which scopes are needed: `all_of = [\"notes:write\"]`, or one of several with `any_of`";
            self.wrong(place, "all_of", "the rule requires nothing", fix);
        }
        let all = self.templates(&table.all_of, "all_of");
        let mut any = self.templates(&table.any_of, "any_of").into_iter();
        let required = RequirementTemplate::all_of(all);
        Some(match any.next() {
            None => required,
            Some(preferred) => required.and(RequirementTemplate::any_of(preferred, any)),
        })
    }

    fn templates(&mut self, list: &[Setting<String>], key: &str) -> Vec<ScopeTemplate> {
        let mut templates = Vec::new();
        for setting in list {
            if setting.value == OFFLINE_ACCESS {
                let problem = "`offline_access` is between a client and its issuer: no challenge names it";
                let fix = "name a scope that clients can be told to ask for";
                self.check.refuse(Code::BadScope, &setting.place, &at(key), problem, Some(fix));
                continue;
            }
            match setting.value.parse::<ScopeTemplate>() {
                Ok(template) => templates.push(template),
                Err(error) => {
                    let fix = "write one scope per entry, such as `notes:write` or `tenant:${args.tenant}`";
                    self.check.refuse(Code::BadScope, &setting.place, &at(key), &error.to_string(), Some(fix));
                }
            }
        }
        templates
    }

    fn glob(&mut self, setting: &Setting<String>, key: &str) -> Option<Glob> {
        let refuse = |error: GlobError| {
            let fix = "write a pattern: `*` is any run of characters, `?` any one, everything else is itself";
            self.check.refuse(Code::BadRule, &setting.place, &at(key), &error.to_string(), Some(fix));
        };
        setting.value.parse().map_err(refuse).ok()
    }

    fn wrong(&mut self, place: &Place, key: &str, problem: &str, fix: &str) {
        self.check.refuse(Code::BadRule, place, &at(key), problem, Some(fix));
    }
}

/// A key that says what a rule is about, what it is set to, and what it makes of it.
type Kind<'a> = (&'static str, &'a Option<Setting<String>>, fn(Glob) -> Governed);

fn at(key: &str) -> [&str; 3] {
    ["auth", "rules", key]
}
