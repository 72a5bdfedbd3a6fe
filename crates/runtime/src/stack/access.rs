//! Refuses callers that lack a scope: before their arguments are looked at what every call needs, behind that what these
//! arguments need ([`by_arguments`]).

use std::convert::Infallible;
use std::task::{Context, Poll};

use outboard_identity::{Denied, GrantedScopes, ScopeSet};
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use super::validation::arguments;
use crate::access::{Known, Policy, Undecided};
use crate::call::{Call, Operation};
use crate::outcome::{CallError, Outcome};

#[derive(Clone)]
pub(crate) struct AccessLayer;

impl<S> Layer<S> for AccessLayer {
    type Service = Access<S>;

    fn layer(&self, inner: S) -> Access<S> {
        Access { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Access<S> {
    inner: S,
}

impl<S> Service<Call> for Access<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        match denied(&call) {
            Some(denied) => Early::answered(Err(CallError::Denied(denied))),
            None => Early::passed(self.inner.call(call)),
        }
    }
}

/// The policy and the scopes of a call that something is required of.
fn judged(call: &Call) -> Option<(&Policy, &ScopeSet)> {
    let policy = call.target.as_ref()?.policy()?;
    match call.principal.granted() {
        GrantedScopes::Only(held) => Some((policy, held)),
        // Whoever has every scope is asked for none.
        GrantedScopes::All => None,
    }
}

fn denied(call: &Call) -> Option<Denied> {
    let (policy, held) = judged(call)?;
    let denied = policy.fixed().check(held).err()?;
    // One refusal names all that the call needs, where its arguments tell.
    Some(with_arguments(call, policy, held).unwrap_or(denied))
}

fn with_arguments(call: &Call, policy: &Policy, held: &ScopeSet) -> Option<Denied> {
    if !policy.is_by_arguments() {
        return None;
    }
    let arguments = arguments::fitting(call)?.ok()?;
    policy.requirement(&arguments, known(call)).ok()?.check(held).err()
}

/// Decides by arguments that fit, where something depends on them.
pub(super) fn by_arguments(call: &Call, arguments: &Value) -> Result<(), Refused> {
    match judged(call) {
        Some((policy, held)) if policy.is_by_arguments() => {
            let needed = policy.requirement(arguments, known(call)).map_err(Refused::Undecided)?;
            needed.check(held).map_err(Refused::Denied)
        }
        _ => Ok(()),
    }
}

/// Why a call does not go on.
pub(super) enum Refused {
    /// Its caller lacks a scope.
    Denied(Denied),
    /// Its arguments are wrong.
    Undecided(Undecided),
}

const fn known(call: &Call) -> Known {
    match call.operation {
        // What is asked for is a value of an argument that is not filled in yet.
        Operation::Complete(_) => Known::SoFar,
        _ => Known::All,
    }
}
