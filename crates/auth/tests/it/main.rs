//! What the crate does, seen from outside.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod bed;
mod introspection;
mod jwt;
mod keys;
mod layer;
mod metadata;
mod real;
mod server;
