//! A template in parts: literals and expressions, and what each operator means (RFC 6570, section 2.2 and appendix A).

use super::symbol::Symbol;

/// One piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(Literal),
    Expression(Expression),
}

impl Part {
    /// The variables in it, in order.
    pub(super) fn variables(&self) -> &[Variable] {
        match self {
            Self::Literal(_) => &[],
            Self::Expression(expression) => &expression.variables,
        }
    }
}

/// Text outside of expressions.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    /// As it appears in an expansion.
    pub(super) text: String,
    /// As it is compared with a URI.
    pub(super) symbols: Vec<Symbol>,
}

/// What stands between braces. It has at least one variable.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) operator: Operator,
    pub(super) variables: Vec<Variable>,
}

impl Expression {
    /// Whether it can hold more than one value.
    pub(super) fn is_plural(&self) -> bool {
        self.variables.len() > 1 || self.variables.iter().any(Variable::is_exploded)
    }

    /// Whether a value can hold this symbol. In `{x,y}` a bare comma separates, in `{x}` it is a part of the value.
    pub(super) fn admits(&self, symbol: Symbol) -> bool {
        let separates = self.operator == Operator::Simple && symbol.is(',') && self.is_plural();
        self.operator.admits(symbol) && !separates
    }
}

/// One variable of an expression.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// As it is spelled in the template.
    pub(super) name: String,
    /// The name as it is compared with a member's name in a URI.
    pub(super) symbols: Vec<Symbol>,
    pub(super) modifier: Modifier,
}

impl Variable {
    pub(super) fn is_exploded(&self) -> bool {
        self.modifier == Modifier::Explode
    }

    /// The longest value, in characters.
    pub(super) fn characters_max(&self) -> usize {
        match self.modifier {
            Modifier::Prefix(length) => length,
            Modifier::Whole | Modifier::Explode => usize::MAX,
        }
    }

    /// What an expansion shows of a text.
    pub(super) fn visible<'a>(&self, text: &'a str) -> &'a str {
        text.char_indices().nth(self.characters_max()).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
    }
}

/// What follows a variable's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modifier {
    Whole,
    /// `:n`, in characters.
    Prefix(usize),
    /// `*`.
    Explode,
}

/// What follows the opening brace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// None.
    Simple,
    /// `+`.
    Reserved,
    /// `#`.
    Fragment,
    /// `.`.
    Label,
    /// `/`.
    Path,
    /// `;`.
    Parameter,
    /// `?`.
    Query,
    /// `&`.
    Continuation,
}

impl Operator {
    pub(super) fn of(character: char) -> Option<Self> {
        Some(match character {
            '+' => Self::Reserved,
            '#' => Self::Fragment,
            '.' => Self::Label,
            '/' => Self::Path,
            ';' => Self::Parameter,
            '?' => Self::Query,
            '&' => Self::Continuation,
            _ => return None,
        })
    }

    /// What an expansion begins with, unless it is empty.
    pub(super) fn first(self) -> Option<char> {
        match self {
            Self::Simple | Self::Reserved => None,
            Self::Fragment => Some('#'),
            Self::Label => Some('.'),
            Self::Path => Some('/'),
            Self::Parameter => Some(';'),
            Self::Query => Some('?'),
            Self::Continuation => Some('&'),
        }
    }

    /// What stands between two values.
    pub(super) fn separator(self) -> char {
        match self {
            Self::Simple | Self::Reserved | Self::Fragment => ',',
            Self::Label => '.',
            Self::Path => '/',
            Self::Parameter => ';',
            Self::Query | Self::Continuation => '&',
        }
    }

    /// Whether values are written as `name=value`.
    pub(super) fn is_named(self) -> bool {
        matches!(self, Self::Parameter | Self::Query | Self::Continuation)
    }

    /// What follows the name of an empty value.
    pub(super) fn after_name_if_empty(self) -> &'static str {
        if self == Self::Parameter { "" } else { "=" }
    }

    /// Whether reserved characters and percent-encoded triplets stand in an expansion as they are.
    pub(super) fn keeps_reserved(self) -> bool {
        matches!(self, Self::Reserved | Self::Fragment)
    }

    /// Whether a value can hold this symbol.
    pub(super) fn admits(self, symbol: Symbol) -> bool {
        let ends = match self {
            Self::Reserved | Self::Fragment => "",
            Self::Simple | Self::Label | Self::Path => "/?#",
            Self::Parameter => "/?#;",
            Self::Query | Self::Continuation => "#&",
        };
        !ends.chars().any(|end| symbol.is(end))
    }
}
