//! Finds out what a child speaks and opens the conversation: the probe of the modern era, the handshake of the legacy one.

use std::future::Future;
use std::sync::Arc;

use outboard_protocol::error::code;
use outboard_protocol::revision::{self, SPOKEN_TO_CHILDREN};
use outboard_protocol::types::{EmptyCapability, ListCapability, ResourcesCapability, ServerCapabilities};
use outboard_protocol::{Era, ErrorObject, Method, RawJson, Revision};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};

use super::error::StartError;
use super::link::{Link, OnDrop, RequestError};
use super::meta::{About, CLIENT_NAME, CLIENT_VERSION, WithMeta, child_meta};

/// How much of a server's name, and of its version, goes into the log.
const SERVER_CHARS_MAX: usize = 64;

/// What a child turned out to be.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    /// What is spoken with it.
    pub(super) revision: &'static Revision,
    /// What it has, and what of it changes.
    pub(super) has: Arc<ServerCapabilities>,
    /// Name and version that it gives itself, for the log.
    pub(super) server: String,
}

/// Opens the conversation with a child of which nothing is known: asks whether it is modern, and if it gives no modern
/// answer, or none for `patience`, opens a legacy session (2026-07-28, *stdio*: *Backward Compatibility*).
pub(super) async fn probe(link: &Link, patience: Duration) -> Result<Opened, StartError> {
    let newest = Revision::newest(Era::Modern);
    let mut probe = std::pin::pin!(discover(link, newest));
    let answer = tokio::select! {
        answer = timeout(patience, &mut probe) => answer,
        // It may be meant for something else; then the probe's own answer is not lost, since it is still listened to.
        () = link.unaddressed_error() => {
            return late(probe, initialize(link)).await;
        }
    };
    match answer {
        Ok(Verdict::Modern(opened)) => Ok(opened),
        Ok(Verdict::OtherVersions(versions)) => select(link, &versions).await,
        Ok(Verdict::Failed(error)) => Err(error),
        Ok(Verdict::Legacy) => initialize(link).await,
        Err(_) => late(probe, initialize(link)).await,
    }
}

/// Opens a legacy session while the answer to the probe may still come: a modern server that was slow to start answers
/// the probe first, and then refuses to open a session.
async fn late(
    mut probe: std::pin::Pin<&mut impl Future<Output = Verdict>>,
    initialize: impl Future<Output = Result<Opened, StartError>>,
) -> Result<Opened, StartError> {
    let mut initialize = std::pin::pin!(initialize);
    let verdict = tokio::select! {
        biased;
        verdict = &mut probe => verdict,
        opened = &mut initialize => return opened,
    };
    match (verdict, initialize.await) {
        (Verdict::Modern(opened), Err(_)) => Ok(opened),
        (_, legacy) => legacy,
    }
}

/// Opens a legacy session (2025-11-25: *Lifecycle*).
pub(super) async fn initialize(link: &Link) -> Result<Opened, StartError> {
    let method = Method::Initialize;
    let params = json!({
        "protocolVersion": Revision::newest(Era::Legacy).name,
        "capabilities": link.surroundings().askable.capabilities(),
        "clientInfo": { "name": CLIENT_NAME, "version": CLIENT_VERSION },
    });
    let answer = link.request(&method, &params, OnDrop::Forget).await;
    let answer = answer.map_err(|error| StartError::request(&method, error))?;
    let opened: Initialized = read(&method, &answer)?;
    let revision = revision::find(SPOKEN_TO_CHILDREN, &opened.protocol_version);
    let Some(revision) = revision.filter(|revision| revision.era == Era::Legacy) else {
        return Err(StartError::NoCommonRevision { offered: vec![opened.protocol_version] });
    };
    link.notify(&Method::Initialized).map_err(|failure| StartError::request(&method, RequestError::Failed(failure)))?;
    Ok(Opened::new(revision, &opened.capabilities, &opened.server_info))
}

/// What the answer to the probe tells.
enum Verdict {
    Modern(Opened),
    /// Modern, but it speaks other revisions than the one asked with.
    OtherVersions(Vec<String>),
    /// Any answer that a modern server does not give.
    Legacy,
    /// There will be no answer.
    Failed(StartError),
}

