//! The arguments of a call: those of a tool against its schema, those of a prompt against its list.

use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::shortened;
use outboard_protocol::types::CallToolResult;
use serde_json::{Map, Value};

use crate::call::{Call, Operation};
use crate::catalog::{CatalogPrompt, CatalogTool, Target};
use crate::outcome::{Answer, CallError, Outcome};
use crate::unique::{self, UniqueError};

/// The answer to a call whose arguments do not fit.
pub(super) fn refusal(call: &Call) -> Option<Outcome> {
    match (&call.operation, &call.target) {
        (Operation::CallTool(named), Some(Target::Tool(tool))) => refusal_by_tool(named.arguments.as_ref(), tool),
        (Operation::GetPrompt(named), Some(Target::Prompt(prompt))) => {
            refusal_by_prompt(named.arguments.as_ref(), prompt).map(Err)
        }
        _ => None,
    }
}

fn refusal_by_tool(raw: Option<&RawJson>, tool: &CatalogTool) -> Option<Outcome> {
    let arguments = match read(raw) {
        Ok(arguments) => arguments,
        Err(UniqueError::Duplicate { name }) => return Some(Err(duplicate(&name))),
        Err(UniqueError::Json(error)) => return Some(unfit(&format!("arguments: {error}"))),
    };
    tool.arguments.check(&arguments).err().map(|faults| unfit(&faults))
}

/// A tool execution error and not a protocol error: the model that wrote the arguments can act on it (SEP-1303).
fn unfit(faults: &str) -> Outcome {
    let result = CallToolResult::error(format!("the arguments do not fit the tool's schema:\n{faults}"));
    Ok(Answer::Result(ServerResult::CallTool(result)))
}

/// The arguments of a prompt are texts (specification: `GetPromptRequestParams`). Those that it does not have are left aside.
fn refusal_by_prompt(raw: Option<&RawJson>, prompt: &CatalogPrompt) -> Option<CallError> {
    const ALL: &str = "arguments";
    let arguments = match read(raw) {
        Ok(Value::Object(arguments)) => arguments,
        Ok(_) | Err(UniqueError::Json(_)) => {
            return Some(CallError::WrongArgument { name: ALL.into(), expected: "an object of strings" });
        }
        Err(UniqueError::Duplicate { name }) => return Some(duplicate(&name)),
    };
    prompt.arguments.iter().find_map(|argument| match arguments.get(&argument.name) {
        Some(Value::String(_)) => None,
        Some(_) => Some(CallError::WrongArgument { name: argument.name.as_str().into(), expected: "a string" }),
        None if argument.required => Some(CallError::MissingArgument { name: argument.name.as_str().into() }),
        None => None,
    })
}

/// Absent arguments are none.
fn read(raw: Option<&RawJson>) -> Result<Value, UniqueError> {
    raw.map_or_else(|| Ok(Value::Object(Map::new())), |raw| unique::read(raw.as_str()))
}

fn duplicate(name: &str) -> CallError {
    CallError::DuplicateArgument { name: shortened(name) }
}
