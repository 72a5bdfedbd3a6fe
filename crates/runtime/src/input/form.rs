//! Forms: the schema of what a user is asked for, and the check of what they filled in.
//!
//! The specification lets a form be a flat object of texts, numbers, booleans, choices and lists of choices, and nothing
//! else of JSON Schema (2026-07-28 *Elicitation*, requested schema). A form made of a Rust type is brought into these
//! words; one that is data stays as it is.

use std::sync::LazyLock;

use outboard_protocol::types::ElicitParams;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::QuestionError;
use crate::schema::{Schema, SchemaLimits};

/// A form and the check of its answers.
#[derive(Debug)]
pub(super) struct Form {
    schema: Value,
    check: Schema,
}

impl Form {
    /// The form that asks for a value of type `T`.
    pub(super) fn of<T: JsonSchema>() -> Result<Self, QuestionError> {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
        let Some(Value::Object(members)) = schema.get("properties").or_else(|| empty(&schema)) else {
            return Err(QuestionError::NotAnObject);
        };
        let members = members.iter().map(|(name, member)| Ok((name.clone(), Value::Object(plain(name, member)?))));
        let properties = members.collect::<Result<Map<_, _>, _>>()?;
        let mut form =
            Map::from_iter([("type".to_owned(), "object".into()), ("properties".to_owned(), properties.into())]);
        if let Some(required) = schema.get("required") {
            form.insert("required".to_owned(), required.clone());
        }
        Self::new(form.into())
    }

    /// A form whose schema is data.
    pub(super) fn new(schema: Value) -> Result<Self, QuestionError> {
        let properties = schema.get("properties").and_then(Value::as_object).ok_or(QuestionError::NotAnObject)?;
        if let Some((name, _)) = properties.iter().find(|(_, member)| !is_flat(member)) {
            return Err(QuestionError::NotFlat { member: name.as_str().into() });
        }
        let check = Schema::of_arguments(&schema, &SchemaLimits::default()).map_err(QuestionError::Schema)?;
        Ok(Self { schema, check })
    }

    /// How it is asked.
    pub(super) fn request(&self, message: String) -> ElicitParams {
        ElicitParams::Form { message, requested_schema: self.schema.clone() }
    }

    /// What the user filled in, with the defaults of what they left out; `None` when it does not fit the form. Members that
    /// the form does not have are left aside.
    pub(super) fn read(&self, content: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
        let mut content = content.unwrap_or_default();
        let properties = self.schema.get("properties")?.as_object()?;
        content.retain(|name, _| properties.contains_key(name));
        for (name, member) in properties {
            if let (None, Some(default)) = (content.get(name), member.get("default")) {
                content.insert(name.clone(), default.clone());
            }
            if member.get("type") == Some(&"integer".into())
                && let Some(value) = content.get_mut(name)
            {
                whole(value);
            }
        }
        let filled = Value::Object(content);
        if self.check.check(&filled).is_err() {
            return None;
        }
        match filled {
            Value::Object(content) => Some(content),
            _ => None,
        }
    }
}

/// An object without members has no `properties`.
fn empty(schema: &Value) -> Option<&Value> {
    static NONE: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));
    let is_open = schema.get("additionalProperties").is_some_and(|rule| *rule != Value::Bool(false));
    (schema.get("type") == Some(&"object".into()) && !is_open).then(|| &*NONE)
}

/// Makes an integer of `3.0`, which JSON Schema takes for one and our types do not.
fn whole(value: &mut Value) {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if let Some(number) = value.as_f64().filter(|number| value.is_f64() && number.fract() == 0.0)
        && number.abs() <= EXACT_MAX
    {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
        let integer = number as i64;
        *value = integer.into();
    }
}

/// Whether a member of a form is of a kind that forms have.
fn is_flat(member: &Value) -> bool {
    match member.get("type").and_then(Value::as_str) {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => member.get("items").is_some_and(|items| {
            ["enum", "anyOf", "oneOf"].iter().any(|of| items.get(of).is_some_and(Value::is_array))
        }),
        _ => false,
    }
}

/// What any member may have.
const COMMON: &[&str] = &["title", "description", "default"];

/// The formats of texts that forms have.
const FORMATS: &[&str] = &["email", "uri", "date", "date-time"];

/// A member in the words of a form.
fn plain(name: &str, member: &Value) -> Result<Map<String, Value>, QuestionError> {
    let member = without_null(member).ok_or_else(|| not_flat(name))?;
    let is_choice = member.contains_key("enum") || member.contains_key("oneOf") || member.contains_key("const");
    let kind = member.get("type").and_then(Value::as_str);
    let own: &[&str] = match kind {
        _ if is_choice => return choice(&member).ok_or_else(|| not_flat(name)),
        Some("string") => &["minLength", "maxLength", "format"],
        Some("number" | "integer") => &["minimum", "maximum"],
        Some("boolean") => &[],
        Some("array") => return list(name, &member),
        _ => return Err(not_flat(name)),
    };
    let mut plain = keep(name, &member, own, &["format"])?;
    if plain.get("format").is_some_and(|format| !FORMATS.iter().any(|known| format == known)) {
        plain.remove("format");
    }
    plain.insert("type".to_owned(), kind.into());
    Ok(plain)
}

