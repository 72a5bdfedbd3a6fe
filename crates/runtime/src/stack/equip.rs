//! Gives a call what its handler and the layers below share: the server's services, and the call's questions.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::input::Questions;
use crate::outcome::Outcome;
use crate::services::Services;

#[derive(Clone)]
pub(crate) struct EquipLayer {
    services: Arc<Services>,
}

impl EquipLayer {
    pub(crate) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }
}

impl<S> Layer<S> for EquipLayer {
    type Service = Equip<S>;

    fn layer(&self, inner: S) -> Equip<S> {
        Equip { services: Arc::clone(&self.services), inner }
    }
}

#[derive(Clone)]
pub(crate) struct Equip<S> {
    services: Arc<Services>,
    inner: S,
}

impl<S> Service<Call> for Equip<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        // What is answered from memory has no handler, and is not worth the allocation.
        if call.operation.is_work() {
            let questions = Questions::of(&mut call, &self.services);
            call.questions = Some(questions);
        }
        self.inner.call(call)
    }
}
