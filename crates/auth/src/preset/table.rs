//! What each preset sets, row by row, with the vendor's page that says so.
//!
//! | | issuer | `typ` | access tokens only | scopes, roles | client |
//! |---|---|---|---|---|---|
//! | Entra | `…/TENANT/v2.0`, `…/TENANT/` | `JWT` | have `azp` or `appid` | `scp` text, `roles` | `azp`, `appid` |
//! | Keycloak | `…/realms/REALM` | `JWT`, `at+jwt` | claim `typ` is `Bearer` | `scope`, `realm_access.roles` | `azp`, `client_id` |
//! | Auth0 | `https://DOMAIN/` | `JWT`, `at+jwt` | | `scope`, `permissions` | `client_id`, `azp` |
//! | Okta | `…/oauth2/SERVER` | none | have `cid` | `scp` list, `groups` | `cid` |
//! | Google | `https://accounts.google.com` | opaque | | `scope` | `azp`, `aud` |
//!
//! An issuer that one of them accepts is none that another accepts, so no token of one is good under another. The subject is
//! `sub` everywhere: Entra's is another one for each application, Okta's is the login of the user.

use url::Url;

use super::{Preset, RoleUse};
use crate::config::{
    AccessMark, Algorithm, IntrospectionForm, IntrospectionRules, JwtRules, KeySource, TokenKind, TokenType,
};
use crate::mapping::{ClaimPath, ClaimRules, ScopeForm, ScopeSource};

/// Whether an issuer's name is of the provider's form. The host is not looked at: tests and national clouds have their own.
pub(super) fn is_issuer(preset: Preset, issuer: &str) -> bool {
    let Ok(url) = Url::parse(issuer) else { return false };
    let is_bare = url.query().is_none() && url.fragment().is_none() && matches!(url.scheme(), "https" | "http");
    let path = issuer.splitn(4, '/').nth(3);
    let steps: Vec<&str> = path.unwrap_or_default().split('/').collect();
    is_bare
        && match (preset, steps.as_slice()) {
            // Microsoft identity platform, *Access token claims reference*: `iss`. `common` and `organizations` are no issuers:
            // tokens name the tenant.
            (Preset::Entra, [tenant, "v2.0" | ""]) => is_guid(tenant),
            // Keycloak, *Server Administration Guide*: the realm's URL, in older versions behind `/auth`.
            (Preset::Keycloak, [.., "realms", realm]) => !realm.is_empty(),
            // Auth0, *Access Token Profiles*: `iss` is the domain with a slash.
            (Preset::Auth0, [""]) => path.is_some(),
            // Okta, *OpenID Connect & OAuth 2.0 API*: a custom server. The organisation's own has no path, and its access
            // tokens are for Okta alone, *Authorization servers*.
            (Preset::Okta, ["oauth2", server]) => !server.is_empty(),
            // Google, *OpenID Connect*, discovery document.
            (Preset::Google, [""]) => issuer == "https://accounts.google.com",
            (Preset::Entra | Preset::Keycloak | Preset::Auth0 | Preset::Okta | Preset::Google, _) => false,
        }
}

