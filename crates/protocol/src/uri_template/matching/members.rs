//! Expressions whose values stand with their names, in any order: `{;x,y}`, `{?x,y}`, `{&x,y}`.

use super::positions::Positions;
use super::{Found, Uri};
use crate::uri_template::part::{Expression, Variable};

/// Such an expression laid over a URI.
pub(super) struct MembersStep<'t> {
    expression: &'t Expression,
    /// Where a member can begin.
    starts: Positions,
    /// Where a member can end: the rest fits there, or a separator and another member do.
    ends: Positions,
    /// Where the rest fits.
    rest: Positions,
    /// Per position, how far a value that begins there can reach at most.
    run_ends: Vec<usize>,
}

impl<'t> MembersStep<'t> {
    /// The step, and where it can begin.
    pub(super) fn new(expression: &'t Expression, uri: &Uri, rest: Positions) -> (Self, Positions) {
        let (starts, ends) = (Positions::none(), Positions::none());
        let mut step = Self { expression, starts, ends, rest, run_ends: run_ends(expression, uri) };
        let separator = expression.operator.separator();
        for at in (0..=uri.len()).rev() {
            if step.rest.contains(at) || (uri.is(at, separator) && step.starts.contains(at + 1)) {
                step.ends.push(at);
            }
            if expression.variables.iter().any(|variable| step.member(uri, at, variable).is_some()) {
                step.starts.push(at);
            }
        }
        let starts = Positions::where_(uri, |at| step.rest.contains(at) || step.opens(uri, at));
        (step, starts)
    }

    /// Reads the members from `at` and returns where they end.
    pub(super) fn read(&self, uri: &Uri, mut at: usize, found: &mut Found<'t>) -> Option<usize> {
        let mut goes_on = self.opens(uri, at);
        while goes_on {
            let fresh = |variable: &&Variable| variable.is_exploded() || !found.has(variable);
            let members = self.expression.variables.iter().filter(fresh);
            let mut members = members.filter_map(|variable| Some((variable, self.member(uri, at + 1, variable)?)));
            let Some((variable, (start, end))) = members.next() else {
                break;
            };
            found.add(variable, uri.text(start, end));
            at = end;
            goes_on = uri.is(at, self.expression.operator.separator()) && self.starts.contains(at + 1);
        }
        self.rest.contains(at).then_some(at)
    }

    /// Whether the first character of the expression and then a member stand at `at`.
    fn opens(&self, uri: &Uri, at: usize) -> bool {
        self.expression.operator.first().is_some_and(|first| uri.is(at, first)) && self.starts.contains(at + 1)
    }

    /// Start and end of the value, as long as possible, if the variable is named at `at`.
    fn member(&self, uri: &Uri, at: usize, variable: &Variable) -> Option<(usize, usize)> {
        if !uri.reads(at, &variable.symbols) {
            return None;
        }
        let name_end = at + variable.symbols.len();
        let start = name_end + 1;
        let run_end = self.run_ends.get(start).filter(|_| uri.is(name_end, '='));
        let value_end = run_end.and_then(|run_end| {
            let last = (*run_end).min(start.saturating_add(variable.characters_max()));
            self.ends.last_in(start, last)
        });
        match value_end {
            Some(end) => Some((start, end)),
            None => self.ends.contains(name_end).then_some((name_end, name_end)),
        }
    }
}

fn run_ends(expression: &Expression, uri: &Uri) -> Vec<usize> {
    let mut run_end = uri.len();
    let backwards = (0..=uri.len()).rev().map(|at| {
        if !uri.get(at).is_some_and(|symbol| expression.admits(symbol)) {
            run_end = at;
        }
        run_end
    });
    let mut run_ends = backwards.collect::<Vec<_>>();
    run_ends.reverse();
    run_ends
}
