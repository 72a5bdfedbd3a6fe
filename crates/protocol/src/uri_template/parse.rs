//! From a template's text to its parts (RFC 6570, section 2).

use super::error::TemplateError;
use super::part::{Expression, Literal, Modifier, Operator, Part, Variable};
use super::symbol::{self, Malformed, Symbol};
use super::{EXPRESSIONS_MAX, TEMPLATE_BYTES_MAX, VARIABLES_MAX};

/// Reads a template.
pub(super) fn parts(template: &str) -> Result<Vec<Part>, TemplateError> {
    if template.len() > TEMPLATE_BYTES_MAX {
        return Err(TemplateError::TooLong { bytes: template.len() });
    }
    let mut parts = Vec::new();
    let (mut expressions, mut variables) = (0, 0);
    let (mut rest, mut position) = (template, 0);
    while !rest.is_empty() {
        let (outside, inside) = rest.split_at(rest.find(['{', '}']).unwrap_or(rest.len()));
        if !outside.is_empty() {
            parts.push(Part::Literal(literal(outside, position)?));
            position += outside.len();
        }
        if inside.is_empty() {
            break;
        }
        let body = inside.strip_prefix('{').ok_or(TemplateError::Unopened { position })?;
        let (body, after) = body.split_once('}').ok_or(TemplateError::Unclosed { position })?;
        expressions += 1;
        if expressions > EXPRESSIONS_MAX {
            return Err(TemplateError::TooManyExpressions { position });
        }
        parts.push(Part::Expression(expression(body, position + 1, &mut variables)?));
        position += body.len() + 2;
        rest = after;
    }
    Ok(parts)
}

fn literal(text: &str, position: usize) -> Result<Literal, TemplateError> {
    // The grammar also leaves out the apostrophe, although it stands in URIs (RFC 3986, section 2.2).
    if let Some(character) = symbol::first_illegal(text) {
        let offset = text.find(character).unwrap_or_default();
        return Err(TemplateError::Literal { character, position: position + offset });
    }
    let symbols = symbols(text, position)?;
    let mut expanded = String::with_capacity(text.len());
    symbol::write_reserved(&mut expanded, text);
    Ok(Literal { text: expanded, symbols })
}

/// Reads what is between the braces; `position` is where it begins, `count` counts the variables of the template.
fn expression(body: &str, mut position: usize, count: &mut usize) -> Result<Expression, TemplateError> {
    let first = body.chars().next();
    if let Some(operator) = first.filter(|character| "=,!@|".contains(*character)) {
        return Err(TemplateError::ReservedOperator { operator, position });
    }
    let (operator, list) = match first.and_then(Operator::of) {
        Some(operator) => {
            position += 1;
            (operator, body.get(1..).unwrap_or_default())
        }
        None => (Operator::Simple, body),
    };
    let mut variables = Vec::new();
    for text in list.split(',') {
        *count += 1;
        if *count > VARIABLES_MAX {
            return Err(TemplateError::TooManyVariables { position });
        }
        variables.push(variable(text, position)?);
        position += text.len() + 1;
    }
    Ok(Expression { operator, variables })
}

fn variable(text: &str, position: usize) -> Result<Variable, TemplateError> {
    let (name, modifier) = if let Some(name) = text.strip_suffix('*') {
        (name, Modifier::Explode)
    } else if let Some((name, length)) = text.split_once(':') {
        let length = prefix(length).ok_or(TemplateError::Prefix { position: position + name.len() + 1 })?;
        (name, Modifier::Prefix(length))
    } else {
        (text, Modifier::Whole)
    };
    check_name(name, position)?;
    Ok(Variable { name: name.to_owned(), symbols: symbols(name, position)?, modifier })
}

fn prefix(digits: &str) -> Option<usize> {
    let fits = digits.len() <= 4 && !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit());
    if fits { digits.parse().ok() } else { None }
}

/// Letters, digits, `_` and encoded octets, with single dots between them.
fn check_name(name: &str, position: usize) -> Result<(), TemplateError> {
    let mut begins = true;
    for (offset, character) in name.char_indices() {
        let dot = !begins && character == '.';
        if !dot && !character.is_ascii_alphanumeric() && !"_%".contains(character) {
            return Err(TemplateError::Name { character, position: position + offset });
        }
        begins = dot;
    }
    if begins { Err(TemplateError::NameMissing { position: position + name.len() }) } else { Ok(()) }
}

fn symbols(text: &str, start: usize) -> Result<Vec<Symbol>, TemplateError> {
    symbol::symbols(text).map_err(|malformed| match malformed {
        Malformed::Percent { position } => TemplateError::Percent { position: start + position },
        Malformed::NotUtf8 { position } => TemplateError::NotUtf8 { position: start + position },
    })
}
