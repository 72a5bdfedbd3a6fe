//! Refuses requests with a foreign `Host` or `Origin`, whatever their path and method: what keeps a web page from reaching
//! a server on its reader's own machine by DNS rebinding (specification: *Security & Endpoint*).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use bytes::Bytes;
use futures_util::future::Either;
use outboard_protocol::error::code;
use outboard_protocol::{ErrorObject, encode};
use thiserror::Error;
use tower_layer::Layer;
use tower_service::Service;
use url::{Origin, Url};

/// Which hosts this server is called by, and which web pages may call it.
#[derive(Clone, Debug, Default)]
pub struct HostOriginPolicy {
    /// `host:port` in lower case.
    hosts: Vec<Box<str>>,
    /// `scheme://host[:port]` as browsers write it.
    origins: Vec<Box<str>>,
    /// Any address may be the host, with this port: a page cannot rebind an address.
    any_address_with_port: Option<u16>,
}

/// Why a text is no origin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OriginError {
    /// It is not `http(s)://host[:port]` and nothing more.
    #[error("'{text}' is not an origin: write scheme://host or scheme://host:port, without a path")]
    NotAnOrigin {
        /// The text.
        text: Box<str>,
    },
}

impl HostOriginPolicy {
    /// Lets in what is addressed to the address that is listened on: on a loopback address also by the name `localhost`
    /// and by the other loopback address; on all addresses (`0.0.0.0`, `::`) by any address, but by no name.
    #[must_use]
    pub fn listening_on(address: SocketAddr) -> Self {
        let port = address.port();
        let mut policy = Self::default();
        let ip = address.ip();
        if ip.is_loopback() || ip.is_unspecified() {
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                policy.add_host(host, port);
            }
        }
        if ip.is_unspecified() {
            policy.any_address_with_port = Some(port);
        } else {
            policy.add_host(&uri_host(ip), port);
        }
        policy
    }

    /// Also lets in what is addressed to this URL, and pages from there.
    #[must_use]
    pub fn reached_by(mut self, url: &Url) -> Self {
        if let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) {
            self.hosts.push(format!("{host}:{port}").into());
            if let Origin::Tuple(..) = url.origin() {
                self.origins.push(url.origin().ascii_serialization().into());
            }
        }
        self
    }

    /// Also lets pages from this origin in, for example `https://app.example.com`.
    ///
    /// # Errors
    ///
    /// [`OriginError`] when the text is no origin.
    pub fn allow_origin(mut self, text: &str) -> Result<Self, OriginError> {
        let fault = || OriginError::NotAnOrigin { text: text.into() };
        let url = Url::parse(text).map_err(|_| fault())?;
        let origin = url.origin().ascii_serialization();
        if !matches!(url.scheme(), "http" | "https") || origin != text.to_ascii_lowercase() {
            return Err(fault());
        }
        self.origins.push(origin.into());
        Ok(self)
    }

    fn add_host(&mut self, host: &str, port: u16) {
        self.hosts.push(format!("{host}:{port}").into());
        self.origins.push(
            Url::parse(&format!("http://{host}:{port}")).map_or_else(
                |_| format!("http://{host}:{port}").into(),
                |url| url.origin().ascii_serialization().into(),
            ),
        );
    }

    /// Judges a request by its target and headers.
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let mut hosts = headers.get_all(header::HOST).iter();
        match (hosts.next(), hosts.next(), uri.authority()) {
            (_, Some(_), _) | (None, None, None) => return Err(Foreign::HostMissing),
            (host, None, authority) => {
                // A target in absolute form names a host too, and both must be ours (RFC 9112 §3.2.2).
                let target = authority.map(::http::uri::Authority::as_str);
                let header = host.map(|host| host.to_str().unwrap_or_default());
                if ![target, header].into_iter().flatten().all(|host| self.is_ours(host)) {
                    return Err(Foreign::Host);
                }
            }
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if self.is_allowed_origin(origin, headers.get(header::HOST)) => Ok(()),
            (Some(_), _) => Err(Foreign::Origin),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let known = |host: &str| self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
        // Nearly every client writes it as we do.
        if self.hosts.iter().any(|ours| **ours == *host) || known(host) {
            return true;
        }
        // Without a port it is that of the scheme, which is http here, or https in front of us.
        let (name, port) = split_port(host);
        let ports: &[u16] = if port.is_some() { &[] } else { &[80, 443] };
        if ports.iter().any(|port| known(&format!("{name}:{port}"))) {
            return true;
        }
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        self.any_address_with_port.is_some_and(|ours| port.unwrap_or(80) == ours) && bare.parse::<IpAddr>().is_ok()
    }

    fn is_allowed_origin(&self, origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        if self.origins.iter().any(|allowed| &**allowed == origin) {
            return true;
        }
        // On all addresses, a page of the very address that the request came to: one that this server itself would serve.
        self.any_address_with_port.is_some()
            && origin.strip_prefix("http://").is_some_and(|authority| host.is_some_and(|host| host == authority))
    }
}

