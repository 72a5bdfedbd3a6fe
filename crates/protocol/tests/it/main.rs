//! What the crate promises for any input, by feature.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod headers;
mod messages;
