//! The table of targets: one file for each.

mod batch;
mod bearer;
mod capabilities;
mod challenge;
mod config;
mod era;
mod event_ids;
mod event_stream;
mod fetch_target;
mod forwarded;
mod handles;
mod header_parameters;
mod header_values;
mod host_origin;
mod import;
mod jsonrpc;
mod jwks;
mod jwt;
mod lines;
mod meta;
mod params;
mod planted;
mod schema;
mod scope_template;
mod seal;
mod session;
mod uri_template;

/// One parser, and what must hold for every input of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its file and of the folder of its seeds.
    pub name: &'static str,
    /// Panics if a property does not hold for this input.
    pub run: fn(&[u8]),
}

/// All targets.
pub static TARGETS: &[Target] = &[
    Target { name: "batch", run: batch::run },
    Target { name: "bearer", run: bearer::run },
    Target { name: "capabilities", run: capabilities::run },
    Target { name: "challenge", run: challenge::run },
    Target { name: "config", run: config::run },
    Target { name: "era", run: era::run },
    Target { name: "event_ids", run: event_ids::run },
    Target { name: "event_stream", run: event_stream::run },
    Target { name: "fetch_target", run: fetch_target::run },
    Target { name: "forwarded", run: forwarded::run },
    Target { name: "handles", run: handles::run },
    Target { name: "header_parameters", run: header_parameters::run },
    Target { name: "header_values", run: header_values::run },
    Target { name: "host_origin", run: host_origin::run },
    Target { name: "import", run: import::run },
    Target { name: "jsonrpc", run: jsonrpc::run },
    Target { name: "jwks", run: jwks::run },
    Target { name: "jwt", run: jwt::run },
    Target { name: "lines", run: lines::run },
    Target { name: "meta", run: meta::run },
    Target { name: "params", run: params::run },
    Target { name: "schema", run: schema::run },
    Target { name: "scope_template", run: scope_template::run },
    Target { name: "seal", run: seal::run },
    Target { name: "session", run: session::run },
    Target { name: "uri_template", run: uri_template::run },
];

/// A target that does panic, for one input: a fuzzer that does not find it finds nothing else either.
pub static PLANTED: Target = Target { name: "planted", run: planted::run };
