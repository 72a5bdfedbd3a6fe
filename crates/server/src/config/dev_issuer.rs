//! The `[dev_issuer]` table: the issuer of tokens for development that the server runs itself.

use std::collections::BTreeSet;

use outboard_fetch::Reach;
use outboard_issuer::SigningAlgorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auth::HttpUrl;
use super::check::Check;
use super::keys::nearest;
use super::layers::Overrides;
use super::setting::Setting;
use crate::diagnostics::{Code, Place};

/// An issuer of tokens for development, which asks for no passwords. It serves this machine alone.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DevIssuerTable {
    /// Whether the server runs it. Then calls need tokens, of this issuer or another.
    pub(super) enabled: Setting<bool>,
    /// Users who may sign in, without a password, 1 to 100 of them.
    pub(super) users: Vec<Setting<String>>,
    /// URLs beside those of this machine to which users may be sent back, character by character.
    pub(super) allow_redirect: Vec<Setting<HttpUrl>>,
    /// What its tokens are signed by: "ES256", "RS256" or "`EdDSA`".
    pub(super) algorithm: Setting<SigningName>,
    /// DANGEROUS: whether documents that clients have for their id (client ID metadata documents) may be at private
    /// addresses. Whoever reaches the server then reaches what this machine reaches. For tests without a network.
    pub(super) dangerous_private_documents: Setting<bool>,
}

/// The name of an algorithm that the issuer can sign by (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum SigningName {
    #[default]
    Es256,
    Rs256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl From<SigningName> for SigningAlgorithm {
    fn from(name: SigningName) -> Self {
        match name {
            SigningName::Es256 => Self::Es256,
            SigningName::Rs256 => Self::Rs256,
            SigningName::EdDsa => Self::EdDsa,
        }
    }
}

/// The issuer of tokens for development.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DevIssuerConfig {
    /// Who may sign in; at least one.
    pub(crate) users: Vec<String>,
    /// The redirect URIs beside those of this machine.
    pub(crate) allow_redirect: Vec<String>,
    /// One of the users, who signs in and approves whatever is asked without a page; nobody as a rule.
    pub(crate) dangerous_auto_approve: Option<String>,
    /// What its tokens are signed by.
    pub(crate) algorithm: SigningAlgorithm,
    /// Where the documents of clients may be.
    pub(crate) dangerous_document_reach: Reach,
}

const AUTO_APPROVE: Place = Place::Flag("--dev-issuer-auto-approve");

const USERS_MAX: usize = 100;

impl DevIssuerTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        const PATH: &[&str] = &["dev_issuer", "users"];
        let mut names = BTreeSet::new();
        for user in &self.users {
            check.length(PATH, user, 64);
            if user.value.chars().any(char::is_control) {
                let fix = "take it out: the name is shown to people";
                check.refuse(Code::BadValue, &user.place, PATH, "it has a control character", Some(fix));
            }
            if !names.insert(user.value.as_str()) {
                let problem = format!("`{}` is named twice", user.value.escape_debug());
                check.refuse(Code::DuplicateName, &user.place, PATH, &problem, Some("name each user once"));
            }
        }
        let count = self.users.len();
        if self.enabled.value && !(1..=USERS_MAX).contains(&count) {
            let place = self.users.last().map_or(&self.enabled.place, |user| &user.place);
            let problem = format!("{count} is outside 1 to {USERS_MAX}");
            check.refuse(Code::OutOfRange, place, PATH, &problem, None);
        }
    }

    /// `None` where it does not run.
    pub(super) fn effective(&self, flags: &Overrides, check: &mut Check<'_>) -> Option<DevIssuerConfig> {
        let users: Vec<String> = self.users.iter().map(|user| user.value.clone()).collect();
        if let Some(user) = &flags.dev_issuer_auto_approve {
            const PATH: &[&str] = &["--dev-issuer-auto-approve"];
            let known: Vec<&str> = users.iter().map(String::as_str).collect();
            if !self.enabled.value {
                let fix = "start the development issuer with `--dev-issuer`, or leave the flag out";
                check.refuse(Code::UselessFlag, &AUTO_APPROVE, PATH, "there is no development issuer", Some(fix));
            } else if !users.contains(user) {
                let fix = match nearest(user, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the users are {}", known.join(", ")),
                };
                let problem = format!("`{}` is not one of its users", user.escape_debug());
                check.refuse(Code::UnknownUser, &AUTO_APPROVE, PATH, &problem, Some(&fix));
            }
        }
        self.enabled.value.then(|| DevIssuerConfig {
            users,
            allow_redirect: self.allow_redirect.iter().map(|url| url.value.as_str().to_owned()).collect(),
            dangerous_auto_approve: flags.dev_issuer_auto_approve.clone(),
            algorithm: self.algorithm.value.into(),
            dangerous_document_reach: match self.dangerous_private_documents.value {
                true => Reach::AnyAddress,
                false => Reach::PublicOnly,
            },
        })
    }
}

impl Default for DevIssuerTable {
    fn default() -> Self {
        let users = ["alice", "bob"].map(|name| Setting::default_of(name.to_owned()));
        Self {
            enabled: Setting::default(),
            users: users.into(),
            allow_redirect: Vec::new(),
            algorithm: Setting::default(),
            dangerous_private_documents: Setting::default(),
        }
    }
}
