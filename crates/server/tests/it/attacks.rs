//! The attacks of the threat catalogue on authentication, against the program as it is shipped, and as many good requests
//! beside them.
//!
//! Each number of the catalogue has its proof: a row of a table, a scenario, a test of the crate whose concern it is, or a
//! reason why there is none ([`catalogue`]). All servers log at `trace`, and none of what a caller or the config keeps secret
//! may be found in it ([`secrets`]).
//!
//! Nothing is timed: where the catalogue has a time, the structural fact is asserted (nothing was fetched, nobody was asked).

mod asked;
mod attacked;
mod catalogue;
mod client;
mod development;
mod expected;
mod issuers;
mod logs;
mod outgoing;
mod pages;
mod presentation;
mod readiness;
mod scopes;
mod secrets;
mod site;
mod tokens;

use asked::Asked;
use expected::Expected;

/// A request, and what has to come of it.
struct Case {
    /// The number in the catalogue.
    row: u16,
    name: String,
    asked: Asked,
    expected: Expected,
}

/// Several requests that belong together.
struct Scenario<S> {
    /// The numbers in the catalogue.
    rows: &'static [u16],
    name: &'static str,
    run: fn(&S),
}

fn case(row: u16, name: impl Into<String>, asked: Asked, expected: Expected) -> Case {
    Case { row, name: name.into(), asked, expected }
}

/// The time, in seconds since 1970: the server's own clock is that of the machine.
#[expect(clippy::disallowed_methods, reason = "the program that is tested has this clock too")]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}
