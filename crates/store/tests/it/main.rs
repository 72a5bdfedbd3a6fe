//! What the crate promises to those who use it, by feature.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod cells;
mod key_file;
mod key_ring;
mod seal;
mod sessions;
mod support;
