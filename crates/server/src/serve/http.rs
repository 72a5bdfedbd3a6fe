//! Over HTTP: where configuration, catalog, transport and listener meet, from binding to the last byte.

mod beside;
mod callers;

use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;

use anyhow::Context as _;
use outboard_runtime::{Catalog, Counts};
use outboard_transport::{Authentication, HostOriginPolicy, HttpConfig, Shutdown, StreamableHttp};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;
use url::Url;

use super::Served;
use crate::banner::Banner;
use crate::config::Config;
use crate::drain::Draining;
use crate::health::{Health, Presence, Watch, Watched};
use crate::http::{self, Forwarding, Site};
use crate::listener::{Listener, Stop};
use crate::program::Failure;
use crate::signals::Signals;
use beside::Beside;
use callers::Callers;
pub(crate) use callers::resource_server;

/// Serves until a signal, then ends in order. A further signal ends at once.
///
/// With `wants_all`, a server that cannot be lifted is a failure.
pub(crate) async fn serve(config: Config, catalog: Catalog, wants_all: bool) -> Result<(), Failure> {
    let signals = Signals::listen().map_err(|error| Failure::Ours(error.into()))?;
    // From now on SIGHUP ends nothing: it is for the keys, once they are there.
    let _hangup = signal(SignalKind::hangup()).map_err(|error| Failure::Ours(error.into()))?;
    let server = tokio::select! {
        bound = Server::bind(config, catalog, wants_all) => bound?,
        // Nothing is served yet, so there is nothing to drain.
        _ = signals.wait() => return Ok(()),
    };
    let banner =
        Banner { url: server.url(), name: server.name(), counts: server.counts(), tokens: server.callers.tokens() };
    let banner = banner.text();
    server.run(&signals, &banner).await;
    Ok(())
}

/// A server that is bound and whose lifted servers are up, ready to run.
struct Server {
    config: Config,
    served: Served,
    transport: StreamableHttp,
    callers: Callers,
    policy: HostOriginPolicy,
    listener: Listener,
    /// The listener with its connections, and legacy calls, which outlive theirs.
    work: TaskTracker,
    stop: Stop,
    url: Url,
}

impl Server {
    /// Binds the address first, so that a taken port is told before anything is started, then lifts what the config names.
    ///
    /// With `wants_all`, a server that cannot be lifted is a failure.
    async fn bind(config: Config, catalog: Catalog, wants_all: bool) -> Result<Self, Failure> {
        let listener = Listener::bind(config.listen, &config.limits, &config.timeouts)
            .await
            .with_context(|| format!("{} cannot be listened on", config.listen))
            .map_err(Failure::Unavailable)?;
        let (url, policy) = addresses(&config, &listener).map_err(Failure::Ours)?;
        let served = Served::start(&config, catalog, wants_all).await?;
        let callers = match Callers::new(&config, &url, &served.runtime.scopes()) {
            Ok(callers) => callers,
            Err(error) => {
                served.stop().await;
                return Err(Failure::Unavailable(error));
            }
        };
        let work = TaskTracker::new();
        work.close();
        let stop = Stop::default();
        // What waits for notifications would wait for ever: it ends when no more connections are accepted.
        let shutdown = Shutdown { tasks: work.clone(), draining: stop.accepting.clone() };
        let transport = StreamableHttp::new(served.runtime.clone(), shutdown, http_config(&config));
        Ok(Self { config, served, transport, callers, policy, listener, work, stop, url })
    }

    /// The MCP endpoint, as clients reach it.
    const fn url(&self) -> &Url {
        &self.url
    }

    /// What the server calls itself.
    fn name(&self) -> &str {
        &self.served.runtime.identity().info().name
    }

    /// How much it offers now.
    fn counts(&self) -> Counts {
        self.served.runtime.counts()
    }

