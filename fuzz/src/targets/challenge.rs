//! `WWW-Authenticate`: whatever the URL and the scopes are, a challenge reads back as what was to be said, or says less.
//!
//! The input is the URL of the metadata in its first line, and scopes behind that.

use outboard_auth::ScopeSet;
use outboard_auth::fuzzing::challenges;

use crate::input;

pub(super) fn run(data: &[u8]) {
    let (url, scopes) = input::first_line(data);
    let (url, scopes) = (input::text(url), input::text(scopes));
    let scopes = scopes.parse::<ScopeSet>().unwrap_or_default();
    for challenge in challenges(&url, &scopes) {
        let text = challenge.to_str().expect("a challenge is visible ASCII");
        let parameters = parameters(text).unwrap_or_else(|| unreachable!("this is no challenge: {text}"));
        let is_told = parameters.iter().any(|(name, _)| name == "resource_metadata");
        assert_eq!(is_told, url.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{url} in {text}");
        for (at, (name, value)) in parameters.iter().enumerate() {
            assert!(parameters.iter().take(at).all(|(other, _)| other != name), "{name} stands twice in {text}");
            match &**name {
                "resource_metadata" => assert_eq!(*value, url, "{text}"),
                "scope" => says(value, &scopes),
                // From nobody outside.
                "error" | "error_description" => {}
                _ => unreachable!("nobody has put {name} into {text}"),
            }
        }
    }
}

/// All scopes are told but one that a client never has to ask for.
fn says(value: &str, scopes: &ScopeSet) {
    let told: ScopeSet = value.parse().expect("scopes read back");
    let expected = scopes.iter().filter(|scope| scope.as_str() != "offline_access").cloned().collect();
    assert_eq!(told, expected);
}

/// The parameters of a challenge with values that are quoted strings (RFC 9110 §11.6.1), as they were before they were
/// written; `None` where it is none.
fn parameters(challenge: &str) -> Option<Vec<(String, String)>> {
    let mut rest = challenge.strip_prefix("Bearer")?;
    let mut found = Vec::new();
    let mut before = " ";
    while !rest.is_empty() {
        let (name, quoted) = rest.strip_prefix(before)?.split_once("=\"")?;
        let (value, behind) = unquoted(quoted)?;
        found.push((name.to_owned(), value));
        (rest, before) = (behind, ", ");
    }
    Some(found)
}

/// What stands in front of the closing quote, and what behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(rest.next()?),
            character => value.push(character),
        }
    }
}
