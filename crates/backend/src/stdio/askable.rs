//! What a legacy child may ask for: what it is told at the start, and what it is answered to without a caller.

use outboard_protocol::RawJson;
use outboard_protocol::types::{ClientCapabilities, ListRootsResult};
use serde_json::{Map, Value, json};

use super::config::{Isolation, StdioConfig};

/// What a legacy child may ask for. The default is nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Askable {
    /// Callers: their users and their models.
    pub(super) callers: bool,
    /// The answer to `roots/list`.
    pub(super) roots: Option<RawJson>,
}

impl Askable {
    /// A shared child is offered nothing: it would be one caller's, and the next one's calls would run with it.
    pub(super) fn of(config: &StdioConfig) -> Self {
        if config.isolation == Isolation::Shared {
            return Self::default();
        }
        let roots =
            (!config.roots.is_empty()).then(|| RawJson::of(&ListRootsResult { roots: config.roots.clone() }).ok());
        Self { callers: true, roots: roots.flatten() }
    }

    /// The same as `ClientCapabilities` of the specification.
    pub(super) fn capabilities(&self) -> Value {
        let mut capabilities = Map::new();
        if self.callers {
            capabilities.insert("elicitation".to_owned(), json!({ "form": {}, "url": {} }));
            // Tools for the model are left out: few clients have them, and the child would be refused by all others.
            capabilities.insert("sampling".to_owned(), json!({}));
        }
        if self.roots.is_some() {
            capabilities.insert("roots".to_owned(), json!({}));
        }
        Value::Object(capabilities)
    }
}

/// Whether a client declared all of this.
pub(super) const fn declares(declared: ClientCapabilities, required: ClientCapabilities) -> bool {
    declared.bits() & required.bits() == required.bits()
}

#[cfg(test)]
mod tests {
    use outboard_protocol::types::Root;

    use super::*;

    #[test]
    fn a_child_is_offered_callers_unless_it_is_shared_and_roots_only_where_they_are_configured() {
        let asks = json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {} });
        let with_roots = json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} });
        let cases = [
            (Isolation::PerPrincipal, false, asks),
            (Isolation::PerPrincipal, true, with_roots),
            (Isolation::Shared, false, json!({})),
            (Isolation::Shared, true, json!({})),
        ];
        for (isolation, has_roots, expected) in cases {
            let root = Root { uri: "file:///srv".to_owned(), name: None };
            let roots = if has_roots { vec![root] } else { Vec::new() };
            let config = StdioConfig { isolation, roots, ..StdioConfig::new("a", "b") };
            assert_eq!(Askable::of(&config).capabilities(), expected, "{isolation:?} {has_roots}");
        }
    }
}