    /// Serves until a signal, then ends in order: nothing that is in flight is cut off before its time is up. A second
    /// signal ends at once, however far that has come; what is left of lifted servers is then up to their guards.
    ///
    /// The banner tells whoever has started it that from now on it may be sent anything.
    async fn run(self, signals: &Signals, banner: &str) {
        let health = Health::new();
        let presence = self.presence();
        let mut beside = pin!(self.beside(&health, presence.clone()).run());
        // With the first poll it listens for SIGHUP, which would end the process before.
        if let Poll::Ready(never) = futures_util::poll!(beside.as_mut()) {
            match never {}
        }
        drop(std::io::stdout().write_all(banner.as_bytes()));
        drop(std::io::stdout().flush());
        let Self { config, served, transport, callers, policy, listener, work, stop, url } = self;
        let Callers { resource_server, issuer, .. } = callers;
        let is_open = resource_server.is_none() && !config.insecure_no_auth;
        let site = Site {
            transport,
            path: config.path.as_str().into(),
            policy,
            pages: http::cors(&config.allowed_origins),
            forwarding: if is_open { Forwarding::Refused } else { Forwarding::Served },
            health: health.clone(),
            resource_server,
            issuer,
            tasks: work.clone(),
            body_bytes_max: config.limits.body_bytes,
        };
        let service = http::stack(site);
        tracing::info!(url = %url, "listening");
        work.spawn(listener.run(service, stop.clone()));
        let signal = tokio::select! {
            signal = signals.wait() => signal,
            never = beside.as_mut() => match never {},
        };
        let in_order = async {
            let draining = Draining { health: &health, stop: &stop, work: &work };
            tokio::select! {
                () = draining.run(signal, &config.drain) => {}
                never = beside.as_mut() => match never {},
            }
            // From here on nothing says any more that we are here.
            if let Some(presence) = &presence {
                presence.leave().await;
            }
            served.stop().await;
        };
        tokio::select! {
            () = in_order => tracing::info!("ended"),
            _ = signals.wait() => tracing::warn!("ended at once by another signal"),
        }
    }

    /// This replica among the others, where there may be any.
    fn presence(&self) -> Option<Presence> {
        let shared = &self.served.shared;
        shared.redis.as_ref().map(|_| Presence::new(&shared.store))
    }

    /// What runs beside the connections. What readiness depends on has been looked at once by then, so that the first who
    /// asks is told.
    fn beside(&self, health: &Health, presence: Option<Presence>) -> Beside {
        let Self { served, transport, callers, .. } = self;
        let resource_server = callers.resource_server.clone();
        let watched = Watched {
            redis: served.shared.redis.clone(),
            presence: presence.clone(),
            resource_server: resource_server.clone(),
            lifted: served.lifted.clone(),
        };
        Beside {
            runtime: served.runtime.clone(),
            transport: transport.clone(),
            keys: served.shared.keys.clone(),
            resource_server,
            presence,
            health: health.clone(),
            watch: Watch::begin(watched, health.clone()),
        }
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
    Ok((endpoint(config, address)?, policy))
}

/// The URL of the endpoint as clients reach it, of a server that listens on this address.
fn endpoint(config: &Config, address: SocketAddr) -> anyhow::Result<Url> {
    let mut url = match &config.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://{address}"))?,
    };
    let path = format!("{}{}", url.path().trim_end_matches('/'), config.path.as_str());
    url.set_path(&path);
    Ok(url)
}

fn http_config(config: &Config) -> HttpConfig {
    let authentication = match config.auth {
        Some(_) => Authentication::RequestExtension,
        None => Authentication::None,
    };
    HttpConfig {
        body_bytes_max: config.limits.body_bytes,
        body_timeout: config.timeouts.body,
        stream_after_modern: config.stream.after,
        keep_alive: config.stream.keep_alive,
        streams_max_per_principal: config.subscriptions.streams,
        streams_max: config.subscriptions.streams_total,
        subscriptions: config.subscriptions.limits,
        legacy: config.legacy.clone(),
        ..HttpConfig::new(authentication)
    }
}

#[cfg(test)]
mod tests;
