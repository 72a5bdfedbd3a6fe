//! Runs one target: over the files that are named, or, as `cargo xtask fuzz` builds it, under libFuzzer.

#![cfg_attr(fuzzing, no_main)]
#![expect(unexpected_cfgs, reason = "cargo xtask fuzz sets cfg(fuzzing), as fuzzers do")]

#[cfg(fuzzing)]
mod engine;
#[cfg(not(fuzzing))]
mod replay;

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    replay::main()
}
