//! What the crate promises to those who use it, by feature.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod claims;
mod hierarchy;
mod principal;
mod requirement;
mod scope;
