//! The authorization endpoint (OAuth 2.1 §4.1): from a client's request, over sign-in and consent, to a code.

mod decision;
mod grant;
mod pages;
mod problem;
mod request;
mod session;

use http::HeaderMap;

pub(crate) use self::decision::{consent, sign_in};
use self::grant::{answer_error, is_consented, issue};
use self::request::{Prompt, Refused, read};
pub(crate) use self::request::{resource, scopes};
use crate::http::Answer;
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};

/// Answers an authorization request: with a page, or by sending the browser back to the client.
pub(crate) async fn authorize(inner: &Inner, query: &str, headers: &HeaderMap) -> Answer {
    let (request, prompt) = match read(inner, query).await {
        Ok(read) => read,
        Err(Refused::Page(problem)) => return pages::problem(problem),
        Err(Refused::Client(back, refusal)) => return answer_error(inner, &back, refusal),
    };
    if let Some(user) = &inner.settings.auto_approve {
        return issue(inner, &request, user);
    }
    let session = session::find(inner, headers);
    let user = session.as_ref().and_then(|session| session.user.clone());
    if let (Some(session), Some(user), false) = (&session, &user, prompt == Prompt::Always)
        && is_consented(inner, session, &request, user)
    {
        return issue(inner, &request, user);
    }
    if prompt == Prompt::Never {
        return answer_error(
            inner,
            &request.back(),
            Refusal::new(ErrorCode::InteractionRequired, "a user has to answer"),
        );
    }
    let session = session.unwrap_or_else(|| session::open(inner, None));
    let pending = session::remember(inner, &session, request.clone());
    let page = match user {
        Some(user) => pages::consent(inner, &session, &pending, &request, &user),
        None => pages::sign_in(inner, &session, &pending, &request),
    };
    session::set_cookie(inner, &session, page)
}
