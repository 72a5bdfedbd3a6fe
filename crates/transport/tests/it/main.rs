//! What the transport promises on the wire, by feature: requests as clients of both eras send them, and bent ones.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod asking;
mod batches;
mod faults;
mod get_stream;
mod legacy;
mod listen;
mod modern;
mod mounting;
mod owners;
mod refusals;
mod replicas;
mod resumption;
mod scopes;
mod shelf;
mod stdio;
mod streaming;
mod support;
mod token_ends;
mod trips;
