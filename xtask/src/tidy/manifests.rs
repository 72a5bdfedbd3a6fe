//! The manifests: what is inherited, what is said, and where versions stand.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{
    Violation,
    tree::{Package, Tree},
};

/// The keys of `[package]` that every member takes from the root, and those that only a published crate must have.
const INHERITED: [&str; 4] = ["edition", "license", "rust-version", "version"];
const INHERITED_BY_CRATES: [&str; 3] = ["categories", "keywords", "repository"];

/// Version, edition, licence and lints come from the root.
pub(super) fn inherited(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        let section = table(&package.manifest, "package");
        let of_crates: &[&str] = if package.is_crate() { &INHERITED_BY_CRATES } else { &[] };
        for key in INHERITED.iter().chain(of_crates) {
            if !is_inherited(section.and_then(|section| section.get(*key))) {
                violations.push(Violation::new(package.manifest_path(), format!("write {key}.workspace = true")));
            }
        }
        if !is_inherited(package.manifest.get("lints")) {
            violations.push(Violation::new(package.manifest_path(), "write [lints] workspace = true"));
        }
    }
    violations
}

/// Each member says what it is; a crate is named after its folder and has a README; everything else is not published.
pub(super) fn described(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        let section = table(&package.manifest, "package");
        let value = |key: &str| section.and_then(|section| section.get(key));
        let mut refuse = |message: String| violations.push(Violation::new(package.manifest_path(), message));
        if value("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            refuse("write a description".to_owned());
        }
        if !package.is_crate() {
            if value("publish").and_then(Value::as_bool) != Some(false) {
                refuse("write publish = false: only what is in crates/ is published".to_owned());
            }
            continue;
        }
        let folder = package.folder.trim_start_matches("crates/");
        if package.name != format!("outboard-{folder}") {
            refuse(format!("a package in crates/{folder} is called outboard-{folder}"));
        }
        if tree.file(&format!("{}/README.md", package.folder)).is_none_or(|readme| readme.text.trim().is_empty()) {
            refuse("write a README.md beside it".to_owned());
        }
    }
    violations
}

/// No Cargo features: variation is a second crate behind a trait, or a value in the config.
pub(super) fn no_features(tree: &Tree) -> Vec<Violation> {
    let featured = tree.packages.iter().filter(|package| package.manifest.contains_key("features"));
    featured.map(|package| Violation::new(package.manifest_path(), "our packages have no features")).collect()
}

/// What two members use is declared at the root, and whoever uses it says `workspace = true`.
pub(super) fn shared_at_root(tree: &Tree) -> Vec<Violation> {
    let at_root = root_dependencies(tree);
    let mut own: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut violations = Vec::new();
    for package in &tree.packages {
        for (name, value) in declared(package) {
            let path = package.manifest_path();
            if is_inherited(Some(value)) {
                continue;
            }
            if at_root.is_some_and(|root| root.contains_key(name)) {
                violations
                    .push(Violation::new(path, format!("{name} is declared at the root: write workspace = true")));
                continue;
            }
            let source = value.as_table();
            if source.is_some_and(|source| source.contains_key("git")) || version(value) == Some("*") {
                violations
                    .push(Violation::new(path.clone(), format!("{name} has no version that a registry could keep")));
            }
            own.entry(name.to_owned()).or_default().insert(path);
        }
    }
    for (name, paths) in own.into_iter().filter(|(_, paths)| paths.len() > 1) {
        let users = paths.into_iter().collect::<Vec<_>>().join(", ");
        violations.push(Violation::new("Cargo.toml", format!("declare {name} here: it is used by {users}")));
    }
    violations
}

/// What the root declares, somebody uses.
pub(super) fn used_at_root(tree: &Tree) -> Vec<Violation> {
    let used: BTreeSet<&str> = tree.packages.iter().flat_map(declared).map(|(name, _)| name).collect();
    let unused = root_dependencies(tree).into_iter().flat_map(Table::keys).filter(|name| !used.contains(name.as_str()));
    unused.map(|name| Violation::new("Cargo.toml", format!("no member uses {name}"))).collect()
}

fn root_dependencies(tree: &Tree) -> Option<&Table> {
    table(table(&tree.root_manifest, "workspace")?, "dependencies")
}

/// All dependencies in a manifest, those of tests, build scripts and single platforms included.
fn declared(package: &Package) -> impl Iterator<Item = (&str, &Value)> {
    let platforms = table(&package.manifest, "target").into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let places = [&package.manifest].into_iter().chain(platforms);
    let tables = places.flat_map(|place| {
        ["dependencies", "dev-dependencies", "build-dependencies"].into_iter().filter_map(|key| table(place, key))
    });
    tables.flatten().map(|(name, value)| (name.as_str(), value))
}

