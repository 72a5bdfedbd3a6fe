//! Which era a request belongs to: decided once, at the edge, per request.

use crate::revision::Revision;

/// The two ways of speaking the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// 2026-07-28 and later: every request describes itself in `_meta` and in headers.
    Modern,
    /// Up to 2025-11-25: `initialize` opens a session that later requests name.
    Legacy,
}

/// What the `MCP-Protocol-Version` header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header<'a> {
    /// There is none.
    Absent,
    /// It names a revision that is served.
    Known(&'static Revision),
    /// It names something else.
    Unknown(&'a str),
}

impl<'a> Header<'a> {
    /// Reads the header's value against the revisions that are served.
    #[must_use]
    pub fn read(value: Option<&'a str>, served: &[&'static Revision]) -> Self {
        match value {
            None => Self::Absent,
            Some(name) => crate::revision::find(served, name).map_or(Self::Unknown(name), Self::Known),
        }
    }
}

/// How a request is to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraDecision<'a> {
    /// By the rules of a modern revision; its own header rules come next.
    Modern(&'static Revision),
    /// By modern rules, which refuse the revision that the header names.
    ModernUnknown(&'a str),
    /// By the rules of the session it names, or of this revision where it names none.
    Legacy(&'static Revision),
    /// Modern `_meta` under a legacy header, or under none: refused as a header mismatch (-32020).
    Mismatch,
}

/// Decides the era of a request.
///
/// `modern_meta` says whether `params._meta` is an object with the key `io.modelcontextprotocol/protocolVersion`; it is
/// `false` for requests without a body. `session` is the revision of the session that the request names and that could be
/// opened, if any.
#[must_use]
pub fn decide_era<'a>(header: Header<'a>, modern_meta: bool, session: Option<&'static Revision>) -> EraDecision<'a> {
    match (header, modern_meta) {
        (Header::Unknown(name), _) => EraDecision::ModernUnknown(name),
        (Header::Known(revision), _) if revision.era == Era::Modern => EraDecision::Modern(revision),
        (Header::Known(_) | Header::Absent, true) => EraDecision::Mismatch,
        // A session keeps the revision that it was opened with; another one in the header is served all the same, because
        // the header is only a SHOULD there.
        (Header::Known(revision), false) => EraDecision::Legacy(session.unwrap_or(revision)),
        (Header::Absent, false) => EraDecision::Legacy(session.unwrap_or_else(|| Revision::assumed())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::{SERVED, V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28};

    #[test]
    fn the_table_of_the_design() {
        use EraDecision::{Legacy, Mismatch, Modern, ModernUnknown};
        let cases: [(Option<&str>, bool, Option<&'static Revision>, EraDecision<'_>); 13] = [
            (Some("2026-07-28"), true, None, Modern(&V2026_07_28)),
            (Some("2026-07-28"), false, None, Modern(&V2026_07_28)),
            (Some("2026-07-28"), false, Some(&V2025_11_25), Modern(&V2026_07_28)),
            (Some("v999"), true, None, ModernUnknown("v999")),
            (Some("2024-11-05"), false, None, ModernUnknown("2024-11-05")),
            (Some("v999"), false, Some(&V2025_11_25), ModernUnknown("v999")),
            (Some("2025-11-25"), false, None, Legacy(&V2025_11_25)),
            (Some("2025-11-25"), false, Some(&V2025_06_18), Legacy(&V2025_06_18)),
            (Some("2025-11-25"), true, None, Mismatch),
            (Some("2025-06-18"), true, Some(&V2025_06_18), Mismatch),
            (None, true, None, Mismatch),
            (None, false, Some(&V2025_06_18), Legacy(&V2025_06_18)),
            (None, false, None, Legacy(&V2025_03_26)),
        ];
        for (header, meta, session, expected) in cases {
            let decision = decide_era(Header::read(header, SERVED), meta, session);
            assert_eq!(decision, expected, "header {header:?}, modern _meta {meta}, session {session:?}");
        }
    }

    #[test]
    fn a_new_revision_touches_the_table_of_revisions_alone() {
        static NEXT: Revision = Revision { name: "2027-03-15", ..V2026_07_28 };
        let served = [&NEXT, &V2026_07_28, &V2025_11_25];
        assert_eq!(decide_era(Header::read(Some("2027-03-15"), &served), true, None), EraDecision::Modern(&NEXT));
    }
}
