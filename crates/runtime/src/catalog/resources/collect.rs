//! Puts the resources of all providers together, and decides whose is taken where several have one.

use std::cmp::Reverse;
use std::collections::HashMap;

use outboard_protocol::error::shortened;
use outboard_protocol::types::{Resource, ResourceTemplate};
use outboard_protocol::uri_template::{URI_BYTES_MAX, UriTemplate};

use super::{Listed, Resources, Template, Unlisted};
use crate::access::{Access, Policy};
use crate::catalog::Catalog;
use crate::catalog::error::{CatalogError, Item};
use crate::catalog::permitted::{Guarded, Permitted};
use crate::catalog::snapshot::SnapshotLimits;
use crate::catalog::source::{Place, Source, Withheld, whose};
use crate::provider::{OfferedResource, OfferedTemplate, SharedHandler};

impl Resources {
    pub(in crate::catalog) fn collect(
        catalog: &Catalog,
        sources: &[Source<'_>],
        limits: &SnapshotLimits,
        withheld: &mut Withheld,
    ) -> Self {
        let mut found = Collected::empty(catalog);
        // Who comes first wins, so that it does not matter whose list came last.
        let mut by_precedence: Vec<&Source<'_>> = sources.iter().collect();
        by_precedence.sort_by_key(|source| found.precedence(source.place));
        for source in by_precedence {
            let mut note = |added: Result<(), CatalogError>| {
                if let Err(error) = added {
                    withheld.push(source.place, error);
                }
            };
            source.offer.resources.iter().for_each(|offered| note(found.add_resource(source, offered)));
            if let Some(reader) = &source.offer.unlisted {
                note(access_of(reader, Entry { place: source.place, item: Item::Resource, uri: "*" }).map(drop));
            }
            source.offer.templates.iter().for_each(|offered| note(found.add_template(source, offered)));
        }
        let unlisted = found.unlisted(sources);
        found.finish(limits, unlisted)
    }
}

/// What has been taken so far.
struct Collected<'a> {
    catalog: &'a Catalog,
    by_uri: HashMap<Box<str>, Listed>,
    templates: Vec<Template>,
    listed: Vec<(Place, Guarded<Resource>)>,
    listed_templates: Vec<(Place, Guarded<ResourceTemplate>)>,
}

