//! The params of `completion/complete`, read so that a refusal names the member that is wrong.

use std::collections::BTreeMap;

use outboard_protocol::RawJson;
use outboard_protocol::params::{ParamsError, members, object, text};
use outboard_protocol::types::{CompleteParams, CompletionArgument, CompletionContext, CompletionReference};
use serde_json::value::RawValue;

/// Reads the params.
pub(super) fn read(params: Option<&RawJson>) -> Result<CompleteParams, ParamsError> {
    let params = members(params)?;
    Ok(CompleteParams {
        reference: reference(params.required("ref", "ref")?)?,
        argument: argument(params.required("argument", "argument")?)?,
        context: params.optional("context", "context")?.map(context).transpose()?,
    })
}

fn reference(raw: &RawValue) -> Result<CompletionReference, ParamsError> {
    let members = object(raw, "ref")?;
    match &*text(members.required("type", "ref.type")?, "ref.type")? {
        "ref/prompt" => {
            let name = text(members.required("name", "ref.name")?, "ref.name")?;
            Ok(CompletionReference::Prompt { name: name.into_owned() })
        }
        "ref/resource" => {
            let uri = text(members.required("uri", "ref.uri")?, "ref.uri")?;
            Ok(CompletionReference::Resource { uri: uri.into_owned() })
        }
        _ => Err(ParamsError::WrongType { name: "ref.type", expected: "ref/prompt or ref/resource" }),
    }
}

fn argument(raw: &RawValue) -> Result<CompletionArgument, ParamsError> {
    let members = object(raw, "argument")?;
    let name = text(members.required("name", "argument.name")?, "argument.name")?;
    let value = text(members.required("value", "argument.value")?, "argument.value")?;
    Ok(CompletionArgument { name: name.into_owned(), value: value.into_owned() })
}

fn context(raw: &RawValue) -> Result<CompletionContext, ParamsError> {
    let members = object(raw, "context")?;
    let Some(raw) = members.optional("arguments", "context.arguments")? else {
        return Ok(CompletionContext::default());
    };
    let arguments = object(raw, "context.arguments")?;
    let mut texts = BTreeMap::new();
    for (name, value) in arguments.0 {
        let wrong = |_| ParamsError::WrongType { name: "context.arguments", expected: "an object of strings" };
        let value = text(value, "context.arguments").map_err(wrong)?.into_owned();
        if texts.insert(name.into_owned(), value).is_some() {
            return Err(ParamsError::Duplicate { name: "context.arguments.…" });
        }
    }
    Ok(CompletionContext { arguments: texts })
}
