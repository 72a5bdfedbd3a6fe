//! What a request wants: its method and params, read into an [`Operation`] for either era and any transport.
//!
//! Methods that are answered without the runtime, such as `ping` or `subscriptions/listen`, are known to who serves their
//! era; here they are not found.

mod complete;

use outboard_protocol::error::shortened;
use outboard_protocol::params::{Params, ParamsError};
use outboard_protocol::{Era, Method, ProtocolError, Request};
use outboard_runtime::{ListKind, Operation, PromptCall, Round, ToolCall};

/// Reads what a request of an era wants. `params` are the request's, read.
pub(crate) fn operation(era: Era, request: &Request, params: &Params<'_>) -> Result<Operation, ProtocolError> {
    let arguments = || params.arguments_object().map(|raw| raw.and_then(|raw| params.part(raw)));
    match &request.method {
        Method::ToolsCall => {
            Ok(Operation::CallTool(ToolCall { name: (*params.name()?).into(), arguments: arguments()? }))
        }
        Method::ToolsList => list(ListKind::Tools, params),
        Method::ResourcesList => list(ListKind::Resources, params),
        Method::ResourceTemplatesList => list(ListKind::ResourceTemplates, params),
        Method::ResourcesRead => Ok(Operation::ReadResource { uri: (*params.uri()?).into() }),
        Method::PromptsList => list(ListKind::Prompts, params),
        Method::PromptsGet => {
            Ok(Operation::GetPrompt(PromptCall { name: (*params.name()?).into(), arguments: arguments()? }))
        }
        Method::Complete => Ok(Operation::Complete(Box::new(complete::read(request.params.as_ref())?))),
        Method::Discover if era == Era::Modern => Ok(Operation::Describe),
        method => Err(not_found(method)),
    }
}

/// The refusal of a method that is not served in the caller's era.
pub(crate) fn not_found(method: &Method) -> ProtocolError {
    ProtocolError::MethodNotFound { method: shortened(method.as_str()) }
}

/// What a modern client brings to a further round of a call; `None` in the first one. A `requestState` that is longer than
/// any of ours is refused before it is copied.
pub(crate) fn round(params: &Params<'_>, state_bytes_max: usize) -> Result<Option<Box<Round>>, ParamsError> {
    let state = params.request_state()?;
    if state.as_ref().is_some_and(|state| state.len() > state_bytes_max) {
        return Err(ParamsError::WrongType { name: "requestState", expected: "a text that this server gave out" });
    }
    let responses = params.input_responses()?.and_then(|raw| params.part(raw));
    if state.is_none() && responses.is_none() {
        return Ok(None);
    }
    Ok(Some(Box::new(Round { responses, state: state.map(|state| (*state).into()) })))
}

fn list(kind: ListKind, params: &Params<'_>) -> Result<Operation, ProtocolError> {
    Ok(Operation::List { kind, cursor: params.cursor()?.map(|cursor| (*cursor).into()) })
}

#[cfg(test)]
mod tests;
