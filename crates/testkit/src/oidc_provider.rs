//! A real authorization server for a test: oidc-provider in a process of its own, as `authserver/` sets it up.
//!
//! What may be configured, and which quirks of which vendor a preset shows, stands in `authserver/README.md`. It judges
//! no token: a test gets what the server has issued, and a look into it that checks nothing.

mod control;
mod exchange;
mod install;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::{Method, header};
use serde_json::Value;
use url::form_urlencoded;

pub use self::control::Fault;
use self::exchange::{Browser, exchange};
use crate::http::{Answer, HttpRequest, patiently};
use crate::program::Program;

/// A running server. Dropping it kills it; killing the test ends it.
#[derive(Debug)]
pub struct OidcProvider {
    ready: Value,
    /// Its input is open as long as this lives, and it ends with its input. Nobody locks it: so the server can be shared
    /// between tasks, which its pipes alone could not.
    _program: Mutex<Program>,
}

/// A JWS in the compact serialization, opened without looking at its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct UnverifiedJwt {
    /// The JOSE header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl OidcProvider {
    /// Starts a server with this configuration and waits until it serves.
    ///
    /// # Panics
    ///
    /// When its packages are not installed, with the command that installs them; when it refuses the configuration.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the server ends once it has started.
    pub async fn start(config: &Value) -> Self {
        let line = config.to_string();
        let started = tokio::task::spawn_blocking(move || {
            let mut program = Program::start(&mut install::command());
            program.write(line);
            match program.line() {
                Some(ready) => (program, ready),
                None => fail(&format!("the authorization server did not start: {}", program.ended().1)),
            }
        });
        let (program, ready) = started.await.expect("the authorization server starts");
        let ready = serde_json::from_str(&ready).expect("it tells in JSON where it is");
        Self { ready, _program: Mutex::new(program) }
    }

    /// Its issuer identifier, as its preset has it; not always a place that can be reached.
    #[must_use]
    pub fn issuer(&self) -> &str {
        text(&self.ready, "issuer")
    }

    /// The origin that it is served at, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        text(&self.ready, "base")
    }

    /// The URL of its metadata.
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        self.endpoint("metadata")
    }

    /// The URL of its key set.
    #[must_use]
    pub fn jwks_uri(&self) -> &str {
        self.endpoint("jwks")
    }

    /// Where tokens are introspected (RFC 7662), as the client `rs` with the secret `rs-secret`.
    ///
    /// # Panics
    ///
    /// When the preset has no introspection.
    #[must_use]
    pub fn introspection_endpoint(&self) -> &str {
        self.endpoint("introspection")
    }

    /// Gets a URL of the server.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the connection is dropped.
    pub async fn get(&self, url: &str) -> Answer {
        answered(url, HttpRequest::of(Method::GET)).await
    }

    /// The access token that the client `svc` gets for itself (RFC 6749 §4.4).
    ///
    /// # Panics
    ///
    /// When it gets none.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the token may have been issued.
    pub async fn token_by_client_credentials(&self, resource: &str, scope: &str) -> String {
        let answer = self.client_credentials(&[("resource", resource), ("scope", scope)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        text(&answer.json(), "access_token").to_owned()
    }

    /// What the token endpoint answers to the client `svc`, with these parameters beside the grant type.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the token may have been issued.
    pub async fn client_credentials(&self, parameters: &[(&str, &str)]) -> Answer {
        let grant = [("grant_type", "client_credentials")];
        let request = form(&[&grant, parameters].concat()).with(header::AUTHORIZATION.as_str(), basic("svc"));
        answered(self.endpoint("token"), request).await
    }

    /// The token response for the native client after this person has signed in and consented (RFC 6749 §4.1.4).
    ///
    /// # Panics
    ///
    /// When there is a refusal on the way.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the tokens may have been issued.
    pub async fn code_flow(&self, user: &str, resource: &str, scope: &str) -> Value {
        self.code_flow_with(user, &[("resource", resource), ("scope", scope)]).await
    }

    /// The same with other parameters in the authorization request; `resource` and `client_id` go into the token request
    /// too.
    ///
    /// # Panics
    ///
    /// As [`code_flow`](Self::code_flow).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the tokens may have been issued.
    pub async fn code_flow_with(&self, user: &str, parameters: &[(&str, &str)]) -> Value {
        let response = self.authorize(user, parameters).await;
        let Some(code) = response.get("code") else { fail(&format!("no code: {response:?}")) };
        let common = [
            ("grant_type", "authorization_code"),
            ("client_id", "native"),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
            ("code", code),
        ];
        let shared = parameters.iter().filter(|(name, _)| ["client_id", "resource"].contains(name));
        let redemption = overlaid(&common, &shared.copied().collect::<Vec<_>>());
        let answer = answered(self.endpoint("token"), form(&redemption)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The parameters of the authorization response (RFC 6749 §4.1.2) that the native client gets: a code, or an error.
    /// Somebody whom the server does not know says no.
    ///
    /// # Panics
    ///
    /// When the flow does not end at the client.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the code may have been issued.
    pub async fn authorize(&self, user: &str, parameters: &[(&str, &str)]) -> BTreeMap<String, String> {
        let common = [
            ("client_id", "native"),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT_URI),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "state"),
            ("login_hint", user),
        ];
        let query = encoded(&overlaid(&common, parameters));
        Browser::default().follow(&format!("{}?{query}", self.endpoint("authorization")), REDIRECT_URI).await
    }

    /// What introspection says of a token.
    ///
    /// # Panics
    ///
    /// As [`introspection_endpoint`](Self::introspection_endpoint), and when the answer is a refusal.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the connection is dropped.
    pub async fn introspect(&self, token: &str) -> Value {
        let request = form(&[("token", token)]).with(header::AUTHORIZATION.as_str(), basic("rs"));
        let answer = answered(self.introspection_endpoint(), request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn endpoint(&self, name: &str) -> &str {
        let endpoints = self.ready.get("endpoints").unwrap_or(&Value::Null);
        text(endpoints, name)
    }
}

impl UnverifiedJwt {
    /// Opens a token.
    ///
    /// # Panics
    ///
    /// When it is no JWS in the compact serialization (RFC 7515 §7.1) with a JSON payload.
    #[must_use]
    pub fn open(token: &str) -> Self {
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, _] = parts.as_slice() else { fail(&format!("{} parts are no JWS", parts.len())) };
        let json = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("a part is base64url");
            serde_json::from_slice(&bytes).expect("a part is JSON")
        };
        Self { header: json(header), claims: json(claims) }
    }
}

async fn answered(url: &str, request: HttpRequest) -> Answer {
    patiently(url, exchange(url, request)).await.expect("the server answers")
}

/// A POST of a form.
fn form(parameters: &[(&str, &str)]) -> HttpRequest {
    let request = HttpRequest { body: Vec::new(), ..HttpRequest::of(Method::POST) };
    request.with(header::CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded").bytes(encoded(parameters))
}

/// The parameters in front, but for those that stand behind as well.
fn overlaid<'a>(common: &[(&'a str, &'a str)], over: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is_kept = |(name, _): &&(&str, &str)| !over.iter().any(|(other, _)| other == name);
    common.iter().filter(is_kept).chain(over).copied().collect()
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// The credentials of one of the two confidential clients.
fn basic(client: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{client}:{client}-secret")))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    let found = value.get(name).and_then(Value::as_str);
    found.unwrap_or_else(|| fail(&format!("no {name} in {value}")))
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}

/// Nobody listens there: the flow ends in front of it.
const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// The pair of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
