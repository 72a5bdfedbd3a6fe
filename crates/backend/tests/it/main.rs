//! The crate against real processes and real servers.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod stdio;
mod upstream;