/// A list of choices.
fn list(name: &str, member: &Map<String, Value>) -> Result<Map<String, Value>, QuestionError> {
    let items = member.get("items").and_then(Value::as_object).and_then(choice);
    let mut items = items.ok_or_else(|| not_flat(name))?;
    // A set is a list to a client; that it has nothing twice is seen to when it is read.
    let mut plain = keep(name, member, &["minItems", "maxItems"], &["items", "uniqueItems"])?;
    items.retain(|keyword, _| matches!(keyword.as_str(), "type" | "enum" | "oneOf"));
    if let Some(titled) = items.remove("oneOf") {
        items = Map::from_iter([("anyOf".to_owned(), titled)]);
    }
    plain.insert("type".to_owned(), "array".into());
    plain.insert("items".to_owned(), items.into());
    Ok(plain)
}

/// The keywords that a member may have; those in `dropped` go, any other one is a fault.
fn keep(
    name: &str,
    member: &Map<String, Value>,
    own: &[&str],
    dropped: &[&str],
) -> Result<Map<String, Value>, QuestionError> {
    let mut kept = Map::new();
    for (keyword, value) in member {
        let word = keyword.as_str();
        if COMMON.contains(&word) || own.contains(&word) {
            kept.insert(keyword.clone(), value.clone());
        } else if word != "type" && !dropped.contains(&word) {
            return Err(QuestionError::Keyword { member: name.into(), keyword: word.into() });
        }
    }
    Ok(kept)
}

/// A choice of one of several texts, with titles if any of them has one: its own, or else its documentation.
fn choice(member: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut options = Vec::new();
    match member.get("oneOf") {
        Some(branches) => {
            for branch in branches.as_array()? {
                options.extend(options_of(branch.as_object()?)?);
            }
        }
        None => options = options_of(member)?,
    }
    let mut plain: Map<_, _> =
        COMMON.iter().filter_map(|word| Some(((*word).to_owned(), member.get(*word)?.clone()))).collect();
    plain.insert("type".to_owned(), "string".into());
    if options.iter().any(|(_, title)| title.is_some()) {
        let titled = options.into_iter().map(|(value, title)| {
            let title = title.unwrap_or_else(|| value.clone());
            serde_json::json!({ "const": value, "title": title })
        });
        plain.insert("oneOf".to_owned(), titled.collect());
    } else {
        plain.insert("enum".to_owned(), options.into_iter().map(|(value, _)| value).collect());
    }
    Some(plain)
}

/// The texts that a branch of a choice allows, and what they are called.
fn options_of(branch: &Map<String, Value>) -> Option<Vec<(String, Option<String>)>> {
    if let Some(value) = branch.get("const") {
        let title = branch.get("title").or_else(|| branch.get("description"));
        return Some(vec![(value.as_str()?.to_owned(), title.and_then(Value::as_str).map(str::to_owned))]);
    }
    branch.get("enum")?.as_array()?.iter().map(|value| Some((value.as_str()?.to_owned(), None))).collect()
}

/// The member of an `Option` as that of what is in it: a form says by leaving a member out that there is nothing.
fn without_null(member: &Value) -> Option<Map<String, Value>> {
    let mut member = member.as_object()?.clone();
    if member.get("default") == Some(&Value::Null) {
        member.remove("default");
    }
    if let Some(Value::Array(branches)) = member.get("anyOf") {
        let null = serde_json::json!({"type": "null"});
        let [inner] = branches.iter().filter(|branch| **branch != null).collect::<Vec<_>>()[..] else { return None };
        let inner = inner.as_object()?.clone();
        member.remove("anyOf");
        // What is said about the member goes before what is said about its type.
        for (keyword, value) in inner {
            member.entry(keyword).or_insert(value);
        }
    }
    for keyword in ["type", "enum"] {
        let Some(Value::Array(options)) = member.get_mut(keyword) else { continue };
        options.retain(|option| !option.is_null() && option != "null");
        if let ("type", [only]) = (keyword, options.as_slice()) {
            let only = only.clone();
            member.insert(keyword.to_owned(), only);
        }
    }
    Some(member)
}

fn not_flat(name: &str) -> QuestionError {
    QuestionError::NotFlat { member: name.into() }
}

#[cfg(test)]
mod tests;
