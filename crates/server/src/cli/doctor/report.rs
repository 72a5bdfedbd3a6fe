//! What is said of a token, for people and for programs.

use std::fmt::Write as _;

use outboard_auth::{Check, ExplainedCheck, ExplainedKind, ExplainedOutcome, Explanation, GrantedScopes, Principal};
use serde::Serialize;

/// One line for each check, then the verdict.
pub(super) fn text(explanation: &Explanation, resource: &str) -> String {
    let mut text = format!("{}, judged for {resource}\n", kind(&explanation.kind));
    for ExplainedCheck { check, outcome } in &explanation.checks {
        let (word, reason) = said(outcome);
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {word:<8} {}{reason}", what(*check));
    }
    match &explanation.principal {
        Some(principal) => text.push_str(&format!("accepted: {}\n", who(principal))),
        None => text.push_str("refused\n"),
    }
    text
}

/// The same as one JSON object.
pub(super) fn json(explanation: &Explanation, resource: &str) -> String {
    let checks = explanation.checks.iter().map(|ExplainedCheck { check, outcome }| {
        let (outcome, reason) = said(outcome);
        CheckReport { check: what(*check), outcome, reason }
    });
    let report = Report {
        kind: kind(&explanation.kind),
        resource,
        accepted: explanation.principal.is_some(),
        checks: checks.collect(),
        principal: explanation.principal.as_ref().map(|principal| PrincipalReport {
            issuer: principal.owner().subject_key().issuer(),
            subject: principal.owner().subject_key().subject(),
            client_id: principal.owner().client_id(),
            scope: granted(principal),
        }),
    };
    serde_json::to_string(&report).expect("texts and lists of texts can be written as JSON") + "\n"
}

#[derive(Serialize)]
struct Report<'a> {
    kind: String,
    resource: &'a str,
    accepted: bool,
    checks: Vec<CheckReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<PrincipalReport<'a>>,
}

#[derive(Serialize)]
struct CheckReport {
    check: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct PrincipalReport<'a> {
    issuer: &'a str,
    subject: &'a str,
    client_id: &'a str,
    scope: String,
}

fn kind(kind: &ExplainedKind) -> String {
    match kind {
        ExplainedKind::ApiKey => "an API key of the config".to_owned(),
        ExplainedKind::Jwt { issuer } => format!("a JWT of {issuer}"),
        ExplainedKind::Opaque { issuer } => format!("an opaque token, about which {issuer} is asked"),
        ExplainedKind::Unknown => "a token of nobody whose tokens are accepted".to_owned(),
    }
}

/// The word for an outcome, and its reason.
fn said(outcome: &ExplainedOutcome) -> (&'static str, Option<String>) {
    match outcome {
        ExplainedOutcome::Passed => ("ok", None),
        ExplainedOutcome::Failed(fault) => ("FAILED", Some(fault.to_string())),
        ExplainedOutcome::Unanswered { reason } => ("unknown", Some(reason.to_string())),
        ExplainedOutcome::NotReached => ("-", None),
    }
}

const fn what(check: Check) -> &'static str {
    match check {
        Check::Form => "form",
        Check::Issuer => "issuer (iss)",
        Check::Active => "active, as its issuer says",
        Check::Signature => "signature",
        Check::Type => "access token (typ)",
        Check::Audience => "audience (aud)",
        Check::Expiry => "expiry (exp)",
        Check::NotBefore => "not before (nbf)",
        Check::IssuedAt => "issued at (iat)",
        Check::Lifetime => "lifetime",
        Check::Binding => "not bound (cnf)",
        Check::Subject => "subject",
        Check::Client => "client",
        Check::Scopes => "scopes",
    }
}

fn who(principal: &Principal) -> String {
    let owner = principal.owner();
    let client = if owner.client_id().is_empty() { String::new() } else { format!(" through {:?}", owner.client_id()) };
    let scopes = granted(principal);
    let scopes = if scopes.is_empty() { "no scopes".to_owned() } else { format!("scopes: {scopes}") };
    format!("{:?} of {}{client}, {scopes}", owner.subject_key().subject(), owner.subject_key().issuer())
}

fn granted(principal: &Principal) -> String {
    match principal.granted() {
        GrantedScopes::All => "all".to_owned(),
        GrantedScopes::Only(scopes) => scopes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use outboard_auth::InvalidToken;

    use super::*;

    fn explanation(principal: Option<Principal>) -> Explanation {
        let outcome = |refused: bool| {
            if refused { ExplainedOutcome::Failed(InvalidToken::Audience) } else { ExplainedOutcome::Passed }
        };
        let check = |check, outcome| ExplainedCheck { check, outcome };
        let checks = vec![
            check(Check::Form, ExplainedOutcome::Passed),
            check(Check::Audience, outcome(principal.is_none())),
            check(Check::Expiry, ExplainedOutcome::NotReached),
        ];
        Explanation { kind: ExplainedKind::Jwt { issuer: "https://i.example".into() }, checks, principal }
    }

    fn alice() -> Principal {
        let granted = GrantedScopes::Only("b a".parse().unwrap());
        Principal::verified("https://i.example", "alice", "editor", granted)
    }

    #[test]
    fn people_are_told_check_by_check_and_then_the_verdict() {
        assert_eq!(
            text(&explanation(None), "https://r.example/mcp"),
            "a JWT of https://i.example, judged for https://r.example/mcp\n  ok       form\n  FAILED   audience (aud): the \
             token is not meant for this resource\n  -        expiry (exp)\nrefused\n"
        );
        let accepted = text(&explanation(Some(alice())), "r");
        assert!(
            accepted.ends_with("accepted: \"alice\" of https://i.example through \"editor\", scopes: a b\n"),
            "{accepted}"
        );
    }

    #[test]
    fn programs_are_told_the_same() {
        let report: serde_json::Value = serde_json::from_str(&json(&explanation(None), "r")).unwrap();
        assert_eq!((&report["accepted"], &report["checks"][1]["outcome"]), (&false.into(), &"FAILED".into()));
        let report: serde_json::Value = serde_json::from_str(&json(&explanation(Some(alice())), "r")).unwrap();
        assert_eq!((&report["principal"]["subject"], &report["principal"]["scope"]), (&"alice".into(), &"a b".into()));
    }
}
