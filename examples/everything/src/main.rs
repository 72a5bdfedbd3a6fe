//! The fixture of the official conformance suite: a tool, resource or prompt for each thing that it looks at, over the
//! product's own wiring.

mod asking;
mod marked;
mod media;
mod prompts;
mod resources;
mod rounds;
mod schemas;
mod state;
mod telling;
mod tools;

use std::process::ExitCode;

use outboard_server::Catalog;

fn main() -> ExitCode {
    outboard_server::main(catalog())
}

/// The suite calls the first tool that is listed without arguments and reads the first resource, so ones that need nothing
/// come first.
fn catalog() -> Catalog {
    let catalog = Catalog::new("everything", env!("CARGO_PKG_VERSION"))
        .instructions("A fixture for tests: each tool, resource and prompt shows one feature of the protocol.");
    let catalog = tools::add_to(catalog);
    let catalog = telling::add_to(catalog);
    let catalog = asking::add_to(catalog);
    let catalog = rounds::add_to(catalog);
    let catalog = state::add_to(catalog);
    let catalog = marked::add_to(catalog);
    let catalog = resources::add_to(catalog);
    prompts::add_to(catalog)
}
