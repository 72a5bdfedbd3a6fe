//! A list of which each caller sees what it may use.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use outboard_identity::{GrantedScopes, ScopeSet};
use outboard_protocol::encode::{List, Listed, NextCursor};

use super::pages::{CursorSeal, Named, Pages, Readers};
use super::snapshot::SnapshotLimits;
use crate::access::{Listing, Policy};
use crate::outcome::CallError;

/// For how many sets of scopes a list is kept; beyond it the one that was made first is made anew when it is wanted.
const SEEN_MAX: usize = 64;

/// An item of a list, and what is required of who uses it; `None` where nothing is.
pub(crate) type Guarded<T> = (T, Option<Arc<Policy>>);

/// A list of which each caller sees what it may use.
#[derive(Debug)]
pub(crate) struct Permitted<T> {
    all: Arc<Pages<T>>,
    /// Of each item in order; empty where everyone sees everything.
    policies: Vec<Option<Arc<Policy>>>,
    /// The scopes that any of them names.
    pub(super) named: ScopeSet,
    page_items_max: usize,
    /// What was made for callers with these scopes.
    seen: Mutex<Seen<T>>,
}

#[derive(Debug)]
struct Seen<T> {
    pages: HashMap<ScopeSet, Arc<Pages<T>>>,
    order: VecDeque<ScopeSet>,
}

impl<T: Listed + Named + Clone + PartialEq> Permitted<T> {
    pub(super) fn new(items: Vec<Guarded<T>>, limits: &SnapshotLimits) -> Self {
        let (items, mut policies): (Vec<T>, Vec<_>) = items.into_iter().unzip();
        let is_open = policies.iter().all(Option::is_none);
        let named =
            policies.iter().flatten().fold(ScopeSet::default(), |named, policy| named.union(&policy.fixed().named()));
        if is_open || limits.listing == Listing::All {
            policies.clear();
        }
        // What is not for all is not kept for all either, whoever was given it.
        let readers = if is_open { Readers::All } else { Readers::One };
        let page_items_max = limits.page_items_max;
        let all = Arc::new(Pages::new(items, page_items_max, readers));
        Self { all, policies, named, page_items_max, seen: Mutex::default() }
    }

    /// All items, in their order.
    pub(crate) fn all(&self) -> &Pages<T> {
        &self.all
    }

    /// The page of what a caller may use to which its cursor leads, the first one without, and where the list goes on.
    pub(crate) fn page(&self, cursor: Option<&str>, seal: &CursorSeal<'_>) -> Result<(List<T>, NextCursor), CallError> {
        match seal.principal.granted() {
            GrantedScopes::Only(scopes) if !self.policies.is_empty() => self.seen_with(scopes).page(cursor, seal),
            GrantedScopes::Only(_) | GrantedScopes::All => self.all.page(cursor, seal),
        }
    }

    fn seen_with(&self, scopes: &ScopeSet) -> Arc<Pages<T>> {
        if let Some(pages) = self.lock().pages.get(scopes) {
            return Arc::clone(pages);
        }
        let granted = GrantedScopes::Only(scopes.clone());
        let is_permitted =
            |policy: &Option<Arc<Policy>>| policy.as_ref().is_none_or(|policy| policy.may_permit(&granted));
        let items = self.all.all().zip(&self.policies).filter(|(_, policy)| is_permitted(policy));
        let items = items.map(|(item, _)| item.clone()).collect();
        let pages = Arc::new(Pages::new(items, self.page_items_max, Readers::One));
        self.lock().keep(scopes, &pages);
        pages
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen<T>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Seen<T> {
    fn keep(&mut self, scopes: &ScopeSet, pages: &Arc<Pages<T>>) {
        if self.pages.insert(scopes.clone(), Arc::clone(pages)).is_some() {
            return;
        }
        self.order.push_back(scopes.clone());
        if self.order.len() > SEEN_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.pages.remove(&first);
        }
    }
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { pages: HashMap::new(), order: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_lists_are_kept() {
        let mut seen = Seen::<outboard_protocol::types::Tool>::default();
        let pages = Arc::new(Pages::new(Vec::new(), 1, Readers::One));
        let scopes = |number: usize| format!("s{number}").parse::<ScopeSet>().unwrap();
        for number in 0..=SEEN_MAX {
            seen.keep(&scopes(number), &pages);
            seen.keep(&scopes(number), &pages);
        }
        assert_eq!((seen.pages.len(), seen.order.len()), (SEEN_MAX, SEEN_MAX));
        assert!(!seen.pages.contains_key(&scopes(0)) && seen.pages.contains_key(&scopes(SEEN_MAX)));
    }
}