impl<'a> Collected<'a> {
    fn empty(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            by_uri: HashMap::new(),
            templates: Vec::new(),
            listed: Vec::new(),
            listed_templates: Vec::new(),
        }
    }

    fn add_resource(&mut self, source: &Source<'_>, offered: &OfferedResource) -> Result<(), CatalogError> {
        let place = source.place;
        let OfferedResource { resource, handler } = offered;
        let uri = resource.uri.as_str();
        if uri.is_empty() || uri.len() > URI_BYTES_MAX || uri.chars().any(char::is_control) {
            return Err(CatalogError::Uri { uri: shortened(uri) });
        }
        let second = Entry { place, item: Item::Resource, uri };
        if let Some(first) = self.by_uri.get(uri) {
            return self.settle(Entry { place: first.place, item: Item::Resource, uri }, second);
        }
        let mut others = self.templates.iter().filter(|template| template.place != place);
        if let Some(first) = others.find(|template| template.template.overlaps_uri(uri)) {
            let uri = first.template.as_str();
            return self.settle(Entry { place: first.place, item: Item::Template, uri }, second);
        }
        let access = access_of(handler, second)?;
        let policy = Policy::of(access, self.catalog.scope_rules.of_resource(source.backend, uri));
        self.listed.push((place, (resource.clone(), policy.clone())));
        self.by_uri.insert(uri.into(), Listed { place, handler: handler.clone(), policy });
        Ok(())
    }

    fn add_template(&mut self, source: &Source<'_>, offered: &OfferedTemplate) -> Result<(), CatalogError> {
        let place = source.place;
        let OfferedTemplate { template: listed, handler, completer } = offered;
        let text = listed.uri_template.as_str();
        let template =
            UriTemplate::parse(text).map_err(|error| CatalogError::Template { template: shortened(text), error })?;
        let second = Entry { place, item: Item::Template, uri: text };
        let is_taken = |other: &&Template| match other.place == place {
            // Of templates of one provider the most specific is asked.
            true => other.template == template,
            false => other.template.overlaps(&template),
        };
        if let Some(first) = self.templates.iter().find(is_taken) {
            let uri = first.template.as_str();
            return self.settle(Entry { place: first.place, item: Item::Template, uri }, second);
        }
        // What is listed is asked before any template. So where somebody has put the two in order, both can stay.
        let mut listed_elsewhere = self.by_uri.iter().filter(|(_, other)| other.place != place);
        if let Some((uri, first)) =
            listed_elsewhere.find(|(uri, other)| template.overlaps_uri(uri) && !self.is_ordered(other.place, place))
        {
            return Err(self.conflict(Entry { place: first.place, item: Item::Resource, uri }, second));
        }
        let rules = &self.catalog.scope_rules;
        let policy = Policy::of(access_of(handler, second)?, rules.of_resource(source.backend, text));
        let by_uri = rules.by_uri(source.backend);
        self.listed_templates.push((place, (listed.clone(), policy.clone())));
        let (handler, completer) = (handler.clone(), completer.clone());
        self.templates.push(Template { place, template, handler, completer, policy, by_uri });
        Ok(())
    }

    /// The second of two that cannot both be taken is left out; without a word where somebody has said so.
    fn settle(&self, first: Entry<'_>, second: Entry<'_>) -> Result<(), CatalogError> {
        if first.place == second.place {
            let whose = whose(self.catalog, second.place);
            return Err(CatalogError::Repeated { item: second.item, uri: shortened(second.uri), whose });
        }
        if self.is_ordered(first.place, second.place) { Ok(()) } else { Err(self.conflict(first, second)) }
    }

    fn conflict(&self, first: Entry<'_>, second: Entry<'_>) -> CatalogError {
        CatalogError::Conflict {
            item: second.item,
            uri: shortened(second.uri),
            first_item: first.item,
            first_uri: shortened(first.uri),
            first: whose(self.catalog, first.place),
            second: whose(self.catalog, second.place),
        }
    }

    /// Where a provider stands in `resource_order`; the program itself stands before all that are named.
    fn named_at(&self, place: Place) -> Option<usize> {
        let Some(place) = place else { return Some(0) };
        let name = self.catalog.mounted.get(place)?.provider.name();
        self.catalog.resource_order.iter().position(|named| **named == *name).map(|at| at + 1)
    }

    fn is_ordered(&self, first: Place, second: Place) -> bool {
        self.named_at(first).is_some() && self.named_at(second).is_some()
    }

    /// Who is taken first: the program itself, who is named in the order, then the others in that of the catalog.
    fn precedence(&self, place: Place) -> (usize, Place) {
        (self.named_at(place).unwrap_or(usize::MAX), place)
    }

    /// Who reads what nobody lists: the only one that does, or the first of several that are all named in the order.
    fn unlisted(&self, sources: &[Source<'_>]) -> Option<Unlisted> {
        let reader = |source: &Source<'_>| source.offer.unlisted.clone().filter(|it| !it.0.access().is_by_arguments());
        let readers = || sources.iter().filter_map(|source| Some((source, reader(source)?)));
        let is_clear = readers().count() == 1 || readers().all(|(source, _)| self.named_at(source.place).is_some());
        let first = readers().min_by_key(|(source, _)| self.precedence(source.place));
        let (source, handler) = first.filter(|_| is_clear)?;
        let rules = &self.catalog.scope_rules;
        let policy = Policy::of(handler.0.access(), rules.of_everything(source.backend));
        Some(Unlisted { place: source.place, handler, policy, by_uri: rules.by_uri(source.backend) })
    }

    fn finish(mut self, limits: &SnapshotLimits, unlisted: Option<Unlisted>) -> Resources {
        // A place that comes first was taken first; within one place the most specific goes first.
        let mut templates = std::mem::take(&mut self.templates);
        templates.sort_by_key(|template| (self.precedence(template.place), Reverse(template.template.literal_len())));
        Resources {
            by_uri: self.by_uri,
            templates,
            unlisted,
            rules: self.catalog.scope_rules.of_all_resources(),
            listed: in_catalog_order(self.listed, limits),
            listed_templates: in_catalog_order(self.listed_templates, limits),
        }
    }
}

/// One of two that cannot both be taken.
#[derive(Clone, Copy)]
struct Entry<'a> {
    place: Place,
    item: Item,
    uri: &'a str,
}

/// What a reader says of who may read: nothing that depends on arguments.
fn access_of(reader: &SharedHandler, of: Entry<'_>) -> Result<Access, CatalogError> {
    let access = reader.0.access();
    if access.is_by_arguments() {
        return Err(CatalogError::ScopesForNothing { item: of.item, uri: shortened(of.uri) });
    }
    Ok(access)
}

fn in_catalog_order<T>(mut items: Vec<(Place, Guarded<T>)>, limits: &SnapshotLimits) -> Permitted<T>
where
    T: outboard_protocol::encode::Listed + crate::catalog::pages::Named + Clone + PartialEq,
{
    items.sort_by_key(|(place, _)| *place);
    Permitted::new(items.into_iter().map(|(_, item)| item).collect(), limits)
}
