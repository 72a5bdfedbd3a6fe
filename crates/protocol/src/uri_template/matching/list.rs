//! Expressions whose values stand in the order of the variables: `{x,y}`, `{+x}`, `{#x}`, `{.x}`, `{/x}`.

use super::positions::Positions;
use super::{Found, Uri};
use crate::uri_template::part::{Expression, Variable};

/// Such an expression laid over a URI.
pub(super) struct ListStep<'t> {
    expression: &'t Expression,
    /// One per variable, in order.
    slots: Vec<Slot<'t>>,
}

impl<'t> ListStep<'t> {
    /// The step, and where it can begin.
    pub(super) fn new(expression: &'t Expression, uri: &Uri, rest: &Positions) -> (Self, Positions) {
        let mut slots: Vec<Slot<'t>> = Vec::with_capacity(expression.variables.len());
        for variable in expression.variables.iter().rev() {
            slots.push(Slot::new(expression, variable, uri, rest, slots.last()));
        }
        slots.reverse();
        let step = Self { expression, slots };
        let starts =
            Positions::where_(uri, |at| step.opens(uri, at).is_some() || (step.is_optional() && rest.contains(at)));
        (step, starts)
    }

    /// Reads the values from `at`, each as short as possible, and returns where they end.
    pub(super) fn read(&self, uri: &Uri, at: usize, found: &mut Found<'t>) -> Option<usize> {
        let Some(mut at) = self.opens(uri, at) else {
            return self.is_optional().then_some(at);
        };
        let mut later = self.slots.iter();
        let mut slot = later.find(|slot| slot.starts.contains(at))?;
        loop {
            let end = slot.ends.first_in(at, uri.len())?;
            found.add(slot.variable, uri.text(at, end));
            if !uri.is(end, self.expression.operator.separator()) {
                return Some(end);
            }
            at = end + 1;
            if later.as_slice().first().is_some_and(|next| next.tails.contains(at)) {
                slot = later.find(|slot| slot.starts.contains(at))?;
            } else if !slot.repeats_at(at) {
                return Some(end);
            }
        }
    }

    /// Where the first value begins if the expression begins at `at` and is there.
    fn opens(&self, uri: &Uri, at: usize) -> Option<usize> {
        let start = match self.expression.operator.first() {
            Some(first) if uri.is(at, first) => at + 1,
            Some(_) => return None,
            None => at,
        };
        self.slots.first().filter(|slot| slot.tails.contains(start)).map(|_| start)
    }

    /// Whether it can be absent; without a character of its own, it is there and empty.
    fn is_optional(&self) -> bool {
        self.expression.operator.first().is_some()
    }
}

/// One variable laid over a URI.
struct Slot<'t> {
    variable: &'t Variable,
    /// Where one of its texts can begin.
    starts: Positions,
    /// Where one of its texts or one of a later variable can begin: a variable can be absent.
    tails: Positions,
    /// Where one of its texts can end: the rest fits there, or a separator and another text do.
    ends: Positions,
}

impl<'t> Slot<'t> {
    fn new(expression: &Expression, variable: &'t Variable, uri: &Uri, rest: &Positions, next: Option<&Self>) -> Self {
        let mut slot = Self { variable, starts: Positions::none(), tails: Positions::none(), ends: Positions::none() };
        let later_begins = |at| next.is_some_and(|next| next.tails.contains(at));
        let mut run_end = uri.len();
        for at in (0..=uri.len()).rev() {
            let separated = uri.is(at, expression.operator.separator());
            if rest.contains(at) || (separated && (later_begins(at + 1) || slot.repeats_at(at + 1))) {
                slot.ends.push(at);
            }
            if !uri.get(at).is_some_and(|symbol| expression.admits(symbol)) {
                run_end = at;
            }
            let last = run_end.min(at.saturating_add(variable.characters_max()));
            let begins = slot.ends.first_in(at, last).is_some();
            if begins {
                slot.starts.push(at);
            }
            if begins || later_begins(at) {
                slot.tails.push(at);
            }
        }
        slot
    }

    fn repeats_at(&self, at: usize) -> bool {
        self.variable.is_exploded() && self.starts.contains(at)
    }
}
