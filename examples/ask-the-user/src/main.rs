//! A shop whose tools ask the user while they run, in either era of the protocol: forms made of structs, several
//! questions at once, a confirmation; and a basket that is kept between calls, under a handle.
//!
//! Run it with `cargo run -p ask-the-user -- serve`, tell a client that can ask its user of the URL that it prints, and say:
//! "Buy two loaves of bread and have them delivered."

mod basket;
mod check_out;
mod product;

use std::process::ExitCode;

use outboard_server::Catalog;

fn main() -> ExitCode {
    let catalog = Catalog::new("shop", env!("CARGO_PKG_VERSION"))
        .instructions("Open a basket, put products into it, then check out. The shop asks the user for what it needs.")
        .tool(basket::open_basket)
        .tool(basket::put_into_basket)
        .tool(basket::look_into_basket)
        .tool(check_out::check_out);
    outboard_server::main(catalog)
}