fn uri_host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok().or(Some(0))),
        _ => (host, None),
    }
}

/// Why a request is foreign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Foreign {
    #[error("a request names one host")]
    HostMissing,
    #[error("the Host is not one that this server is reached by: set public_url if it should be")]
    Host,
    #[error("pages of this Origin may not call this server: list it in allowed_origins if they should")]
    Origin,
}

/// Puts a [`HostOriginService`] in front of a service.
#[derive(Clone, Debug)]
pub struct HostOriginLayer {
    policy: Arc<HostOriginPolicy>,
}

impl HostOriginLayer {
    /// A layer with this policy.
    #[must_use]
    pub fn new(policy: HostOriginPolicy) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl<S> Layer<S> for HostOriginLayer {
    type Service = HostOriginService<S>;

    fn layer(&self, inner: S) -> HostOriginService<S> {
        HostOriginService { policy: Arc::clone(&self.policy), inner }
    }
}

/// Answers foreign requests with 403 (400 where they name no host, or several) and passes the others on.
///
/// It goes around any service whose response body can be made of bytes: [`StreamableHttp`](crate::StreamableHttp), or a
/// whole axum router.
#[derive(Clone, Debug)]
pub struct HostOriginService<S> {
    policy: Arc<HostOriginPolicy>,
    inner: S,
}

impl<S, Q, R> Service<Request<Q>> for HostOriginService<S>
where
    S: Service<Request<Q>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, std::future::Ready<Result<Response<R>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        match self.policy.check(request.uri(), request.headers()) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(foreign) => {
                tracing::debug!(reason = %foreign, "a request was refused");
                Either::Right(std::future::ready(Ok(refuse(foreign))))
            }
        }
    }
}

