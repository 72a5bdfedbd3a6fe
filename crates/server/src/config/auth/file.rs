//! The `[auth]` table of the configuration file as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::setting::Setting;
use super::limits::LimitsTable;
use super::names::{AlgorithmName, Form, RolesName, ScopeFormName, Shown};
use super::value::{HttpUrl, IssuerName, JwksHost, KeyDigest, Resource, Scopes};

/// Who may call, and what. With this table, every call needs a token or an API key.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct AuthTable {
    /// What tokens must be meant for (`aud`), character by character. By default `public_url` with `path`.
    pub(in crate::config) resource: Option<Setting<Resource>>,
    /// What people are told the server is called when they are asked for consent. By default `server.title`, else
    /// `server.name`.
    pub(in crate::config) resource_name: Option<Setting<String>>,
    /// Scopes that clients should ask for first, with one space between them; "" for none. By default all that tools and
    /// rules name.
    pub(in crate::config) initial_scopes: Option<Setting<Scopes>>,
    /// Scopes that clients are told there are, with one space between them; "" for none. By default all that tools and
    /// rules name.
    pub(in crate::config) scopes_supported: Option<Setting<Scopes>>,
    /// What lists show: "permitted", to each caller what its scopes let it use, or "all".
    pub(in crate::config) lists: Setting<Shown>,
    /// Scopes that stand for others too: `"notes:admin" = "notes:read notes:write"`.
    pub(in crate::config) hierarchy: BTreeMap<Setting<String>, Setting<Scopes>>,
    /// Bounds and times of the verification of tokens.
    pub(in crate::config) limits: LimitsTable,
    /// Issuers whose tokens are accepted, each in a table `[[auth.issuers]]`.
    pub(in crate::config) issuers: Vec<Setting<IssuerTable>>,
    /// Keys that are accepted as tokens, each in a table `[[auth.api_keys]]`.
    pub(in crate::config) api_keys: Vec<Setting<ApiKeyTable>>,
    /// Scopes that tools, resources and prompts need beside what they say themselves, each rule in a table
    /// `[[auth.rules]]`. All rules that match apply together.
    pub(in crate::config) rules: Vec<Setting<RuleTable>>,
}

/// An issuer whose tokens are accepted. Its tokens are JWTs, unless `introspection` or the preset says otherwise.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct IssuerTable {
    /// Its name, an https URL, exactly as its tokens have it (`iss`): a slash at the end counts.
    pub(in crate::config) issuer: Option<Setting<IssuerName>>,
    /// What it is known to do differently: "entra", "keycloak", "auth0", "okta" or "google". What is set beside it wins.
    pub(in crate::config) preset: Option<Setting<String>>,
    /// What roles of the user count for, with a preset: "ignored", or "scopes", where a role is a scope of the same name.
    /// Every client of a user then has what the user may do. By default "ignored".
    pub(in crate::config) roles: Option<Setting<RolesName>>,
    /// Scopes that roles of the user stand for, with a preset: `"Editors" = "notes:write"`; other roles grant nothing.
    #[schemars(with = "BTreeMap<String, Scopes>")]
    pub(in crate::config) role_scopes: Option<BTreeMap<String, Setting<Scopes>>>,
    /// What its tokens may name as audience (`aud`) beside `resource`. Presets need it.
    pub(in crate::config) audiences: Vec<Setting<String>>,
    /// Algorithms of signatures that are accepted: "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"
    /// or "`EdDSA`". By default RS256, PS256, ES256 and `EdDSA`.
    pub(in crate::config) algorithms: Option<Vec<Setting<AlgorithmName>>>,
    /// Types of tokens (`typ`) that are accepted; "" for a token without one. By default "at+jwt".
    pub(in crate::config) types: Option<Vec<Setting<String>>>,
    /// Claims that all of its access tokens have and none of its ID tokens, for an issuer that gives both one type. By
    /// default what the preset says, else none.
    pub(in crate::config) access_token_claims: Option<Vec<Setting<String>>>,
    /// URL of its metadata, where it cannot be found by its name.
    pub(in crate::config) metadata_url: Option<Setting<HttpUrl>>,
    /// URL of its keys (JWKS), where no metadata is to be asked for it.
    pub(in crate::config) jwks_url: Option<Setting<HttpUrl>>,
    /// Hosts beside its own at which its metadata may say that its keys are.
    pub(in crate::config) jwks_hosts: Option<Vec<Setting<JwksHost>>>,
    /// Whether it may be reached at private addresses. Without it only one on loopback is.
    pub(in crate::config) allow_private: Setting<bool>,
    /// Claim that says who the subject is: a name, or a JSON Pointer that begins with `/`. By default `sub`.
    pub(in crate::config) subject_claim: Option<Setting<String>>,
    /// Claims that say through which client, the first that is there. By default `client_id` and `azp`.
    pub(in crate::config) client_id_claims: Option<Vec<Setting<String>>>,
    /// Claims that grant scopes, all together. By default `scope`, a text.
    pub(in crate::config) scope_claims: Option<Vec<ScopeClaimTable>>,
    /// Claims that are kept for tools, beside those that backends name.
    pub(in crate::config) claims: Vec<Setting<String>>,
    /// How it is asked about its tokens, where these are no JWTs (RFC 7662).
    #[schemars(with = "IntrospectionTable")]
    pub(in crate::config) introspection: Option<Setting<IntrospectionTable>>,
}

