//! The issuers of known providers: what their presets set, and what those have to be told.

use std::collections::BTreeMap;

use outboard_auth::{Audience, IssuerConfig, Preset, PresetError, PresetOptions, RoleUse};

use super::super::keys::nearest;
use super::super::setting::Setting;
use super::Builder;
use super::file::IssuerTable;
use super::issuer::at;
use super::names::RolesName;
use crate::diagnostics::{Code, Place};

impl Builder<'_, '_> {
    /// The issuer of this name as its preset has it, or as RFC 9068 has all.
    pub(super) fn preset(
        &mut self,
        table: &IssuerTable,
        place: &Place,
        issuer: &str,
        audiences: Vec<Audience>,
    ) -> IssuerConfig {
        let plain = IssuerConfig { audiences: audiences.clone(), ..IssuerConfig::jwt(issuer) };
        let roles = self.roles(table);
        let Some(name) = &table.preset else {
            if table.roles.is_some() || table.role_scopes.is_some() {
                let problem = "what roles are is known of a preset alone";
                let fix = "say with `scope_claims` where its tokens have roles, and which scopes they stand for";
                self.check.refuse(Code::IssuerContradiction, place, &at("roles"), problem, Some(fix));
            }
            return plain;
        };
        let Some(preset) = Preset::named(&name.value) else {
            self.unknown_preset(name);
            return plain;
        };
        preset.apply(issuer, PresetOptions { audiences, roles }).unwrap_or_else(|error| {
            let (key, place, fix) = match error {
                PresetError::Issuer { .. } => {
                    let place = table.issuer.as_ref().map_or(place, |issuer| &issuer.place);
                    ("issuer", place, "write it as its tokens have it (`iss`), or leave `preset` out")
                }
                PresetError::NoAudience { .. } => {
                    ("audiences", &name.place, "name it with `audiences = [\"…\"]`; `aud` of one of its tokens says it")
                }
            };
            self.check.refuse(Code::IssuerContradiction, place, &at(key), &error.to_string(), Some(fix));
            plain
        })
    }

    fn unknown_preset(&mut self, name: &Setting<String>) {
        let known = Preset::ALL.map(Preset::name);
        let fix = match nearest(&name.value, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the presets are {}; an issuer that follows RFC 9068 needs none", known.join(", ")),
        };
        let problem = format!("`{}` is not a preset", name.value.escape_debug());
        self.check.refuse(Code::UnknownPreset, &name.place, &at("preset"), &problem, Some(&fix));
    }

    fn roles(&mut self, table: &IssuerTable) -> RoleUse {
        match (&table.roles, &table.role_scopes) {
            (None, None) => RoleUse::Ignored,
            (Some(roles), None) => match roles.value {
                RolesName::Ignored => RoleUse::Ignored,
                RolesName::Scopes => RoleUse::Scopes,
            },
            (roles, Some(scopes)) => {
                if let Some(roles) = roles {
                    let problem = "it cannot stand beside `role_scopes`";
                    let fix = "keep one of the two";
                    self.check.refuse(Code::IssuerContradiction, &roles.place, &at("roles"), problem, Some(fix));
                }
                let pairs = scopes.iter().map(|(role, scopes)| (role.as_str().into(), scopes.value.0.clone()));
                RoleUse::Mapped(pairs.collect::<BTreeMap<_, _>>())
            }
        }
    }
}
