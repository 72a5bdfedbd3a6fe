//! The adapters on real servers.

#![cfg(test)] // So that what tests share counts as tests to clippy, as it does in a `mod tests`.

mod cluster;
mod commands;
mod contract;
mod faults;
mod foreign;
mod refused;
mod sentinel;
mod support;
mod words;
