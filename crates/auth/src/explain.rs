//! Says of a token which checks it passes.

use outboard_identity::Principal;

use crate::{
    introspection::Introspector,
    issuer::{Issuer, KeyIssuer, NotVerified},
    jwt::{Check, CheckOutcome, Jwt},
    keys::KeysFault,
    refusal::InvalidToken,
};

/// What is to be said of a token, for the person who runs the server. The token itself is no part of it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What it was taken for.
    pub kind: ExplainedKind,
    /// What was looked at, in order.
    pub checks: Vec<ExplainedCheck>,
    /// Who brings it. `None`: it would be refused.
    pub principal: Option<Principal>,
}

/// What a token was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainedKind {
    /// A key of the config.
    ApiKey,
    /// A JWT of this issuer, verified by its keys.
    Jwt {
        /// The issuer, as the config names it.
        issuer: Box<str>,
    },
    /// A token about which this issuer is asked.
    Opaque {
        /// The issuer, as the config names it.
        issuer: Box<str>,
    },
    /// Nothing that anybody here could judge.
    Unknown,
}

/// Something that was to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedCheck {
    /// What.
    pub check: Check,
    /// What came of it.
    pub outcome: ExplainedOutcome,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainedOutcome {
    /// It is passed.
    Passed,
    /// It is not, for this reason.
    Failed(InvalidToken),
    /// It cannot be made now, for this reason, which names hosts.
    Unanswered {
        /// Why.
        reason: Box<str>,
    },
    /// It was not made, because another that comes first has failed.
    NotReached,
}

impl Explanation {
    pub(crate) fn api_key(principal: Principal) -> Self {
        Self { kind: ExplainedKind::ApiKey, checks: Vec::new(), principal: Some(principal) }
    }

    /// A token that cannot be read, or whose issuer is nobody.
    pub(crate) fn unread(fault: InvalidToken) -> Self {
        let mut steps = Steps::default();
        let is_read = matches!(&fault, InvalidToken::Issuer | InvalidToken::Claim { .. });
        if is_read {
            steps.add(Check::Form, ExplainedOutcome::Passed);
        }
        let failed = if is_read { Check::Issuer } else { Check::Form };
        steps.add(failed, ExplainedOutcome::Failed(fault));
        steps.unreached(&[Check::Issuer, Check::Signature]);
        steps.unreached(&OF_CLAIMS);
        Self { kind: ExplainedKind::Unknown, checks: steps.0, principal: None }
    }
}

/// Explains a JWT. What it says is looked at even if its signature is wrong: the person wants to see all at once.
///
/// # Cancel safety
///
/// Cancel safe.
pub(crate) async fn by_keys(issuer: &Issuer, keys: &KeyIssuer, jwt: &Jwt<'_>) -> Explanation {
    let mut steps = Steps::default();
    steps.add(Check::Form, ExplainedOutcome::Passed);
    steps.add(Check::Issuer, ExplainedOutcome::Passed);
    let verified = keys.verify(jwt).await;
    let has_key = verified.is_ok();
    let signature = match verified {
        Ok(_) => ExplainedOutcome::Passed,
        Err(NotVerified::Bad(fault)) => ExplainedOutcome::Failed(fault),
        Err(NotVerified::NoKeys(_)) => {
            ExplainedOutcome::Unanswered { reason: keys_reason(keys.keys.fault().as_deref()) }
        }
    };
    steps.add(Check::Signature, signature);
    let judging = keys.judging();
    for outcome in jwt.checks(&judging) {
        steps.note(outcome);
    }
    let principal = if has_key { jwt.judge(&judging).ok().map(|verified| verified.principal) } else { None };
    let kind = ExplainedKind::Jwt { issuer: issuer.config.issuer.clone() };
    Explanation { kind, checks: steps.0, principal }
}

/// Explains a token about which its issuer is asked.
///
/// # Cancel safety
///
/// Cancel safe.
pub(crate) async fn by_asking(issuer: &Issuer, introspector: &Introspector, token: &str) -> Explanation {
    let mut steps = Steps::default();
    steps.add(Check::Form, ExplainedOutcome::Passed);
    let principal = match introspector.explain(token).await {
        Ok((outcomes, principal)) => {
            for outcome in outcomes {
                steps.note(outcome);
            }
            principal
        }
        Err(fault) => {
            steps.add(Check::Active, ExplainedOutcome::Unanswered { reason: fault.to_string().into() });
            None
        }
    };
    steps.unreached(&[Check::Issuer]);
    steps.unreached(&OF_CLAIMS);
    let kind = ExplainedKind::Opaque { issuer: issuer.config.issuer.clone() };
    Explanation { kind, checks: steps.0, principal }
}

/// What is looked at in what a token says, whoever vouches for it.
const OF_CLAIMS: [Check; 10] = [
    Check::Type,
    Check::Audience,
    Check::Expiry,
    Check::NotBefore,
    Check::IssuedAt,
    Check::Lifetime,
    Check::Binding,
    Check::Subject,
    Check::Client,
    Check::Scopes,
];

/// Each check once.
#[derive(Default)]
struct Steps(Vec<ExplainedCheck>);

impl Steps {
    fn add(&mut self, check: Check, outcome: ExplainedOutcome) {
        if !self.0.iter().any(|made| made.check == check) {
            self.0.push(ExplainedCheck { check, outcome });
        }
    }

    fn note(&mut self, made: CheckOutcome) {
        let outcome = match made.outcome {
            Ok(()) => ExplainedOutcome::Passed,
            Err(fault) => ExplainedOutcome::Failed(fault),
        };
        self.add(made.check, outcome);
    }

    fn unreached(&mut self, checks: &[Check]) {
        for check in checks {
            self.add(*check, ExplainedOutcome::NotReached);
        }
    }
}

fn keys_reason(fault: Option<&KeysFault>) -> Box<str> {
    fault.map_or_else(|| "its keys are still being fetched".into(), |fault| fault.to_string().into())
}
