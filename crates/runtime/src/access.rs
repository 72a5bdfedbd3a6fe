//! Which scopes a call needs: said beside what is called, by a function of its arguments, or by rules of the config.
//!
//! All that is said applies together. What a handler says of itself ([`Access`]) and the rules that match ([`ScopeRule`])
//! become one [`Policy`] for each item when the catalog is taken; the stack decides by it before the handler runs.

mod glob;
mod policy;
mod rules;
mod spelling;
mod template;

use std::sync::Arc;

use outboard_identity::{Requirement, Scope, ScopeError, ScopeSet};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use glob::{Glob, GlobError};
pub(crate) use policy::{Known, Policy};
pub use rules::{Governed, ScopeRule};
pub(crate) use rules::{ScopeRules, UriRules};
pub(crate) use spelling::is_canonical;
pub(crate) use template::{PART_EXPECTED, TYPE_EXPECTED, Undecided};
pub use template::{RequirementTemplate, SCOPE_BYTES_MAX, ScopeTemplate, ScopeTemplateError};

/// What lists show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// To each caller what its scopes let it use, as far as that can be told without arguments.
    #[default]
    Permitted,
    /// Everything to everyone: clients learn of a scope that they lack when they are refused.
    All,
}

/// What is required of who calls something, said beside it. The default requires nothing.
///
/// ```
/// use outboard_identity::{Requirement, Scope};
/// use outboard_runtime::Access;
///
/// let access = Access::requiring(Requirement::all_of("notes:write".parse()?))
///     .scopes_for(|arguments| format!("folder:{}", arguments["folder"].as_str().unwrap_or_default()).parse::<Scope>());
/// # Ok::<(), outboard_identity::ScopeError>(())
/// ```
#[derive(Clone, Default)]
pub struct Access {
    requirement: Requirement,
    decide: Option<Decide>,
}

/// Decides by arguments that fit their schema.
pub(crate) type Decide = Arc<dyn Fn(&Value) -> Result<Requirement, Undecided> + Send + Sync>;

impl Access {
    /// Requires the same of every call.
    #[must_use]
    pub const fn requiring(requirement: Requirement) -> Self {
        Self { requirement, decide: None }
    }

    /// Requires this, too, of every call.
    #[must_use]
    pub fn and(self, requirement: Requirement) -> Self {
        Self { requirement: self.requirement.and(requirement), ..self }
    }

    /// Requires beside that what a function makes of the arguments: of a tool those that fit its schema, of a prompt those
    /// that it has. Resources have none, and are not offered with such a function. It decides by these alone, so that every replica decides alike.
    /// An `Err` refuses the call as one with wrong arguments. A second function takes the place of the first.
    #[must_use]
    pub fn scopes_for<R: IntoRequirement>(self, decide: impl Fn(&Value) -> R + Send + Sync + 'static) -> Self {
        let decide = move |arguments: &Value| requirement_of(decide(arguments));
        Self { decide: Some(Arc::new(decide)), ..self }
    }

    /// Whether it depends on arguments.
    pub(crate) const fn is_by_arguments(&self) -> bool {
        self.decide.is_some()
    }

    /// The same for a function of the arguments as a type.
    pub(crate) fn scopes_for_typed<A, R>(self, decide: impl Fn(&A) -> R + Send + Sync + 'static) -> Self
    where
        A: DeserializeOwned,
        R: IntoRequirement,
    {
        let decide = move |arguments: &Value| match A::deserialize(arguments) {
            Ok(arguments) => requirement_of(decide(&arguments)),
            Err(error) => Err(Undecided::Unfit { fault: error.to_string().into() }),
        };
        Self { decide: Some(Arc::new(decide)), ..self }
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("requirement", &self.requirement).finish_non_exhaustive()
    }
}

/// What a function of the arguments may return: a scope, a set of which each is needed, a requirement, or a `Result` of one
/// with the error of a scope that could not be read.
///
/// A text made of an argument is read as a [`Scope`]: as a [`ScopeSet`], a space in it would make two.
pub trait IntoRequirement {
    /// What the call needs.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] when an argument is no part of a scope.
    fn into_requirement(self) -> Result<Requirement, ScopeError>;
}

impl IntoRequirement for Requirement {
    fn into_requirement(self) -> Result<Requirement, ScopeError> {
        Ok(self)
    }
}

impl IntoRequirement for ScopeSet {
    fn into_requirement(self) -> Result<Requirement, ScopeError> {
        Ok(Requirement::all_of(self))
    }
}

impl IntoRequirement for Scope {
    fn into_requirement(self) -> Result<Requirement, ScopeError> {
        Ok(Requirement::all_of([self].into_iter().collect()))
    }
}

impl<T: IntoRequirement> IntoRequirement for Result<T, ScopeError> {
    fn into_requirement(self) -> Result<Requirement, ScopeError> {
        self?.into_requirement()
    }
}

fn requirement_of(needed: impl IntoRequirement) -> Result<Requirement, Undecided> {
    needed.into_requirement().map_err(|error| Undecided::Unfit { fault: error.to_string().into() })
}

/// What the macros make of `scopes(…)` and `any_scope(…)`.
///
/// # Panics
///
/// When a text is no scope; the macros have checked them.
#[must_use]
pub fn requirement(all: &[&str], any: &[&str]) -> Requirement {
    let scope = |text: &&str| text.parse::<Scope>().expect("the macro has checked the scope");
    let required = Requirement::all_of(all.iter().map(scope).collect());
    let mut any = any.iter().map(scope);
    match any.next() {
        None => required,
        Some(preferred) => required.and(Requirement::any_of(preferred, any)),
    }
}

/// What the macros make of `scopes_for = …`.
#[must_use]
pub fn scopes_for<A, R>(access: Access, decide: impl Fn(&A) -> R + Send + Sync + 'static) -> Access
where
    A: DeserializeOwned,
    R: IntoRequirement,
{
    access.scopes_for_typed(decide)
}