fn table<'a>(parent: &'a Table, key: &str) -> Option<&'a Table> {
    parent.get(key).and_then(Value::as_table)
}

fn version(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("version").and_then(Value::as_str))
}

/// Whether a value is `{ workspace = true, … }`.
fn is_inherited(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::{super::tree::example::*, *};

    const GOOD: &str = r#"
        [package]
        name = "outboard-store"
        description = "What replicas share"
        version.workspace = true # its own
        edition.workspace = true
        rust-version.workspace = true
        license.workspace = true
        repository.workspace = true
        keywords.workspace = true
        categories.workspace = true
        [lints]
        workspace = true
        [dependencies]
        serde.workspace = true
        tokio = { workspace = true, features = ["net"] }
        [target.'cfg(unix)'.dev-dependencies]
        only-here = "1"
    "#;

    fn tree(manifests: &[(&str, &str)]) -> Tree {
        let mut tree = files([("crates/store/README.md", "# outboard-store")]);
        tree.packages = manifests.iter().map(|(name, manifest)| package(name, manifest)).collect();
        tree.root_manifest = "[workspace.dependencies]\nserde = \"1\"\ntokio = \"1\"".parse().unwrap();
        tree
    }

    #[test]
    fn good_manifest_passes_every_rule() {
        let tree = tree(&[("store", GOOD)]);
        for rule in [inherited, described, no_features, shared_at_root, used_at_root] {
            assert_eq!(rule(&tree), []);
        }
    }

    #[test]
    fn each_fault_in_a_manifest_is_refused_by_its_rule() {
        let cases: [(super::super::Rule, &str, &str, &str); 9] = [
            (inherited, "version.workspace = true # its own", "version = \"1.0.0\"", "write version.workspace = true"),
            (inherited, "keywords.workspace = true", "", "write keywords.workspace = true"),
            (inherited, "[lints]\n        workspace = true", "", "write [lints] workspace = true"),
            (described, "\"What replicas share\"", "\"\"", "write a description"),
            (no_features, "[lints]", "[features]\nextra = []\n[lints]", "our packages have no features"),
            (
                shared_at_root,
                "serde.workspace = true",
                "serde = \"1\"",
                "serde is declared at the root: write workspace = true",
            ),
            (
                shared_at_root,
                "only-here = \"1\"",
                "only-here = \"*\"",
                "only-here has no version that a registry could keep",
            ),
            (
                shared_at_root,
                "only-here = \"1\"",
                "only-here = { git = \"x\" }",
                "only-here has no version that a registry could keep",
            ),
            (described, "description", "other", "write a description"),
        ];
        for (rule, good, bad, expected) in cases {
            let manifest = GOOD.replace(good, bad);
            assert_ne!(manifest, GOOD, "{good}");
            let shown = shown(&rule(&tree(&[("store", &manifest)])));
            assert_eq!(shown, [format!("crates/store/Cargo.toml: {expected}")]);
        }
    }

    #[test]
    fn version_used_by_two_members_belongs_to_the_root() {
        let shown = shown(&shared_at_root(&tree(&[("store", GOOD), ("fetch", GOOD)])));
        let expected =
            "Cargo.toml: declare only-here here: it is used by crates/fetch/Cargo.toml, crates/store/Cargo.toml";
        assert_eq!(shown, [expected]);
    }

    #[test]
    fn declaration_that_nobody_uses_is_refused() {
        let manifest = GOOD.replace("serde.workspace = true", "");
        assert_eq!(shown(&used_at_root(&tree(&[("store", &manifest)]))), ["Cargo.toml: no member uses serde"]);
    }

    #[test]
    fn wrong_name_missing_readme_and_publishing_are_refused() {
        let mut tree = tree(&[("fetch", GOOD)]);
        tree.packages[0].name = "fetch".to_owned();
        let expected = [
            "crates/fetch/Cargo.toml: a package in crates/fetch is called outboard-fetch",
            "crates/fetch/Cargo.toml: write a README.md beside it",
        ];
        assert_eq!(shown(&described(&tree)), expected);
        tree.packages[0].folder = "bench/load".to_owned();
        let expected = ["bench/load/Cargo.toml: write publish = false: only what is in crates/ is published"];
        assert_eq!(shown(&described(&tree)), expected);
    }
}
