//! Faults that a test switches on to see that it would notice them: in builds with debug assertions alone.
//!
//! `OUTBOARD_SABOTAGE` names one of them. None of this is in a release build.

mod cells;
mod logs;

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Request;
use outboard_auth::Principal;
use outboard_store::Store;
use tower_service::Service;

use cells::ForgetfulCells;
use logs::LossyLogs;

/// What does not do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// What is posted to a mailbox does not arrive, and is said to have.
    Mailbox,
    /// What is published on a bus does not arrive, and is said to have.
    Bus,
    /// That a session was ended is not seen.
    Terminated,
    /// All callers with a token are one owner.
    Owner,
}

/// A word that is none of these faults.
#[derive(Debug, thiserror::Error)]
#[error("OUTBOARD_SABOTAGE is none of mailbox, bus, terminated, owner")]
pub(crate) struct UnknownSabotage;

/// Passes requests on, in the name of one owner while [`Sabotage::Owner`] is on.
#[derive(Debug, Clone)]
pub(crate) struct OneOwner<S>(pub(crate) S);

/// Whether [`Sabotage::Owner`] is on: it is no part of the store, through which the others come.
static IS_ONE_OWNER: AtomicBool = AtomicBool::new(false);

impl Sabotage {
    /// Switches the fault on, and says so. Returns the store to go on with.
    pub(crate) fn begin(self, store: Store) -> Store {
        tracing::warn!(sabotage = ?self, "a fault is switched on: this server is for one test alone");
        match self {
            Self::Mailbox => Store { logs: Arc::new(LossyLogs::new(store.logs, |key| key.kind == "mailbox")), ..store },
            Self::Bus => Store { logs: Arc::new(LossyLogs::new(store.logs, |key| key.is_bus())), ..store },
            Self::Terminated => Store { cells: Arc::new(ForgetfulCells(store.cells)), ..store },
            Self::Owner => {
                IS_ONE_OWNER.store(true, Ordering::Relaxed);
                store
            }
        }
    }
}

impl FromStr for Sabotage {
    type Err = UnknownSabotage;

    fn from_str(word: &str) -> Result<Self, UnknownSabotage> {
        Ok(match word {
            "mailbox" => Self::Mailbox,
            "bus" => Self::Bus,
            "terminated" => Self::Terminated,
            "owner" => Self::Owner,
            _ => return Err(UnknownSabotage),
        })
    }
}

/// The caller, in the place of the one owner while that fault is on; scopes, claims and the end of the proof stay.
pub(crate) fn principal(caller: Principal) -> Principal {
    if IS_ONE_OWNER.load(Ordering::Relaxed) { as_one_owner(&caller) } else { caller }
}

fn as_one_owner(caller: &Principal) -> Principal {
    let one = Principal::verified("urn:outboard:sabotage", "everybody", "", caller.granted().clone());
    let one = one.with_claims(caller.claims().clone());
    match caller.valid_until() {
        Some(time) => one.with_valid_until(time),
        None => one,
    }
}

impl<S, B> Service<Request<B>> for OneOwner<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(caller) = request.extensions_mut().get_mut::<Principal>() {
            *caller = principal(caller.clone());
        }
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests;
