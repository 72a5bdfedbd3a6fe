//! From claims to subject, client and scopes: where an issuer's tokens say what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use outboard_identity::{Claim, Claims, GrantedScopes, Principal, Scope, ScopeHierarchy, ScopeSet};
use serde_json::{Map, Value};

use crate::config::AuthLimits;
use crate::refusal::InvalidToken;

/// Where the tokens of an issuer say who the subject is, through which client, and with which scopes.
#[derive(Clone, Debug)]
pub struct ClaimRules {
    /// Who the subject is; a text that is not empty and has no control characters. Default: `sub`.
    pub subject: ClaimPath,
    /// Through which client, the first of these that is there. Default: `client_id`, `azp`. A token that has none belongs to
    /// the client `""`.
    pub client_id: Vec<ClaimPath>,
    /// What is granted: all of these together. Default: `scope`, a text (RFC 9068 §2.2.3).
    ///
    /// A token that has `scope` or `scp` where that is not one of these is refused, and so is one that has both: what it
    /// grants would be somebody's guess.
    pub scopes: Vec<ScopeSource>,
    /// What else is kept of a token, for handlers and for lifted servers. Default: nothing.
    ///
    /// A claim of which more than 64 values would be kept of one token, or a value of more than 1 KiB, is left out as a
    /// whole: half a list of groups says something else than the list. An object or a fraction is left out too.
    pub kept: Vec<ClaimPath>,
}

/// A claim by its name, or by a JSON Pointer (RFC 6901) into the claims where it begins with `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<str>);

/// A claim that grants scopes.
#[derive(Clone, Debug)]
pub struct ScopeSource {
    /// Which.
    pub claim: ClaimPath,
    /// What its value is.
    pub form: ScopeForm,
    /// Which scopes a value stands for. `None`: a value is a scope itself.
    pub values: Option<BTreeMap<Box<str>, ScopeSet>>,
}

/// What the value of a claim that grants scopes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeForm {
    /// Scopes with one space between them (RFC 6749 §3.3). What stands between two spaces and is no scope grants nothing;
    /// it is not split anywhere else.
    Text,
    /// A list of texts, one for each.
    List,
}

impl ClaimPath {
    /// A claim by its name or pointer.
    #[must_use]
    pub fn new(path: impl Into<Box<str>>) -> Self {
        Self(path.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ClaimPath {
    /// The claim, if it is there.
    pub(crate) fn find<'c>(&self, claims: &'c Map<String, Value>) -> Option<&'c Value> {
        let Some(pointer) = self.0.strip_prefix('/') else { return claims.get(&*self.0) };
        let mut steps = pointer.split('/').map(unescaped);
        let first = claims.get(&*steps.next()?)?;
        steps.try_fold(first, |value, step| match value {
            Value::Object(members) => members.get(&*step),
            Value::Array(values) => values.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    fn wrong(&self) -> InvalidToken {
        InvalidToken::Claim { claim: self.0.clone() }
    }
}

impl ClaimRules {
    /// The party that these claims speak of, once they are proven. How long that is so is not in them.
    pub(crate) fn principal(
        &self,
        issuer: &str,
        claims: &Map<String, Value>,
        hierarchy: &ScopeHierarchy,
        limits: &AuthLimits,
    ) -> Result<Principal, InvalidToken> {
        let (subject, client_id) = (self.subject(claims, limits)?, self.client_id(claims, limits)?);
        let granted = GrantedScopes::Only(hierarchy.expand(&self.granted(claims)?));
        Ok(Principal::verified(issuer, subject, client_id, granted).with_claims(self.kept(claims)))
    }

    /// Who the subject is.
    pub(crate) fn subject<'c>(
        &self,
        claims: &'c Map<String, Value>,
        limits: &AuthLimits,
    ) -> Result<&'c str, InvalidToken> {
        let named = self.subject.find(claims).and_then(|value| identifier(value, limits));
        named.ok_or_else(|| self.subject.wrong())
    }

    /// Through which client; `""` where no claim says it.
    pub(crate) fn client_id<'c>(
        &self,
        claims: &'c Map<String, Value>,
        limits: &AuthLimits,
    ) -> Result<&'c str, InvalidToken> {
        let named = self.client_id.iter().find_map(|path| Some((path, path.find(claims)?)));
        let Some((path, value)) = named else { return Ok("") };
        identifier(value, limits).ok_or_else(|| path.wrong())
    }

