//! What the process does before anything else, so that what it holds in memory stays there.

use std::panic::{self, PanicHookInfo};

use rustix::process::{Resource, Rlimit, setrlimit};

/// Leaves no image of the memory behind when the process dies, and tells panics by their place alone: what a panic says may
/// be made of what a caller sent, or of a secret.
pub(crate) fn apply() {
    // To lower a limit is always allowed; where the system still refuses, nothing is lost that was there before.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    panic::set_hook(Box::new(|panic| tracing::error!(place = %place(panic), "a panic")));
}

fn place(panic: &PanicHookInfo<'_>) -> String {
    panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_panic_is_told_by_its_place_and_not_by_what_it_says() {
        let (tell, told) = mpsc::channel();
        panic::set_hook(Box::new(move |panic| tell.send(place(panic)).unwrap()));
        assert!(panic::catch_unwind(|| panic!("a secret")).is_err());
        drop(panic::take_hook());
        let place = told.recv().unwrap();
        assert!(place.contains("hardening.rs:") && !place.contains("secret"), "{place}");
    }
}
