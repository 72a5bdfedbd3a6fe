//! Whose a child's question or log line is. It names no call, so only what else is in flight can tell.
//!
//! A function of its inputs, and the one place that decides.

use outboard_identity::Owner;
use thiserror::Error;

/// A call that the child is at work on.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight<'a> {
    /// Our number for it: a later one is higher.
    pub(super) id: i64,
    /// Whose it is.
    pub(super) owner: &'a Owner,
    /// Whether its caller takes this question, or this log line.
    pub(super) takes: Takes,
}

/// Whether a caller takes what the child says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// It does: its client has declared the capability, or wants log lines of that level.
    Yes,
    /// Its client could, but in a way that is not there for lifted calls.
    NotThisWay,
    /// It does not.
    No,
}

/// Why something that a child says goes to no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Nobody {
    /// There is no call in flight.
    #[error("no call is in flight that this could belong to")]
    NoCall,
    /// It could be either's.
    #[error("calls of several callers are in flight, and this names none of them")]
    SeveralOwners,
    /// The caller cannot be reached that way.
    #[error("the caller's revision of the protocol has no way yet to be asked through this server")]
    NotThisWay,
    /// The caller cannot be asked.
    #[error("the caller's client does not offer this")]
    NotTaken,
}

/// Finds the call that something belongs to which names none: the only one, or, where all have one owner, the first whose
/// caller takes it.
pub(super) fn attribute<'a>(calls: impl IntoIterator<Item = InFlight<'a>>) -> Result<i64, Nobody> {
    let mut owner = None;
    let mut found: Option<i64> = None;
    let mut other_way = false;
    for call in calls {
        if *owner.get_or_insert(call.owner) != call.owner {
            return Err(Nobody::SeveralOwners);
        }
        match call.takes {
            Takes::Yes => found = Some(found.map_or(call.id, |id| id.min(call.id))),
            Takes::NotThisWay => other_way = true,
            Takes::No => {}
        }
    }
    match (owner, found) {
        (None, _) => Err(Nobody::NoCall),
        (Some(_), Some(id)) => Ok(id),
        (Some(_), None) if other_way => Err(Nobody::NotThisWay),
        (Some(_), None) => Err(Nobody::NotTaken),
    }
}

#[cfg(test)]
mod tests {
    use outboard_identity::{GrantedScopes, Principal};

    use super::Takes::{No, NotThisWay, Yes};
    use super::*;

    #[test]
    fn what_names_no_call_goes_to_a_caller_only_if_it_can_be_no_others() {
        // Owners `a`, `b`, and `c`: the subject of `a` through another client, which is somebody else.
        let owner = |name: char| {
            let (subject, client) = if name == 'c' { ("a", "other") } else { (name_of(name), "client") };
            Principal::verified("https://issuer.example", subject, client, GrantedScopes::All).owner().clone()
        };
        type Case = (&'static [(i64, char, Takes)], Result<i64, Nobody>);
        let cases: [Case; 15] = [
            (&[], Err(Nobody::NoCall)),
            (&[(7, 'a', Yes)], Ok(7)),
            (&[(7, 'a', No)], Err(Nobody::NotTaken)),
            (&[(7, 'a', NotThisWay)], Err(Nobody::NotThisWay)),
            (&[(7, 'a', Yes), (8, 'a', Yes)], Ok(7)),
            (&[(8, 'a', Yes), (7, 'a', Yes)], Ok(7)),
            (&[(7, 'a', No), (8, 'a', Yes)], Ok(8)),
            (&[(7, 'a', No), (8, 'a', No)], Err(Nobody::NotTaken)),
            (&[(7, 'a', NotThisWay), (8, 'a', Yes), (9, 'a', No)], Ok(8)),
            (&[(7, 'a', NotThisWay), (9, 'a', No)], Err(Nobody::NotThisWay)),
            (&[(7, 'a', Yes), (8, 'b', Yes)], Err(Nobody::SeveralOwners)),
            (&[(7, 'a', Yes), (8, 'b', No)], Err(Nobody::SeveralOwners)),
            (&[(7, 'a', No), (8, 'b', No)], Err(Nobody::SeveralOwners)),
            (&[(7, 'a', Yes), (8, 'a', No), (9, 'b', NotThisWay)], Err(Nobody::SeveralOwners)),
            (&[(7, 'a', Yes), (8, 'c', No)], Err(Nobody::SeveralOwners)),
        ];
        for (calls, expected) in cases {
            let owners: Vec<Owner> = calls.iter().map(|(_, name, _)| owner(*name)).collect();
            let in_flight =
                calls.iter().zip(&owners).map(|((id, _, takes), owner)| InFlight { id: *id, owner, takes: *takes });
            assert_eq!(attribute(in_flight), expected, "{calls:?}");
        }
    }

    const fn name_of(name: char) -> &'static str {
        if name == 'a' { "a" } else { "b" }
    }
}
