//! From the `[[auth.issuers]]` tables to the issuers whose tokens are accepted.

use std::collections::{BTreeMap, BTreeSet};

use outboard_auth::{
    AccessMark, Audience, ClaimPath, ClaimRules, IssuerConfig, JwtRules, KeySource, Reach, ScopeSource, TokenKind,
    TokenType,
};

use super::super::check::KeyPath;
use super::super::policy::leads_to_loopback;
use super::super::setting::Setting;
use super::Builder;
use super::file::{IssuerTable, ScopeClaimTable};
use crate::diagnostics::{Code, Place};

/// Longest name of a claim, audience and type, in bytes.
const TEXT_BYTES_MAX: usize = 512;

impl Builder<'_, '_> {
    /// The issuers, each of which keeps the wanted claims beside its own.
    pub(super) fn issuers(&mut self, tables: &[Setting<IssuerTable>], wanted: &BTreeSet<&str>) -> Vec<IssuerConfig> {
        let mut names = BTreeSet::new();
        let mut issuers = Vec::new();
        for table in tables {
            if let Some(name) = &table.value.issuer
                && !names.insert(name.value.as_str())
            {
                let fix = "keep one of the two: tokens tell their issuer by its name";
                let problem = "another issuer has this name too";
                self.check.refuse(Code::DuplicateIssuer, &name.place, &at("issuer"), problem, Some(fix));
            }
            issuers.extend(self.issuer(table, wanted));
        }
        self.prefixes(tables);
        issuers
    }

    fn issuer(&mut self, table: &Setting<IssuerTable>, wanted: &BTreeSet<&str>) -> Option<IssuerConfig> {
        let place = &table.place;
        let table = &table.value;
        let Some(name) = &table.issuer else {
            if !self.broken.contains("auth.issuers.issuer") {
                let fix = "write its name as tokens have it: `issuer = \"https://login.example.com\"`";
                self.check.refuse(Code::NoIssuerName, place, &at("issuer"), "it is missing", Some(fix));
            }
            return None;
        };
        let audiences = self.texts(&table.audiences, &at("audiences")).map(Audience::new).collect();
        let mut issuer = self.preset(table, place, name.value.as_str(), audiences);
        if table.allow_private.value || leads_to_loopback(name.value.url()) {
            issuer.reach = Reach::AnyAddress;
        }
        self.claims(table, &mut issuer.claims, wanted);
        issuer.tokens = match (&table.introspection, issuer.tokens) {
            (None, TokenKind::Jwt(rules)) => TokenKind::Jwt(self.jwt(table, place, rules)),
            (None, tokens @ TokenKind::Opaque(_)) => {
                self.refuse_jwt_settings(table, place);
                tokens
            }
            (Some(asked), tokens) => {
                self.refuse_jwt_settings(table, place);
                TokenKind::Opaque(self.introspection(asked, tokens)?)
            }
        };
        Some(issuer)
    }

    fn jwt(&mut self, table: &IssuerTable, place: &Place, mut rules: JwtRules) -> JwtRules {
        if let Some(algorithms) = &table.algorithms {
            self.not_empty(algorithms, place, "algorithms");
            rules.algorithms = algorithms.iter().map(|algorithm| algorithm.value.into()).collect();
        }
        if let Some(types) = &table.types {
            self.not_empty(types, place, "types");
            let named = types.iter().filter(|name| !name.value.is_empty()).cloned().collect::<Vec<_>>();
            let named = self.texts(&named, &at("types")).map(|name| TokenType::Named(name.into()));
            let absent = types.iter().any(|name| name.value.is_empty()).then_some(TokenType::Absent);
            rules.types = named.chain(absent).collect();
        }
        if let Some(claims) = &table.access_token_claims {
            let claims = claims.iter().filter_map(|claim| self.claim(claim, &at("access_token_claims")));
            rules.marks = claims.map(|claim| AccessMark::Present(vec![claim])).collect();
        }
        match (&table.metadata_url, &table.jwks_url) {
            (Some(_), Some(keys)) => {
                let fix = "keep one of the two: metadata says where the keys are";
                let problem = "it cannot stand beside `metadata_url`";
                self.check.refuse(Code::IssuerContradiction, &keys.place, &at("jwks_url"), problem, Some(fix));
            }
            (Some(metadata), None) => rules.keys = KeySource::Metadata(metadata.value.url().clone()),
            (None, Some(keys)) => rules.keys = KeySource::Jwks(keys.value.url().clone()),
            (None, None) => {}
        }
        if let Some(hosts) = &table.jwks_hosts {
            rules.jwks_hosts = hosts.iter().map(|host| host.value.0.as_str().into()).collect();
        }
        rules
    }

