//! What a handler's result has to be: structured content fits its schema, suggestions have their bound.

use std::sync::Arc;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{
    COMPLETION_VALUES_MAX, CacheScope, CachingHints, CallToolResult, CompleteResult, Completion,
};
use serde::Deserialize;
use serde_json::Value;

use crate::call::Call;
use crate::catalog::{CatalogTool, Target};
use crate::outcome::{Answer, Outcome};

/// What was promised of a result.
pub(super) enum Promised {
    Nothing,
    /// Structured content that fits the schema of this tool.
    Structured(Arc<CatalogTool>),
    /// No more values than one completion may have.
    Completion,
    /// Kept for nobody but who was permitted to read it.
    Private,
}

impl Promised {
    pub(super) fn by(call: &Call) -> Self {
        match &call.target {
            Some(Target::Tool(tool)) if tool.output.is_some() => Self::Structured(Arc::clone(tool)),
            Some(Target::Completer { handler: Some(_), .. }) => Self::Completion,
            Some(Target::Resource { policy: Some(_), .. }) => Self::Private,
            Some(
                Target::Tool(_) | Target::Resource { .. } | Target::Prompt(_) | Target::Completer { handler: None, .. },
            )
            | None => Self::Nothing,
        }
    }

    /// The answer that the caller may see.
    pub(super) fn hold(&self, outcome: Outcome) -> Outcome {
        let Ok(Answer::Result(result)) = outcome else { return outcome };
        Ok(Answer::Result(match (self, result) {
            (Self::Structured(tool), ServerResult::CallTool(result)) => ServerResult::CallTool(fitting(tool, result)),
            (Self::Structured(tool), ServerResult::Forwarded(raw, hints)) => {
                if let Ok(Structured { structured_content, is_error: false }) = raw.read() {
                    report(tool, structured_content.as_ref());
                }
                ServerResult::Forwarded(raw, hints)
            }
            (Self::Completion, ServerResult::Complete(result)) => ServerResult::Complete(cut(result)),
            (Self::Completion, ServerResult::Forwarded(raw, hints)) => match raw.read::<CompleteResult>() {
                Ok(result) if result.completion.values.len() > COMPLETION_VALUES_MAX => {
                    ServerResult::Complete(cut(result))
                }
                _ => ServerResult::Forwarded(raw, hints),
            },
            (Self::Private, ServerResult::ReadResource(result, hints)) => {
                ServerResult::ReadResource(result, private(hints))
            }
            (Self::Private, ServerResult::Forwarded(raw, hints)) => ServerResult::Forwarded(raw, hints.map(private)),
            (_, result) => result,
        }))
    }
}

/// Who shares it with others would give it to some who may not read it (specification: *Caching*).
const fn private(hints: CachingHints) -> CachingHints {
    CachingHints { cache_scope: CacheScope::Private, ..hints }
}

/// What is looked at in the result of a server behind us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structured {
    #[serde(default)]
    structured_content: Option<Value>,
    #[serde(default)]
    is_error: bool,
}

/// Structured results must fit the schema that was listed (specification: *Output Schema*). What does not is a mistake in
/// this program, and clients would stumble over it: they are told so, without the value.
fn fitting(tool: &CatalogTool, result: CallToolResult) -> CallToolResult {
    if result.is_error {
        return result;
    }
    if !tool.is_native {
        report(tool, result.structured_content.as_ref());
        return result;
    }
    match fault(tool, result.structured_content.as_ref()) {
        None => result,
        Some(fault) => {
            tracing::error!(gen_ai.tool.name = &*tool.name, %fault, "a tool's result does not fit its output schema");
            CallToolResult::error("the tool failed: its result does not fit its output schema")
        }
    }
}

/// What a server behind us sends is passed on whatever it is: its own clients would get it, too.
fn report(tool: &CatalogTool, content: Option<&Value>) {
    if let Some(fault) = fault(tool, content) {
        let name = &*tool.name;
        tracing::warn!(gen_ai.tool.name = name, %fault, "a result that does not fit its output schema is passed on");
    }
}

fn fault(tool: &CatalogTool, content: Option<&Value>) -> Option<String> {
    let schema = tool.output.as_ref()?;
    content.map_or_else(|| Some("structuredContent: there is none".to_owned()), |content| schema.check(content).err())
}

/// The values that fit (specification: *Completion*).
fn cut(result: CompleteResult) -> CompleteResult {
    let Completion { mut values, total, has_more } = result.completion;
    if values.len() <= COMPLETION_VALUES_MAX {
        return CompleteResult { completion: Completion { values, total, has_more } };
    }
    let total = total.or_else(|| u64::try_from(values.len()).ok());
    values.truncate(COMPLETION_VALUES_MAX);
    CompleteResult { completion: Completion { values, total, has_more: true } }
}
