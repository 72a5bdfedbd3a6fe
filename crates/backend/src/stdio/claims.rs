//! What a child is told of a caller: the claims that its config names, and no other.

use outboard_identity::{Claim, GrantedScopes, Principal};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// What is known of every caller, by the names that claims have for it (RFC 7519 §4.1, RFC 8693 §4.2 and §4.3).
const INHERENT: [&str; 4] = [ISSUER, SUBJECT, CLIENT, SCOPE];

const ISSUER: &str = "iss";
const SUBJECT: &str = "sub";
const CLIENT: &str = "client_id";
const SCOPE: &str = "scope";

/// Whether a claim of this name is known of every caller, so that nobody has to keep it of a token: `iss`, `sub`, `client_id`
/// or `scope`. They say who the caller is to us, whatever claims of a token that came from.
#[must_use]
pub fn is_inherent(claim: &str) -> bool {
    INHERENT.contains(&claim)
}

/// These claims of a caller, as an object. What is not known of it is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimsOf<'a> {
    pub(super) names: &'a [String],
    pub(super) principal: &'a Principal,
}

impl Serialize for ClaimsOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { names, principal } = self;
        let owner = principal.owner();
        let mut out = serializer.serialize_map(None)?;
        for (place, name) in names.iter().enumerate() {
            if names.iter().take(place).any(|before| before == name) {
                continue;
            }
            match name.as_str() {
                ISSUER => out.serialize_entry(name, owner.subject_key().issuer())?,
                SUBJECT => out.serialize_entry(name, owner.subject_key().subject())?,
                CLIENT if owner.client_id().is_empty() => {}
                CLIENT => out.serialize_entry(name, owner.client_id())?,
                SCOPE => match principal.granted() {
                    // There is no text for every scope that there is.
                    GrantedScopes::All => {}
                    GrantedScopes::Only(scopes) => out.serialize_entry(name, &scopes.to_string())?,
                },
                _ => match principal.claims().named(name) {
                    None => {}
                    Some(Claim::Text(text)) => out.serialize_entry(name, text)?,
                    Some(Claim::Number(number)) => out.serialize_entry(name, number)?,
                    Some(Claim::Bool(is_so)) => out.serialize_entry(name, is_so)?,
                    Some(Claim::Texts(texts)) => out.serialize_entry(name, texts)?,
                },
            }
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use outboard_identity::Claims;

    use super::*;

    fn told(names: &[&str], principal: &Principal) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        serde_json::to_string(&ClaimsOf { names: &names, principal }).unwrap()
    }

    #[test]
    fn a_child_is_told_what_its_config_names_and_nothing_else() {
        let claims: Claims = [
            ("email".into(), Claim::Text("a@example.com".into())),
            ("level".into(), Claim::Number(-3)),
            ("verified".into(), Claim::Bool(true)),
            ("/realm/roles".into(), Claim::Texts(["a".into(), "b\"".into()].into())),
            // What the issuer calls so is not what the principal is.
            ("sub".into(), Claim::Text("somebody else".into())),
        ]
        .into_iter()
        .collect();
        let granted = GrantedScopes::Only("b a".parse().unwrap());
        let alice = Principal::verified("https://issuer.example", "alice", "editor", granted).with_claims(claims);
        let cases: [(&[&str], &str); 8] = [
            (&[], "{}"),
            (&["sub"], r#"{"sub":"alice"}"#),
            (&["iss", "client_id"], r#"{"iss":"https://issuer.example","client_id":"editor"}"#),
            (&["scope"], r#"{"scope":"a b"}"#),
            (&["email", "level", "verified"], r#"{"email":"a@example.com","level":-3,"verified":true}"#),
            (&["/realm/roles"], r#"{"/realm/roles":["a","b\""]}"#),
            (&["phone", "sub"], r#"{"sub":"alice"}"#),
            (&["sub", "email", "sub"], r#"{"sub":"alice","email":"a@example.com"}"#),
        ];
        for (names, expected) in cases {
            assert_eq!(told(names, &alice), expected, "{names:?}");
        }
    }

    #[test]
    fn what_is_not_known_of_a_caller_is_left_out() {
        let all = ["iss", "sub", "client_id", "scope", "email"];
        assert_eq!(told(&all, &Principal::local()), r#"{"iss":"urn:outboard:local","sub":"local"}"#);
        for name in all {
            assert_eq!(is_inherent(name), name != "email", "{name}");
        }
    }
}
