//! How a piece of work ended.

use std::fmt;

/// How a piece of work ended, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// With the right answer.
    Ok,
    /// With a refusal that is documented for what was going on.
    Refused,
    /// With its connection, while a replica was being killed.
    Cut,
    /// With an answer that is not the right one, or a connection lost without a reason.
    Wrong,
    /// With something of another client, or with a success that only another principal may have.
    Foreign,
    /// Not, within the hard limit.
    Hung,
}

/// Why a piece of work did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{verdict}: {why}")]
pub struct Miss {
    /// Never [`Verdict::Ok`].
    pub verdict: Verdict,
    /// What was expected and what came, for whoever reads the report.
    pub why: String,
}

impl Verdict {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Refused, Self::Cut, Self::Wrong, Self::Foreign, Self::Hung];

    /// Those that are never right, whatever was going on.
    pub const FINDINGS: [Self; 3] = [Self::Wrong, Self::Foreign, Self::Hung];

    /// Whether it is never right.
    #[must_use]
    pub fn is_finding(self) -> bool {
        Self::FINDINGS.contains(&self)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ok => "ok",
            Self::Refused => "refused by contract",
            Self::Cut => "cut by the kill",
            Self::Wrong => "wrong",
            Self::Foreign => "foreign",
            Self::Hung => "hung",
        })
    }
}

impl Miss {
    /// Something that is not the right answer.
    pub fn wrong(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Wrong, why: why.into() }
    }

    /// Something that belongs to somebody else.
    pub fn foreign(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Foreign, why: why.into() }
    }

    /// A documented refusal.
    pub fn refused(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Refused, why: why.into() }
    }

    /// A lost connection that had a reason.
    pub fn cut(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Cut, why: why.into() }
    }

    /// Nothing, for longer than the hard limit.
    pub fn hung(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Hung, why: why.into() }
    }
}