    /// What says how JWTs are verified means nothing for an issuer that is asked.
    fn refuse_jwt_settings(&mut self, table: &IssuerTable, place: &Place) {
        fn first<'a, T>(list: &'a Option<Vec<Setting<T>>>, place: &'a Place) -> Option<&'a Place> {
            list.as_ref().map(|list| list.first().map_or(place, |entry| &entry.place))
        }
        let given = [
            ("algorithms", first(&table.algorithms, place)),
            ("types", first(&table.types, place)),
            ("access_token_claims", first(&table.access_token_claims, place)),
            ("metadata_url", table.metadata_url.as_ref().map(|url| &url.place)),
            ("jwks_url", table.jwks_url.as_ref().map(|url| &url.place)),
            ("jwks_hosts", first(&table.jwks_hosts, place)),
        ];
        for (key, place) in given {
            let Some(place) = place else { continue };
            let fix = format!("leave `{key}` out, or `introspection` if its tokens are JWTs");
            let problem = "it is for JWTs, and this issuer is asked about its tokens";
            self.check.refuse(Code::IssuerContradiction, place, &at(key), problem, Some(&fix));
        }
    }

    fn claims(&mut self, table: &IssuerTable, rules: &mut ClaimRules, wanted: &BTreeSet<&str>) {
        if let Some(claim) = &table.subject_claim
            && let Some(claim) = self.claim(claim, &at("subject_claim"))
        {
            rules.subject = claim;
        }
        if let Some(claims) = &table.client_id_claims {
            rules.client_id = claims.iter().filter_map(|claim| self.claim(claim, &at("client_id_claims"))).collect();
        }
        if let Some(sources) = &table.scope_claims {
            rules.scopes = sources.iter().filter_map(|source| self.scope_source(source)).collect();
        }
        let kept = table.claims.iter().filter_map(|claim| self.claim(claim, &at("claims")));
        let kept: Vec<ClaimPath> = kept.chain(wanted.iter().map(|claim| ClaimPath::new(*claim))).collect();
        for claim in kept {
            if !rules.kept.contains(&claim) {
                rules.kept.push(claim);
            }
        }
    }

    fn scope_source(&mut self, table: &ScopeClaimTable) -> Option<ScopeSource> {
        let claim = self.claim(&table.claim, &["auth", "issuers", "scope_claims", "claim"])?;
        let values = table.values.as_ref().map(|values| {
            let pairs = values.iter().map(|(value, scopes)| (value.as_str().into(), scopes.value.0.clone()));
            pairs.collect::<BTreeMap<_, _>>()
        });
        Some(ScopeSource { claim, form: table.form.value.into(), values })
    }

    fn claim(&mut self, setting: &Setting<String>, path: KeyPath<'_>) -> Option<ClaimPath> {
        if let Err(problem) = claim_path(&setting.value) {
            let fix = "write its name, such as `email`, or a JSON Pointer (RFC 6901), such as `/realm_access/roles`";
            self.check.refuse(Code::BadClaim, &setting.place, path, problem, Some(fix));
            return None;
        }
        Some(ClaimPath::new(setting.value.as_str()))
    }

    fn not_empty<T>(&mut self, list: &[Setting<T>], place: &Place, key: &str) {
        if list.is_empty() && !self.broken.contains(&at(key).join(".")) {
            let problem = "an empty list would accept no token";
            self.check.refuse(Code::BadValue, place, &at(key), problem, None);
        }
    }

    /// The texts, of which none is empty or too long.
    fn texts<'s>(&mut self, list: &'s [Setting<String>], path: KeyPath<'_>) -> impl Iterator<Item = &'s str> + use<'s> {
        list.iter().for_each(|text| self.check.length(path, text, TEXT_BYTES_MAX));
        list.iter().map(|text| text.value.as_str())
    }
}

/// Whether this can name a claim: a name, or a JSON Pointer (RFC 6901 §3) where it begins with `/`.
pub(in crate::config) fn claim_path(text: &str) -> Result<(), &'static str> {
    let escapes_well = |text: &str| text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.is_empty() {
        Err("it is empty")
    } else if text.len() > TEXT_BYTES_MAX {
        Err("it is longer than 512 bytes")
    } else if text.chars().any(char::is_control) {
        Err("it has a control character")
    } else if text.starts_with('/') && !escapes_well(text) {
        Err("in a JSON Pointer, `~` stands before `0` or `1` alone")
    } else {
        Ok(())
    }
}

pub(super) fn at(key: &str) -> [&str; 3] {
    ["auth", "issuers", key]
}