/// What the tokens are and how they are made.
pub(super) fn tokens(preset: Preset, issuer: &str) -> TokenKind {
    let jwt = || named("JWT");
    let at_jwt = || named("at+jwt");
    let rules = match preset {
        // *Access token claims reference* has `azp` or `appid` in every token, *ID token claims reference* has neither. The
        // audience of both kinds may be the same, where a client asks for tokens for itself.
        Preset::Entra => JwtRules {
            algorithms: vec![Algorithm::Rs256],
            types: vec![jwt()],
            marks: vec![AccessMark::Present(paths(["azp", "appid"]))],
            keys: entra_keys(issuer),
            jwks_hosts: vec!["login.microsoftonline.com".into()],
            ..JwtRules::default()
        },
        // The claim `typ` tells the kinds of tokens apart: `Bearer`, `ID`, `Refresh`, `Offline`. Access tokens have `nonce` in
        // versions before 25, and later by the mapper *Nonce backwards compatible*, so that is no sign of an ID token here.
        // `at+jwt` is in the header where the client's settings say so.
        Preset::Keycloak => JwtRules {
            types: vec![jwt(), at_jwt()],
            marks: vec![AccessMark::Text(ClaimPath::new("typ"), "Bearer".into())],
            id_token_claims: paths(["at_hash", "c_hash", "s_hash"]),
            ..JwtRules::default()
        },
        // *Access Token Profiles*: the profile is chosen for each API. ID tokens are for the client alone, *ID token structure*,
        // which is refused where no mark is set.
        Preset::Auth0 => JwtRules {
            algorithms: vec![Algorithm::Rs256, Algorithm::Ps256],
            types: vec![jwt(), at_jwt()],
            ..JwtRules::default()
        },
        // *OpenID Connect & OAuth 2.0 API*, access token header: `alg` and `kid` alone; claims: `cid` is in every access token
        // and in no ID token.
        Preset::Okta => JwtRules {
            algorithms: vec![Algorithm::Rs256],
            types: vec![TokenType::Absent],
            marks: vec![AccessMark::Present(paths(["cid"]))],
            ..JwtRules::default()
        },
        Preset::Google => return tokeninfo(),
    };
    TokenKind::Jwt(rules)
}

/// Where the claims are.
pub(super) fn claims(preset: Preset, roles: RoleUse) -> ClaimRules {
    let (client_id, scope, role_lists) = match preset {
        // `scp` has what a user has let the client do; a token of a program has `roles` alone.
        Preset::Entra => (paths(["azp", "appid"]), text("scp"), paths(["roles"])),
        // *Server Administration Guide*, role mappers. The roles of one client are in `/resource_access/CLIENT/roles`.
        Preset::Keycloak => (paths(["azp", "client_id"]), text("scope"), paths(["/realm_access/roles"])),
        // *Role-based access control for APIs*: `permissions`, where the API's settings say so.
        Preset::Auth0 => (paths(["client_id", "azp"]), text("scope"), paths(["permissions"])),
        // `groups` is there only where an administrator has added it, *Customize tokens with a groups claim*.
        Preset::Okta => (paths(["cid"]), list("scp"), paths(["groups"])),
        Preset::Google => (paths(["azp", "aud"]), text("scope"), Vec::new()),
    };
    let values = match roles {
        RoleUse::Ignored => return ClaimRules { client_id, scopes: vec![scope], ..ClaimRules::default() },
        RoleUse::Scopes => None,
        RoleUse::Mapped(values) => Some(values),
    };
    let role_lists =
        role_lists.into_iter().map(|claim| ScopeSource { claim, form: ScopeForm::List, values: values.clone() });
    let scopes = std::iter::once(scope).chain(role_lists).collect();
    ClaimRules { client_id, scopes, ..ClaimRules::default() }
}

/// The issuer of tokens of version 1.0 is a name alone: its metadata is on the host of version 2.0.
fn entra_keys(issuer: &str) -> KeySource {
    let metadata = issuer.strip_prefix("https://sts.windows.net/").and_then(|tenant| {
        Url::parse(&format!("https://login.microsoftonline.com/{tenant}.well-known/openid-configuration")).ok()
    });
    metadata.map_or(KeySource::Discovered, KeySource::Metadata)
}

/// Google, *Using OAuth 2.0 to access Google APIs* and its client libraries: whoever asks is not authenticated.
fn tokeninfo() -> TokenKind {
    let endpoint = Url::parse("https://oauth2.googleapis.com/tokeninfo");
    TokenKind::Opaque(IntrospectionRules {
        endpoint: endpoint.expect("the endpoint is a URL"),
        form: IntrospectionForm::TokenInfo,
        credentials: None,
        token_prefix: None,
    })
}

fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn named(typ: &str) -> TokenType {
    TokenType::Named(typ.into())
}

fn paths<const N: usize>(names: [&str; N]) -> Vec<ClaimPath> {
    names.map(ClaimPath::new).to_vec()
}

fn text(claim: &str) -> ScopeSource {
    ScopeSource { claim: ClaimPath::new(claim), form: ScopeForm::Text, values: None }
}

fn list(claim: &str) -> ScopeSource {
    ScopeSource { claim: ClaimPath::new(claim), form: ScopeForm::List, values: None }
}
