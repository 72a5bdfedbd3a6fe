//! Integration tests of the server crate: one module per feature.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod attacks;
mod bounds;
mod config;
mod conflicts;
mod cors;
mod drain;
mod early;
mod health;
mod keys;
mod npx;
mod program;
mod real;
#[cfg(debug_assertions)]
mod sabotage;
mod servers;
mod stdio;
mod wire;
