//! Who may know whom: the arrows between our crates, and what each room must not bring in from outside.
//!
//! A new arrow, or a lifted ban, is an architectural change: it is made here, in a commit of its own that says why.

use super::{Violation, tree::Package, tree::Tree};

/// Each of our crates and the siblings that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("identity", &[]),
    ("macros", &[]),
    ("fetch", &[]),
    ("auth", &["identity", "fetch"]),
    ("issuer", &["fetch"]),
    ("store", &[]),
    ("store-redis", &["store"]),
    ("runtime", &["protocol", "store", "identity", "macros"]),
    ("backend", &["runtime", "protocol", "store", "fetch", "identity"]),
    ("transport", &["runtime", "protocol", "store", "identity"]),
    (
        "server",
        &[
            "auth",
            "backend",
            "fetch",
            "identity",
            "issuer",
            "macros",
            "protocol",
            "runtime",
            "store",
            "store-redis",
            "transport",
        ],
    ),
    ("testkit", &["protocol", "store", "runtime", "identity"]),
];

/// The only crate of ours that tests may add to those.
const TESTKIT: &str = "testkit";

/// What a room must not know, as the names of crates outside. Tests may use what they like.
const BANS: &[(&str, &[&str])] = &[
    (
        "protocol",
        &[
            "axum",
            "chrono",
            "clap",
            "getrandom",
            "hyper",
            "hyper-util",
            "jiff",
            "rand",
            "reqwest",
            "time",
            "tokio",
            "tokio-util",
            "tower",
            "tower-http",
            "tracing",
            "uuid",
        ],
    ),
    ("fetch", &["axum", "clap", "hyper-util", "redis", "toml", "tower-http"]),
    ("auth", &["axum", "clap", "redis", "toml"]),
    (
        "store",
        &["axum", "clap", "http", "http-body", "hyper", "jsonwebtoken", "redis", "reqwest", "toml", "tower-http"],
    ),
    ("store-redis", &["axum", "clap", "http", "http-body", "hyper", "jsonwebtoken", "reqwest", "toml", "tower-http"]),
    (
        "runtime",
        &["axum", "clap", "http", "http-body", "hyper", "jsonwebtoken", "redis", "reqwest", "toml", "tower-http"],
    ),
    ("backend", &["axum", "clap", "hyper-util", "jsonwebtoken", "redis", "reqwest", "toml", "tower-http"]),
    ("transport", &["axum", "clap", "hyper-util", "jsonwebtoken", "redis", "reqwest", "toml"]),
];

/// Rooms so small that what they may use is shorter than what they may not.
const ALLOWED_ONLY: &[(&str, &[&str])] =
    &[("identity", &["serde", "zeroize"]), ("macros", &["proc-macro2", "proc-macro-crate", "quote", "syn"])];

/// One crypto library (aws-lc-rs) and one TLS library (rustls) everywhere, so these never.
const NEVER: &[&str] = &["aes-gcm", "chacha20poly1305", "hmac", "native-tls", "openssl", "ring", "rsa", "sha1", "sha2"];

/// Dependencies between our crates follow [`ARROWS`].
pub(super) fn siblings(tree: &Tree) -> Vec<Violation> {
    tree.packages.iter().flat_map(foreign_siblings).collect()
}

fn foreign_siblings(package: &Package) -> Vec<Violation> {
    let path = package.manifest_path();
    let Ok(allowed) = allowed_siblings(package) else {
        return vec![Violation::new(path, format!("{} has no row in the table of arrows in xtask", package.name))];
    };
    let mut violations = Vec::new();
    for dependency in &package.dependencies {
        let Some(sibling) = dependency.name.strip_prefix("outboard-") else { continue };
        let is_dev = dependency.kind.as_deref() == Some("dev");
        let may = allowed.contains(&sibling) || (is_dev && package.is_crate() && sibling == TESTKIT);
        if !may || dependency.name == package.name {
            let message =
                format!("{} must not depend on {}: see the arrows in the design", package.name, dependency.name);
            violations.push(Violation::new(path.clone(), message));
        }
    }
    violations
}

