//! `Host` and `Origin`: who is let in is addressed to us, and comes from no page but ours and those that are listed, as a
//! browser reads these headers.
//!
//! The input is the `Host` in its first line (empty: there is none), the `Origin` in the second (the same), and then the
//! target of the request.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use outboard_transport::{HostOriginLayer, HostOriginPolicy, HostOriginService};
use serde_json::Value;
use tower_layer::Layer as _;
use tower_service::Service;
use url::{Host, Url};

use crate::input;

const PORT: u16 = 8080;
/// The names by which a server on a loopback address is reached.
const LOOPBACK: [&str; 3] = ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"];
const PUBLIC: &str = "https://mcp.example.com";

static ON_LOOPBACK: LazyLock<HostOriginPolicy> = LazyLock::new(|| listening_on([127, 0, 0, 1]));
static ON_ALL: LazyLock<HostOriginPolicy> = LazyLock::new(|| listening_on([0, 0, 0, 0]));
static BEHIND_A_PROXY: LazyLock<HostOriginPolicy> = LazyLock::new(|| {
    let url = Url::parse(PUBLIC).expect("this is a URL");
    listening_on([127, 0, 0, 1]).reached_by(&url)
});

fn listening_on(octets: [u8; 4]) -> HostOriginPolicy {
    HostOriginPolicy::listening_on(SocketAddr::from((octets, PORT)))
}

pub(super) fn run(data: &[u8]) {
    let (host, rest) = input::first_line(data);
    let (origin, target) = input::first_line(rest);
    let (Ok(host_value), Ok(origin_value)) = (HeaderValue::from_bytes(host), HeaderValue::from_bytes(origin)) else {
        return;
    };
    let (host, origin) = (input::text(host), input::text(origin));
    let target = input::text(target).parse::<Uri>().unwrap_or_default();
    let headers = (Some(&host_value).filter(|_| !host.is_empty()), Some(&origin_value).filter(|_| !origin.is_empty()));
    let asked = Asked { host: headers.0, origin: headers.1, target: &target };

    let ours = |host: &str| LOOPBACK.iter().any(|ours| ours.eq_ignore_ascii_case(host));
    let our_page = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| LOOPBACK.contains(&host));
    let authority = target.authority().map(http::uri::Authority::as_str);
    let hosts: Vec<&str> = authority.into_iter().chain(headers.0.map(|_| &*host)).collect();
    let is_ours = !hosts.is_empty() && hosts.iter().all(|host| ours(host));
    assert_eq!(let_in(&ON_LOOPBACK, &asked), is_ours && (origin.is_empty() || our_page(&origin)), "{asked:?}");

    if let_in(&ON_ALL, &asked) {
        hosts.iter().for_each(|host| names_no_other(&format!("http://{host}/")));
        names_no_other(&origin);
    }
    if let_in(&BEHIND_A_PROXY, &asked) {
        let public = ["mcp.example.com", "mcp.example.com:443"];
        let known = |host: &&str| ours(host) || public.iter().any(|public| public.eq_ignore_ascii_case(host));
        assert!(hosts.iter().all(known), "{asked:?}");
        assert!(origin.is_empty() || our_page(&origin) || origin == PUBLIC, "{asked:?}");
    }
    listed_origin_is_let_in(&origin);
}

/// A name can be rebound to our address by whoever owns it; a URL of another port is another server's.
fn names_no_other(url: &str) {
    // What is no URL, no browser sends.
    let Ok(url) = Url::parse(url) else { return };
    assert_eq!(url.port_or_known_default(), Some(PORT), "{url}");
    if let Some(Host::Domain(name)) = url.host() {
        assert_eq!(name, "localhost", "{url}");
    }
}

fn listed_origin_is_let_in(text: &str) {
    let Ok(policy) = ON_LOOPBACK.clone().allow_origin(text) else { return };
    let origin = Url::parse(text).expect("an origin is a URL").origin().ascii_serialization();
    assert!(text.eq_ignore_ascii_case(&origin), "{text} is no origin");
    let value = HeaderValue::from_str(&origin).expect("an origin is ASCII");
    let (host, target) = (HeaderValue::from_static("localhost:8080"), Uri::default());
    assert!(let_in(&policy, &Asked { host: Some(&host), origin: Some(&value), target: &target }), "{origin}");
    let other = HeaderValue::from_str(&format!("{origin}.example")).expect("an origin is ASCII");
    assert!(!let_in(&policy, &Asked { host: Some(&host), origin: Some(&other), target: &target }), "{other:?}");
}

/// What of a request is judged.
#[derive(Debug)]
struct Asked<'a> {
    host: Option<&'a HeaderValue>,
    origin: Option<&'a HeaderValue>,
    target: &'a Uri,
}

/// Whether a request reaches what is behind the guard; if not, it is refused in order.
fn let_in(policy: &HostOriginPolicy, asked: &Asked<'_>) -> bool {
    let mut request = Request::new(());
    *request.uri_mut() = asked.target.clone();
    let headers = [(header::HOST, asked.host), (header::ORIGIN, asked.origin)];
    request.headers_mut().extend(headers.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))));
    let mut guarded: HostOriginService<Behind> = HostOriginLayer::new(policy.clone()).layer(Behind);
    let response = guarded.call(request).now_or_never().expect("nothing is waited for");
    let Ok(response) = response;
    if response.status() == StatusCode::OK {
        return true;
    }
    let names_none = asked.host.is_none() && asked.target.authority().is_none();
    let expected = if names_none { StatusCode::BAD_REQUEST } else { StatusCode::FORBIDDEN };
    assert_eq!(response.status(), expected, "{asked:?}");
    let refusal: Value = serde_json::from_slice(response.body()).expect("a refusal is JSON");
    assert!(refusal.pointer("/error/code").is_some_and(Value::is_i64), "{refusal}");
    false
}

/// What is behind the guard.
struct Behind;

impl Service<Request<()>> for Behind {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Bytes::new())))
    }
}
