//! The contract suites: what every adapter of a port has to do, written once and run on each.
//!
//! A suite panics at the first promise that is not kept, naming it.

pub mod cells;
pub mod counters;
pub mod logs;
