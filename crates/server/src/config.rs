//! The configuration: what it can say, where it comes from, and what is refused before anything starts.
//!
//! Layers, each over the one before: built-in defaults, the file (`outboard.toml`), environment variables
//! (`OUTBOARD_…`), flags. This is the only module of the workspace that reads files of the operator or the environment.
//! All mistakes are reported together. It starts nothing and creates nothing.

mod ambient;
mod amount;
mod auth;
mod backend_file;
mod backends;
mod check;
mod dev_issuer;
mod effective;
mod environment;
mod expand;
mod file;
pub(crate) mod fuzzing;
mod import;
mod input;
mod judging;
mod keys;
mod layers;
mod legacy;
mod policy;
mod read;
mod redis;
mod replicas;
mod secret;
mod secrets;
mod session;
mod setting;
mod shown;
mod state;
mod store;
mod subscriptions;
mod text;
mod transport;
mod value;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[cfg(debug_assertions)]
pub(crate) use ambient::sabotage;
pub(crate) use ambient::{client_secret, state_directory};
pub(crate) use backend_file::Isolation;
pub(crate) use dev_issuer::DevIssuerConfig;
pub(crate) use effective::{Backend, Config, Drain, Limits, Log, Timeouts};
pub(crate) use environment::{ProcessEnvironment, style_for};
pub(crate) use file::LogFormat;
pub(crate) use layers::Overrides;
pub(crate) use session::{KeyText, SessionKeys};
pub(crate) use transport::Transport;
pub(crate) use value::ExactOrigin;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place};
use check::Check;
use effective::{OwnEnvironment, Server, Stream};
use environment::Environment;
use file::File;
use keys::Keys;
use read::Reading;
use value::OriginRule;

/// Largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A configuration that may start, and what is to be said about it.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The merged and checked configuration.
    pub(crate) config: Config,
    /// Warnings only; to be said at each start.
    pub(crate) warnings: Diagnostics,
    /// Every setting with its value, in the form of the file; without what may be secret.
    pub(crate) shown: String,
}

impl Config {
    /// Reads the file if there is one, lays the variables and the flags over it, and checks the whole.
    ///
    /// # Errors
    /// Every mistake that was found, and the warnings beside them. The exit code for them is 64.
    pub(crate) fn load(path: Option<&Path>, flags: &Overrides, env: &dyn Environment) -> Result<Loaded, Diagnostics> {
        let Some(path) = path else { return Self::build(None, flags, env) };
        let text = read_file(path)?;
        Self::build(Some((path, &text)), flags, env)
    }

    /// Does the same with the file's path and text, if there is a file.
    fn build(source: Option<(&Path, &str)>, flags: &Overrides, env: &dyn Environment) -> Result<Loaded, Diagnostics> {
        let keys = Keys::new();
        let mut reading = match source {
            Some((path, text)) => read::read(&path.display().to_string(), text, &keys)?,
            None => Reading { file: File::default(), broken: BTreeSet::new(), report: Diagnostics::default() },
        };
        layers::apply(&mut reading, flags, env, &keys);
        let Reading { file, broken, mut report } = reading;
        let mut check = Check { report: &mut report, keys: &keys, base: source.and_then(|(path, _)| path.parent()) };
        check::check(&file, &mut check);
        let state_dir = configured_state_dir(&file, env, &broken, &mut check);
        let own = OwnEnvironment(env.all().into());
        let mut builder = backends::Builder { env, broken: &broken, check: &mut check, own };
        let candidates = builder.build(&file, flags);
        let auth = auth::Builder { env, broken: &broken, check: &mut check }.build(&file, &candidates);
        let dev_issuer = file.dev_issuer.effective(flags, &mut check);
        let session_keys = file.session.keys(env, &mut check);
        let redis = file.store.redis.as_ref();
        let redis = redis.and_then(|table| redis::Builder { env, broken: &broken, check: &mut check }.build(table));
        replicas::check(&file, &broken, &mut check);
        transport::refuse_network_flags(&file, flags, &mut report);
        transport::tell_unused_auth(&file, &mut report);
        judging::apply(&file, &candidates, &broken, &mut report);
        if report.has_errors() {
            return Err(report);
        }
        let shown = shown::shown(&file, &state_dir, auth.as_ref(), &candidates);
        let backends = candidates.into_iter().map(|candidate| candidate.backend).collect();
        let config = Self { auth, dev_issuer, session_keys, redis, ..effective(file, state_dir, backends) };
        Ok(Loaded { config, warnings: report, shown })
    }
}

