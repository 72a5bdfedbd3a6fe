//! Whether one URI could match two templates: a search over pairs of places, one in each template.

use super::part::{Expression, Operator, Part};
use super::symbol::Symbol;

/// Whether one URI could match both.
pub(super) fn possible(one: &[Part], other: &[Part]) -> bool {
    let (one, other) = (items(one), items(other));
    let width = other.len() + 1;
    let mut seen = vec![false; (one.len() + 1) * width];
    let mut open = vec![(0, 0)];
    while let Some((left, right)) = open.pop() {
        match seen.get_mut(left * width + right) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let (Some(a), Some(b)) = (one.get(left), other.get(right)) else {
            // Where one has ended, the other must be able to read nothing more.
            match (one.get(left), other.get(right)) {
                (Some(item), _) => open.extend(item.skips().map(|skip| (left + skip, right))),
                (_, Some(item)) => open.extend(item.skips().map(|skip| (left, right + skip))),
                (None, None) => return true,
            }
            continue;
        };
        open.extend(a.skips().map(|skip| (left + skip, right)));
        open.extend(b.skips().map(|skip| (left, right + skip)));
        match (a, b) {
            (Item::Symbol(a), Item::Symbol(b)) if a.means(*b) => open.push((left + 1, right + 1)),
            (Item::Symbol(symbol), Item::Run(run)) if run.holds(*symbol) => open.push((left + 1, right)),
            (Item::Run(run), Item::Symbol(symbol)) if run.holds(*symbol) => open.push((left, right + 1)),
            // Two runs share every letter, and reading one leads nowhere new.
            _ => {}
        }
    }
    false
}

/// A template with its expressions widened to what a scan without memory can follow.
enum Item {
    /// Reads one symbol.
    Symbol(Symbol),
    /// Reads any number of symbols.
    Run(Run),
    /// Reads nothing; so many of the following items may be left out.
    Optional(usize),
}

impl Item {
    /// How far one may go on from here without reading.
    fn skips(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, second) = match self {
            Self::Symbol(_) => (None, None),
            Self::Run(_) => (Some(1), None),
            Self::Optional(items) => (Some(1), Some(1 + items)),
        };
        first.into_iter().chain(second)
    }
}

struct Run {
    operator: Operator,
    /// The separator may stand in it.
    plural: bool,
}

impl Run {
    fn holds(&self, symbol: Symbol) -> bool {
        self.operator.admits(symbol) || (self.plural && symbol.is(self.operator.separator()))
    }
}

fn items(parts: &[Part]) -> Vec<Item> {
    let mut items = Vec::new();
    for part in parts {
        match part {
            Part::Literal(literal) => items.extend(literal.symbols.iter().copied().map(Item::Symbol)),
            Part::Expression(expression) => extend_with(&mut items, expression),
        }
    }
    items
}

fn extend_with(items: &mut Vec<Item>, expression: &Expression) {
    let operator = expression.operator;
    if let Some(first) = operator.first() {
        items.extend([Item::Optional(2), Item::Symbol(Symbol::plain(first))]);
    }
    items.push(Item::Run(Run { operator, plural: expression.is_plural() }));
}
