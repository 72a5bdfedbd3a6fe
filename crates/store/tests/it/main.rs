//! What the crate promises to those who use it, by feature.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod bus;
mod cells;
mod counters;
mod ended_sessions;
mod event_log;
mod handles;
mod key_file;
mod key_ring;
mod lease;
mod log_rooms;
mod logs;
mod mailbox;
mod once;
mod replicas;
mod seal;
mod session_state;
mod sessions;
mod support;
