//! What things are called in Redis.
//!
//! Every name is `<prefix>:<port>:` and a hash tag, so that what one script needs stands on one node of a Cluster: the cells
//! of an owner together, each log and each counter by itself. Nothing of a client's text is in a name.

use std::sync::Arc;

use outboard_store::{CellKey, CounterKey, LogKey};

/// Names keys.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: Arc<str>,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(crate) fn cell(&self, CellKey { owner, kind, id }: CellKey) -> String {
        format!("{}:cells:{{{}}}:{kind}:{id:032x}", self.prefix, hex(owner.as_bytes()))
    }

    /// The stream of a log, and the channel that wakes who waits for it.
    pub(crate) fn log(&self, LogKey { owner, kind, id }: LogKey) -> String {
        format!("{}:logs:{{{}:{id:032x}:{kind}}}", self.prefix, hex(owner.as_bytes()))
    }

    /// What a new connection tries to change, to see whether it may; it is never there.
    pub(crate) fn probe(&self) -> String {
        format!("{}:probe", self.prefix)
    }

    pub(crate) fn counter(&self, CounterKey { owner, kind, id }: CounterKey) -> String {
        format!("{}:counters:{{{}:{id:032x}:{kind}}}", self.prefix, hex(owner.as_bytes()))
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use outboard_store::OwnerDigest;

    use super::*;

    #[test]
    fn names_say_whose_and_what_and_which() {
        let names = Names::new("outboard");
        let owner = OwnerDigest::from_bytes([0xab; 32]);
        let tag = "ab".repeat(32);
        assert_eq!(
            names.cell(CellKey { owner, kind: "session", id: 0x1f }),
            format!("outboard:cells:{{{tag}}}:session:0000000000000000000000000000001f")
        );
        let log = LogKey { owner, kind: "bus", id: 0 };
        let expected = format!("outboard:logs:{{{tag}:00000000000000000000000000000000:bus}}");
        assert_eq!(names.log(log), expected);
        assert_eq!(
            names.counter(CounterKey { owner, kind: "initialize", id: 0 }),
            format!("outboard:counters:{{{tag}:00000000000000000000000000000000:initialize}}")
        );
    }
}
