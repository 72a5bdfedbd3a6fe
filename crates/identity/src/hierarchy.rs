//! Scopes that stand for others, such as `admin` for `read` and `write`.

use std::collections::BTreeMap;

use crate::scope::{Scope, ScopeSet};

/// Which scopes stand for others as well. Nothing is read into the spelling of a scope: what is not written here implies
/// nothing.
///
/// It is applied once, when a [`Principal`](crate::Principal) is made, so that whoever decides later only compares.
///
/// ```
/// use outboard_identity::{ScopeHierarchy, ScopeSet};
///
/// let hierarchy = ScopeHierarchy::new([("admin".parse()?, "notes:write".parse()?), ("notes:write".parse()?, "notes:read".parse()?)]);
/// let held: ScopeSet = "admin".parse()?;
/// assert_eq!(hierarchy.expand(&held).to_string(), "admin notes:read notes:write");
/// # Ok::<(), outboard_identity::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeHierarchy {
    /// Each with all that it stands for, directly or not.
    implied: BTreeMap<Scope, ScopeSet>,
}

impl ScopeHierarchy {
    /// A hierarchy of scopes with those that each stands for. These may stand for others in turn; two that stand for each
    /// other are worth the same.
    #[must_use]
    pub fn new(direct: impl IntoIterator<Item = (Scope, ScopeSet)>) -> Self {
        let mut steps: BTreeMap<Scope, ScopeSet> = BTreeMap::new();
        for (scope, implied) in direct {
            steps.entry(scope).or_default().extend(implied.iter().cloned());
        }
        let implied = steps.keys().map(|scope| (scope.clone(), closure(scope, &steps))).collect();
        Self { implied }
    }

    /// The scopes with all that they stand for.
    #[must_use]
    pub fn expand(&self, held: &ScopeSet) -> ScopeSet {
        let implied: Vec<_> = held.iter().filter_map(|scope| self.implied.get(scope)).collect();
        let mut expanded = held.clone();
        for scopes in implied {
            expanded.extend(scopes.iter().cloned());
        }
        expanded
    }
}

/// All that can be reached from a scope.
fn closure(scope: &Scope, steps: &BTreeMap<Scope, ScopeSet>) -> ScopeSet {
    let mut reached = ScopeSet::default();
    let mut open = vec![scope];
    while let Some(next) = open.pop() {
        for implied in steps.get(next).into_iter().flat_map(ScopeSet::iter) {
            if !reached.contains(implied) {
                reached.extend([implied.clone()]);
                open.push(implied);
            }
        }
    }
    reached
}
