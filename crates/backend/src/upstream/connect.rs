//! Finding out how a server speaks: `server/discover` first, `initialize` if that is not understood.

use http::HeaderValue;
use outboard_protocol::error::code;
use outboard_protocol::revision::{SERVED, SPOKEN_TO_CHILDREN, find};
use outboard_protocol::types::{DiscoverResult, Implementation, InitializeParams, InitializeResult};
use outboard_protocol::{Era, ErrorObject, Method, RawJson, Revision, encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use super::error::{ConnectError, ExchangeError};
use super::exchange::ask;
use super::options::{ClientOptions, EraChoice};
use super::wire::Wire;

/// What is known of a server once it has answered.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) dialect: Dialect,
    pub(super) server_info: Option<Implementation>,
    pub(super) instructions: Option<String>,
}

/// Opens the way to a server (2026-07-28 Streamable HTTP: *Backward Compatibility*).
pub(super) async fn open(wire: &Wire, options: &ClientOptions) -> Result<Opened, ConnectError> {
    match options.era {
        EraChoice::Legacy => initialize(wire, options).await,
        EraChoice::Modern => match discover(wire, options).await {
            Ok(Discovered::Modern(opened)) => Ok(opened),
            Ok(Discovered::Other { supported }) => Err(ConnectError::NoCommonRevision { supported }),
            Err(error) if is_not_modern(&error) => Err(ConnectError::NotModern { cause: error }),
            Err(error) => Err(error.into()),
        },
        EraChoice::Auto => match discover(wire, options).await {
            Ok(Discovered::Modern(opened)) => Ok(opened),
            Ok(Discovered::Other { supported }) if !supported.iter().any(|name| is_legacy(name)) => {
                Err(ConnectError::NoCommonRevision { supported })
            }
            Ok(Discovered::Other { .. }) => initialize(wire, options).await,
            Err(error) if is_not_modern(&error) => {
                initialize(wire, options).await.map_err(|second| more_telling(error, second))
            }
            Err(error) => Err(error.into()),
        },
    }
}

enum Discovered {
    Modern(Opened),
    /// The server is modern, but speaks only these.
    Other {
        supported: Vec<String>,
    },
}

async fn discover(wire: &Wire, options: &ClientOptions) -> Result<Discovered, ExchangeError> {
    let offered = Revision::newest(Era::Modern);
    let dialect = Dialect::Modern(offered);
    let params = json!({ "_meta": dialect.meta(&options.client_info) });
    match ask(wire, &dialect, Method::Discover, &params, options.request_timeout).await {
        Ok(answer) => {
            let shape = |_| ExchangeError::ResultShape { method: "server/discover" };
            let found: DiscoverResult = answer.result.read().map_err(shape)?;
            let Some(revision) = best(&found.supported_versions) else {
                return Ok(Discovered::Other { supported: found.supported_versions });
            };
            Ok(Discovered::Modern(Opened {
                dialect: Dialect::Modern(revision),
                server_info: server_info(&answer.result),
                instructions: found.instructions,
            }))
        }
        Err(ExchangeError::Remote(error)) if error.code == code::UNSUPPORTED_VERSION => {
            let supported = supported(&error);
            // Refusing what it claims to support leaves nothing to retry with.
            Ok(match best(&supported).filter(|revision| *revision != offered) {
                Some(revision) => Discovered::Modern(Opened {
                    dialect: Dialect::Modern(revision),
                    server_info: None,
                    instructions: None,
                }),
                None => Discovered::Other { supported },
            })
        }
        Err(error) => Err(error),
    }
}

async fn initialize(wire: &Wire, options: &ClientOptions) -> Result<Opened, ConnectError> {
    let params = InitializeParams {
        protocol_version: Revision::newest(Era::Legacy).name.to_owned(),
        capabilities: Map::new(),
        client_info: options.client_info.clone(),
    };
    let answer = ask(wire, &Dialect::Opening, Method::Initialize, &params, options.request_timeout)
        .await
        .map_err(not_understood)?;
    let shape = |_| not_understood(ExchangeError::ResultShape { method: "initialize" });
    let opened: InitializeResult = answer.result.read().map_err(shape)?;
    let agreed = find(SPOKEN_TO_CHILDREN, &opened.protocol_version).filter(|revision| revision.era == Era::Legacy);
    let Some(revision) = agreed else {
        return Err(ConnectError::NoCommonRevision { supported: vec![opened.protocol_version] });
    };
    let session = answer.session.map(secret);
    let dialect = Dialect::Legacy { revision, session };
    let body = encode::notification(Method::Initialized.as_str(), &Map::<String, Value>::new());
    wire.tell(&dialect, &Method::Initialized, body, options.request_timeout).await?;
    Ok(Opened { dialect, server_info: Some(opened.server_info), instructions: opened.instructions })
}

/// A session id is as good as a credential on servers that check nothing else.
fn secret(mut session: HeaderValue) -> HeaderValue {
    session.set_sensitive(true);
    session
}

/// An answer that is not that of an MCP server is worth saying so.
fn not_understood(error: ExchangeError) -> ConnectError {
    match error {
        ExchangeError::Remote(_) => error.into(),
        _ if error.may_be_other_era() => ConnectError::NotAnMcpServer { cause: error },
        _ => error.into(),
    }
}

/// The failure to show, of one in each era: a server that does not know `initialize` meant the first one.
fn more_telling(first: ExchangeError, second: ConnectError) -> ConnectError {
    match (&first, &second) {
        (ExchangeError::Remote(_), ConnectError::Exchange(ExchangeError::Remote(error)))
            if error.code == code::METHOD_NOT_FOUND =>
        {
            first.into()
        }
        _ => second,
    }
}

/// Whether the answer to a modern request is not that of a modern server: no modern result, no modern refusal.
fn is_not_modern(error: &ExchangeError) -> bool {
    let modern = [code::HEADER_MISMATCH, code::MISSING_CLIENT_CAPABILITY, code::UNSUPPORTED_VERSION];
    match error {
        ExchangeError::Remote(error) => !modern.contains(&error.code),
        error => error.may_be_other_era(),
    }
}

/// The newest modern revision that both sides speak.
fn best(supported: &[String]) -> Option<&'static Revision> {
    let modern = SERVED.iter().copied().filter(|revision| revision.era == Era::Modern);
    modern.into_iter().find(|revision| supported.iter().any(|name| name == revision.name))
}

fn is_legacy(name: &str) -> bool {
    find(SERVED, name).is_some_and(|revision| revision.era == Era::Legacy)
}

/// The revisions that an `UnsupportedProtocolVersionError` names.
fn supported(error: &ErrorObject) -> Vec<String> {
    #[derive(Deserialize)]
    struct Data {
        supported: Vec<String>,
    }
    error.data.as_ref().and_then(|data| data.read::<Data>().ok()).map(|data| data.supported).unwrap_or_default()
}

/// Who a modern result says has made it.
fn server_info(result: &RawJson) -> Option<Implementation> {
    #[derive(Deserialize)]
    struct WithMeta {
        _meta: ResultMeta,
    }
    #[derive(Deserialize)]
    struct ResultMeta {
        #[serde(rename = "io.modelcontextprotocol/serverInfo")]
        server_info: Implementation,
    }
    result.read::<WithMeta>().ok().map(|result| result._meta.server_info)
}
