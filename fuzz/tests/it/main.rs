//! The corpora, replayed: every seed of every target holds, and each target has seeds.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod corpus;
