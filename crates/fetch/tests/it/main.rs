//! Integration tests: real sockets, answers that a hostile or broken peer would give.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod bounds;
mod policy;
mod server;
mod tls;
