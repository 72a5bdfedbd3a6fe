//! Fuzz targets: for each parser of what comes from outside, what must hold whatever the input is.
//!
//! A target is a plain function over bytes that panics where a property does not hold. The seeds in `corpus/` are replayed
//! as ordinary tests; `cargo xtask fuzz` lets libFuzzer look for inputs that nobody thought of. A new finding becomes a
//! seed, together with its fix.

mod input;
mod targets;

pub use targets::{PLANTED, TARGETS, Target};

/// Finds a target by its name, the one with the planted bug included.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().chain([&PLANTED]).find(|target| target.name == name)
}
