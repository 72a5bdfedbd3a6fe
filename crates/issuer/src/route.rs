//! The paths of this server, and what each of them takes.

use http::Method;

use crate::http::Guarded;

/// An endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    ServerMetadata,
    OpenIdMetadata,
    Jwks,
    Authorize,
    SignIn,
    Consent,
    Token,
    Register,
    Introspect,
    Revoke,
}

impl Route {
    /// The endpoint at `path`, in one spelling; `base` is the issuer's path.
    pub(crate) fn find(base: &str, path: &str) -> Option<Self> {
        if let Some(below) = path.strip_prefix(base)
            && let Some((_, route)) = BELOW_ISSUER.into_iter().find(|(own, _)| *own == below)
        {
            return Some(route);
        }
        // Where the issuer has a path, it goes behind the well-known one (RFC 8414 §3.1).
        WELL_KNOWN.into_iter().find(|(own, _)| path.strip_prefix(own) == Some(base)).map(|(_, route)| route)
    }

    /// Every path, for whoever mounts this server.
    pub(crate) fn paths(base: &str) -> Vec<String> {
        let below = BELOW_ISSUER.into_iter().map(|(path, _)| format!("{base}{path}"));
        let inserted = WELL_KNOWN.into_iter().filter(|_| !base.is_empty()).map(|(path, _)| format!("{path}{base}"));
        below.chain(inserted).collect()
    }

    /// The methods besides OPTIONS.
    pub(crate) const fn methods(self) -> &'static str {
        match self {
            Self::ServerMetadata | Self::OpenIdMetadata | Self::Jwks => "GET, HEAD",
            Self::Authorize => "GET",
            Self::SignIn | Self::Consent | Self::Token | Self::Register | Self::Introspect | Self::Revoke => "POST",
        }
    }

    pub(crate) fn takes(self, method: &Method) -> bool {
        self.methods().split(", ").any(|own| own == method.as_str())
    }

    pub(crate) const fn guarded(self) -> Guarded {
        match self {
            Self::ServerMetadata | Self::OpenIdMetadata | Self::Jwks => Guarded::Open,
            Self::Token | Self::Register | Self::Introspect | Self::Revoke => Guarded::Listed,
            Self::Authorize => Guarded::Own,
            Self::SignIn | Self::Consent => Guarded::OwnForm,
        }
    }
}

pub(crate) const AUTHORIZE: &str = "/authorize";
// Below the one before, so that the cookie of all three goes nowhere else.
pub(crate) const SIGN_IN: &str = "/authorize/sign-in";
pub(crate) const CONSENT: &str = "/authorize/consent";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const REGISTER: &str = "/register";
pub(crate) const INTROSPECT: &str = "/introspect";
pub(crate) const REVOKE: &str = "/revoke";
pub(crate) const JWKS: &str = "/jwks";

const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID_METADATA: &str = "/.well-known/openid-configuration";

const WELL_KNOWN: [(&str, Route); 2] =
    [(SERVER_METADATA, Route::ServerMetadata), (OPENID_METADATA, Route::OpenIdMetadata)];

const BELOW_ISSUER: [(&str, Route); 10] = [
    (SERVER_METADATA, Route::ServerMetadata),
    (OPENID_METADATA, Route::OpenIdMetadata),
    (JWKS, Route::Jwks),
    (AUTHORIZE, Route::Authorize),
    (SIGN_IN, Route::SignIn),
    (CONSENT, Route::Consent),
    (TOKEN, Route::Token),
    (REGISTER, Route::Register),
    (INTROSPECT, Route::Introspect),
    (REVOKE, Route::Revoke),
];
