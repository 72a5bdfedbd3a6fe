//! What the user sends from the sign-in and the consent page.

use http::HeaderMap;

use crate::authorize::grant::{answer_error, consent as remember_consent, issue};
use crate::authorize::pages;
use crate::authorize::problem::Problem;
use crate::authorize::session::{self, Browser};
use crate::http::{Answer, Form, redirect};
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::route;
use crate::secret;
use crate::state::AuthorizationRequest;

/// Signs a test user in, and leads the browser back to the request, where consent is asked for: loading that page again
/// asks again, and sends no form.
pub(crate) fn sign_in(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Answer {
    let (form, before, request) = match accept(inner, headers, body) {
        Ok(accepted) => accepted,
        Err(problem) => return pages::problem(problem),
    };
    let Some(user) = form.only("user").and_then(|name| inner.settings.user(name)) else {
        return pages::problem(Problem::Malformed);
    };
    session::close(inner, &before);
    let browser = session::open(inner, Some(user.clone()));
    session::set_cookie(inner, &browser, once_more(inner, &request))
}

/// Takes the user's answer to the client.
pub(crate) fn consent(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Answer {
    let (form, browser, request) = match accept(inner, headers, body) {
        Ok(accepted) => accepted,
        Err(problem) => return pages::problem(problem),
    };
    let Some(user) = &browser.user else {
        return pages::problem(Problem::Forged);
    };
    match form.only("decision") {
        Some("approve") => {
            remember_consent(inner, &browser, &request, user);
            issue(inner, &request, user)
        }
        Some("deny") => answer_error(inner, &request.back(), Refusal::new(ErrorCode::AccessDenied, "the user said no")),
        Some("switch") => {
            session::close(inner, &browser);
            once_more(inner, &request)
        }
        _ => pages::problem(Problem::Malformed),
    }
}

/// Leads the browser to the request again. Not by an absolute URL: the cookie is for the name that the browser knows us by.
fn once_more(inner: &Inner, request: &AuthorizationRequest) -> Answer {
    redirect(&format!("{}{}?{}", inner.settings.base, route::AUTHORIZE, request.query))
}

/// Reads a form, if it is one of this browser's own, and takes the request that it is about: each form counts once.
fn accept(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Result<(Form, Browser, AuthorizationRequest), Problem> {
    let form = Form::parse(body).map_err(|_| Problem::Malformed)?;
    form.check_repeated().map_err(|_| Problem::Malformed)?;
    let browser = session::find(inner, headers).ok_or(Problem::Forged)?;
    let csrf = form.only("csrf").unwrap_or_default();
    if !secret::is_same(csrf.as_bytes(), browser.csrf.as_bytes()) {
        return Err(Problem::Forged);
    }
    let id = form.only("request").ok_or(Problem::Malformed)?;
    let request = session::take(inner, &browser, id).ok_or(Problem::Answered)?;
    Ok((form, browser, request))
}
