//! Client metadata (RFC 7591 §2), as registrations and documents carry it. Unknown members are ignored.

use serde_json::{Map, Value};

use crate::client::GrantType;
use crate::redirect::{RedirectUri, Unfit};
use crate::refusal::{ErrorCode, Refusal};
use crate::settings::Settings;

/// What is read of a client's metadata.
#[derive(Debug)]
pub(crate) struct ClientMetadata {
    pub(crate) name: Option<String>,
    pub(crate) redirects: Vec<RedirectUri>,
    pub(crate) grants: Vec<GrantType>,
    /// `token_endpoint_auth_method`, if it is said.
    pub(crate) authentication: Option<AuthMethod>,
}

/// How a client authenticates at the token endpoint (RFC 7591 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    None,
    Basic,
    Post,
}

impl AuthMethod {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }
}

/// Whom metadata was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressed {
    /// For this server: what it does not do is refused.
    ToUs,
    /// For any server: what this one does not do is left out.
    ToAnybody,
}

impl ClientMetadata {
    /// Reads the members of a metadata document.
    pub(crate) fn parse(
        members: &Map<String, Value>,
        settings: &Settings,
        addressed: Addressed,
    ) -> Result<Self, Refusal> {
        let name =
            optional_text(members, "client_name", BAD_NAME)?.map(|name| name.chars().take(NAME_CHARS_MAX).collect());
        let redirects = redirects(members, settings, addressed)?;
        let grants = match members.get("grant_types") {
            None => vec![GrantType::AuthorizationCode],
            Some(value) => {
                let texts = texts(value).ok_or(BAD_GRANT)?;
                let grants: Vec<_> = texts.iter().filter_map(|text| self_service_grant(text)).collect();
                if addressed == Addressed::ToUs && grants.len() != texts.len() {
                    return Err(BAD_GRANT);
                }
                grants
            }
        };
        if !grants.contains(&GrantType::AuthorizationCode) {
            return Err(BAD_GRANT);
        }
        if let Some(value) = members.get("response_types") {
            let texts = texts(value).ok_or(BAD_RESPONSE_TYPE)?;
            let is_code = |text: &&str| *text == "code";
            if !texts.iter().any(is_code) || (addressed == Addressed::ToUs && !texts.iter().all(is_code)) {
                return Err(BAD_RESPONSE_TYPE);
            }
        }
        let authentication = match optional_text(members, "token_endpoint_auth_method", BAD_METHOD)? {
            None => None,
            Some(text) => {
                let method = [AuthMethod::None, AuthMethod::Basic, AuthMethod::Post];
                Some(method.into_iter().find(|method| method.as_str() == text).ok_or(BAD_METHOD)?)
            }
        };
        Ok(Self { name, redirects, grants, authentication })
    }
}

/// The redirect URIs. An `https` one that the configuration does not list is left out, as RFC 7591 §3.2.1 allows: editors
/// register one of their web version beside that of this machine. Anything worse fails as a whole.
fn redirects(
    members: &Map<String, Value>,
    settings: &Settings,
    addressed: Addressed,
) -> Result<Vec<RedirectUri>, Refusal> {
    let texts = members.get("redirect_uris").and_then(texts).ok_or(BAD_REDIRECT)?;
    if texts.len() > settings.bounds.redirect_uris_max {
        return Err(BAD_REDIRECT);
    }
    let mut redirects = Vec::new();
    for text in texts {
        match RedirectUri::parse(text, &settings.config.allow_redirect) {
            Ok(redirect) => redirects.push(redirect),
            Err(Unfit::NotListed) => {}
            Err(Unfit::Refused) if addressed == Addressed::ToAnybody => {}
            Err(Unfit::Refused) => return Err(BAD_REDIRECT),
        }
    }
    if redirects.is_empty() { Err(BAD_REDIRECT) } else { Ok(redirects) }
}

/// The grants that a client may give itself.
fn self_service_grant(text: &str) -> Option<GrantType> {
    GrantType::parse(text).filter(|grant| *grant != GrantType::ClientCredentials)
}

fn optional_text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    refusal: Refusal,
) -> Result<Option<&'a str>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(refusal),
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

const BAD_NAME: Refusal = Refusal::new(ErrorCode::InvalidClientMetadata, "client_name is not a text");
const BAD_GRANT: Refusal =
    Refusal::new(ErrorCode::InvalidClientMetadata, "grant_types is authorization_code, with or without refresh_token");
const BAD_RESPONSE_TYPE: Refusal = Refusal::new(ErrorCode::InvalidClientMetadata, "response_types is code");
const BAD_METHOD: Refusal = Refusal::new(
    ErrorCode::InvalidClientMetadata,
    "token_endpoint_auth_method is none, client_secret_basic or client_secret_post",
);
const BAD_REDIRECT: Refusal = Refusal::new(
    ErrorCode::InvalidRedirectUri,
    "redirect_uris takes a few http URIs of this machine, or https ones that the configuration lists",
);

/// More is never shown.
const NAME_CHARS_MAX: usize = 256;
