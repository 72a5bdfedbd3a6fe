//! What every call, question, event and resource carries, so that its owner can be told from what comes back.

use std::fmt;

/// Who began a piece of work. Written as `mk:PRINCIPAL:CLIENT:SEQUENCE.`, which may stand in a URI and in a request id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker {
    /// The principal's name: letters and digits.
    pub principal: String,
    /// The number of the client, over all principals.
    pub client: u32,
    /// The number of the work, counted by the client.
    pub sequence: u64,
}

impl Marker {
    /// All markers that stand in a text, in their order.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        text.split(BEGIN).skip(1).filter_map(|rest| Self::parse(rest.split_once(END)?.0)).collect()
    }

    /// The first marker in a text that belongs to another client, if there is one.
    #[must_use]
    pub fn foreign_in(&self, text: &str) -> Option<Self> {
        let is_mine = |other: &Self| other.principal == self.principal && other.client == self.client;
        Self::all_in(text).into_iter().find(|other| !is_mine(other))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (principal, client, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        let client = client.parse().ok()?;
        let sequence = sequence.parse().ok()?;
        parts.next().is_none().then(|| Self { principal: principal.to_owned(), client, sequence })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{BEGIN}{}:{}:{}{END}", self.principal, self.client, self.sequence)
    }
}

const BEGIN: &str = "mk:";

/// Ends a marker, so that none is the beginning of another.
const END: char = '.';

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(principal: &str, client: u32, sequence: u64) -> Marker {
        Marker { principal: principal.to_owned(), client, sequence }
    }

    #[test]
    fn markers_are_found_wherever_they_stand() {
        let (first, second) = (marker("alice", 3, 17), marker("bob", 12, 1));
        let text = format!("{{\"text\":\"{first} 1\",\"uri\":\"test://template/{second}/data\"}}");
        assert_eq!(Marker::all_in(&text), [first, second]);
        for broken in ["", "mk:", "mk:alice:3:17", "mk:alice:3.", "mk:alice:x:1.", "mk:alice:1:2:3."] {
            assert_eq!(Marker::all_in(broken), [], "{broken}");
        }
    }

    #[test]
    fn another_client_is_foreign_and_another_work_is_not() {
        let mine = marker("alice", 3, 17);
        let cases = [
            (mine.clone(), false),
            (marker("alice", 3, 1), false),
            (marker("alice", 31, 17), true),
            (marker("bob", 3, 17), true),
        ];
        for (other, is_foreign) in cases {
            assert_eq!(mine.foreign_in(&format!("{mine} and {other}")), is_foreign.then_some(other));
        }
    }
}
