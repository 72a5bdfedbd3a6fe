//! What the runtime promises to those who call it, by feature: without HTTP, as a `tower` service.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod bounds;
mod calls;
mod offers;
mod support;
mod tool_macro;
