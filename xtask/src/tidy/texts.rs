//! All text files: no trailing space, no place that only one machine knows, lock files without addresses, a complete map.

use super::{
    Violation,
    tree::{File, Tree},
};

/// Files that a tool writes and nobody formats.
const GENERATED: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// Folders of single machines and hosts of registries, spelled apart so that this file does not contain them. A tree that
/// names one builds only where that place exists.
const PLACES: [&str; 6] = [
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("registry.", "npmjs.org"),
    concat!("pypi.", "org"),
    concat!("files.", "pythonhosted.org"),
    concat!("index.", "crates.io"),
];

/// Inputs of parsers, many of them wrong on purpose.
const INPUTS: [&str; 2] = ["fuzz/artifacts/", "fuzz/corpus/"];

/// No line ends in white space.
pub(super) fn no_trailing_space(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let is_input = |file: &&File| INPUTS.iter().any(|folder| file.path.starts_with(folder));
    for file in tree.files.iter().filter(|file| !GENERATED.contains(&file.name()) && !is_input(file)) {
        let spaced = file.numbered().filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
        violations.extend(spaced.map(|(number, _)| Violation::at(&*file.path, number, "white space at the end")));
    }
    violations
}

/// Nothing names a folder of one machine or the host of a registry.
pub(super) fn no_foreign_places(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &tree.files {
        for place in PLACES.into_iter().filter(|place| file.text.contains(place)) {
            let number = file.numbered().find(|(_, line)| line.contains(place)).map_or(1, |(number, _)| number);
            violations.push(Violation::at(&*file.path, number, format!("{place} is a place that others do not have")));
        }
    }
    violations
}

/// npm's lock files say which bytes, not from where.
pub(super) fn locks_name_no_place(tree: &Tree) -> Vec<Violation> {
    let locks = tree.files.iter().filter(|file| file.name() == "package-lock.json");
    let resolved = |file: &&File| file.text.contains("\"resolved\":");
    locks
        .filter(resolved)
        .map(|file| Violation::new(&*file.path, "lock it with npm's omit-lockfile-registry-resolved=true"))
        .collect()
}

/// ARCHITECTURE.md is the map: it names each crate.
pub(super) fn map_names_each_crate(tree: &Tree) -> Vec<Violation> {
    const MAP: &str = "ARCHITECTURE.md";
    let text = tree.file(MAP).map_or("", |map| &map.text);
    let missing = tree.packages.iter().filter(|package| package.is_crate() && !names(text, &package.folder));
    missing.map(|package| Violation::new(MAP, format!("does not name {}", package.folder))).collect()
}

/// Whether the text contains the path, and not only a longer one that begins with it.
fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let next = text.get(at + path.len()..).and_then(|rest| rest.chars().next());
        next.is_none_or(|next| !next.is_alphanumeric() && next != '-')
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tree::example::*, *};

    #[test]
    fn white_space_at_the_end_of_a_line_is_refused() {
        let tree = files([
            ("a.md", "good\nbad \n"),
            ("b.rs", "tab\t\nx\r\n"),
            ("Cargo.lock", "generated \n"),
            ("fuzz/corpus/x/y", "\r\n"),
        ]);
        let expected =
            ["a.md:2: white space at the end", "b.rs:1: white space at the end", "b.rs:2: white space at the end"];
        assert_eq!(shown(&no_trailing_space(&tree)), expected);
    }

    #[test]
    fn place_of_one_machine_and_registry_host_are_refused() {
        for place in PLACES {
            let text = format!("fine\nsee {place}x\n");
            let violations = no_foreign_places(&files([("docs/a.md", &text)]));
            assert_eq!(shown(&violations), [format!("docs/a.md:2: {place} is a place that others do not have")]);
        }
    }

    #[test]
    fn lock_file_with_an_address_is_refused() {
        let bad = r#"{"packages":{"node_modules/x":{"version":"1.0.0","resolved":"somewhere"}}}"#;
        let tree = files([("a/package-lock.json", bad), ("b/package-lock.json", "{}"), ("c.json", bad)]);
        let expected = ["a/package-lock.json: lock it with npm's omit-lockfile-registry-resolved=true"];
        assert_eq!(shown(&locks_name_no_place(&tree)), expected);
    }

    #[test]
    fn crate_that_the_map_does_not_name_is_refused() {
        let mut tree = files([("ARCHITECTURE.md", "- `crates/fetch`: outgoing\n- crates/store-redis\n")]);
        tree.packages = vec![package("fetch", ""), package("store", "")];
        assert_eq!(shown(&map_names_each_crate(&tree)), ["ARCHITECTURE.md: does not name crates/store"]);
    }
}
