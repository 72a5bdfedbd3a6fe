//! The adapters on real servers.

mod cluster;
mod commands;
mod contract;
mod faults;
mod foreign;
mod refused;
mod sentinel;
mod support;
mod words;
