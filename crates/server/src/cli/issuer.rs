//! `issuer`: the issuer for development alone, for servers that run elsewhere on this machine.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use http::{Request, Response};
use hyper::body::Incoming;
use outboard_fetch::{FetchConfig, Fetcher};
use outboard_issuer::{ClientSecret, Issuer, IssuerConfig, TestUser};
use outboard_transport::Body;
use tokio_util::task::TaskTracker;
use tower::service_fn;
use tower_service::Service as _;
use url::Url;

use super::auth_args::IssuerArgs;
use super::secret;
use crate::config::{Limits, Timeouts};
use crate::dev_issuer::for_scripts;
use crate::http::as_ours;
use crate::listener::{Listener, Stop};
use crate::program::{Failure, block_on};
use crate::signals::Signals;

/// Serves until a signal.
pub(crate) fn run(arguments: &IssuerArgs) -> Result<ExitCode, Failure> {
    let address = loopback(&arguments.listen).map_err(Failure::Usage)?;
    block_on(async {
        let signals = Signals::listen().map_err(|error| Failure::Ours(error.into()))?;
        let listener = Listener::bind(address, &Limits::default(), &Timeouts::default())
            .await
            .with_context(|| format!("{address} cannot be listened on"))
            .map_err(Failure::Unavailable)?;
        let address = listener.address().map_err(|error| Failure::Ours(error.into()))?;
        let issuer = issuer(arguments, address).map_err(Failure::Usage)?;
        let banner = banner(&issuer, arguments);
        drop(std::io::stdout().write_all(banner.as_bytes()));
        drop(std::io::stdout().flush());
        let (stop, work) = (Stop::default(), TaskTracker::new());
        work.close();
        let service = service_fn(move |request: Request<Incoming>| answer(issuer.clone(), request));
        work.spawn(listener.run(service, stop.clone()));
        signals.wait().await;
        stop.accepting.cancel();
        stop.connections.cancel();
        work.wait().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// It asks for no passwords, so nobody else may reach it.
fn loopback(listen: &str) -> Result<SocketAddr> {
    let address: SocketAddr = listen.parse().with_context(|| format!("--listen: '{listen}' is no ADDRESS:PORT"))?;
    let reason = "--listen: this issuer asks for no passwords, so it serves this machine alone: 127.0.0.1 or [::1]";
    ensure!(address.ip().to_canonical().is_loopback(), reason);
    Ok(address)
}

fn issuer(arguments: &IssuerArgs, address: SocketAddr) -> Result<Issuer> {
    let mut config = IssuerConfig::new(Url::parse(&format!("http://{address}"))?);
    config.resources.clone_from(&arguments.resource);
    config.scopes.clone_from(&arguments.scope);
    config.allow_redirect.clone_from(&arguments.allow_redirect);
    config.dangerous_auto_approve.clone_from(&arguments.auto_approve);
    if !arguments.user.is_empty() {
        config.users = arguments.user.iter().map(|name| TestUser::new(name)).collect();
    }
    if let Some(id) = &arguments.client {
        let secret = secret::of_client(arguments.client_secret_file.as_deref())?;
        config.clients.push(for_scripts(id, ClientSecret::new(&secret)));
    }
    Ok(Issuer::new(config, Fetcher::new(FetchConfig::default())?)?)
}

async fn answer(mut issuer: Issuer, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    Ok(as_ours(issuer.call(request).await?).await)
}

fn banner(issuer: &Issuer, arguments: &IssuerArgs) -> String {
    let users = if arguments.user.is_empty() { "alice, bob".to_owned() } else { arguments.user.join(", ") };
    let url = issuer.issuer();
    let resources = arguments.resource.join(", ");
    format!(
        "an issuer for development is at {url}, for {resources}\nusers, without passwords: {users}\n\n\
         Server        outboard serve --issuer {url}\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_no_user_can_be_sent_back_to_is_refused_at_the_start() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            issuer: IssuerArgs,
        }
        let started = |url: &str| {
            let line = ["issuer", "--resource", "http://127.0.0.1:1/mcp", "--allow-redirect", url];
            issuer(&<Line as clap::Parser>::parse_from(line).issuer, "127.0.0.1:1".parse().unwrap())
        };
        assert!(started("https://app.example/cb").is_ok());
        for url in ["javascript:x", "http://app.example/cb", "https://app.example/#x", "app.example"] {
            let error = started(url).err().unwrap_or_else(|| panic!("{url}")).to_string();
            assert!(error.contains(url) && error.contains("redirect URI"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_can_reach_it() {
        for listen in ["127.0.0.1:0", "[::1]:8090", "[::ffff:127.0.0.1]:1"] {
            assert!(loopback(listen).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:8090", "192.168.1.1:80", "[::]:1", "localhost:1", "8090"] {
            assert!(loopback(listen).is_err(), "{listen}");
        }
    }
}
