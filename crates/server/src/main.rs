//! The `outboard` command.

fn main() -> std::process::ExitCode {
    outboard_server::main(outboard_server::Catalog::new("outboard", env!("CARGO_PKG_VERSION")))
}
