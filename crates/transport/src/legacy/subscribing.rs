//! `resources/subscribe` and its opposite, whatever they travel over: what may be subscribed to.

use outboard_identity::Principal;
use outboard_protocol::error::shortened;
use outboard_protocol::params::{Params, ParamsError};
use outboard_protocol::{Method, ProtocolError, Request};
use outboard_runtime::{CallError, Runtime};

use crate::operation::not_found;
use crate::subscription::SubscriptionLimits;

/// Why a request is not about a resource that can be subscribed to.
#[derive(Debug)]
pub(super) enum NotSubscribable {
    /// The client broke the protocol.
    Protocol(ProtocolError),
    /// The client names a resource that does not exist, or that it may not read.
    Refused(CallError),
}

impl<E: Into<ProtocolError>> From<E> for NotSubscribable {
    fn from(error: E) -> Self {
        Self::Protocol(error.into())
    }
}

/// The URI that a request subscribes to, or no longer wants to be subscribed to.
pub(super) fn subscribable(
    runtime: &Runtime,
    principal: &Principal,
    request: &Request,
    params: &Params<'_>,
    limits: SubscriptionLimits,
) -> Result<Box<str>, NotSubscribable> {
    let resources = runtime.description().capabilities.resources;
    if !resources.is_some_and(|resources| resources.subscribe) {
        return Err(not_found(&request.method).into());
    }
    let uri = params.uri()?;
    if uri.len() > limits.uri_bytes_max {
        return Err(ParamsError::WrongType { name: "uri", expected: "shorter: the server bounds it" }.into());
    }
    if request.method == Method::ResourcesSubscribe {
        if !runtime.has_resource(&uri) {
            return Err(NotSubscribable::Refused(CallError::UnknownResource { uri: shortened(&uri) }));
        }
        runtime.may_read(principal, [&*uri]).map_err(|denied| NotSubscribable::Refused(denied.into()))?;
    }
    Ok((*uri).into())
}
