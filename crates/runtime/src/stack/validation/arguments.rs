//! The arguments of a call: those of a tool against its schema, those of a prompt against its list; then what they mean for
//! who may make it.

use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::shortened;
use outboard_protocol::types::{CallToolResult, CompleteParams};
use serde_json::{Map, Value};

use crate::access::{PART_EXPECTED, TYPE_EXPECTED, Undecided};
use crate::call::{Call, Operation};
use crate::catalog::{CatalogPrompt, CatalogTool, Target};
use crate::outcome::{Answer, CallError, Outcome};
use crate::stack::access::{self, Refused};
use crate::unique::{self, UniqueError};

/// The answer to a call whose arguments do not fit, or are not its caller's to use.
pub(super) fn refusal(call: &Call) -> Option<Outcome> {
    let refused = match fitting(call)? {
        Err(unfit) => return Some(*unfit),
        Ok(arguments) => access::by_arguments(call, &arguments).err()?,
    };
    Some(match refused {
        Refused::Denied(denied) => Err(CallError::Denied(denied)),
        Refused::Undecided(Undecided::Panicked) => Err(CallError::Panicked),
        Refused::Undecided(undecided) => match call.operation {
            Operation::CallTool(_) => unfit("do not tell which scopes the call needs", &undecided.to_string()),
            _ => Err(undecided_of_prompt(undecided)),
        },
    })
}

/// The arguments of a call that has such, if they fit; else the answer to it.
pub(in crate::stack) fn fitting(call: &Call) -> Option<Result<Value, Box<Outcome>>> {
    match (&call.operation, &call.target) {
        (Operation::CallTool(named), Some(Target::Tool(tool))) => Some(of_tool(named.arguments.as_ref(), tool)),
        (Operation::GetPrompt(named), Some(Target::Prompt(prompt))) => {
            Some(of_prompt(named.arguments.as_ref(), prompt).map_err(|error| Box::new(Err(error))))
        }
        (Operation::Complete(params), Some(target)) => {
            let is_needed = target.policy().is_some_and(|policy| policy.is_by_arguments());
            is_needed.then(|| Ok(filled_in(params)))
        }
        _ => None,
    }
}

fn of_tool(raw: Option<&RawJson>, tool: &CatalogTool) -> Result<Value, Box<Outcome>> {
    const UNFIT: &str = "do not fit the tool's schema";
    let arguments = match read(raw) {
        Ok(arguments) => arguments,
        Err(UniqueError::Duplicate { name }) => return Err(Box::new(Err(duplicate(&name)))),
        Err(UniqueError::Json(error)) => return Err(Box::new(unfit(UNFIT, &format!("arguments: {error}")))),
    };
    match tool.arguments.check(&arguments) {
        Ok(()) => Ok(arguments),
        Err(faults) => Err(Box::new(unfit(UNFIT, &faults))),
    }
}

/// A tool execution error and not a protocol error: the model that wrote the arguments can act on it (SEP-1303).
fn unfit(what: &str, faults: &str) -> Outcome {
    let result = CallToolResult::error(format!("the arguments {what}:\n{faults}"));
    Ok(Answer::Result(ServerResult::CallTool(result)))
}

/// The arguments of a prompt are texts (specification: `GetPromptRequestParams`). Those that it does not have are left aside.
fn of_prompt(raw: Option<&RawJson>, prompt: &CatalogPrompt) -> Result<Value, CallError> {
    const ALL: &str = "arguments";
    let mut arguments = match read(raw) {
        Ok(Value::Object(arguments)) => arguments,
        Ok(_) | Err(UniqueError::Json(_)) => {
            return Err(CallError::WrongArgument { name: ALL.into(), expected: "an object of strings" });
        }
        Err(UniqueError::Duplicate { name }) => return Err(duplicate(&name)),
    };
    let fault = prompt.arguments.iter().find_map(|argument| match arguments.get(&argument.name) {
        Some(Value::String(_)) => None,
        Some(_) => Some(CallError::WrongArgument { name: argument.name.as_str().into(), expected: "a string" }),
        None if argument.required => Some(CallError::MissingArgument { name: argument.name.as_str().into() }),
        None => None,
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    // What its handler does not see decides nothing.
    arguments.retain(|name, _| prompt.arguments.iter().any(|argument| argument.name == *name));
    Ok(Value::Object(arguments))
}

/// What a client has filled in already when it asks for suggestions.
fn filled_in(params: &CompleteParams) -> Value {
    let context = params.context.iter().flat_map(|context| &context.arguments);
    Value::Object(context.map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect())
}

fn undecided_of_prompt(undecided: Undecided) -> CallError {
    match undecided {
        Undecided::Missing { name } => CallError::MissingArgument { name },
        Undecided::Type { name } => CallError::WrongArgument { name, expected: TYPE_EXPECTED },
        Undecided::NoPart { name } => CallError::WrongArgument { name, expected: PART_EXPECTED },
        Undecided::Unfit { .. } => CallError::WrongArgument { name: "arguments".into(), expected: PART_EXPECTED },
        Undecided::Panicked => CallError::Panicked,
    }
}

/// Absent arguments are none.
fn read(raw: Option<&RawJson>) -> Result<Value, UniqueError> {
    raw.map_or_else(|| Ok(Value::Object(Map::new())), |raw| unique::read(raw.as_str()))
}

fn duplicate(name: &str) -> CallError {
    CallError::DuplicateArgument { name: shortened(name) }
}