fn refuse<R: From<Bytes>>(foreign: Foreign) -> Response<R> {
    let status = match foreign {
        Foreign::HostMissing => StatusCode::BAD_REQUEST,
        Foreign::Host | Foreign::Origin => StatusCode::FORBIDDEN,
    };
    super::json(status, encode::error(None, &ErrorObject::new(code::FORBIDDEN, foreign.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &HostOriginPolicy, hosts: &[&str], origins: &[&str]) -> Result<(), Foreign> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        policy.check(&Uri::from_static("/mcp"), &headers)
    }

    #[test]
    fn on_loopback_only_this_port_of_this_machine_is_ours() {
        let policy = HostOriginPolicy::listening_on("127.0.0.1:8080".parse().unwrap());
        let ours = "127.0.0.1:8080";
        type Case<'a> = (&'a [&'a str], &'a [&'a str], Result<(), Foreign>);
        let cases: [Case<'_>; 19] = [
            (&[ours], &[], Ok(())),
            (&["localhost:8080"], &["http://localhost:8080"], Ok(())),
            (&["LOCALHOST:8080"], &[], Ok(())),
            (&["[::1]:8080"], &["http://127.0.0.1:8080"], Ok(())),
            (&["evil.example.com"], &[], Err(Foreign::Host)),
            (&["evil.example.com:8080"], &[], Err(Foreign::Host)),
            (&["localhost:8081"], &[], Err(Foreign::Host)),
            (&["localhost"], &[], Err(Foreign::Host)),
            (&["127.0.0.1:8080.evil.example"], &[], Err(Foreign::Host)),
            (&[], &[], Err(Foreign::HostMissing)),
            (&[ours, ours], &[], Err(Foreign::HostMissing)),
            (&[ours], &["http://evil.example.com"], Err(Foreign::Origin)),
            (&[ours], &["null"], Err(Foreign::Origin)),
            (&[ours], &[""], Err(Foreign::Origin)),
            (&[ours], &["http://localhost:3000"], Err(Foreign::Origin)),
            (&[ours], &["https://localhost:8080"], Err(Foreign::Origin)),
            (&[ours], &["http://127.0.0.1.evil.example"], Err(Foreign::Origin)),
            (&[ours], &["http://127.0.0.1:8080@evil.example"], Err(Foreign::Origin)),
            (&[ours], &["http://localhost:8080", "http://localhost:8080"], Err(Foreign::Origin)),
        ];
        for (hosts, origins, expected) in cases {
            assert_eq!(check(&policy, hosts, origins), expected, "Host {hosts:?}, Origin {origins:?}");
        }
    }

    #[test]
    fn the_public_url_and_listed_origins_are_let_in() {
        let policy = HostOriginPolicy::listening_on("127.0.0.1:8080".parse().unwrap())
            .reached_by(&Url::parse("https://mcp.example.com/x").unwrap())
            .allow_origin("https://app.example.com")
            .unwrap();
        let cases: [(&str, &[&str], bool); 6] = [
            ("mcp.example.com", &[], true),
            ("mcp.example.com:443", &["https://mcp.example.com"], true),
            ("mcp.example.com:8080", &[], false),
            ("mcp.example.com", &["https://app.example.com"], true),
            ("mcp.example.com", &["http://app.example.com"], false),
            ("app.example.com", &[], false),
        ];
        for (host, origins, let_in) in cases {
            assert_eq!(check(&policy, &[host], origins).is_ok(), let_in, "Host {host}, Origin {origins:?}");
        }
        for text in ["*", "https://a.example/", "https://a.example/x", "ftp://a.example", "null", "a.example"] {
            assert!(HostOriginPolicy::default().allow_origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn on_all_addresses_any_address_is_ours_but_no_name() {
        let policy = HostOriginPolicy::listening_on("0.0.0.0:8080".parse().unwrap());
        let cases: [(&str, &[&str], bool); 9] = [
            ("192.0.2.7:8080", &[], true),
            ("[2001:db8::1]:8080", &[], true),
            ("localhost:8080", &[], true),
            ("192.0.2.7:8081", &[], false),
            ("rebound.example:8080", &[], false),
            ("192.0.2.7:8080", &["http://192.0.2.7:8080"], true),
            ("192.0.2.7:8080", &["http://203.0.113.5:8080"], false),
            ("127.0.0.1:8080", &["http://203.0.113.5:8080"], false),
            ("192.0.2.7:8080", &["https://192.0.2.7:8080"], false),
        ];
        for (host, origins, let_in) in cases {
            assert_eq!(check(&policy, &[host], origins).is_ok(), let_in, "Host {host}, Origin {origins:?}");
        }
    }

    #[test]
    fn a_target_in_absolute_form_is_checked_beside_the_header() {
        let policy = HostOriginPolicy::listening_on("127.0.0.1:8080".parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
        let foreign = Uri::from_static("http://evil.example/mcp");
        assert_eq!(policy.check(&foreign, &headers), Err(Foreign::Host));
    }
}
