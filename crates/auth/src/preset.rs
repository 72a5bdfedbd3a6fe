//! What known identity providers do differently.

mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use outboard_identity::ScopeSet;
use thiserror::Error;

use crate::config::IssuerConfig;
use crate::resource::Audience;

/// An identity provider whose tokens are known to differ from RFC 9068.
///
/// A preset says how its tokens are made; it switches no check off. None of them puts the resource that a client names
/// (RFC 8707) into `aud` by itself, so each needs an audience: what the provider writes there instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Microsoft Entra ID, one tenant, tokens of version 2.0 or 1.0.
    Entra,
    /// A realm of Keycloak.
    Keycloak,
    /// A tenant of Auth0, with either profile of access tokens.
    Auth0,
    /// A custom authorization server of Okta. The one of the organisation makes tokens that are for Okta alone.
    Okta,
    /// Google, whose access tokens are opaque: it is asked about each.
    Google,
}

/// What a preset has to be told.
#[derive(Clone, Debug, Default)]
pub struct PresetOptions {
    /// What the provider writes as `aud` of tokens for the resource. At least one.
    ///
    /// Entra: the application's client id (version 2.0), or its application id URI (1.0). Keycloak: what an audience mapper
    /// adds. Auth0: the identifier of the API. Okta: the audience of the authorization server. Google: the client id of
    /// each client.
    pub audiences: Vec<Audience>,
    /// What the roles of a user count for.
    pub roles: RoleUse,
}

/// What roles (`roles`, `permissions`, `realm_access`) count for.
///
/// They say what the user may do, where scopes say what the user has let this client do: to count them as scopes gives
/// every client of a user all that the user may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RoleUse {
    /// Nothing.
    #[default]
    Ignored,
    /// A role is a scope of the same name.
    Scopes,
    /// A role stands for these scopes; one that is not here for none.
    Mapped(BTreeMap<Box<str>, ScopeSet>),
}

/// Why a preset cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PresetError {
    /// The issuer's name is not of the form that this provider's have.
    #[error("an issuer of {} is written {}", preset.name(), preset.issuer_form())]
    Issuer {
        /// Which preset.
        preset: Preset,
    },
    /// No audience is named.
    #[error("{} does not put the resource into aud: name what it puts there instead", preset.name())]
    NoAudience {
        /// Which preset.
        preset: Preset,
    },
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Entra, Self::Keycloak, Self::Auth0, Self::Okta, Self::Google];

    /// Its name in a config.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Keycloak => "keycloak",
            Self::Auth0 => "auth0",
            Self::Okta => "okta",
            Self::Google => "google",
        }
    }

    /// The preset of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// How its issuers are written: character by character as in `iss`, so a slash at the end counts.
    #[must_use]
    pub const fn issuer_form(self) -> &'static str {
        match self {
            Self::Entra => "https://login.microsoftonline.com/TENANT-ID/v2.0 or https://sts.windows.net/TENANT-ID/",
            Self::Keycloak => "https://HOST/realms/REALM, without a slash at the end",
            Self::Auth0 => "https://TENANT.REGION.auth0.com/ or https://YOUR-DOMAIN/, with the slash at the end",
            Self::Okta => "https://ORG.okta.com/oauth2/SERVER, without a slash at the end",
            Self::Google => "https://accounts.google.com",
        }
    }

    /// The issuer of this name as the provider makes its tokens. What it does not set is as of
    /// [`IssuerConfig::jwt`].
    ///
    /// # Errors
    ///
    /// [`PresetError`] where the issuer is not of the form that the provider's have, or no audience is named.
    pub fn apply(self, issuer: &str, options: PresetOptions) -> Result<IssuerConfig, PresetError> {
        if !table::is_issuer(self, issuer) {
            return Err(PresetError::Issuer { preset: self });
        }
        if options.audiences.is_empty() {
            return Err(PresetError::NoAudience { preset: self });
        }
        let tokens = table::tokens(self, issuer);
        let claims = table::claims(self, options.roles);
        Ok(IssuerConfig { audiences: options.audiences, claims, ..IssuerConfig::new(issuer, tokens) })
    }
}
