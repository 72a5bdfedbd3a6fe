//! The providers: how each is started and asked, and what is found in its tokens.

use outboard_auth::{InvalidToken, Preset};
use outboard_testkit::oidc_provider::OidcProvider;
use serde_json::json;

use super::API;
use crate::real::access_token;

/// A provider, and of whom its tokens speak: subject, client, scopes.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) preset: Preset,
    pub(super) variant: Option<&'static str>,
    /// What a client asks it for, that wants to read.
    pub(super) asked: &'static [(&'static str, &'static str)],
    /// Alice, who lets the client `native` read.
    pub(super) person: &'static str,
    /// The same, where her roles are scopes too.
    pub(super) roles: &'static str,
    /// The client `svc` by itself.
    pub(super) program: Option<&'static str>,
    /// Why the token is refused without the preset.
    pub(super) otherwise: InvalidToken,
}

pub(super) static ROWS: [Row; 7] = [
    Row {
        name: "entra",
        preset: Preset::Entra,
        variant: None,
        asked: &[("scope", "openid api://22222222-2222-4222-8222-222222222222/tools:read")],
        person: "pairwise-alice native tools:read",
        roles: "pairwise-alice native Reader Writer tools:read",
        program: Some("33333333-3333-4333-8333-333333333333 svc "),
        otherwise: InvalidToken::Type,
    },
    Row {
        name: "entra v1",
        preset: Preset::Entra,
        variant: Some("v1"),
        asked: &[("scope", "openid api://22222222-2222-4222-8222-222222222222/tools:read")],
        person: "pairwise-alice native tools:read",
        roles: "pairwise-alice native Reader Writer tools:read",
        program: Some("33333333-3333-4333-8333-333333333333 svc "),
        otherwise: InvalidToken::Type,
    },
    Row {
        name: "keycloak",
        preset: Preset::Keycloak,
        variant: Some("audience-mapper"),
        asked: &[("scope", "openid tools:read"), ("resource", super::RESOURCE)],
        person: "00000000-0000-4000-8000-0000000a11ce native openid tools:read",
        roles: "00000000-0000-4000-8000-0000000a11ce native Reader Writer default-roles-outboard openid tools:read",
        program: Some("33333333-3333-4333-8333-333333333333 svc openid tools:read"),
        otherwise: InvalidToken::Type,
    },
    Row {
        name: "auth0",
        preset: Preset::Auth0,
        variant: None,
        asked: &[("audience", API), ("scope", "openid tools:read"), ("resource", super::RESOURCE)],
        person: "auth0|alice native openid tools:read",
        roles: "auth0|alice native openid tools:read tools:write",
        program: Some("svc@clients svc openid tools:read"),
        otherwise: InvalidToken::Type,
    },
    Row {
        name: "auth0 rfc9068",
        preset: Preset::Auth0,
        variant: Some("rfc9068"),
        asked: &[("audience", API), ("scope", "openid tools:read"), ("resource", super::RESOURCE)],
        person: "auth0|alice native openid tools:read",
        roles: "auth0|alice native openid tools:read tools:write",
        program: Some("svc@clients svc openid tools:read"),
        otherwise: InvalidToken::Audience,
    },
    Row {
        name: "okta",
        preset: Preset::Okta,
        variant: None,
        asked: &[("scope", "openid tools:read"), ("resource", super::RESOURCE)],
        person: "alice@example.com native openid tools:read",
        roles: "alice@example.com native openid tools:read",
        program: Some("svc svc openid tools:read"),
        otherwise: InvalidToken::Type,
    },
    Row {
        name: "google",
        preset: Preset::Google,
        variant: None,
        asked: &[("scope", "openid tools:read"), ("resource", super::RESOURCE)],
        person: "alice native openid tools:read",
        roles: "alice native openid tools:read",
        // It gives programs none in this way, and of the one that is here it names no subject.
        program: None,
        otherwise: InvalidToken::NotCompact { fault: "it does not have three parts" },
    },
];

/// A row's provider in a process, and some of its tokens.
pub(super) struct Running {
    pub(super) row: Row,
    pub(super) server: OidcProvider,
    pub(super) person: String,
    pub(super) id_token: String,
    pub(super) program: String,
}

impl Running {
    pub(super) async fn start(row: Row) -> Self {
        let config = json!({"preset": row.preset.name(), "variant": row.variant, "audience": API});
        let server = OidcProvider::start(&config).await;
        let person = server.code_flow_with("alice", row.asked).await;
        let program = server.client_credentials(row.asked).await.json();
        Self {
            row,
            person: access_token(&person).to_owned(),
            id_token: person["id_token"].as_str().unwrap().to_owned(),
            program: access_token(&program).to_owned(),
            server,
        }
    }

    pub(super) fn issuer(&self) -> &str {
        self.server.issuer()
    }
}
