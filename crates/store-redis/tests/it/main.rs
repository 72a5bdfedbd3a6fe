//! The adapters on real servers.
