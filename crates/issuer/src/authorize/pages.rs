//! The pages that a person sees: sign-in, consent, and what went wrong. They need neither scripts nor anything from elsewhere.

use std::fmt::Write;

use http::StatusCode;

use crate::authorize::grant::grantable;
use crate::authorize::problem::Problem;
use crate::authorize::session::Browser;
use crate::client::Source;
use crate::config::TestUser;
use crate::html::{self, escape, escape_name};
use crate::http::{Answer, page};
use crate::inner::Inner;
use crate::redirect;
use crate::route;
use crate::state::AuthorizationRequest;

/// Says what went wrong, and sends the browser nowhere.
pub(crate) fn problem(problem: Problem) -> Answer {
    let body = format!("<p>{}</p>\n<p>Go back to the application and start again.</p>\n", problem.text());
    page(problem.status(), html::page("This cannot go on", &body), "")
}

/// Asks who it is.
pub(crate) fn sign_in(inner: &Inner, browser: &Browser, pending: &str, request: &AuthorizationRequest) -> Answer {
    let client = escape_name(client_name(request));
    let mut body = format!("<p>To go on to <strong>{client}</strong>, choose a test user.</p>\n");
    body.push_str(&form_start(inner, route::SIGN_IN, browser, pending));
    body.push_str("<p role=\"group\" aria-label=\"Test users\">\n");
    for user in &inner.settings.users {
        let name = escape(&user.name);
        let _ = writeln!(body, "<button type=\"submit\" name=\"user\" value=\"{name}\">Sign in as {name}</button>");
    }
    body.push_str("</p>\n</form>\n");
    page(StatusCode::OK, html::page("Sign in", &body), "")
}

/// Asks whether the client may.
pub(crate) fn consent(
    inner: &Inner,
    browser: &Browser,
    pending: &str,
    request: &AuthorizationRequest,
    user: &TestUser,
) -> Answer {
    let mut body = facts(request, user);
    body.push_str("<h2>It asks for</h2>\n<ul>\n");
    let scopes = grantable(inner, request, user);
    for scope in scopes.iter() {
        let _ = writeln!(body, "<li><code>{}</code></li>", escape(scope));
    }
    if scopes.is_empty() {
        body.push_str("<li>no scope</li>\n");
    }
    body.push_str("</ul>\n");
    body.push_str(&warnings(request));
    body.push_str(&form_start(inner, route::CONSENT, browser, pending));
    body.push_str(
        "<p>\n<button class=\"first\" type=\"submit\" name=\"decision\" value=\"approve\">Allow</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"switch\">Use another user</button>\n</p>\n</form>\n",
    );
    // The answer to the form redirects to the client, and browsers hold `form-action` against that too.
    page(StatusCode::OK, html::page("Allow access?", &body), &redirect::form_action(&request.redirect_uri))
}

fn facts(request: &AuthorizationRequest, user: &TestUser) -> String {
    let facts = [
        ("Application", escape_name(client_name(request))),
        ("It will be answered at", escape(redirect::authority(&request.redirect_uri))),
        ("It wants to use", escape(&request.resource)),
        ("You are", escape(&user.name)),
    ];
    let mut list = "<dl>\n".to_owned();
    for (term, fact) in facts {
        let _ = writeln!(list, "<dt>{term}</dt><dd>{fact}</dd>");
    }
    if request.client.source == Source::Document {
        let _ = writeln!(list, "<dt>It describes itself at</dt><dd>{}</dd>", escape(&request.client.id));
    }
    list.push_str("</dl>\n");
    list
}

fn warnings(request: &AuthorizationRequest) -> String {
    let mut warnings = String::new();
    if request.client.source != Source::Static {
        warnings.push_str("<p class=\"warning\">The application chose its name itself. Nobody has checked it.</p>\n");
    }
    if redirect::is_loopback(&request.redirect_uri) {
        warnings.push_str(
            "<p class=\"warning\">The answer goes to a program on this computer, and any program here could pretend \
             to be this one. Allow it only if you have just started it yourself.</p>\n",
        );
    }
    warnings
}

fn form_start(inner: &Inner, path: &str, browser: &Browser, pending: &str) -> String {
    // Session and request are base64url, the base path is plain.
    format!(
        "<form method=\"post\" action=\"{}{path}\">\n<input type=\"hidden\" name=\"csrf\" value=\"{}\">\n\
         <input type=\"hidden\" name=\"request\" value=\"{pending}\">\n",
        inner.settings.base, browser.csrf
    )
}

fn client_name(request: &AuthorizationRequest) -> &str {
    let client = &request.client;
    if client.name.is_empty() { &client.id } else { &client.name }
}