    /// What is granted, without what that stands for.
    pub(crate) fn granted(&self, claims: &Map<String, Value>) -> Result<ScopeSet, InvalidToken> {
        let is_read = |name: &str| self.scopes.iter().any(|source| source.claim.as_str() == name);
        let unread = SCOPE_CLAIMS.into_iter().find(|name| claims.contains_key(*name) && !is_read(name));
        let has_both = SCOPE_CLAIMS.into_iter().all(|name| claims.contains_key(name));
        if let Some(claim) = unread.or_else(|| has_both.then_some("scp")) {
            return Err(InvalidToken::Claim { claim: claim.into() });
        }
        let mut granted = ScopeSet::default();
        for source in &self.scopes {
            source.add_to(&mut granted, claims)?;
        }
        Ok(granted)
    }

    fn kept(&self, claims: &Map<String, Value>) -> Claims {
        let mut room = KEPT_VALUES_MAX;
        let keep = |path: &ClaimPath| {
            let claim = kept(path.find(claims)?)?;
            let values = if let Claim::Texts(texts) = &claim { texts.len() } else { 1 };
            room = room.checked_sub(values)?;
            Some((path.0.clone(), claim))
        };
        self.kept.iter().filter_map(keep).collect()
    }
}

impl ScopeSource {
    fn add_to(&self, granted: &mut ScopeSet, claims: &Map<String, Value>) -> Result<(), InvalidToken> {
        let wrong = || self.claim.wrong();
        match (self.form, self.claim.find(claims)) {
            (_, None) => {}
            (ScopeForm::Text, Some(value)) => {
                value.as_str().ok_or_else(wrong)?.split(' ').for_each(|value| self.add_value(granted, value));
            }
            (ScopeForm::List, Some(value)) => {
                for value in value.as_array().ok_or_else(wrong)? {
                    self.add_value(granted, value.as_str().ok_or_else(wrong)?);
                }
            }
        }
        Ok(())
    }

    /// A value that is no scope grants nothing, and is no reason to refuse the token: issuers write an empty text where there
    /// are no scopes, and names of roles that are not scopes beside others that are.
    fn add_value(&self, granted: &mut ScopeSet, value: &str) {
        match &self.values {
            Some(values) => granted.extend(values.get(value).into_iter().flat_map(ScopeSet::iter).cloned()),
            None => granted.extend(value.parse::<Scope>().ok()),
        }
    }
}

impl Default for ClaimRules {
    fn default() -> Self {
        let scope = ScopeSource { claim: ClaimPath::new("scope"), form: ScopeForm::Text, values: None };
        Self {
            subject: ClaimPath::new("sub"),
            client_id: vec![ClaimPath::new("client_id"), ClaimPath::new("azp")],
            scopes: vec![scope],
            kept: Vec::new(),
        }
    }
}

/// The claims in which one issuer or another writes scopes (RFC 9068 §2.2.3; Entra, Okta).
const SCOPE_CLAIMS: [&str; 2] = ["scope", "scp"];

/// How many values are kept of one token.
const KEPT_VALUES_MAX: usize = 64;

/// The longest text that is kept.
const KEPT_BYTES_MAX: usize = 1024;

/// A text that names somebody. It ends up in logs and in the environment of programs, where a line feed or a NUL would say
/// something else.
fn identifier<'c>(value: &'c Value, limits: &AuthLimits) -> Option<&'c str> {
    let text = value.as_str()?;
    let is_good = !text.is_empty() && text.len() <= limits.identifier_bytes_max && !text.contains(char::is_control);
    is_good.then_some(text)
}

fn kept(value: &Value) -> Option<Claim> {
    let text = |value: &Value| value.as_str().filter(|text| text.len() <= KEPT_BYTES_MAX).map(Into::into);
    match value {
        Value::String(_) => text(value).map(Claim::Text),
        Value::Number(number) => number.as_i64().map(Claim::Number),
        Value::Bool(value) => Some(Claim::Bool(*value)),
        Value::Array(values) => values.iter().map(text).collect::<Option<Box<_>>>().map(Claim::Texts),
        Value::Null | Value::Object(_) => None,
    }
}

/// A step of a JSON Pointer as the name that it stands for (RFC 6901 §4).
fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') { Cow::Owned(step.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(step) }
}

#[cfg(test)]
mod tests;
