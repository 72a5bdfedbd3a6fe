//! Writes `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1): what a client needs to come back with a better token.
//!
//! Nothing in it is from the request, and it does not say what is wrong with a token: who tries tokens would learn from it.

use http::HeaderValue;
use outboard_identity::{Denied, Scope, ScopeSet};

/// The challenges of one resource. What does not depend on the call is written once.
#[derive(Clone, Debug)]
pub(crate) struct Challenges {
    metadata_url: Box<str>,
    /// There was no token: no error, only where to get one.
    pub(crate) no_token: HeaderValue,
    /// The request was not one with exactly one token.
    pub(crate) invalid_request: HeaderValue,
    /// The token is not good.
    pub(crate) invalid_token: HeaderValue,
}

impl Challenges {
    /// The challenges of a resource whose metadata is at this URL; `initial_scopes` are what to ask for first.
    pub(crate) fn new(metadata_url: &str, initial_scopes: &ScopeSet) -> Self {
        let metadata = ("resource_metadata", metadata_url);
        let scopes = scope_parameter(initial_scopes);
        let no_token = [Some(metadata), scopes.as_deref().map(|scopes| ("scope", scopes))];
        let error =
            |code, description| [Some(("error", code)), Some(("error_description", description)), Some(metadata)];
        Self {
            metadata_url: metadata_url.into(),
            no_token: challenge(&no_token),
            invalid_request: challenge(&error("invalid_request", INVALID_REQUEST)),
            invalid_token: challenge(&error("invalid_token", INVALID_TOKEN)),
        }
    }

    /// The token is good and does not reach: names every scope that the call needs.
    pub(crate) fn insufficient_scope(&self, denied: &Denied) -> HeaderValue {
        let scopes = scope_parameter(denied.required());
        challenge(&[
            Some(("error", "insufficient_scope")),
            scopes.as_deref().map(|scopes| ("scope", scopes)),
            Some(("resource_metadata", &self.metadata_url)),
            Some(("error_description", INSUFFICIENT_SCOPE)),
        ])
    }
}

/// The scopes that a client is told of. `offline_access` is none of them: a refresh token is the client's business, and no
/// resource needs one (MCP *Authorization*, Refresh Tokens).
pub(crate) fn told(scopes: &ScopeSet) -> impl Iterator<Item = &Scope> {
    scopes.iter().filter(|scope| scope.as_str() != "offline_access")
}

/// The value of `scope`; `None` when there is nothing to tell, or so much that the header would not get through.
fn scope_parameter(scopes: &ScopeSet) -> Option<String> {
    let text = told(scopes).map(Scope::as_str).collect::<Vec<_>>().join(" ");
    (!text.is_empty() && text.len() <= SCOPE_BYTES_MAX).then_some(text)
}

/// A challenge with these parameters; one whose value cannot stand in a header is left out.
fn challenge(parameters: &[Option<(&str, &str)>]) -> HeaderValue {
    let written = parameters.iter().flatten().filter_map(|(name, value)| Some(format!("{name}={}", quoted(value)?)));
    let text = format!("Bearer {}", written.collect::<Vec<_>>().join(", "));
    HeaderValue::try_from(text.trim_ascii_end()).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// The value as a quoted string (RFC 9110 §5.6.4); `None` when it has characters that cannot stand in one, or that not
/// everybody reads alike.
fn quoted(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => return None,
        }
    }
    text.push('"');
    Some(text)
}

/// What a client is told that did not bring exactly one token.
pub(crate) const INVALID_REQUEST: &str = "the request must carry exactly one token, in the Authorization header";

/// What a client is told whose token is not good, whatever is wrong with it.
pub(crate) const INVALID_TOKEN: &str = "the token is not valid, or no longer";

/// What a client is told whose token does not grant what the call needs.
pub(crate) const INSUFFICIENT_SCOPE: &str = "the token does not grant every scope that this needs";

