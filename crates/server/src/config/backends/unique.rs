//! What holds over all backends: one name and one prefix each, and an order that names them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::keys::nearest;
use super::super::setting::Setting;
use super::{Builder, Candidate};
use crate::diagnostics::Code;

impl Builder<'_, '_> {
    /// Two backends of one name could not be told apart.
    pub(super) fn names(&mut self, candidates: &[Candidate]) {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for candidate in candidates {
            let name = candidate.backend.name.as_str();
            let Some(other) = taken.get(name) else {
                taken.insert(name, &candidate.label);
                continue;
            };
            let problem = format!("`{other}` is called `{name}` too");
            let fix = "rename one of them";
            self.check.refuse(Code::DuplicateName, &candidate.place, &[&candidate.label], &problem, Some(fix));
        }
    }

    /// Two backends of one prefix could have two tools of one name.
    pub(super) fn prefixes(&mut self, candidates: &[Candidate]) {
        let mut taken: BTreeMap<&str, &Candidate> = BTreeMap::new();
        for candidate in candidates {
            let backend = &candidate.backend;
            let prefix = backend.prefix.as_ref().unwrap_or(&backend.name).as_str();
            let other = taken.insert(prefix, candidate);
            // Of two backends of one name it is said that they are.
            let Some(other) = other.filter(|other| other.backend.name != backend.name) else { continue };
            let label = &other.label;
            let problem = match prefix {
                "" => format!("`{label}` has no prefix either"),
                prefix => format!("`{label}` has the prefix `{prefix}` too"),
            };
            let fix = "give each backend its own prefix, or leave `prefix` out to have its name";
            let path: Vec<&str> = [candidate.label.as_str()].into_iter().chain(candidate.prefix_key).collect();
            self.check.refuse(Code::DuplicatePrefix, &candidate.place, &path, &problem, Some(fix));
        }
    }

    /// The order names backends, each once.
    pub(super) fn resource_order(&mut self, order: &[Setting<String>], candidates: &[Candidate]) {
        const PATH: &[&str] = &["resource_order"];
        let known: Vec<&str> = candidates.iter().map(|candidate| candidate.backend.name.as_str()).collect();
        let mut named = BTreeSet::new();
        for entry in order {
            let name = entry.value.as_str();
            let is_unread = self.broken.contains("backends") || self.broken.contains(&format!("backends.{name}"));
            if !known.contains(&name) && !is_unread {
                let fix = match nearest(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "leave it out: there are no backends".to_owned(),
                    None => format!("the backends are {}", known.join(", ")),
                };
                let problem = format!("`{}` is not a backend", name.escape_debug());
                self.check.refuse(Code::UnknownBackend, &entry.place, PATH, &problem, Some(&fix));
            } else if !named.insert(name) {
                let problem = format!("`{name}` is named twice");
                self.check.refuse(Code::DuplicateName, &entry.place, PATH, &problem, Some("name it once"));
            }
        }
    }
}
