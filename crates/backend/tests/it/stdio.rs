//! Lifted commands, as real processes.

mod answers;
mod asking;
mod bounds;
mod callers;
mod eras;
mod failures;
mod forwarding;
mod harness;
mod isolation;
mod lists;
mod logs;
mod survivors;
mod turns;
mod two_callers;
mod updates;
