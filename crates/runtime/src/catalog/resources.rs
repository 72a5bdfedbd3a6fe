//! The resources of a catalog: those that are listed, templates of others, and providers that read what they never listed.

mod collect;

use std::collections::HashMap;

use outboard_protocol::types::{Resource, ResourceTemplate};
use outboard_protocol::uri_template::{URI_BYTES_MAX, UriTemplate};

use super::pages::Pages;
use super::source::Place;
use crate::provider::SharedHandler;

/// All resources.
#[derive(Debug)]
pub(crate) struct Resources {
    by_uri: HashMap<Box<str>, Listed>,
    /// In the order in which they are asked: those of one provider beside each other, the most specific first.
    templates: Vec<Template>,
    /// Who reads what is neither listed nor matched, and its place.
    unlisted: Option<(Place, SharedHandler)>,
    pub(crate) listed: Pages<Resource>,
    pub(crate) listed_templates: Pages<ResourceTemplate>,
}

/// A resource that is listed.
#[derive(Debug)]
struct Listed {
    place: Place,
    handler: SharedHandler,
}

/// A template that is listed.
#[derive(Debug)]
struct Template {
    place: Place,
    template: UriTemplate,
    handler: SharedHandler,
    completer: Option<SharedHandler>,
}

/// Who reads a resource.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    place: Place,
    pub(crate) handler: &'a SharedHandler,
    /// Its URI or template as the catalog has it; `None` where the catalog has none.
    pub(crate) known_as: Option<&'a str>,
}

impl Resources {
    /// Who reads the resource with this URI.
    pub(crate) fn find<'a>(&'a self, uri: &str) -> Option<Found<'a>> {
        if let Some((uri, Listed { place, handler })) = self.by_uri.get_key_value(uri) {
            return Some(Found { place: *place, handler, known_as: Some(uri) });
        }
        if uri.is_empty() || uri.len() > URI_BYTES_MAX {
            return None;
        }
        if let Some(Template { place, template, handler, .. }) = self.matching(uri) {
            return Some(Found { place: *place, handler, known_as: Some(template.as_str()) });
        }
        let (place, handler) = self.unlisted.as_ref()?;
        Some(Found { place: *place, handler, known_as: None })
    }

    /// Which provider has the resource with this URI, if one does.
    pub(crate) fn place(&self, uri: &str) -> Place {
        self.find(uri).and_then(|found| found.place)
    }

    /// Who suggests values for the variables of a template, which is named by itself or by a URI; `None` when there is no such
    /// template or resource, `Some(None)` when nobody suggests any for it.
    pub(crate) fn completer(&self, reference: &str) -> Option<Option<SharedHandler>> {
        let by_itself = self.templates.iter().find(|template| template.template.as_str() == reference);
        if let Some(template) = by_itself.or_else(|| self.matching(reference)) {
            return Some(template.completer.clone());
        }
        self.by_uri.contains_key(reference).then_some(None)
    }

    fn matching(&self, uri: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.template.overlaps_uri(uri))
    }
}