async fn discover(link: &Link, revision: &'static Revision) -> Verdict {
    let method = Method::Discover;
    let params = WithMeta { own: EmptyCapability {}, meta: child_meta(revision, About::default()) };
    match link.request(&method, &params, OnDrop::Forget).await {
        Ok(result) => match result.read::<Discovered>() {
            Ok(found) if found.supported_versions.iter().any(|version| version == revision.name) => {
                let server = found.meta.get(outboard_protocol::meta::SERVER_INFO).cloned().unwrap_or_default();
                Verdict::Modern(Opened::new(revision, &found.capabilities, &server))
            }
            Ok(found) => Verdict::OtherVersions(found.supported_versions),
            Err(_) => Verdict::Legacy,
        },
        Err(RequestError::Answered(error)) => refused(&method, error),
        // A broken answer is not a modern one.
        Err(RequestError::Failed(outboard_runtime::BackendFailure::InvalidAnswer { .. })) => Verdict::Legacy,
        Err(error) => Verdict::Failed(StartError::request(&method, error)),
    }
}

/// Tells the errors of a modern server from those of a legacy one, which may have any other code.
fn refused(method: &Method, error: ErrorObject) -> Verdict {
    match error.code {
        code::UNSUPPORTED_VERSION => {
            let data = error.data.as_ref().and_then(|data| data.read::<Unsupported>().ok());
            Verdict::OtherVersions(data.map(|data| data.supported).unwrap_or_default())
        }
        code::HEADER_MISMATCH | code::MISSING_CLIENT_CAPABILITY => {
            Verdict::Failed(StartError::request(method, RequestError::Answered(error)))
        }
        _ => Verdict::Legacy,
    }
}

/// Goes on with the newest revision that both speak.
async fn select(link: &Link, versions: &[String]) -> Result<Opened, StartError> {
    let offered = |revision: &&&'static Revision| versions.iter().any(|version| version == revision.name);
    let refused = || StartError::NoCommonRevision { offered: versions.to_vec() };
    let common = SPOKEN_TO_CHILDREN.iter().find(offered).ok_or_else(refused)?;
    match common.era {
        Era::Legacy => initialize(link).await,
        Era::Modern => match discover(link, common).await {
            Verdict::Modern(opened) => Ok(opened),
            Verdict::Failed(error) => Err(error),
            Verdict::OtherVersions(_) | Verdict::Legacy => Err(refused()),
        },
    }
}

impl Opened {
    fn new(revision: &'static Revision, capabilities: &Value, server: &Value) -> Self {
        let member = |name: &str| {
            let text = server.get(name).and_then(Value::as_str).unwrap_or("?");
            text.chars().take(SERVER_CHARS_MAX).collect::<String>()
        };
        let has = Arc::new(read_capabilities(capabilities));
        Self { revision, has, server: format!("{} {}", member("name"), member("version")) }
    }
}

/// Reads what a child declares. What has another form than that of a capability is taken as not declared.
fn read_capabilities(declared: &Value) -> ServerCapabilities {
    let declared = |name: &str| declared.get(name).filter(|settings| settings.is_object());
    let is_set = |settings: &Value, name: &str| settings.get(name) == Some(&Value::Bool(true));
    let list =
        |name: &str| declared(name).map(|settings| ListCapability { list_changed: is_set(settings, "listChanged") });
    ServerCapabilities {
        tools: list("tools"),
        resources: declared("resources").map(|settings| ResourcesCapability {
            subscribe: is_set(settings, "subscribe"),
            list_changed: is_set(settings, "listChanged"),
        }),
        prompts: list("prompts"),
        completions: declared("completions").map(|_| EmptyCapability {}),
        logging: declared("logging").map(|_| EmptyCapability {}),
        ..ServerCapabilities::default()
    }
}

fn read<'a, T: Deserialize<'a>>(method: &Method, answer: &'a RawJson) -> Result<T, StartError> {
    serde_json::from_slice(answer.as_bytes())
        .map_err(|source| StartError::InvalidAnswer { method: method.as_str().into(), source })
}

/// What is needed of an `InitializeResult`. Members that only describe the server may have any form: a child that was
/// good enough for its last client is good enough.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Initialized {
    protocol_version: String,
    #[serde(default)]
    capabilities: Value,
    #[serde(default)]
    server_info: Value,
}

/// What is needed of a `DiscoverResult`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Discovered {
    supported_versions: Vec<String>,
    #[serde(default)]
    capabilities: Value,
    #[serde(default, rename = "_meta")]
    meta: Value,
}

/// The data of `UnsupportedProtocolVersionError`.
#[derive(Deserialize)]
struct Unsupported {
    supported: Vec<String>,
}