/// The siblings that a member may depend on; an error if nobody has decided.
fn allowed_siblings(package: &Package) -> Result<Vec<&'static str>, ()> {
    if package.folder.starts_with("examples/") || package.folder == "fuzz" {
        // Examples stand where users stand, and fuzz targets call what users call: every crate but the tests' own.
        return Ok(ARROWS.iter().map(|(name, _)| *name).filter(|name| *name != TESTKIT).collect());
    }
    if package.folder.starts_with("bench/") {
        // What measures one crate stands where its tests stand.
        return Ok(ARROWS.iter().map(|(name, _)| *name).collect());
    }
    if !package.is_crate() {
        // The build tool drives the binaries by path.
        return Ok(Vec::new());
    }
    let name = package.folder.trim_start_matches("crates/");
    ARROWS.iter().find(|(known, _)| *known == name).map(|(_, allowed)| allowed.to_vec()).ok_or(())
}

/// No room brings in what it must not know.
pub(super) fn externals(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        let room = package.folder.trim_start_matches("crates/");
        let banned = BANS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, banned)| banned);
        let only = ALLOWED_ONLY.iter().find(|(name, _)| *name == room).map(|(_, only)| *only);
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let is_dev = dependency.kind.as_deref() == Some("dev");
            let is_outside = !name.starts_with("outboard-");
            if is_outside && !is_dev && (banned.contains(&name) || only.is_some_and(|only| !only.contains(&name))) {
                violations
                    .push(Violation::new(package.manifest_path(), format!("{} must not know {name}", package.name)));
            }
            if NEVER.contains(&name) {
                let message = format!("{name}: there is one crypto library, aws-lc-rs, and one TLS library, rustls");
                violations.push(Violation::new(package.manifest_path(), message));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::{super::tree::example::*, *};

    fn tree<const N: usize>(packages: [Package; N]) -> Tree {
        Tree { packages: packages.into(), ..Tree::default() }
    }

    #[test]
    fn arrow_that_is_not_in_the_table_is_refused() {
        let good = depending("runtime", [("outboard-store", ""), ("outboard-testkit", "dev"), ("serde", "")]);
        assert_eq!(siblings(&tree([good])), []);
        let cases = [
            ("protocol", "outboard-store", ""),
            ("runtime", "outboard-transport", ""),
            ("store", "outboard-testkit", ""),
            ("runtime", "outboard-transport", "dev"),
            ("transport", "outboard-server", "dev"),
            ("testkit", "outboard-testkit", "dev"),
        ];
        for (room, sibling, kind) in cases {
            let shown = shown(&siblings(&tree([depending(room, [(sibling, kind)])])));
            let expected = format!(
                "crates/{room}/Cargo.toml: outboard-{room} must not depend on {sibling}: see the arrows in the design"
            );
            assert_eq!(shown, [expected]);
        }
    }

    #[test]
    fn crate_that_is_not_in_the_table_is_refused() {
        let shown = shown(&siblings(&tree([depending("utils", [])])));
        assert_eq!(shown, ["crates/utils/Cargo.toml: outboard-utils has no row in the table of arrows in xtask"]);
    }

    #[test]
    fn examples_fuzz_targets_and_measurements_may_use_the_server_and_the_build_tool_nothing_of_ours() {
        let in_folder = |folder: &str| {
            let package = depending("x", [("outboard-server", "")]);
            tree([Package { folder: folder.to_owned(), ..package }])
        };
        assert_eq!(siblings(&in_folder("examples/ten-lines")), []);
        assert_eq!(siblings(&in_folder("fuzz")), []);
        assert_eq!(siblings(&in_folder("xtask")).len(), 1);
        assert_eq!(siblings(&in_folder("bench/verify")), []);
    }

    #[test]
    fn external_that_a_room_must_not_know_is_refused() {
        let cases = [
            ("protocol", "tokio"),
            ("protocol", "tracing"),
            ("identity", "serde_json"),
            ("runtime", "http"),
            ("store", "http"),
            ("transport", "axum"),
            ("server", "openssl"),
        ];
        for (room, external) in cases {
            assert_eq!(externals(&tree([depending(room, [(external, "")])])).len(), 1, "{room} {external}");
        }
        let good = depending("identity", [("serde", ""), ("tokio", "dev")]);
        assert_eq!(externals(&tree([good])), []);
    }

    #[test]
    fn arrows_have_no_cycle() {
        // Each row may only point at rows above it.
        for (index, (name, allowed)) in ARROWS.iter().enumerate() {
            for sibling in *allowed {
                let position = ARROWS.iter().position(|(known, _)| known == sibling);
                assert!(position.is_some_and(|position| position < index), "{name} → {sibling}");
            }
        }
    }
}
