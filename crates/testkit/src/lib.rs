//! What the tests of several crates need: contract suites, fakes, a server and clients. A dev-dependency, never more.
//!
//! - [`contract`]: what every adapter of a port has to do, written once and run on each.
//! - [`authority`]: an authorization server as a resource server sees it, with faults, and a listener that only counts.
//! - [`clock`]: a clock that stands still until a test moves it.
//! - [`down`]: a store that does not answer.
//! - [`fault_proxy`]: a TCP proxy that does what networks do.
//! - [`gate`]: a tool whose pace a test sets.
//! - [`http`]: any service on a free loopback port, and clients of both eras whose requests a test can bend.
//! - [`mint`]: access tokens, good and hostile, signed with real keys.
//! - [`model`]: clients of both eras that know every right answer.
//! - [`oidc_provider`]: a real authorization server, with the quirks of well-known ones, as a child process.
//! - [`program`]: a program as its users start it.
//! - [`redis`]: real Redis servers, Sentinels and a Cluster, with their faults and a time that stands still.
//! - [`replicas`]: several real servers on one Redis behind a real balancer.
//!
//! Everything here panics when what it needs is not there, because that is how a test fails.

pub mod authority;
pub mod clock;
pub mod contract;
pub mod down;
pub mod fault_proxy;
pub mod gate;
pub mod http;
pub mod mint;
pub mod model;
pub mod oidc_provider;
pub mod program;
pub mod redis;
pub mod replicas;

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
