//! The server: where configuration, catalog, transport and listener meet, from binding to the last byte.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use outboard_runtime::{Catalog, Runtime, RuntimeConfig};
use outboard_store::{KeyRing, MemoryCells, MemoryLimits, Sessions, SystemClock};
use outboard_transport::{Authentication, HostOriginPolicy, HttpConfig, StreamableHttp};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::config::{Config, Drain};
use crate::http::{self, Forwarding, Health};
use crate::lifting::Lifted;
use crate::listener::{Listener, Stop};
use crate::program::Failure;
use crate::signals::{Signal, Signals};

/// A server that is bound and whose lifted servers are up, ready to run.
pub(crate) struct Server {
    config: Config,
    runtime: Runtime,
    transport: StreamableHttp,
    policy: HostOriginPolicy,
    listener: Listener,
    lifted: Lifted,
    /// The listener with its connections, and legacy calls, which outlive theirs.
    work: TaskTracker,
    url: Url,
}

impl Server {
    /// Binds the address first, so that a taken port is told before anything is started, then lifts what the config names.
    ///
    /// With `wants_all`, a server that cannot be lifted is a failure.
    pub(crate) async fn bind(config: Config, catalog: Catalog, wants_all: bool) -> Result<Self, Failure> {
        let listener = Listener::bind(config.listen, &config.limits, &config.timeouts)
            .await
            .with_context(|| format!("{} cannot be listened on", config.listen))
            .map_err(Failure::Unavailable)?;
        let (url, policy) = addresses(&config, &listener).map_err(Failure::Ours)?;
        let sessions = sessions(&config).map_err(Failure::Unavailable)?;

        let (lifted, catalog) = Lifted::start(config.backends.clone(), introduced(catalog, &config));
        // A fault of the native tools is told before anybody waits for a lifted server.
        let lifted_all = async {
            let runtime = Runtime::new(catalog, &runtime_config(&config));
            let runtime = runtime.map_err(|error| Failure::Usage(error.into()))?;
            lifted.ready(wants_all).await?;
            runtime.refresh();
            Ok(runtime)
        };
        let runtime = match lifted_all.await {
            Ok(runtime) => runtime,
            Err(failure) => {
                lifted.stop().await;
                return Err(failure);
            }
        };
        let work = TaskTracker::new();
        work.close();
        let transport = StreamableHttp::new(runtime.clone(), sessions, work.clone(), http_config(&config));
        Ok(Self { config, runtime, transport, policy, listener, lifted, work, url })
    }

    /// The MCP endpoint, as clients reach it.
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// What the server calls itself.
    pub(crate) fn name(&self) -> &str {
        &self.runtime.identity().info().name
    }

    /// How many tools it has now.
    pub(crate) fn tool_count(&self) -> usize {
        self.runtime.tools().len()
    }

    /// Serves until a signal, then ends in order: nothing that is in flight is cut off before its time is up. A second
    /// signal ends at once, however far that has come; what is left of lifted servers is then up to their guards.
    pub(crate) async fn run(self, signals: &Signals) {
        let Self { config, runtime, transport, policy, listener, lifted, work, url } = self;
        let forwarding = if config.insecure_no_auth { Forwarding::Served } else { Forwarding::Refused };
        let health = Health::default();
        let pages = http::cors(&config.allowed_origins);
        let service = http::stack(transport, config.path.as_str(), policy, pages, forwarding, health.clone());
        tracing::info!(url = %url, "listening");
        let stop = Stop::default();
        work.spawn(listener.run(service, stop.clone()));
        let until_the_end = async {
            let signal = signals.wait().await;
            let in_order = async {
                drain(signal, &config.drain, &health, &stop, &work).await;
                lifted.stop().await;
            };
            tokio::select! {
                () = in_order => tracing::info!("ended"),
                _ = signals.wait() => tracing::warn!("ended at once by another signal"),
            }
        };
        tokio::select! {
            () = until_the_end => {}
            never = follow(&runtime) => match never {},
        }
    }
}

/// Follows what the lifted servers offer, and never ends.
async fn follow(runtime: &Runtime) -> Infallible {
    runtime.follow().await;
    std::future::pending().await
}

/// Stops accepting, and waits for what is in flight as long as it has time.
async fn drain(signal: Signal, drain: &Drain, health: &Health, stop: &Stop, work: &TaskTracker) {
    health.drain();
    // A balancer needs a moment to see that we are no longer ready; until then it still sends requests. A person at a
    // terminal has none.
    let delay = if signal == Signal::Interrupt { Duration::ZERO } else { drain.delay };
    tracing::info!(?delay, timeout = ?drain.timeout, "draining");
    tokio::time::sleep(delay).await;
    stop.accepting.cancel();
    if tokio::time::timeout(drain.timeout, work.wait()).await.is_err() {
        tracing::warn!("calls are cut off: the time to drain is over");
        stop.connections.cancel();
    }
}

/// The public name of the endpoint, and what may reach it.
fn addresses(config: &Config, listener: &Listener) -> anyhow::Result<(Url, HostOriginPolicy)> {
    let address = listener.address()?;
    let mut policy = HostOriginPolicy::listening_on(address);
    if let Some(url) = &config.public_url {
        policy = policy.reached_by(url);
    }
    for origin in &config.allowed_origins {
        policy = policy.allow_origin(origin.as_str())?;
    }
    let mut url = match &config.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://{address}"))?,
    };
    let path = format!("{}{}", url.path().trim_end_matches('/'), config.path.as_str());
    url.set_path(&path);
    Ok((url, policy))
}

/// Legacy sessions: sealed with a key that is kept in the state directory, so that a restart drops none.
fn sessions(config: &Config) -> anyhow::Result<Sessions> {
    let keys = KeyRing::generated_in(&config.state_dir)?;
    let clock = Arc::new(SystemClock);
    let cells = Arc::new(MemoryCells::new(Arc::clone(&clock) as _, MemoryLimits::default()));
    Ok(Sessions::new(Arc::new(keys), cells, clock, config.session_max_age))
}

/// The catalog under the name that the config gives the server, where it gives one.
fn introduced(catalog: Catalog, config: &Config) -> Catalog {
    let mut server = catalog.identity().clone();
    let configured = &config.server;
    if let Some(name) = &configured.name {
        server.name.clone_from(name);
    }
    if let Some(version) = &configured.version {
        server.version.clone_from(version);
    }
    if let Some(title) = &configured.title {
        server.title = Some(title.clone());
    }
    let catalog = catalog.server(server);
    match &configured.instructions {
        Some(instructions) => catalog.instructions(instructions),
        None => catalog,
    }
}

fn runtime_config(config: &Config) -> RuntimeConfig {
    RuntimeConfig {
        deadline: config.timeouts.call,
        concurrent_calls_max: config.limits.calls,
        ..RuntimeConfig::default()
    }
}

fn http_config(config: &Config) -> HttpConfig {
    HttpConfig {
        body_bytes_max: config.limits.body_bytes,
        body_timeout: config.timeouts.body,
        stream_after_modern: config.stream.after,
        stream_after_legacy: config.stream.after_legacy,
        keep_alive: config.stream.keep_alive,
        ..HttpConfig::new(Authentication::None)
    }
}

#[cfg(test)]
mod tests;
