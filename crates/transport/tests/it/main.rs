//! What the transport promises on the wire, by feature: requests as clients of both eras send them, and bent ones.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod legacy;
mod modern;
mod mounting;
mod refusals;
mod streaming;
mod support;
