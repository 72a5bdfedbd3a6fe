//! Lifted commands, as real processes.

mod answers;
mod bounds;
mod eras;
mod failures;
mod harness;
mod isolation;
mod survivors;
