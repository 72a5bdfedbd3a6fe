//! Who sends a request: this server is for this machine, and not for web pages of others.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    HOST, ORIGIN, VARY,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::http::answer::{Answer, empty};

/// How far a route is open to web pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarded {
    /// Anybody may read it.
    Open,
    /// Pages of listed origins may use it.
    Listed,
    /// A browser may be led here, where a person sees it, and no page may read it.
    Own,
    /// Only the forms of our own pages may.
    OwnForm,
}

/// Where a request comes from, as its `Origin` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// No page, or a page that was navigated.
    Unsaid,
    /// Our own page.
    Own,
    /// A page of a listed origin.
    Listed(HeaderValue),
    /// Any other page, or an `Origin` that cannot be right.
    Foreign,
}

/// Refuses what was not sent to a loopback name and this port: a page may have pointed a name of its own here. Returns
/// the authority that was named.
pub(crate) fn check_host(parts: &Parts, host: &str, port: u16) -> Result<String, StatusCode> {
    let mut headers = parts.headers.get_all(HOST).iter();
    let header = match (headers.next(), headers.next()) {
        (header, None) => header.map(HeaderValue::to_str).transpose().map_err(|_| StatusCode::BAD_REQUEST)?,
        (_, Some(_)) => return Err(StatusCode::BAD_REQUEST),
    };
    // The target wins over the header, and both are checked (RFC 9112 §3.2.2).
    let target = parts.uri.authority().map(Authority::as_str);
    let named = target.or(header).ok_or(StatusCode::BAD_REQUEST)?;
    let is_ours = [target, header].into_iter().flatten().all(|authority| is_ours(authority, host, port));
    if is_ours { Ok(named.to_ascii_lowercase()) } else { Err(StatusCode::FORBIDDEN) }
}

/// The issuer's own host, or a usual spelling of this machine.
fn is_ours(authority: &str, host: &str, port: u16) -> bool {
    let authority = authority.to_ascii_lowercase();
    LOOPBACK_NAMES.into_iter().chain([host]).any(|name| {
        let rest = authority.strip_prefix(name);
        rest.is_some_and(|rest| rest == format!(":{port}") || (rest.is_empty() && port == 80))
    })
}

/// Whether a browser that says what an answer is for will show it to a person, in a window of its own. Other pages can
/// have it loaded as a picture or a frame, by a script or ahead of time, as often as they like and with the cookie of this
/// server if they are on this machine too (Fetch Metadata §2.1; `Sec-Purpose`: Fetch §2.2.5). What is no browser does not say.
pub(crate) fn is_shown(headers: &HeaderMap, guarded: Guarded) -> bool {
    match guarded {
        Guarded::Open | Guarded::Listed => true,
        Guarded::Own | Guarded::OwnForm => {
            let is_document = headers.get_all(SEC_FETCH_DEST).iter().all(|destination| destination == "document");
            is_document && !headers.contains_key(SEC_PURPOSE)
        }
    }
}

impl Caller {
    /// Reads `Origin`; `authority` is the one that the request names.
    pub(crate) fn of(headers: &HeaderMap, authority: &str, listed: &[String]) -> Self {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = match (origins.next(), origins.next()) {
            (None, _) => return Self::Unsaid,
            (Some(origin), None) => origin,
            (Some(_), Some(_)) => return Self::Foreign,
        };
        match origin.to_str() {
            Ok(text) if text.strip_prefix("http://") == Some(authority) => Self::Own,
            Ok(text) if listed.iter().any(|listed| listed == text) => Self::Listed(origin.clone()),
            _ => Self::Foreign,
        }
    }

    /// Whether the route may answer.
    pub(crate) fn may(&self, guarded: Guarded) -> bool {
        match guarded {
            Guarded::Open => true,
            Guarded::Listed => *self != Self::Foreign,
            Guarded::Own => matches!(self, Self::Own | Self::Unsaid),
            Guarded::OwnForm => *self == Self::Own,
        }
    }

    /// The answer to a preflight (Fetch §3.3.5), which never carries a token.
    pub(crate) fn preflight(&self, guarded: Guarded, methods: &'static str) -> Answer {
        if !self.may(guarded) {
            return empty(StatusCode::FORBIDDEN);
        }
        let mut answer = empty(StatusCode::NO_CONTENT);
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        self.share(guarded, answer)
    }

    /// Lets the page read the answer, if it may.
    pub(crate) fn share(&self, guarded: Guarded, mut answer: Answer) -> Answer {
        let headers = answer.headers_mut();
        match (guarded, self) {
            (Guarded::Open, _) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            (Guarded::Listed, Self::Listed(origin)) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(VARY, HeaderValue::from_static("Origin"));
            }
            (Guarded::Listed, Self::Unsaid | Self::Own | Self::Foreign) => {
                headers.insert(VARY, HeaderValue::from_static("Origin"));
            }
            (Guarded::Own | Guarded::OwnForm, _) => {}
        }
        answer
    }
}

const SEC_FETCH_DEST: &str = "sec-fetch-dest";
const SEC_PURPOSE: &str = "sec-purpose";

const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// What clients send to these endpoints besides what needs no permission.
const HEADERS: &str = "authorization, content-type, mcp-protocol-version";
