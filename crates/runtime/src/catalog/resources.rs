//! The resources of a catalog: those that are listed, templates of others, and providers that read what they never listed.

mod collect;

use std::collections::HashMap;
use std::sync::Arc;

use outboard_identity::Requirement;
use outboard_protocol::types::{Resource, ResourceTemplate};
use outboard_protocol::uri_template::{URI_BYTES_MAX, UriTemplate};

use super::permitted::Permitted;
use super::source::Place;
use crate::access::{Policy, UriRules, is_canonical};
use crate::provider::SharedHandler;

/// All resources.
#[derive(Debug)]
pub(crate) struct Resources {
    by_uri: HashMap<Box<str>, Listed>,
    /// In the order in which they are asked: those of one provider beside each other, the most specific first.
    templates: Vec<Template>,
    /// Who reads what is neither listed nor matched, and its place.
    unlisted: Option<Unlisted>,
    /// What all rules for resources require together; `None` where no rule speaks of them.
    rules: Option<Requirement>,
    pub(crate) listed: Permitted<Resource>,
    pub(crate) listed_templates: Permitted<ResourceTemplate>,
}

/// A resource that is listed.
#[derive(Debug)]
struct Listed {
    place: Place,
    handler: SharedHandler,
    policy: Option<Arc<Policy>>,
}

/// A template that is listed.
#[derive(Debug)]
struct Template {
    place: Place,
    template: UriTemplate,
    handler: SharedHandler,
    completer: Option<SharedHandler>,
    /// What is required of who reads anything by it.
    policy: Option<Arc<Policy>>,
    /// What else the URI that is read requires.
    by_uri: UriRules,
}

/// Who reads what is neither listed nor matched.
#[derive(Debug)]
struct Unlisted {
    place: Place,
    handler: SharedHandler,
    policy: Option<Arc<Policy>>,
    by_uri: UriRules,
}

/// Who suggests values for the variables of a template, if anybody does.
#[derive(Debug)]
pub(crate) struct FoundCompleter {
    pub(crate) handler: Option<SharedHandler>,
    pub(crate) policy: Option<Arc<Policy>>,
}

/// Who reads a resource.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    place: Place,
    pub(crate) handler: &'a SharedHandler,
    /// Its URI or template as the catalog has it; `None` where the catalog has none.
    pub(crate) known_as: Option<&'a str>,
    /// What is required of who reads it; `None` where nothing is.
    pub(crate) policy: Option<Arc<Policy>>,
}

impl Resources {
    /// Who reads the resource with this URI.
    pub(crate) fn find<'a>(&'a self, uri: &str) -> Option<Found<'a>> {
        if let Some((uri, Listed { place, handler, policy })) = self.by_uri.get_key_value(uri) {
            return Some(Found { place: *place, handler, known_as: Some(uri), policy: policy.clone() });
        }
        if uri.is_empty() || uri.len() > URI_BYTES_MAX || !self.is_judged(uri) {
            return None;
        }
        if let Some(Template { place, template, handler, .. }) = self.matching(uri) {
            let policy = self.policy_of(*place, uri);
            return Some(Found { place: *place, handler, known_as: Some(template.as_str()), policy });
        }
        let Unlisted { place, handler, policy, by_uri } = self.unlisted.as_ref()?;
        let policy = Policy::and(policy.as_ref(), by_uri.requirement(uri));
        Some(Found { place: *place, handler, known_as: None, policy })
    }

    /// What reading the resource with this URI requires; `None` where nothing is, and where there is no such resource.
    pub(crate) fn requirement(&self, uri: &str) -> Option<Requirement> {
        if !self.by_uri.contains_key(uri) && !self.is_judged(uri) {
            // It could be another spelling of anything.
            return self.rules.clone();
        }
        Some(self.find(uri)?.policy?.fixed().clone())
    }

    /// Which provider has the resource with this URI, if one does.
    pub(crate) fn place(&self, uri: &str) -> Place {
        self.find(uri).and_then(|found| found.place)
    }

    /// Who suggests values for the variables of a template, which is named by itself or by a URI; `None` when there is no such
    /// template or resource.
    pub(crate) fn completer(&self, reference: &str) -> Option<FoundCompleter> {
        let by_itself = self.templates.iter().find(|template| template.template.as_str() == reference);
        if let Some(template) = by_itself.or_else(|| self.matching(reference)) {
            let policy = Policy::and(template.policy.as_ref(), template.by_uri.requirement(reference));
            return Some(FoundCompleter { handler: template.completer.clone(), policy });
        }
        let listed = self.by_uri.get(reference)?;
        Some(FoundCompleter { handler: None, policy: listed.policy.clone() })
    }

    /// Whether the rules can tell what this URI names: where they speak of resources, it must have no other spelling.
    fn is_judged(&self, uri: &str) -> bool {
        self.rules.is_none() || is_canonical(uri)
    }

    /// What all templates of one provider that could be meant require together: which of them it takes is its own business.
    fn policy_of(&self, place: Place, uri: &str) -> Option<Arc<Policy>> {
        let of_place = self.templates.iter().filter(|other| other.place == place);
        // The program's own templates are told apart here, so the first one is meant.
        let meant = of_place.filter(|other| other.template.overlaps_uri(uri)).take(if place.is_none() {
            1
        } else {
            usize::MAX
        });
        meant.fold(None, |all, template| {
            let own = template.policy.as_ref().map(|policy| policy.fixed().clone()).unwrap_or_default();
            Policy::and(all.as_ref(), own.and(template.by_uri.requirement(uri)))
        })
    }

    fn matching(&self, uri: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.template.overlaps_uri(uri))
    }
}
