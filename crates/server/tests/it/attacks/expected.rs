//! The answers of the catalogue's rules (§2.0), to the letter.

use serde_json::Value;

use super::asked::Answer;

/// What the servers protect: not where they listen, so that nothing can be made of the request.
pub(super) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// Where the challenges say that the metadata is.
pub(super) const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

/// What has to come of a request.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// 200 with a JSON-RPC result.
    Served,
    /// 200 with this JSON-RPC error.
    Failed(i64),
    /// 401 without an error: there was no token.
    Bare,
    /// 401 `invalid_token`.
    Invalid,
    /// 400 `invalid_request`.
    Malformed,
    /// 403 `insufficient_scope`, naming these.
    Scope(&'static str),
    /// 503: the token may be good.
    Unavailable,
    /// This status, and nothing of authentication. Where there is a code, the body is that JSON-RPC error.
    Plain(u16, Option<i64>),
}

impl Expected {
    /// What is wrong with the answer.
    pub(super) fn check(&self, answer: &Answer) -> Result<(), String> {
        let found = Found::of(answer);
        let wanted = self.found(&found);
        if found == wanted {
            Ok(())
        } else {
            Err(format!("not {wanted:?}\n but {found:?}\n body {:.300}", answer.body))
        }
    }

    fn found(&self, found: &Found) -> Found {
        let bare = || format!("Bearer resource_metadata=\"{METADATA}\", scope=\"mcp:read\"");
        let error = |code: &str, text: &str| {
            format!("Bearer error=\"{code}\", error_description=\"{text}\", resource_metadata=\"{METADATA}\"")
        };
        let refused = |status: u16, challenge: String, code: i64, message: &str| Found {
            status,
            challenge: Some(challenge),
            is_kept: false,
            retry_after: None,
            outcome: Outcome::Error { code, message: Some(message.to_owned()), has_id: false },
        };
        match self {
            Self::Bare => refused(401, bare(), 1401, "a bearer token is needed"),
            Self::Invalid => {
                let challenge = error("invalid_token", "the token is not valid, or no longer");
                refused(401, challenge, 1401, "the bearer token is not valid here")
            }
            Self::Malformed => {
                let text = "the request must carry exactly one token, in the Authorization header";
                let message = "send exactly one bearer token, in the Authorization header";
                refused(400, error("invalid_request", text), -32600, message)
            }
            Self::Scope(scopes) => {
                let text = "the token does not grant every scope that this needs";
                let challenge = format!(
                    "Bearer error=\"insufficient_scope\", scope=\"{scopes}\", resource_metadata=\"{METADATA}\", \
                     error_description=\"{text}\""
                );
                let outcome = Outcome::Error { code: 2403, message: None, has_id: true };
                Found { status: 403, challenge: Some(challenge), is_kept: false, retry_after: None, outcome }
            }
            Self::Unavailable => {
                let seconds = found.retry_after.filter(|seconds| (1..=60).contains(seconds));
                let message = Some("tokens cannot be verified now: try again later".to_owned());
                let outcome = Outcome::Error { code: 1503, message, has_id: false };
                Found { status: 503, challenge: None, is_kept: false, retry_after: seconds.or(Some(0)), outcome }
            }
            Self::Served => Found { status: 200, outcome: Outcome::Result, challenge: None, ..found.clone() },
            Self::Failed(code) => {
                let outcome = Outcome::Error { code: *code, message: None, has_id: true };
                Found { status: 200, outcome, challenge: None, ..found.clone() }
            }
            Self::Plain(status, None) => Found { status: *status, challenge: None, ..found.clone() },
            Self::Plain(status, Some(code)) => {
                let outcome = match &found.outcome {
                    Outcome::Error { has_id, .. } => Outcome::Error { code: *code, message: None, has_id: *has_id },
                    _ => Outcome::Error { code: *code, message: None, has_id: true },
                };
                Found { status: *status, challenge: None, outcome, ..found.clone() }
            }
        }
    }
}

/// The parts of an answer that the rules are about.
#[derive(Clone, Debug)]
struct Found {
    status: u16,
    challenge: Option<String>,
    /// Whether others may keep it.
    is_kept: bool,
    retry_after: Option<u64>,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
enum Outcome {
    Result,
    /// `message: None` is any.
    Error {
        code: i64,
        message: Option<String>,
        has_id: bool,
    },
    Other,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        let same_outcome = match (&self.outcome, &other.outcome) {
            (Outcome::Result, Outcome::Result) | (Outcome::Other, Outcome::Other) => true,
            (
                Outcome::Error { code, message, has_id },
                Outcome::Error { code: other_code, message: other_message, has_id: other_id },
            ) => {
                let same_message = message == other_message || message.is_none() || other_message.is_none();
                code == other_code && has_id == other_id && same_message
            }
            _ => false,
        };
        let parts = (self.status, &self.challenge, self.is_kept, self.retry_after);
        same_outcome && parts == (other.status, &other.challenge, other.is_kept, other.retry_after)
    }
}

impl Found {
    fn of(answer: &Answer) -> Self {
        let json = answer.json();
        let outcome = match (&json["result"], json["error"]["code"].as_i64()) {
            (_, Some(code)) => {
                let message = json["error"]["message"].as_str().map(str::to_owned);
                Outcome::Error { code, message, has_id: json.get("id").is_some() }
            }
            (Value::Null, None) => Outcome::Other,
            (_, None) => Outcome::Result,
        };
        Self {
            status: answer.status,
            challenge: answer.header("www-authenticate").map(str::to_owned),
            is_kept: answer.header("cache-control") != Some("no-store"),
            retry_after: answer.header("retry-after").and_then(|seconds| seconds.parse().ok()),
            outcome,
        }
    }
}
