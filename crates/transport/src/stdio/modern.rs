//! Modern requests on a pipe: as over HTTP, without the headers.

use bytes::Bytes;
use outboard_protocol::meta::{Meta, MetaError};
use outboard_protocol::params::Params;
use outboard_protocol::{Method, ProtocolError, Request};

use super::answer::Answered;
use super::connection::Connection;
use crate::modern::{Asked, describe, served};
use crate::subscription;

impl Connection {
    /// Begins a modern request. `line` is what it is made of slices of.
    pub(super) fn modern(&self, request: Request, line: &Bytes) -> Answered {
        let id = request.id.clone();
        self.begin_modern(request, line).unwrap_or_else(|error| Answered::error(&id, &error.object()))
    }

    fn begin_modern(&self, request: Request, line: &Bytes) -> Result<Answered, ProtocolError> {
        let asked = check(&request, line)?;
        if request.method == Method::Listen {
            let filter = subscription::filter(request.params.as_ref(), self.config.subscriptions)?;
            return Ok(self.listen(request, filter));
        }
        let call = asked.call(&request, self.principal.clone(), line, &self.runtime)?;
        Ok(self.call(request.id, call, describe, Vec::new))
    }
}

/// Checks a request in the order in which it is checked over HTTP.
fn check<'a>(request: &'a Request, line: &Bytes) -> Result<Asked<'a>, ProtocolError> {
    let params = Params::read(request.params.as_ref())?;
    let meta = Meta::read(params.meta.ok_or(MetaError::Missing)?)?;
    let version = meta.protocol_version()?;
    let about = meta.request(line)?;
    let revision = served(&version)?;
    let progress_token = meta.progress_token()?;
    Ok(Asked { params, revision, about, progress_token })
}
