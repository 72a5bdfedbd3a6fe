//! How issuers of opaque tokens are asked, from `introspection` of `[[auth.issuers]]`; the secrets for it.

use outboard_auth::{ClientCredentials, IntrospectionForm, IntrospectionRules, TokenKind};
use zeroize::Zeroizing;

use super::super::secret;
use super::super::setting::Setting;
use super::Builder;
use super::file::{IntrospectionTable, IssuerTable};
use crate::diagnostics::{Code, Place};

/// Longest beginning of a token, in bytes.
const PREFIX_BYTES_MAX: usize = 64;

impl Builder<'_, '_> {
    /// What the table says, over what a preset may say of it already.
    pub(super) fn introspection(
        &mut self,
        table: &Setting<IntrospectionTable>,
        preset: TokenKind,
    ) -> Option<IntrospectionRules> {
        let place = &table.place;
        let table = &table.value;
        let preset = match preset {
            TokenKind::Opaque(rules) => Some(rules),
            TokenKind::Jwt(_) => None,
        };
        let form =
            table.form.as_ref().map(|form| form.value.into()).or_else(|| preset.as_ref().map(|rules| rules.form));
        let form = form.unwrap_or(IntrospectionForm::Introspection);
        let credentials = self.credentials(table, place, form);
        let token_prefix = table.token_prefix.as_ref().map(|prefix| {
            self.check.length(&at("token_prefix"), prefix, PREFIX_BYTES_MAX);
            prefix.value.as_str().into()
        });
        let endpoint = table.endpoint.as_ref().map(|endpoint| endpoint.value.url().clone());
        let Some(endpoint) = endpoint.or_else(|| preset.as_ref().map(|rules| rules.endpoint.clone())) else {
            if !self.broken.contains("auth.issuers.introspection.endpoint") {
                let fix = "name the URL to ask at: `endpoint = \"https://login.example.com/introspect\"`";
                self.contradiction(place, "endpoint", "it is missing", fix);
            }
            return None;
        };
        let token_prefix = token_prefix.or_else(|| preset.and_then(|rules| rules.token_prefix));
        Some(IntrospectionRules { endpoint, form, credentials, token_prefix })
    }

    fn credentials(
        &mut self,
        table: &IntrospectionTable,
        place: &Place,
        form: IntrospectionForm,
    ) -> Option<ClientCredentials> {
        if self.broken.iter().any(|key| key.starts_with("auth.issuers.introspection.client_")) {
            return None;
        }
        let secret_place = table.client_secret.as_ref().map(|secret| &secret.place);
        let secret_place = secret_place.or_else(|| table.client_secret_file.as_ref().map(|file| &file.place));
        let client_id = match (&table.client_id, secret_place) {
            (None, None) => return None,
            (Some(client_id), Some(_)) => client_id,
            (Some(client_id), None) => {
                let fix = "name its secret with `client_secret = \"${NAME}\"` or `client_secret_file`";
                self.contradiction(&client_id.place, "client_id", "the client has no secret", fix);
                return None;
            }
            (None, Some(secret)) => {
                self.contradiction(secret, "client_id", "it is missing beside a secret", "say whose secret it is");
                return None;
            }
        };
        if form == IntrospectionForm::TokenInfo {
            let problem = "`tokeninfo` is asked without a client";
            self.contradiction(place, "client_id", problem, "leave the client and its secret out");
        }
        self.check.length(&at("client_id"), client_id, secret::BYTES_MAX);
        let client_secret = self.secret(table)?;
        Some(ClientCredentials { client_id: client_id.value.clone(), client_secret })
    }

    fn secret(&mut self, table: &IntrospectionTable) -> Option<Zeroizing<String>> {
        let (key, place, secret) = match (&table.client_secret, &table.client_secret_file) {
            (Some(_), Some(file)) => {
                let problem = "it cannot stand beside `client_secret`";
                self.contradiction(&file.place, "client_secret_file", problem, "keep one of the two");
                return None;
            }
            (Some(reference), None) => {
                ("client_secret", &reference.place, secret::of_variable(&reference.value, self.env))
            }
            (None, Some(file)) => {
                let path = self.check.path(&at("client_secret_file"), file);
                ("client_secret_file", &file.place, secret::of_file(&path))
            }
            (None, None) => return None,
        };
        let fix =
            "put it into a variable and write `client_secret = \"${NAME}\"`, or into a file for `client_secret_file`";
        let refuse = |problem: String| self.check.refuse(Code::SecretUnreadable, place, &at(key), &problem, Some(fix));
        secret.map_err(refuse).ok()
    }

    /// No token is shown to an issuer that it may not be of: with several that are asked, its beginning tells whose it is.
    pub(super) fn prefixes(&mut self, tables: &[Setting<IssuerTable>]) {
        let asked = tables.iter().filter_map(|table| table.value.introspection.as_ref());
        let mut before: Vec<&str> = Vec::new();
        for table in asked {
            let prefix = table.value.token_prefix.as_ref();
            let text = prefix.map_or("", |prefix| prefix.value.as_str());
            let place = prefix.map_or(&table.place, |prefix| &prefix.place);
            let is_ambiguous = |other: &&str| match (*other, text) {
                ("", "") => true,
                ("", _) | (_, "") => false,
                (other, text) => other.starts_with(text) || text.starts_with(other),
            };
            if before.iter().any(is_ambiguous) {
                let problem = "tokens of another issuer that is asked may begin like those of this one";
                let fix = "say what the tokens of each begin with; one of them may have any others";
                self.contradiction(place, "token_prefix", problem, fix);
            }
            before.push(text);
        }
    }

    fn contradiction(&mut self, place: &Place, key: &str, problem: &str, fix: &str) {
        self.check.refuse(Code::IssuerContradiction, place, &at(key), problem, Some(fix));
    }
}

fn at(key: &str) -> [&str; 4] {
    ["auth", "issuers", "introspection", key]
}
