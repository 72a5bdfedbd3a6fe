//! From values to a URI (RFC 6570, section 3.2.1).

use super::part::{Expression, Operator, Part, Variable};
use super::symbol;
use super::values::{Value, Variables};

/// The URI for these values.
pub(super) fn uri(parts: &[Part], variables: &Variables) -> String {
    let mut uri = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => uri.push_str(&literal.text),
            Part::Expression(expression) => write_expression(&mut uri, expression, variables),
        }
    }
    uri
}

fn write_expression(uri: &mut String, expression: &Expression, variables: &Variables) {
    let operator = expression.operator;
    let mut before = operator.first();
    for variable in &expression.variables {
        for piece in variables.get(&variable.name).map(|value| pieces(operator, variable, value)).unwrap_or_default() {
            uri.extend(before);
            uri.push_str(&piece);
            before = Some(operator.separator());
        }
    }
}

/// What a variable adds: one piece, or with `*` one per item, or none if it is undefined.
fn pieces(operator: Operator, variable: &Variable, value: &Value) -> Vec<String> {
    let named = |value: String| if operator.is_named() { pair(operator, &variable.name, &value) } else { value };
    let encoded = |text: &str| encoded(operator, text);
    match value {
        Value::Text(text) => vec![named(encoded(variable.visible(text)))],
        Value::List(items) if variable.is_exploded() => items.iter().map(|item| named(encoded(item))).collect(),
        Value::Pairs(pairs) if variable.is_exploded() => {
            pairs.iter().map(|(key, value)| pair(operator, &encoded(key), &encoded(value))).collect()
        }
        Value::List(items) if items.is_empty() => Vec::new(),
        Value::Pairs(pairs) if pairs.is_empty() => Vec::new(),
        Value::List(items) => vec![named(items.iter().map(|item| encoded(item)).collect::<Vec<_>>().join(","))],
        Value::Pairs(pairs) => {
            let items = pairs.iter().flat_map(|(key, value)| [encoded(key), encoded(value)]);
            vec![named(items.collect::<Vec<_>>().join(","))]
        }
    }
}

fn pair(operator: Operator, name: &str, value: &str) -> String {
    if value.is_empty() && operator.is_named() {
        format!("{name}{}", operator.after_name_if_empty())
    } else {
        format!("{name}={value}")
    }
}

fn encoded(operator: Operator, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if operator.keeps_reserved() {
        symbol::write_reserved(&mut out, text);
    } else {
        symbol::write_unreserved(&mut out, text);
    }
    out
}
