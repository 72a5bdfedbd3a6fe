//! What a call requires of its caller, and the refusal of who lacks it.

use std::{error::Error, fmt};

use crate::scope::{Scope, ScopeSet};

/// What a call needs: every scope of a set, and at least one of each row of alternatives. The default needs none.
///
/// ```
/// use outboard_identity::{Requirement, ScopeSet};
///
/// let write = Requirement::all_of("notes:write".parse()?);
/// let here = Requirement::any_of("tenant:a".parse()?, ["tenant:all".parse()?]);
/// let both = write.and(here);
/// let held: ScopeSet = "notes:write tenant:all".parse()?;
/// assert!(both.check(&held).is_ok());
/// # Ok::<(), outboard_identity::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requirement {
    all: ScopeSet,
    /// No row is empty.
    any: Vec<Box<[Scope]>>,
}

/// The refusal of a caller that lacks a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    required: ScopeSet,
    missing: ScopeSet,
}

impl Requirement {
    /// Requires every scope of `scopes`.
    #[must_use]
    pub fn all_of(scopes: ScopeSet) -> Self {
        Self { all: scopes, any: Vec::new() }
    }

    /// Requires one of these. Who has none is asked for `preferred`, which should be the one that grants least.
    #[must_use]
    pub fn any_of(preferred: Scope, others: impl IntoIterator<Item = Scope>) -> Self {
        let row = std::iter::once(preferred).chain(others).collect();
        Self { all: ScopeSet::default(), any: vec![row] }
    }

    /// Requires what both require.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all.iter().cloned());
        for row in other.any {
            if !self.any.contains(&row) {
                self.any.push(row);
            }
        }
        self
    }

    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }

    /// Every scope that is named, the alternatives included: what can be worth asking for.
    #[must_use]
    pub fn named(&self) -> ScopeSet {
        self.all.iter().chain(self.any.iter().flatten()).cloned().collect()
    }

    /// What a caller who holds nothing is asked for: every scope of the set, and of each row the preferred one.
    #[must_use]
    pub fn least(&self) -> ScopeSet {
        self.needed(&ScopeSet::default())
    }

    /// Decides whether `held` is enough.
    ///
    /// # Errors
    ///
    /// [`Denied`] when a required scope is not held.
    pub fn check(&self, held: &ScopeSet) -> Result<(), Denied> {
        let is_held = |scope: &Scope| held.contains(scope);
        if self.all.iter().all(is_held) && self.any.iter().all(|row| row.iter().any(is_held)) {
            return Ok(());
        }
        let required = self.needed(held);
        let missing = required.difference(held);
        Err(Denied { required, missing })
    }

    /// Every scope that the call needs of this caller: of each row what it holds, else the preferred one.
    fn needed(&self, held: &ScopeSet) -> ScopeSet {
        let of_row = |row: &'_ [Scope]| row.iter().find(|scope| held.contains(scope)).or_else(|| row.first()).cloned();
        self.all.iter().cloned().chain(self.any.iter().filter_map(|row| of_row(row))).collect()
    }
}

impl Denied {
    /// Every scope that the call needs, held or not: what the challenge names (RFC 6750 §3, `scope`).
    #[must_use]
    pub fn required(&self) -> &ScopeSet {
        &self.required
    }

    /// The scopes that the caller lacks; never empty.
    #[must_use]
    pub fn missing(&self) -> &ScopeSet {
        &self.missing
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scopes are missing: {} (the call needs: {})", self.missing, self.required)
    }
}

impl Error for Denied {}
