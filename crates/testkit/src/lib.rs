//! What the tests of several crates need: contract suites, fakes, a server and clients. A dev-dependency, never more.
//!
//! - [`contract`]: what every adapter of a port has to do, written once and run on each.
//! - [`clock`]: a clock that stands still until a test moves it.
//! - [`down`]: a store that does not answer.
//! - [`gate`]: a tool whose pace a test sets.
//! - [`http`]: any service on a free loopback port, and clients of both eras whose requests a test can bend.
//! - [`program`]: a program as its users start it.
//!
//! Everything here panics when what it needs is not there, because that is how a test fails.

pub mod clock;
pub mod contract;
pub mod down;
pub mod gate;
pub mod http;
pub mod program;

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
