//! What all clones of an issuer share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outboard_fetch::Fetcher;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::error::{IssuerError, KeyError};
use crate::keys::Keys;
use crate::settings::Settings;
use crate::state::State;

/// One issuer: what it was told, what it remembers, and what it signs with.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) fetcher: Fetcher,
    /// One permit per document that may be fetched at a time.
    pub(crate) document_fetches: Semaphore,
    state: Mutex<State>,
    keys: Mutex<Keys>,
}

impl Inner {
    pub(crate) fn new(settings: Settings, fetcher: Fetcher) -> Result<Self, IssuerError> {
        let keys = Keys::generate(settings.config.signing_algorithm)?;
        let state = State::new(&settings.bounds);
        let document_fetches = Semaphore::new(settings.bounds.document_fetches_max.min(Semaphore::MAX_PERMITS));
        Ok(Self { settings, fetcher, document_fetches, state: Mutex::new(state), keys: Mutex::new(keys) })
    }

    /// The time since 1970.
    pub(crate) fn now(&self) -> Duration {
        self.settings.config.clock.now()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> Result<String, KeyError> {
        self.keys().sign(claims)
    }

    pub(crate) fn jwks(&self) -> Value {
        self.keys().jwks()
    }

    pub(crate) fn rotate_keys(&self) -> Result<(), KeyError> {
        self.keys().rotate(self.settings.config.signing_algorithm)
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