/// Why the text of a file cannot be had.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("{0}")]
    File(#[source] std::io::Error),
    #[error("it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it is not UTF-8 text")]
    NotText,
}

fn read_text(path: &Path) -> Result<String, Unreadable> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(Unreadable::File)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| Unreadable::NotText)
}

fn read_file(path: &Path) -> Result<String, Diagnostics> {
    read_text(path).map_err(|mistake| {
        let fix = match mistake {
            Unreadable::File(_) => "name a file that exists and can be read",
            Unreadable::TooLarge => "name the configuration file",
            Unreadable::NotText => "save the file as UTF-8",
        };
        let mut report = Diagnostics::default();
        let what = format!("`{}`: {mistake}", path.display());
        report.add(Diagnostic { code: Code::FileUnreadable, place: Place::Default, what, why: None, fix: fix.into() });
        report
    })
}

fn configured_state_dir(
    file: &File,
    env: &dyn Environment,
    broken: &BTreeSet<String>,
    check: &mut Check<'_>,
) -> PathBuf {
    if let Some(setting) = &file.state_dir {
        return check.path(&["state_dir"], setting);
    }
    environment::default_state_dir(env).unwrap_or_else(|| {
        if !broken.contains("state_dir") {
            let problem = "there is no default, because neither XDG_STATE_HOME nor HOME is set";
            let fix = "set `state_dir`, `--state-dir` or OUTBOARD_STATE_DIR";
            check.refuse(Code::NoStateDirectory, &Place::Default, &["state_dir"], problem, Some(fix));
        }
        PathBuf::new()
    })
}

fn effective(file: File, state_dir: PathBuf, backends: Vec<Backend>) -> Config {
    let File { limits, timeouts, drain, stream, server, .. } = file;
    let exact = |rule: OriginRule| match rule {
        OriginRule::Exact(origin) => Some(origin),
        OriginRule::Any => None,
    };
    Config {
        transport: file.transport.value,
        listen: file.listen.value.0,
        public_url: file.public_url.map(|url| url.value.0),
        path: file.path.value,
        allowed_origins: file.allowed_origins.into_iter().filter_map(|origin| exact(origin.value)).collect(),
        state_dir,
        insecure_no_auth: file.insecure_no_auth.value,
        auth: None,
        dev_issuer: None,
        session_keys: SessionKeys::Generated,
        redis: None,
        replicas: file.replicas.value.0,
        log: Log { level: file.log.level.value, format: file.log.format.value },
        server: Server {
            name: server.name.map(|name| name.value),
            title: server.title.map(|title| title.value),
            version: server.version.map(|version| version.value),
            instructions: server.instructions.map(|instructions| instructions.value),
        },
        limits: Limits {
            body_bytes: limits.body.value.0,
            header_bytes: limits.headers.value.0,
            header_count: limits.header_count.value.0,
            connections: limits.connections.value.0,
            calls: limits.calls.value.0,
            page_items: limits.page_items.value.0,
        },
        timeouts: Timeouts {
            headers: timeouts.headers.value.0,
            body: timeouts.body.value.0,
            write: timeouts.write.value.0,
            idle: timeouts.idle.value.0,
            call: timeouts.call.value.0,
        },
        drain: Drain { delay: drain.delay.value.0, timeout: drain.timeout.value.0 },
        stream: Stream { after: stream.after.value.0, keep_alive: stream.keep_alive.value.0 },
        stdio_requests: limits.stdio_requests.value.0,
        schema: limits.schema(),
        input: file.input.effective(limits.body.value.0),
        subscriptions: file.subscriptions.effective(),
        legacy: file.legacy.effective(
            file.session.max_age.value.0,
            stream.after_legacy.value.0,
            file.input.questions.value.0,
        ),
        state: file.state.effective(),
        store: file.store.effective(),
        resource_order: file.resource_order.into_iter().map(|name| name.value).collect(),
        backends,
    }
}

#[cfg(test)]
mod tests;
