//! From the `[auth]` table to what the resource server and the runtime are built from.

mod api_keys;
mod file;
mod introspection;
mod issuer;
mod limits;
mod names;
mod preset;
mod rules;
mod told;
mod value;

use std::collections::BTreeSet;

use outboard_auth::{
    ApiKey, AuthLimits, IssuerConfig, ResourceServerConfig, ResourceUri, ResourceUriError, Scope, ScopeHierarchy,
    ScopeSet,
};
use outboard_runtime::{Listing, ScopeRule};
use url::Url;

pub(super) use file::{AuthTable, IssuerTable};
pub(super) use issuer::claim_path;
pub(super) use told::told;
pub(super) use value::{HttpUrl, IssuerName};

use super::backends::Candidate;
use super::check::{Check, KeyPath};
use super::environment::Environment;
use super::file::File;
use super::setting::Setting;
use crate::diagnostics::Code;

/// Longest name of an API key's holder and of the resource, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Who may call, and what.
#[derive(Debug, Clone)]
pub(crate) struct AuthConfig {
    /// What tokens must be meant for; `None`: the endpoint as clients reach it.
    resource: Option<ResourceUri>,
    /// What people are told the server is called; `None`: what the catalog says.
    resource_name: Option<String>,
    /// The scopes to ask for first; `None`: all that are named.
    initial_scopes: Option<ScopeSet>,
    /// The scopes that there are; `None`: all that are named.
    scopes_supported: Option<ScopeSet>,
    hierarchy: ScopeHierarchy,
    limits: AuthLimits,
    issuers: Vec<IssuerConfig>,
    api_keys: Vec<ApiKey>,
    /// What lists show.
    pub(crate) listing: Listing,
    /// What items require beside what they say themselves.
    pub(crate) rules: Vec<ScopeRule>,
}

impl AuthConfig {
    /// What tokens must be meant for, where clients reach the endpoint at this URL.
    ///
    /// # Errors
    /// [`ResourceUriError`] when the URL cannot be the name of a resource; one of http or https without query can.
    pub(crate) fn resource(&self, endpoint: &Url) -> Result<ResourceUri, ResourceUriError> {
        self.resource.clone().map_or_else(|| endpoint.as_str().parse(), Ok)
    }

    /// What the resource server is built from: `named` are the scopes that tools, resources, prompts and rules name. The
    /// development issuer is not among its issuers.
    pub(crate) fn resource_server(&self, resource: ResourceUri, named: &ScopeSet) -> ResourceServerConfig {
        ResourceServerConfig {
            issuers: self.issuers.clone(),
            api_keys: self.api_keys.clone(),
            initial_scopes: self.initial_scopes.as_ref().unwrap_or(named).clone(),
            scopes_supported: self.scopes_supported.as_ref().unwrap_or(named).clone(),
            hierarchy: self.hierarchy.clone(),
            resource_name: self.resource_name.clone(),
            limits: self.limits.clone(),
            ..ResourceServerConfig::new(resource)
        }
    }

    /// The issuers, but for the development issuer.
    pub(super) fn issuers(&self) -> &[IssuerConfig] {
        &self.issuers
    }
}

/// Builds all of it; what is wrong goes to the report.
pub(super) struct Builder<'a, 'c> {
    pub(super) env: &'a dyn Environment,
    /// The settings that could not be read, so that nothing is said about their absence.
    pub(super) broken: &'a BTreeSet<String>,
    pub(super) check: &'a mut Check<'c>,
}

impl Builder<'_, '_> {
    /// `None`: calls need no token. The development issuer makes tokens, so with it they need one.
    pub(super) fn build(&mut self, file: &File, candidates: &[Candidate]) -> Option<AuthConfig> {
        let default = Setting::default();
        let table: &AuthTable = match &file.auth {
            Some(table) => &table.value,
            None if file.dev_issuer.enabled.value => &default.value,
            None => return None,
        };
        table.limits.check(&file.limits.headers, self.check);
        if let Some(name) = &table.resource_name {
            self.check.length(&["auth", "resource_name"], name, NAME_BYTES_MAX);
        }
        let scopes = |setting: &Option<Setting<value::Scopes>>| setting.as_ref().map(|scopes| scopes.value.0.clone());
        let name = self.resource_name(table, file);
        Some(AuthConfig {
            resource: table.resource.as_ref().map(|resource| resource.value.0.clone()),
            resource_name: name.map(|name| name.value.clone()),
            initial_scopes: scopes(&table.initial_scopes),
            scopes_supported: scopes(&table.scopes_supported),
            hierarchy: self.hierarchy(table),
            limits: table.limits.effective(),
            issuers: self.issuers(&table.issuers, &wanted_claims(candidates)),
            api_keys: self.api_keys(&table.api_keys),
            listing: table.lists.value.into(),
            rules: self.rules(&table.rules, candidates),
        })
    }

    /// What people are told the server is called: what is written for it, else what the server calls itself.
    fn resource_name<'f>(&mut self, table: &'f AuthTable, file: &'f File) -> Option<&'f Setting<String>> {
        let names: [(KeyPath<'_>, _); 3] = [
            (&["auth", "resource_name"], &table.resource_name),
            (&["server", "title"], &file.server.title),
            (&["server", "name"], &file.server.name),
        ];
        let (path, name) = names.into_iter().find_map(|(path, name)| Some((path, name.as_ref()?)))?;
        if name.value.chars().any(changes_what_is_read) {
            let problem = "it has a control character, or one that changes the direction of the text around it";
            let fix = "take it out: people are shown the name when they are asked for consent";
            self.check.refuse(Code::BadValue, &name.place, path, problem, Some(fix));
        }
        Some(name)
    }

    fn hierarchy(&mut self, table: &AuthTable) -> ScopeHierarchy {
        let mut direct = Vec::new();
        for (name, implied) in &table.hierarchy {
            match name.value.parse::<Scope>() {
                Ok(scope) => direct.push((scope, implied.value.0.clone())),
                Err(error) => {
                    let fix = "write one scope, such as `\"notes:admin\" = \"notes:read notes:write\"`";
                    let path = ["auth", "hierarchy"];
                    self.check.refuse(Code::BadScope, &name.place, &path, &error.to_string(), Some(fix));
                }
            }
        }
        ScopeHierarchy::new(direct)
    }
}

/// Whether a character makes a name look like another, or like more than a name (Unicode, UAX #9).
fn changes_what_is_read(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What has to be kept of tokens for backends, beside what every principal has.
fn wanted_claims(candidates: &[Candidate]) -> BTreeSet<&str> {
    let all = candidates.iter().flat_map(|candidate| &candidate.backend.claims).map(String::as_str);
    all.filter(|claim| !outboard_backend::stdio::is_inherent(claim)).collect()
}
