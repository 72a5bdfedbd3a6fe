//! What a tool's function can ask and tell while it runs.

use outboard_identity::Principal;
use outboard_protocol::types::Progress;

use crate::call::{Call, Client};
use crate::outlet::{Event, Outlet};

/// The call that a tool's function is answering.
///
/// The function takes it as a parameter of type `Context` or `&Context`, beside its arguments.
#[derive(Clone, Debug)]
pub struct Context {
    principal: Principal,
    client: Client,
    outlet: Outlet,
}

impl Context {
    pub(crate) fn of(call: Call) -> Self {
        Self { principal: call.principal, client: call.client, outlet: call.outlet }
    }

    /// Who calls.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// With which client; not verified.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Tells how far the work has come, for example `ctx.progress(3.0, Some(10.0), Some("reading"))`.
    ///
    /// `progress` must grow from one to the next. Nothing happens when the caller did not ask to hear of it
    /// (specification: *Progress*).
    pub fn progress(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        // JSON has no word for what is no number.
        if self.outlet.is_open() && progress.is_finite() {
            let total = total.filter(|total| total.is_finite());
            let message = message.map(str::to_owned);
            self.outlet.tell(Event::Progress(Progress { progress, total, message }));
        }
    }
}
