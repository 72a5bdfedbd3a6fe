//! Why a text is not a URI template, and where.

use thiserror::Error;

use super::{EXPRESSIONS_MAX, TEMPLATE_BYTES_MAX, VARIABLES_MAX};

/// Why a text is not a URI template. Positions are byte offsets into the template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// It has more than [`TEMPLATE_BYTES_MAX`] bytes.
    #[error("a URI template has at most {TEMPLATE_BYTES_MAX} bytes, this one has {bytes}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It has more than [`EXPRESSIONS_MAX`] expressions.
    #[error("a URI template has at most {EXPRESSIONS_MAX} expressions; one more begins at position {position}")]
    TooManyExpressions {
        /// Where the first expression too many begins.
        position: usize,
    },
    /// It has more than [`VARIABLES_MAX`] variables.
    #[error("a URI template has at most {VARIABLES_MAX} variables; one more begins at position {position}")]
    TooManyVariables {
        /// Where the first variable too many begins.
        position: usize,
    },
    /// A `{` without its `}`.
    #[error("the expression that begins at position {position} has no end")]
    Unclosed {
        /// Where the `{` is.
        position: usize,
    },
    /// A `}` without its `{`.
    #[error("the brace at position {position} closes nothing")]
    Unopened {
        /// Where the `}` is.
        position: usize,
    },
    /// A character that no URI holds, outside of an expression.
    #[error("the character {character:?} at position {position} must be percent-encoded")]
    Literal {
        /// The character.
        character: char,
        /// Where it is.
        position: usize,
    },
    /// A `%` that is not followed by two hexadecimal digits.
    #[error("the percent sign at position {position} is not followed by two hexadecimal digits")]
    Percent {
        /// Where the `%` is.
        position: usize,
    },
    /// Percent-encoded octets that are not UTF-8.
    #[error("the percent-encoded octets from position {position} on are not UTF-8")]
    NotUtf8 {
        /// Where they begin.
        position: usize,
    },
    /// An operator that RFC 6570 keeps for later: one of `=,!@|`.
    #[error("the operator {operator:?} at position {position} is reserved and has no meaning")]
    ReservedOperator {
        /// The operator.
        operator: char,
        /// Where it is.
        position: usize,
    },
    /// No variable name where one belongs.
    #[error("a variable name is missing at position {position}")]
    NameMissing {
        /// Where it belongs.
        position: usize,
    },
    /// A character that no variable name holds.
    #[error("the character {character:?} at position {position} does not belong in a variable name")]
    Name {
        /// The character.
        character: char,
        /// Where it is.
        position: usize,
    },
    /// A prefix length that is not a number from 1 to 9999.
    #[error("the prefix length at position {position} is not a number from 1 to 9999")]
    Prefix {
        /// Where the length begins.
        position: usize,
    },
}
