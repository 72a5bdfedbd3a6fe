//! Fetches the keys of one issuer: by its metadata, or from where the config says they are.

use std::time::Duration;

use outboard_fetch::{Fetcher, Reach};
use tokio::time::Instant;
use url::Url;

use super::{
    discovery::{Expected, jwks_uri, metadata_urls},
    document::{self, Document},
    fault::KeysFault,
};
use crate::config::{AuthLimits, KeySource};

/// Whose keys are fetched, and how.
pub(super) struct Source {
    pub(super) issuer: Box<str>,
    pub(super) issuer_url: Url,
    pub(super) keys: KeySource,
    pub(super) hosts: Vec<Box<str>>,
    pub(super) reach: Reach,
    pub(super) fetcher: Fetcher,
    pub(super) limits: AuthLimits,
}

/// Where the metadata said that the keys are, and when.
#[derive(Clone)]
pub(super) struct Location {
    url: Url,
    found_at: Instant,
}

/// What was fetched.
pub(super) struct Fetched {
    /// The keys as JSON.
    pub(super) body: bytes::Bytes,
    pub(super) max_age: Option<Duration>,
    /// Where they came from, host and port.
    pub(super) host: Box<str>,
    /// To be kept for the next time. `None`: the metadata was not asked.
    pub(super) location: Option<Location>,
}

impl Source {
    /// Fetches the keys. The metadata is asked where what it said last is older than keys are fresh. What it cannot be asked
    /// now it has said before; but when it says what must not be adopted, nothing is fetched.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: connections are closed.
    pub(super) async fn fetch(&self, known: Option<Location>) -> Result<Fetched, KeysFault> {
        let location = match &self.keys {
            KeySource::Jwks(url) => return self.keys_at(url, None).await,
            KeySource::Metadata(_) | KeySource::Discovered => self.locate(known).await?,
        };
        let url = location.url.clone();
        self.keys_at(&url, Some(location)).await
    }

    async fn keys_at(&self, url: &Url, location: Option<Location>) -> Result<Fetched, KeysFault> {
        let Document { body, max_age } = self.document(url).await?;
        Ok(Fetched { body, max_age, host: document::host_of(url), location })
    }

    async fn locate(&self, known: Option<Location>) -> Result<Location, KeysFault> {
        if let Some(known) = &known
            && known.found_at.elapsed() < self.limits.keys_fresh_for
        {
            return Ok(known.clone());
        }
        match (self.ask_metadata().await, known) {
            (Ok(url), _) => Ok(Location { url, found_at: Instant::now() }),
            (Err(fault), Some(known)) if !fault.is_contradiction() => Ok(known),
            (Err(fault), _) => Err(fault),
        }
    }

    /// Asks each URL in turn. If none has it, the fault is that of the one which came nearest.
    async fn ask_metadata(&self) -> Result<Url, KeysFault> {
        let (urls, own) = match &self.keys {
            // Who wrote the URL into the config trusts its host.
            KeySource::Metadata(url) => (vec![url.clone()], vec![self.issuer_url.clone(), url.clone()]),
            KeySource::Discovered | KeySource::Jwks(_) => {
                (metadata_urls(&self.issuer_url), vec![self.issuer_url.clone()])
            }
        };
        let expected = Expected { issuer: &self.issuer, own: &own, hosts: &self.hosts, reach: self.reach };
        let mut nearest: Option<KeysFault> = None;
        for url in &urls {
            let found = self.document(url).await.and_then(|document| jwks_uri(&document.body, url, &expected));
            match found {
                Ok(found) => return Ok(found),
                Err(fault) if !fault.is_elsewhere() => return Err(fault),
                Err(fault) if nearest.as_ref().is_some_and(|nearest| nearest.is_nearer_than(&fault)) => {}
                Err(fault) => nearest = Some(fault),
            }
        }
        Err(nearest.unwrap_or_else(|| KeysFault::Metadata { host: document::host_of(&self.issuer_url) }))
    }

    async fn document(&self, url: &Url) -> Result<Document, KeysFault> {
        document::fetch(&self.fetcher, url, self.reach, &self.limits).await
    }
}
