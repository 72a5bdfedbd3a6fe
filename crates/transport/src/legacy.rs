//! All that only clients up to 2025-11-25 need: sessions, their streams and resumption, questions by requests, batches. The
//! day they are gone, this module goes.
//!
//! Here is what is the same over HTTP and over a pipe; what only one of both needs is in its own module.

mod asking;
pub(crate) mod http;
mod level;
mod opening;
pub(crate) mod stdio;
mod subscribing;

/// How many questions to one caller may be open at a time, where nobody says otherwise.
pub(crate) const QUESTIONS_MAX: usize = 32;
