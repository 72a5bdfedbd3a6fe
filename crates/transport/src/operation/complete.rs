//! The params of `completion/complete`, read so that a refusal names the member that is wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;

use outboard_protocol::RawJson;
use outboard_protocol::params::ParamsError;
use outboard_protocol::raw::Members;
use outboard_protocol::types::{CompleteParams, CompletionArgument, CompletionContext, CompletionReference};
use serde_json::value::RawValue;

/// Reads the params.
pub(super) fn read(params: Option<&RawJson>) -> Result<CompleteParams, ParamsError> {
    let params = params.map(RawJson::as_bytes).unwrap_or(b"{}");
    let params: Members<'_> = serde_json::from_slice(params).map_err(|_| ParamsError::Unreadable)?;
    Ok(CompleteParams {
        reference: reference(required(&params, "ref", "ref")?)?,
        argument: argument(required(&params, "argument", "argument")?)?,
        context: optional(&params, "context", "context")?.map(context).transpose()?,
    })
}

fn reference(raw: &RawValue) -> Result<CompletionReference, ParamsError> {
    let members = object(raw, "ref")?;
    match &*text(required(&members, "type", "ref.type")?, "ref.type")? {
        "ref/prompt" => {
            let name = text(required(&members, "name", "ref.name")?, "ref.name")?;
            Ok(CompletionReference::Prompt { name: name.into_owned() })
        }
        "ref/resource" => {
            let uri = text(required(&members, "uri", "ref.uri")?, "ref.uri")?;
            Ok(CompletionReference::Resource { uri: uri.into_owned() })
        }
        _ => Err(ParamsError::WrongType { name: "ref.type", expected: "ref/prompt or ref/resource" }),
    }
}

fn argument(raw: &RawValue) -> Result<CompletionArgument, ParamsError> {
    let members = object(raw, "argument")?;
    let name = text(required(&members, "name", "argument.name")?, "argument.name")?;
    let value = text(required(&members, "value", "argument.value")?, "argument.value")?;
    Ok(CompletionArgument { name: name.into_owned(), value: value.into_owned() })
}

fn context(raw: &RawValue) -> Result<CompletionContext, ParamsError> {
    let members = object(raw, "context")?;
    let Some(raw) = optional(&members, "arguments", "context.arguments")? else {
        return Ok(CompletionContext::default());
    };
    let arguments = object(raw, "context.arguments")?;
    let texts = arguments.0.iter().map(|(name, value)| {
        let value = text(value, "context.arguments")
            .map_err(|_| ParamsError::WrongType { name: "context.arguments", expected: "an object of strings" })?;
        Ok((name.clone().into_owned(), value.into_owned()))
    });
    Ok(CompletionContext { arguments: texts.collect::<Result<BTreeMap<_, _>, ParamsError>>()? })
}

/// The value of a member. `path` is how a refusal names it.
fn optional<'a>(members: &Members<'a>, member: &str, path: &'static str) -> Result<Option<&'a RawValue>, ParamsError> {
    let mut values = members.0.iter().filter(|(name, _)| name == member).map(|(_, value)| *value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(ParamsError::Duplicate { name: path }),
        (value, None) => Ok(value),
    }
}

fn required<'a>(members: &Members<'a>, member: &str, path: &'static str) -> Result<&'a RawValue, ParamsError> {
    optional(members, member, path)?.ok_or(ParamsError::Missing { name: path })
}

fn object<'a>(raw: &'a RawValue, name: &'static str) -> Result<Members<'a>, ParamsError> {
    serde_json::from_str(raw.get()).map_err(|_| ParamsError::WrongType { name, expected: "an object" })
}

fn text<'a>(raw: &'a RawValue, name: &'static str) -> Result<Cow<'a, str>, ParamsError> {
    let wrong = || ParamsError::WrongType { name, expected: "a string" };
    let text = raw.get();
    match serde_json::from_str::<&str>(text) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(text).map(Cow::Owned).map_err(|_| wrong()),
    }
}
