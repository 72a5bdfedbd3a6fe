//! The revisions of the protocol, and all that differs between them, as data.
//!
//! This table is the one place that a new revision touches: everything else asks a [`Revision`] for what it needs to know
//! and compares no dates.

use crate::era::Era;
use crate::error::code;

/// One revision of the protocol: its name and what is particular about its words.
#[derive(Debug, PartialEq, Eq)]
pub struct Revision {
    /// The name on the wire, for example `2025-11-25`.
    pub name: &'static str,
    /// Whether requests describe themselves, or belong to a session.
    pub era: Era,
    /// Whether every result has a `resultType`, and names the server in `_meta`.
    pub result_type: bool,
    /// Whether lists carry `ttlMs` and `cacheScope`.
    pub cache_hints: bool,
    /// What `structuredContent` may be.
    pub structured_content: StructuredContent,
    /// Whether `resource_link` is a kind of content.
    pub resource_links: bool,
    /// Whether tools and servers have a `title`, and tools an `outputSchema`.
    pub titles: bool,
    /// Whether tools and servers have `icons`.
    pub icons: bool,
    /// The code of the error that says that there is no such resource.
    pub resource_not_found: i64,
    /// What an elicitation may be.
    pub elicitation: Elicitation,
    /// Whether capabilities have `extensions`.
    pub extensions: bool,
    /// Whether one body may carry several messages.
    pub batches: bool,
    /// Whether a stream may begin with an event that has an id and no data, so that its connection may end early. Earlier
    /// clients parse the data of every event as JSON.
    pub priming_events: bool,
}

/// What a revision lets an elicitation be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elicitation {
    /// The revision does not know it.
    Unknown,
    /// A form.
    Form,
    /// A form, or a URL under an `elicitationId`.
    FormAndUrlWithId,
    /// A form or a URL.
    FormAndUrl,
}

/// What a revision lets `structuredContent` be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructuredContent {
    /// The revision does not know it.
    Unknown,
    /// An object.
    Object,
    /// Any JSON value.
    AnyValue,
}

impl StructuredContent {
    /// Whether a value may stand there.
    #[must_use]
    pub const fn admits(self, is_object: bool) -> bool {
        match self {
            Self::Unknown => false,
            Self::Object => is_object,
            Self::AnyValue => true,
        }
    }
}

/// 2024-11-05: spoken towards stdio children only.
pub static V2024_11_05: Revision = Revision {
    name: "2024-11-05",
    era: Era::Legacy,
    result_type: false,
    cache_hints: false,
    structured_content: StructuredContent::Unknown,
    resource_links: false,
    titles: false,
    icons: false,
    resource_not_found: code::RESOURCE_NOT_FOUND,
    elicitation: Elicitation::Unknown,
    extensions: false,
    batches: false,
    priming_events: false,
};

/// 2025-03-26: the first with Streamable HTTP; the last with batches.
pub static V2025_03_26: Revision = Revision { name: "2025-03-26", batches: true, ..V2024_11_05 };

/// 2025-06-18: structured content, titles, resource links, elicitation.
pub static V2025_06_18: Revision = Revision {
    name: "2025-06-18",
    structured_content: StructuredContent::Object,
    resource_links: true,
    titles: true,
    elicitation: Elicitation::Form,
    batches: false,
    ..V2025_03_26
};

/// 2025-11-25: icons, URL elicitation, priming events; the last with sessions.
pub static V2025_11_25: Revision = Revision {
    name: "2025-11-25",
    icons: true,
    elicitation: Elicitation::FormAndUrlWithId,
    priming_events: true,
    ..V2025_06_18
};

/// 2026-07-28: the first without sessions.
pub static V2026_07_28: Revision = Revision {
    name: "2026-07-28",
    era: Era::Modern,
    result_type: true,
    cache_hints: true,
    structured_content: StructuredContent::AnyValue,
    resource_not_found: code::INVALID_PARAMS,
    elicitation: Elicitation::FormAndUrl,
    extensions: true,
    priming_events: false,
    ..V2025_11_25
};

/// What is spoken over Streamable HTTP, newest first: the order in which it is offered.
pub static SERVED: &[&Revision] = &[&V2026_07_28, &V2025_11_25, &V2025_06_18, &V2025_03_26];

/// What is spoken towards stdio children, newest first.
pub static SPOKEN_TO_CHILDREN: &[&Revision] = &[&V2026_07_28, &V2025_11_25, &V2025_06_18, &V2025_03_26, &V2024_11_05];

impl Revision {
    /// Finds a revision by its name among those that are served over HTTP.
    #[must_use]
    pub fn served(name: &str) -> Option<&'static Self> {
        find(SERVED, name)
    }

    /// The newest revision of an era that is served.
    #[must_use]
    pub fn newest(era: Era) -> &'static Self {
        match era {
            Era::Modern => &V2026_07_28,
            Era::Legacy => &V2025_11_25,
        }
    }

    /// What a legacy client that sends neither a header nor a session is taken to speak (specification: *Protocol Version
    /// Header*).
    #[must_use]
    pub fn assumed() -> &'static Self {
        &V2025_03_26
    }

    /// Answers the revision that a legacy `initialize` asks for: the same one where it is a served legacy revision, else
    /// the newest legacy one (2025-11-25 lifecycle: *Version Negotiation*).
    #[must_use]
    pub fn negotiate(asked: &str) -> &'static Self {
        match Self::served(asked) {
            Some(revision) if revision.era == Era::Legacy => revision,
            _ => Self::newest(Era::Legacy),
        }
    }
}

/// Finds a revision by its name in `known`.
#[must_use]
pub fn find(known: &[&'static Revision], name: &str) -> Option<&'static Revision> {
    known.iter().copied().find(|revision| revision.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initialize_is_answered_with_a_legacy_revision_always() {
        let cases = [
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
            ("2024-11-05", "2025-11-25"),
            ("1.0", "2025-11-25"),
        ];
        for (asked, answered) in cases {
            assert_eq!(Revision::negotiate(asked).name, answered, "{asked}");
        }
    }
}