/// More than this, and the head of the answer may not fit into the buffer of a proxy: the smallest that are common have 4 KiB.
const SCOPE_BYTES_MAX: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use outboard_identity::Requirement;
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

    fn scopes(text: &str) -> ScopeSet {
        if text.is_empty() { ScopeSet::default() } else { text.parse().unwrap() }
    }

    fn denied(required: &str) -> Denied {
        Requirement::all_of(scopes(required)).check(&ScopeSet::default()).unwrap_err()
    }

    #[test]
    fn challenges_are_the_documented_ones() {
        let challenges = Challenges::new(URL, &scopes("notes:read notes:list"));
        let no_token = format!("Bearer resource_metadata=\"{URL}\", scope=\"notes:list notes:read\"");
        assert_eq!(challenges.no_token, no_token);
        let invalid = format!(
            "Bearer error=\"invalid_token\", error_description=\"the token is not valid, or no longer\", \
             resource_metadata=\"{URL}\""
        );
        assert_eq!(challenges.invalid_token, invalid);
        let malformed = format!(
            "Bearer error=\"invalid_request\", error_description=\"the request must carry exactly one token, in the \
             Authorization header\", resource_metadata=\"{URL}\""
        );
        assert_eq!(challenges.invalid_request, malformed);
    }

    #[test]
    fn row_80_one_challenge_names_every_scope_that_is_needed() {
        let expected = format!(
            "Bearer error=\"insufficient_scope\", scope=\"files:x mcp:write\", resource_metadata=\"{URL}\", \
             error_description=\"the token does not grant every scope that this needs\""
        );
        assert_eq!(Challenges::new(URL, &scopes("")).insufficient_scope(&denied("mcp:write files:x")), expected);
    }

    #[test]
    fn row_87_offline_access_is_never_asked_for() {
        let challenges = Challenges::new(URL, &scopes("a offline_access"));
        assert_eq!(challenges.no_token, format!("Bearer resource_metadata=\"{URL}\", scope=\"a\""));
        let alone = Challenges::new(URL, &scopes("offline_access"));
        assert_eq!(alone.no_token, format!("Bearer resource_metadata=\"{URL}\""));
        let answer = challenges.insufficient_scope(&denied("offline_access b"));
        assert!(answer.to_str().unwrap().contains("scope=\"b\""), "{answer:?}");
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_left_out() {
        for url in ["https://a.example/\r\nSet-Cookie: a", "https://a.example/\0", "https://a.example/é"] {
            let challenges = Challenges::new(url, &scopes("a"));
            assert_eq!(challenges.no_token, "Bearer scope=\"a\"", "{url:?}");
            assert_eq!(Challenges::new(url, &scopes("")).no_token, "Bearer", "{url:?}");
        }
        let long = Challenges::new(URL, &scopes("")).insufficient_scope(&denied(&"s".repeat(SCOPE_BYTES_MAX + 1)));
        let long = long.to_str().unwrap();
        assert!(!long.contains("sss") && long.contains("insufficient_scope"), "{long}");
    }

    /// Reads the parameters of a challenge as RFC 9110 §11.6.1 has them, and nothing looser.
    fn parameters(challenge: &str) -> Option<Vec<(String, String)>> {
        let mut rest = challenge.strip_prefix("Bearer ")?;
        let mut parameters = Vec::new();
        loop {
            let (name, after) = rest.split_once("=\"")?;
            let mut value = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                match characters.next()? {
                    (at, '"') => break at,
                    (_, '\\') => value.push(characters.next()?.1),
                    (_, character) => value.push(character),
                }
            };
            parameters.push((name.to_owned(), value));
            match &after[end + 1..] {
                "" => return Some(parameters),
                more => rest = more.strip_prefix(", ")?,
            }
        }
    }

    proptest! {
        #[test]
        fn row_91_any_url_and_any_scopes_give_a_challenge_that_reads_back(
            url in "[ -~]{1,80}",
            names in proptest::collection::vec("[!#-\\[\\]-~]{1,20}", 1..8),
        ) {
            let required = names.join(" ");
            let answer = Challenges::new(&url, &scopes("")).insufficient_scope(&denied(&required));
            let parameters = parameters(answer.to_str().unwrap());
            let expected = [
                ("error", "insufficient_scope"),
                ("scope", &scopes(&required).to_string()),
                ("resource_metadata", &url),
                ("error_description", INSUFFICIENT_SCOPE),
            ];
            prop_assert_eq!(parameters, Some(expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()));
        }

        #[test]
        fn no_text_at_all_breaks_out_of_its_quotes(url in any::<String>()) {
            let challenges = Challenges::new(&url, &scopes("a"));
            let parameters = parameters(challenges.no_token.to_str().unwrap()).unwrap();
            let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert!(names == ["resource_metadata", "scope"] || names == ["scope"], "{:?}", names);
        }
    }
}
