//! All that is required of who uses one item, put together once for each catalog.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use outboard_identity::{GrantedScopes, Requirement};
use serde_json::Value;

use super::{Access, Decide, RequirementTemplate, Undecided};

/// All that is required of who uses one item.
pub(crate) struct Policy {
    /// Of every call.
    fixed: Requirement,
    by_arguments: Vec<ByArguments>,
}

#[derive(Clone)]
enum ByArguments {
    Template(RequirementTemplate),
    Function(Decide),
}

/// Which arguments there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Those of the call.
    All,
    /// Those that are filled in already: what needs another one is not needed yet.
    SoFar,
}

impl Policy {
    /// What a handler says of itself and all rules that match; `None` where nothing is required.
    pub(crate) fn of<'a>(
        access: Access,
        rules: impl IntoIterator<Item = &'a RequirementTemplate>,
    ) -> Option<Arc<Self>> {
        let Access { requirement, decide } = access;
        let by_arguments = decide.map(ByArguments::Function).into_iter().collect();
        let mut policy = Self { fixed: requirement, by_arguments };
        for rule in rules {
            policy.fixed = policy.fixed.and(rule.fixed());
            if !rule.is_fixed() {
                policy.by_arguments.push(ByArguments::Template(rule.clone()));
            }
        }
        (!policy.fixed.is_empty() || policy.is_by_arguments()).then(|| Arc::new(policy))
    }

    /// The same with what else is required.
    pub(crate) fn and(policy: Option<&Arc<Self>>, more: Requirement) -> Option<Arc<Self>> {
        if more.is_empty() {
            return policy.cloned();
        }
        let (fixed, by_arguments) = match policy {
            Some(policy) => (policy.fixed.clone().and(more), policy.by_arguments.clone()),
            None => (more, Vec::new()),
        };
        Some(Arc::new(Self { fixed, by_arguments }))
    }

    /// What every call needs.
    pub(crate) const fn fixed(&self) -> &Requirement {
        &self.fixed
    }

    /// Whether some of it depends on arguments.
    pub(crate) const fn is_by_arguments(&self) -> bool {
        !self.by_arguments.is_empty()
    }

    /// Whether somebody may use the item, as far as that can be told without arguments.
    pub(crate) fn may_permit(&self, granted: &GrantedScopes) -> bool {
        granted.satisfy(&self.fixed).is_ok()
    }

    /// What a call with these arguments needs.
    pub(crate) fn requirement(&self, arguments: &Value, known: Known) -> Result<Requirement, Undecided> {
        let mut requirement = self.fixed.clone();
        for by_arguments in &self.by_arguments {
            let needed = match by_arguments {
                ByArguments::Template(template) => template.requirement(arguments),
                ByArguments::Function(_) if known == Known::SoFar => continue,
                // It is somebody's function, and what it was given is dropped with it.
                ByArguments::Function(decide) => {
                    catch_unwind(AssertUnwindSafe(|| decide(arguments))).unwrap_or(Err(Undecided::Panicked))
                }
            };
            match needed {
                Ok(needed) => requirement = requirement.and(needed),
                Err(Undecided::Missing { .. }) if known == Known::SoFar => {}
                Err(undecided) => return Err(undecided),
            }
        }
        Ok(requirement)
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("fixed", &self.fixed).finish_non_exhaustive()
    }
}
