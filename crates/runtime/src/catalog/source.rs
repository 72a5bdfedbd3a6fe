//! Where what is in a catalog comes from: the program itself, then the providers in their order.

use std::sync::Arc;

use super::Catalog;
use super::error::{CatalogError, Whose};
use crate::provider::Offer;

/// A place in the catalog: `None` for the program itself, which comes first, else that of a provider.
pub(crate) type Place = Option<usize>;

/// What one of them offers at one time.
pub(super) struct Source<'a> {
    pub(super) place: Place,
    /// The name of the provider.
    pub(super) backend: Option<&'a str>,
    pub(super) prefix: Option<&'a str>,
    pub(super) offer: &'a Offer,
}

/// What every provider offers now, in their order.
pub(super) fn offers_of(catalog: &Catalog) -> Vec<Arc<Offer>> {
    catalog.mounted.iter().map(|mounted| mounted.provider.offers().borrow().clone()).collect()
}

/// All sources, in the order of the catalog.
pub(super) fn sources<'a>(catalog: &'a Catalog, offers: &'a [Arc<Offer>]) -> Vec<Source<'a>> {
    let native = Source { place: None, backend: None, prefix: None, offer: &catalog.native };
    let provided = catalog.mounted.iter().zip(offers).enumerate();
    let provided = provided.map(|(place, (mounted, offer))| Source {
        place: Some(place),
        backend: Some(mounted.provider.name()),
        prefix: mounted.prefix.as_deref(),
        offer,
    });
    std::iter::once(native).chain(provided).collect()
}

/// Whose place it is.
pub(super) fn whose(catalog: &Catalog, place: Place) -> Whose {
    match place.and_then(|place| catalog.mounted.get(place)) {
        Some(mounted) => Whose::Provider(mounted.provider.name().into()),
        None => Whose::Native,
    }
}

/// The faults of what is not offered, by whose they are.
#[derive(Debug, Default)]
pub(crate) struct Withheld {
    /// Of those who wrote the program.
    pub(crate) native: Vec<CatalogError>,
    /// Of servers behind us.
    pub(crate) provided: Vec<CatalogError>,
}

impl Withheld {
    pub(super) fn push(&mut self, place: Place, error: CatalogError) {
        match place {
            None => self.native.push(error),
            Some(_) => self.provided.push(error),
        }
    }
}
