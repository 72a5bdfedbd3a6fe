//! The Rust sources: what every file begins with, how long it may be, and how tests are laid out.

use super::{
    Violation,
    tree::{File, Tree},
};

/// Lines that are not tests. A file past it is two files; past 400 it is time to think.
const LENGTH_MAX: usize = 800;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// Words that say "not done", spelled apart so that this file does not contain them.
const OPEN: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Every file says in its first line what it is for.
pub(super) fn first_line(tree: &Tree) -> Vec<Violation> {
    let silent = tree.rust().filter(|file| {
        let first = file.text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_none_or(|text| text.trim().is_empty())
    });
    silent.map(|file| Violation::at(&*file.path, 1, "begin with a line `//! what this file is for`")).collect()
}

/// No file is too long to read.
pub(super) fn length(tree: &Tree) -> Vec<Violation> {
    let long = tree.rust().filter(|file| {
        let lifted = LONGER.iter().any(|(path, _)| *path == file.path);
        !lifted && !is_test(file) && file.lines_of_code() > LENGTH_MAX
    });
    long.map(|file| {
        let lines = file.lines_of_code();
        Violation::new(&*file.path, format!("{lines} lines that are not tests; at most {LENGTH_MAX}: split it"))
    })
    .collect()
}

/// `foo.rs` beside `foo/`: one convention.
pub(super) fn no_mod_rs(tree: &Tree) -> Vec<Violation> {
    let found = tree.rust().filter(|file| file.name() == "mod.rs");
    found.map(|file| Violation::new(&*file.path, "put it beside the folder, under the folder's name")).collect()
}

/// No test is skipped, in docs neither, and none passes by panicking for whatever reason.
pub(super) fn no_evasive_tests(tree: &Tree) -> Vec<Violation> {
    const EVASIONS: [&str; 4] = ["#[ignore", "#[should_panic", "/// ```ignore", "//! ```ignore"];
    marked_lines(tree, |line| {
        let is_evasion = EVASIONS.iter().any(|evasion| line.trim_start().starts_with(evasion));
        is_evasion.then(|| "a test runs, and asserts what it expects".to_owned())
    })
}

/// Nothing is left open in a comment: what is missing is an issue.
pub(super) fn nothing_left_open(tree: &Tree) -> Vec<Violation> {
    marked_lines(tree, |line| {
        let words = || line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let open = OPEN.into_iter().find(|open| words().any(|word| word == *open))?;
        Some(format!("{open}: finish it, or make an issue of it"))
    })
}

/// The integration tests of a crate are one binary: `tests/it/main.rs`.
pub(super) fn one_integration_binary(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        let inside = format!("{}/tests/", package.folder);
        for file in tree.rust() {
            let Some(path) = file.path.strip_prefix(&inside) else { continue };
            let parts: Vec<&str> = path.split('/').collect();
            let is_binary = matches!(parts.as_slice(), [_] | [_, "main.rs"]);
            if is_binary && path != "it/main.rs" {
                let message = format!("one binary of integration tests: make it a module of {inside}it/main.rs");
                violations.push(Violation::new(&*file.path, message));
            }
        }
    }
    violations
}

/// Violations at the lines for which `judge` has a message.
fn marked_lines(tree: &Tree, judge: impl Fn(&str) -> Option<String>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        for (number, line) in file.numbered() {
            violations.extend(judge(line).map(|message| Violation::at(&*file.path, number, message)));
        }
    }
    violations
}

fn is_test(file: &File) -> bool {
    file.path.contains("/tests/") || file.name() == "tests.rs"
}

#[cfg(test)]
mod tests {
    use super::{super::tree::example::*, *};

    #[test]
    fn file_without_a_first_line_is_refused() {
        for text in ["", "use std::fmt;\n", "//!\n//! late\n", "// not a doc\n"] {
            let shown = shown(&first_line(&files([("crates/x/src/a.rs", text)])));
            assert_eq!(shown, ["crates/x/src/a.rs:1: begin with a line `//! what this file is for`"]);
        }
        assert_eq!(first_line(&files([("a.rs", "//! Adds.\n"), ("a.md", "text")])), []);
    }

    #[test]
    fn file_that_is_too_long_is_refused_without_counting_tests() {
        let long = "x\n".repeat(801);
        let fine = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", "x\n".repeat(800));
        let tree =
            files([("src/a.rs", &long), ("src/b.rs", &fine), ("c/tests/it/d.rs", &long), ("src/e/tests.rs", &long)]);
        assert_eq!(shown(&length(&tree)), ["src/a.rs: 801 lines that are not tests; at most 800: split it"]);
    }

    #[test]
    fn mod_rs_is_refused() {
        assert_eq!(no_mod_rs(&files([("src/a/mod.rs", ""), ("src/a.rs", "")])).len(), 1);
    }

    #[test]
    fn ignored_and_should_panic_tests_are_refused() {
        let text = "#[test]\n#[ignore]\nfn a() {}\n    #[should_panic(expected = \"x\")]\n    #[ignore = \"slow\"]\n/// ```ignore\n";
        let lines: Vec<_> = no_evasive_tests(&files([("a.rs", text)])).iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [Some(2), Some(4), Some(5), Some(6)]);
    }

    #[test]
    fn open_ends_are_refused() {
        let text = format!("// {}: later\n// {} x\nlet {}s = 1;\n", OPEN[0], OPEN[1], OPEN[0]);
        let lines: Vec<_> =
            nothing_left_open(&files([("a.rs", &text)])).iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [Some(1), Some(2)]);
    }

    #[test]
    fn second_integration_binary_is_refused() {
        let mut tree = files([
            ("crates/x/tests/it/main.rs", ""),
            ("crates/x/tests/it/feature.rs", ""),
            ("crates/x/tests/it/feature/main.rs", ""),
            ("crates/x/tests/other.rs", ""),
            ("crates/x/tests/more/main.rs", ""),
        ]);
        tree.packages = vec![package("x", "")];
        let paths: Vec<_> = one_integration_binary(&tree).into_iter().map(|violation| violation.path).collect();
        assert_eq!(paths, ["crates/x/tests/other.rs", "crates/x/tests/more/main.rs"]);
    }
}
