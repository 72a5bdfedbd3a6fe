//! A real authorization server, oidc-provider in a process of its own, and services over TCP that accept its tokens.

mod faults;
mod kinds;
mod presets;
mod rotation;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Extension, Router, routing::get};
use http::{Method, StatusCode, header};
use outboard_auth::{
    AuthLayer, ClientCredentials, Clock, GrantedScopes, IntrospectionForm, IntrospectionRules, IssuerConfig, Principal,
    ResourceServer, ResourceServerConfig, TokenKind,
};
use outboard_testkit::{
    http::{Answer, HttpRequest, Served},
    oidc_provider::OidcProvider,
};
use serde_json::{Map, Value, json};

use crate::bed::{fetcher, jwt_issuer};

/// All kinds of token that the provider issues, each for a resource of its own.
const KINDS: [&str; 6] = ["RS256", "ES256", "EdDSA", "short", "opaque", "jwe"];

/// The resource whose tokens are of this kind.
fn resource(kind: &str) -> String {
    format!("https://rs.example/{kind}")
}

/// A provider with one resource for each kind of token.
async fn provider() -> OidcProvider {
    let resources: Map<String, Value> = KINDS.iter().map(|kind| (resource(kind), (*kind).into())).collect();
    OidcProvider::start(&json!({"resources": resources})).await
}

/// How the provider's tokens of this kind are accepted.
fn issuer_of(provider: &OidcProvider, kind: &str) -> IssuerConfig {
    let mut issuer = jwt_issuer(provider.issuer());
    if kind == "opaque" {
        issuer.tokens = TokenKind::Opaque(IntrospectionRules {
            endpoint: provider.introspection_endpoint().parse().unwrap(),
            form: IntrospectionForm::Introspection,
            credentials: Some(ClientCredentials {
                client_id: "rs".to_owned(),
                client_secret: "rs-secret".to_owned().into(),
            }),
            token_prefix: None,
        });
    }
    issuer
}

/// What protects the resource of a kind of token.
fn config_of(provider: &OidcProvider, kind: &str) -> ResourceServerConfig {
    ResourceServerConfig::new(resource(kind).parse().unwrap()).issuer(issuer_of(provider, kind))
}

fn build(config: ResourceServerConfig) -> ResourceServer {
    ResourceServer::new(config, fetcher()).unwrap()
}

/// A service over TCP that tells who asks.
struct Guarded {
    served: Served,
    server: ResourceServer,
}

impl Guarded {
    async fn start(server: ResourceServer) -> Self {
        let router = Router::new().route("/", get(who)).layer(AuthLayer::new(server.clone()));
        Self { served: Served::start(router).await, server }
    }

    async fn of(provider: &OidcProvider, kind: &str) -> Self {
        Self::start(build(config_of(provider, kind))).await
    }

    async fn ask(&self, token: &str) -> Answer {
        let request = HttpRequest::of(Method::GET).with(header::AUTHORIZATION.as_str(), format!("Bearer {token}"));
        self.served.send(HttpRequest { path: "/".to_owned(), ..request }).await
    }

    /// Subject, client and scopes of who is let in with this token.
    async fn admits(&self, token: &str) -> String {
        let answer = self.ask(token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", self.reason(token).await);
        answer.text().to_owned()
    }

    /// Refused as bad, with a challenge that says no more than that; the reason is what the log has.
    async fn refuses(&self, token: &str) -> String {
        // First, because of an opaque token it is only remembered that it is not good.
        let reason = self.reason(token).await;
        let answer = self.ask(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{reason}");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
        reason
    }

    async fn reason(&self, token: &str) -> String {
        self.server.authenticate(token).await.map_or_else(|refusal| refusal.to_string(), |_| "it is good".to_owned())
    }
}

async fn who(Extension(principal): Extension<Principal>) -> String {
    told(&principal)
}

/// A principal in one line: subject, client, scopes.
fn told(principal: &Principal) -> String {
    let GrantedScopes::Only(scopes) = principal.granted() else { panic!("a token grants no more than it says") };
    format!("{} {} {scopes}", principal.subject_key().subject(), principal.owner().client_id())
}

fn access_token(answer: &Value) -> &str {
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no access token in {answer}"))
}

/// The machine's time of day, as the provider has it, and as much more as a test wants.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Ahead {
    fn clock(&self) -> Clock {
        let (machine, seconds) = (Clock::default(), Arc::clone(&self.0));
        Clock::new(move || machine.now() + Duration::from_secs(seconds.load(Ordering::SeqCst)))
    }

    fn by(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}
