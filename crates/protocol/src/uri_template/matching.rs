//! From a URI to values, in two passes: backwards, noting where each part of the template could begin so that the rest fits,
//! then forwards, choosing. Nothing is tried twice, so no template and no URI makes it slow.

mod list;
mod members;
mod positions;

use super::URI_BYTES_MAX;
use super::part::{Part, Variable};
use super::symbol::{self, Symbol};
use super::values::{Value, Variables};

use list::ListStep;
use members::MembersStep;
use positions::Positions;

/// The values with which the parts stand for `uri`.
pub(super) fn variables(parts: &[Part], uri: &str) -> Option<Variables> {
    if uri.len() > URI_BYTES_MAX || symbol::first_illegal(uri).is_some() {
        return None;
    }
    let uri = Uri(symbol::symbols(uri).ok()?);
    if matches!(parts.first(), Some(Part::Literal(literal)) if !uri.reads(0, &literal.symbols)) {
        return None;
    }
    let mut steps = Vec::with_capacity(parts.len());
    let mut rest = Positions::only(uri.len());
    for part in parts.iter().rev() {
        let (step, starts) = Step::new(part, &uri, rest);
        steps.push(step);
        rest = starts;
    }
    if !rest.contains(0) {
        return None;
    }
    let mut found = Found::default();
    let mut at = 0;
    for step in steps.iter().rev() {
        at = step.read(&uri, at, &mut found)?;
    }
    found.variables(parts)
}

/// A part of the template laid over the URI.
enum Step<'t> {
    Literal { symbols: usize },
    List(ListStep<'t>),
    Members(MembersStep<'t>),
}

impl<'t> Step<'t> {
    /// The step, and where it can begin if what follows it can begin at `rest`.
    fn new(part: &'t Part, uri: &Uri, rest: Positions) -> (Self, Positions) {
        match part {
            Part::Literal(literal) => {
                let symbols = literal.symbols.len();
                let fits = |at: usize| rest.contains(at + symbols) && uri.reads(at, &literal.symbols);
                (Self::Literal { symbols }, Positions::where_(uri, fits))
            }
            Part::Expression(expression) if expression.operator.is_named() => {
                let (step, starts) = MembersStep::new(expression, uri, rest);
                (Self::Members(step), starts)
            }
            Part::Expression(expression) => {
                let (step, starts) = ListStep::new(expression, uri, &rest);
                (Self::List(step), starts)
            }
        }
    }

    /// Reads this part from `at`, one of its starts, and returns where it ends.
    fn read(&self, uri: &Uri, at: usize, found: &mut Found<'t>) -> Option<usize> {
        match self {
            Self::Literal { symbols } => Some(at + symbols),
            Self::List(step) => step.read(uri, at, found),
            Self::Members(step) => step.read(uri, at, found),
        }
    }
}

/// A URI, decoded.
struct Uri(Vec<Symbol>);

impl Uri {
    /// Its length in characters.
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, at: usize) -> Option<Symbol> {
        self.0.get(at).copied()
    }

    /// Whether this character, not encoded, stands at a position.
    fn is(&self, at: usize, character: char) -> bool {
        self.get(at).is_some_and(|symbol| symbol.is(character))
    }

    /// Whether these symbols stand at a position.
    fn reads(&self, at: usize, symbols: &[Symbol]) -> bool {
        let here = self.0.get(at..at + symbols.len());
        here.is_some_and(|here| here.iter().zip(symbols).all(|(here, symbol)| here.means(*symbol)))
    }

    fn text(&self, start: usize, end: usize) -> String {
        self.0.get(start..end).map(symbol::text).unwrap_or_default()
    }
}

/// What was read so far: per place of a variable in the template, its texts.
#[derive(Default)]
struct Found<'t>(Vec<(&'t Variable, Vec<String>)>);

impl<'t> Found<'t> {
    fn add(&mut self, variable: &'t Variable, text: String) {
        match self.0.iter_mut().find(|(place, _)| std::ptr::eq(*place, variable)) {
            Some((_, texts)) => texts.push(text),
            None => self.0.push((variable, vec![text])),
        }
    }

    /// Whether this place has a text already.
    fn has(&self, variable: &Variable) -> bool {
        self.0.iter().any(|(place, _)| std::ptr::eq(*place, variable))
    }

    /// One value per name, if all places of a name agree: also those that were read as absent.
    fn variables(self, parts: &[Part]) -> Option<Variables> {
        let is_found = |name: &str| self.0.iter().any(|(place, _)| place.name == name);
        let mut places = parts.iter().flat_map(Part::variables);
        if places.any(|place| is_found(&place.name) && !self.has(place)) {
            return None;
        }
        let mut variables = Variables::default();
        let values = self.0.into_iter().map(|(place, texts)| (place, value(place, texts))).collect::<Vec<_>>();
        for (place, value) in &values {
            // Of a text and its prefixes, the longest is the text.
            if variables.get(&place.name).is_none_or(|known| size(known) < size(value)) {
                variables.insert(&place.name, value.clone());
            }
        }
        let agrees = |(place, value): &(&Variable, Value)| match (variables.get(&place.name), value) {
            (Some(Value::Text(whole)), Value::Text(text)) => place.visible(whole) == text,
            (Some(whole), value) => whole == value,
            (None, _) => false,
        };
        values.iter().all(agrees).then_some(variables)
    }
}

fn value(place: &Variable, texts: Vec<String>) -> Value {
    if place.is_exploded() { Value::List(texts) } else { Value::Text(texts.concat()) }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Pairs(pairs) => pairs.len(),
    }
}
