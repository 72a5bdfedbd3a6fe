//! What modern requests have in common, whatever they travel over: each says all about itself, and is asked in rounds.

use outboard_identity::Principal;
use outboard_protocol::encode::{ServerIdentity, ServerResult};
use outboard_protocol::error::shortened;
use outboard_protocol::headers::{self, MirroredHeaders};
use outboard_protocol::meta::{Meta, MetaError};
use outboard_protocol::params::{Params, ParamsError};
use outboard_protocol::revision::SERVED;
use outboard_protocol::types::{DiscoverResult, ProgressToken};
use outboard_protocol::{Era, ProtocolError, RawJson, Request, RequestMeta, Revision};
use outboard_runtime::{Asking, Call, Client, Description, Operation, Runtime};

use crate::operation::{operation, round};

/// A request that was checked, but for what its method needs.
pub(crate) struct Asked<'a> {
    pub(crate) params: Params<'a>,
    pub(crate) revision: &'static Revision,
    pub(crate) about: RequestMeta,
    pub(crate) progress_token: Option<ProgressToken>,
}

impl<'a> Asked<'a> {
    /// Checks a request in the order that clients and the conformance suite rely on; `headers` are those that repeat
    /// something in the body, where there are headers.
    pub(crate) fn check(request: &'a Request, headers: Option<&MirroredHeaders<'_>>) -> Result<Self, ProtocolError> {
        if let Some(headers) = headers {
            headers::check_method(headers, &request.method)?;
        }
        let params = Params::read(request.params.as_ref())?;
        let meta = Meta::read(params.meta.ok_or(MetaError::Missing)?)?;
        let version = meta.protocol_version()?;
        let about = meta.request(&params)?;
        if let Some(headers) = headers {
            headers::check_version(headers, &version)?;
        }
        let revision = served(&version)?;
        if let Some(headers) = headers {
            headers::check_name(headers, &request.method, &params)?;
        }
        let progress_token = meta.progress_token()?;
        Ok(Self { params, revision, about, progress_token })
    }

    /// The call that is wanted.
    pub(crate) fn call(
        self,
        request: &Request,
        principal: Principal,
        runtime: &Runtime,
    ) -> Result<Call, ProtocolError> {
        let Self { params, revision, about, progress_token } = self;
        let operation = operation(Era::Modern, request, &params)?;
        // Only these may be answered with questions (specification: *Multi Round-Trip Requests*).
        let asking = match operation {
            Operation::CallTool(_) | Operation::ReadResource { .. } | Operation::GetPrompt(_) => {
                Asking::Rounds(round(&params, runtime.config().input.state_bytes_max)?)
            }
            Operation::Describe | Operation::List { .. } | Operation::Complete(_) => Asking::Nobody,
        };
        let client = Client { revision, info: about.client_info, capabilities: about.client_capabilities };
        Ok(Call::new(operation, principal, client)
            .with_meta(params.meta.and_then(|raw| params.part(raw)))
            .with_telling(progress_token, about.log_level)
            .with_asking(asking))
    }
}

/// Whether the params of a message have modern `_meta`, which says that it is of the modern era.
pub(crate) fn has_modern_meta(params: Option<&RawJson>) -> Result<bool, ParamsError> {
    match Params::read(params)?.meta() {
        Ok(meta) => Ok(meta.is_modern()),
        // A key that stands twice does not decide the era, one way or the other.
        Err(error @ MetaError::Malformed) => Err(error.into()),
        // What is no object is legacy's to refuse.
        Err(_) => Ok(false),
    }
}

/// The modern revision that a request names.
fn served(version: &str) -> Result<&'static Revision, ProtocolError> {
    Revision::served(version).filter(|revision| revision.era == Era::Modern).ok_or_else(|| unsupported(version))
}

/// The refusal of a revision that is not served.
pub(crate) fn unsupported(version: &str) -> ProtocolError {
    ProtocolError::UnsupportedVersion { requested: shortened(version) }
}

/// What the server is, in modern words.
pub(crate) fn describe(description: &Description, _: &'static Revision, _: &ServerIdentity) -> ServerResult {
    let found = DiscoverResult {
        supported_versions: SERVED.iter().map(|revision| revision.name.to_owned()).collect(),
        capabilities: description.capabilities.clone(),
        instructions: description.instructions.clone(),
    };
    ServerResult::Discover(Box::new(found), description.hints)
}
