//! The call stack: the layers that every call passes, in order.
//!
//! Layers are always ready and take what they need inside `call`; the future ends with the final answer, streaming or not,
//! so whatever a layer holds, it holds to the end.

mod access;
mod catch_panic;
mod concurrency;
mod deadline;
mod dispatch;
mod early;
mod equip;
mod resolve;
mod rounds;
mod telemetry;
mod validation;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tower::ServiceBuilder;

use crate::catalog::Snapshot;
use crate::services::Services;
use access::{Access, AccessLayer};
use catch_panic::{CatchPanic, CatchPanicLayer};
use concurrency::{Concurrency, ConcurrencyLayer};
use deadline::{Deadline, DeadlineLayer};
use dispatch::Dispatch;
use equip::{Equip, EquipLayer};
use resolve::{Resolve, ResolveLayer};
use rounds::{Rounds, RoundsLayer};
use telemetry::{Telemetry, TelemetryLayer};
use validation::{Validation, ValidationLayer};

/// The stack as a type, from the outside in.
pub(crate) type Stack =
    Telemetry<Resolve<Access<Equip<Deadline<Validation<Concurrency<Rounds<CatchPanic<Dispatch>>>>>>>>>;

/// Builds the stack, from the outside in.
pub(crate) fn build(catalog: &Arc<ArcSwap<Snapshot>>, services: &Arc<Services>) -> Stack {
    let config = &services.config;
    ServiceBuilder::new()
        // Sees every call and every answer, those of the layers below included.
        .layer(TelemetryLayer)
        // Finds who answers once, so that every later layer speaks of something that exists.
        .layer(ResolveLayer::new(Arc::clone(catalog)))
        // Refuses who lacks a scope before the call costs anything, or tells anything of its arguments.
        .layer(AccessLayer)
        // Gives the call what all that follows shares: time and place stand still while it asks.
        .layer(EquipLayer::new(Arc::clone(services)))
        // Bounds the time of all that follows.
        .layer(DeadlineLayer::new(config.deadline))
        // Refuses wrong arguments, and who lacks a scope that they need, before they cost a place among the running calls.
        .layer(ValidationLayer)
        // Bounds how many run at once.
        .layer(ConcurrencyLayer::new(config.concurrent_calls_max))
        // Ends the call with its questions; outside of this the handler is a call like any other.
        .layer(RoundsLayer)
        // A panic ends its own call and nothing else.
        .layer(CatchPanicLayer)
        .service(Dispatch::new(Arc::clone(catalog), Arc::clone(&services.store.keys)))
}
