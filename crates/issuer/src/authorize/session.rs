//! The browser's session, and the requests that wait in it. Nothing of a request is in the cookie: only who the browser is.

use std::sync::Arc;
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::config::TestUser;
use crate::http::Answer;
use crate::inner::Inner;
use crate::route;
use crate::secret::{self, Digest};
use crate::state::{AuthorizationRequest, Pending, Session};

/// A session as a request sees it.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// The value of the cookie.
    token: String,
    pub(crate) key: Digest,
    pub(crate) csrf: String,
    pub(crate) user: Option<Arc<TestUser>>,
}

/// The session that the cookie names.
pub(crate) fn find(inner: &Inner, headers: &HeaderMap) -> Option<Browser> {
    let name = cookie_name(inner);
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let token = pairs.find(|(own, _)| *own == name).map(|(_, token)| token.to_owned())?;
    let key = secret::digest(&token);
    let state = inner.state();
    let session = state.session(inner.now(), &key)?;
    Some(Browser { token, key, csrf: session.csrf.clone(), user: session.user.clone() })
}

/// Opens a session, anonymous or somebody's. Its cookie is new, so that nobody can have planted it before the sign-in.
pub(crate) fn open(inner: &Inner, user: Option<Arc<TestUser>>) -> Browser {
    let (token, csrf) = (secret::random_token(), secret::random_token());
    let (key, now) = (secret::digest(&token), inner.now());
    let session = Session { csrf: csrf.clone(), user: user.clone(), consents: Vec::new() };
    let mut state = inner.state();
    let open = &mut state.sessions_with(user.as_ref()).open;
    open.insert_over_oldest(now, key, session, now.saturating_add(SESSION_TTL));
    drop(state);
    Browser { token, key, csrf, user }
}

pub(crate) fn close(inner: &Inner, browser: &Browser) {
    inner.state().sessions_with(browser.user.as_ref()).open.remove(inner.now(), &browser.key);
}

/// Keeps a request until its user has answered. Returns the value by which the form names it, once.
pub(crate) fn remember(inner: &Inner, browser: &Browser, request: AuthorizationRequest) -> String {
    let (id, now) = (secret::random_token(), inner.now());
    let pending = Pending { session: browser.key, request };
    let mut state = inner.state();
    let waiting = &mut state.sessions_with(browser.user.as_ref()).pending;
    // Who can open many in one session drives out those of that one only.
    waiting.make_room_among(inner.settings.bounds.pending_max, |other| other.session == browser.key);
    waiting.insert_over_oldest(now, secret::digest(&id), pending, now.saturating_add(PENDING_TTL));
    drop(state);
    id
}

/// Takes the request that a form of this session names; nothing the second time.
pub(crate) fn take(inner: &Inner, browser: &Browser, id: &str) -> Option<AuthorizationRequest> {
    let mut state = inner.state();
    let pending = state.sessions_with(browser.user.as_ref()).pending.remove(inner.now(), &secret::digest(id))?;
    (pending.session == browser.key).then_some(pending.request)
}

/// Gives the browser its cookie.
pub(crate) fn set_cookie(inner: &Inner, browser: &Browser, mut answer: Answer) -> Answer {
    // Cookies know paths and no ports: the callback of a client on this machine would get one for all paths.
    let path = format!("{}{}", inner.settings.base, route::AUTHORIZE);
    // Not `Strict`: a browser that a client sends here would then have to sign in each time.
    let cookie = format!("{}={}; Path={path}; HttpOnly; SameSite=Lax", cookie_name(inner), browser.token);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

/// Cookies do not know ports, and two issuers on one machine are common.
fn cookie_name(inner: &Inner) -> String {
    format!("outboard-issuer-{}", inner.settings.port)
}

/// How long somebody stays signed in.
const SESSION_TTL: Duration = Duration::from_secs(60 * 60);

/// How long a request waits for its user.
const PENDING_TTL: Duration = Duration::from_secs(10 * 60);
