//! The call stack: the layers that every call passes, in order.
//!
//! Layers are always ready and take what they need inside `call`; the future ends with the final answer, streaming or not,
//! so whatever a layer holds, it holds to the end.

mod catch_panic;
mod concurrency;
mod deadline;
mod dispatch;
mod early;
mod resolve;
mod telemetry;
mod unique;
mod validation;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tower::ServiceBuilder;

use crate::catalog::Snapshot;
use crate::runtime::RuntimeConfig;
use catch_panic::{CatchPanic, CatchPanicLayer};
use concurrency::{Concurrency, ConcurrencyLayer};
use deadline::{Deadline, DeadlineLayer};
use dispatch::Dispatch;
use resolve::{Resolve, ResolveLayer};
use telemetry::{Telemetry, TelemetryLayer};
use validation::{Validation, ValidationLayer};

/// The stack as a type, from the outside in.
pub(crate) type Stack = Telemetry<Resolve<Deadline<Validation<Concurrency<CatchPanic<Dispatch>>>>>>;

/// Builds the stack, from the outside in.
pub(crate) fn build(catalog: &Arc<ArcSwap<Snapshot>>, config: &RuntimeConfig) -> Stack {
    ServiceBuilder::new()
        // Sees every call and every answer, those of the layers below included.
        .layer(TelemetryLayer)
        // Finds the tool once, so that every later layer speaks of a tool that exists.
        .layer(ResolveLayer::new(Arc::clone(catalog)))
        // Bounds the time of all that follows.
        .layer(DeadlineLayer::new(config.deadline))
        // Refuses wrong arguments before they cost a place among the running calls.
        .layer(ValidationLayer)
        // Bounds how many run at once.
        .layer(ConcurrencyLayer::new(config.concurrent_calls_max))
        // A panic ends its own call and nothing else.
        .layer(CatchPanicLayer)
        .service(Dispatch::new(Arc::clone(catalog)))
}
