//! What a server has for its handlers: the store, the bounds, the way to tell clients of changes.

use outboard_store::Store;

use crate::notify::Notify;
use crate::runtime::RuntimeConfig;

/// What a server has for its handlers.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) store: Store,
    pub(crate) notify: Notify,
    pub(crate) config: RuntimeConfig,
}

impl Services {
    pub(crate) const fn new(store: Store, notify: Notify, config: RuntimeConfig) -> Self {
        Self { store, notify, config }
    }
}
