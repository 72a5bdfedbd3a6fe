//! Modern requests on a pipe: as over HTTP, without the headers.

use outboard_protocol::{Method, ProtocolError, Request};

use super::answer::Answered;
use super::connection::Connection;
use crate::modern::{Asked, describe};
use crate::subscription;

impl Connection {
    /// Begins a modern request.
    pub(super) fn modern(&self, request: Request) -> Answered {
        let id = request.id.clone();
        self.begin_modern(request).unwrap_or_else(|error| Answered::error(&id, &error.object()))
    }

    fn begin_modern(&self, request: Request) -> Result<Answered, ProtocolError> {
        let asked = Asked::check(&request, None)?;
        if request.method == Method::Listen {
            let filter = subscription::filter(request.params.as_ref(), self.config.subscriptions)?;
            return Ok(self.listen(request, filter));
        }
        let call = asked.call(&request, self.principal.clone(), &self.runtime)?;
        Ok(self.call(request.id, call, describe, Vec::new))
    }
}