/// A claim that grants scopes.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct ScopeClaimTable {
    /// Which: a name, or a JSON Pointer that begins with `/`.
    pub(in crate::config) claim: Setting<String>,
    /// What its value is: "text", scopes with one space between them, or "list", a list of texts.
    pub(in crate::config) form: Setting<ScopeFormName>,
    /// Scopes that its values stand for: `"Role" = "notes:admin"`; other values grant nothing. By default a value is a
    /// scope itself.
    #[schemars(with = "BTreeMap<String, Scopes>")]
    pub(in crate::config) values: Option<BTreeMap<String, Setting<Scopes>>>,
}

/// How an issuer is asked about its tokens.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct IntrospectionTable {
    /// URL to ask at.
    pub(in crate::config) endpoint: Option<Setting<HttpUrl>>,
    /// In which way: "introspection" (RFC 7662), or "tokeninfo" as Google has it. By default what the preset says, else
    /// "introspection".
    pub(in crate::config) form: Option<Setting<Form>>,
    /// Client as which the issuer is asked.
    pub(in crate::config) client_id: Option<Setting<String>>,
    /// Secret of the client, as `"${NAME}"` with the name of outboard's own variable that holds it.
    pub(in crate::config) client_secret: Option<Setting<String>>,
    /// File that holds the secret of the client in one line, relative to this file.
    pub(in crate::config) client_secret_file: Option<Setting<PathBuf>>,
    /// What its tokens begin with. Needed by all but one of several issuers that are asked.
    pub(in crate::config) token_prefix: Option<Setting<String>>,
}

/// A key that is accepted as a token. `outboard token --api-key NAME` makes one, with these lines.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct ApiKeyTable {
    /// Name of its holder, at most 128 bytes.
    pub(in crate::config) name: Option<Setting<String>>,
    /// SHA-256 digest of the key: "sha256:" and 64 hexadecimal digits. The key itself never stands here.
    pub(in crate::config) digest: Option<Setting<KeyDigest>>,
    /// Scopes that it grants, with one space between them.
    pub(in crate::config) scopes: Setting<Scopes>,
}

/// What some tools, resources or prompts require of their callers.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct RuleTable {
    /// Backends whose items it is about, as a pattern: `*` is any run of characters, `?` any one. By default all, and the
    /// tools of the program itself.
    pub(in crate::config) backend: Option<Setting<String>>,
    /// Tools that it is about, as a pattern of the names that clients see. Without `tool`, `resource` and `prompt` it is
    /// about everything; two of them are two rules.
    pub(in crate::config) tool: Option<Setting<String>>,
    /// Resources that it is about, as a pattern of their URIs.
    pub(in crate::config) resource: Option<Setting<String>>,
    /// Prompts that it is about, as a pattern of the names that clients see.
    pub(in crate::config) prompt: Option<Setting<String>>,
    /// Scopes of which every one is needed. `${args.NAME}` in one stands for an argument of the call.
    pub(in crate::config) all_of: Vec<Setting<String>>,
    /// Scopes of which one is needed; who has none is asked for the first. `${args.NAME}` in one stands for an argument of
    /// the call.
    pub(in crate::config) any_of: Vec<Setting<String>>,
}
