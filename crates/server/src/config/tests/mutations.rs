//! Files that were cut or damaged: they are refused in an orderly way, and show no secret.

use crate::diagnostics::Style;

use super::{EVERY_KEY, load};

/// Loads the text and, if it is refused, renders the report in each form.
fn survive(text: &str) {
    let variables = [("DB_PASSWORD", "canary-4"), ("GITHUB_TOKEN", "canary-5")];
    let result = load(text, &variables);
    let report = result.map_or_else(
        |report| {
            assert!(report.has_errors(), "{text}");
            report
        },
        |loaded| loaded.warnings,
    );
    let shown =
        [report.to_text(Style::Plain), report.to_text(Style::Coloured), report.to_json_lines(), report.to_github()];
    for shown in shown {
        assert!(!shown.contains("canary"), "{text}\n{shown}");
    }
    let lines = text.lines().count() + 1;
    for (start, end) in report.iter().filter_map(|diagnostic| report.position(diagnostic)) {
        assert!(start.line <= end.line && end.line <= lines && start.column >= 1, "{text}\n{report}");
    }
}

#[test]
fn truncated_files_never_panic_nor_show_secrets() {
    for (at, _) in EVERY_KEY.char_indices() {
        survive(&EVERY_KEY[..at]);
    }
}

#[test]
fn damaged_files_never_panic_nor_show_secrets() {
    const DAMAGE: [&str; 16] = ["", "\"", "'", "[", "]", "{", "}", "=", "\n", ".", ",", "#", "\\", "ä", "\0", "9"];
    for (number, (at, c)) in EVERY_KEY.char_indices().enumerate() {
        // The kinds take turns, and neighbours get others.
        let damage = DAMAGE[(number * 7) % 16];
        survive(&format!("{}{damage}{}", &EVERY_KEY[..at], &EVERY_KEY[at + c.len_utf8()..]));
    }
}

#[test]
fn variables_on_the_line_of_another_setting_are_not_shown() {
    let at = EVERY_KEY.find("\nenv = ").expect("there are variables in one line");
    for joint in ["", " ", "9", "_", "ä", "\"", ",", "x = 1 "] {
        survive(&format!("{}{joint}{}", &EVERY_KEY[..at], &EVERY_KEY[at + 1..]));
    }
}

#[test]
fn strange_files_never_panic() {
    let deep = format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    let tables = format!("[{}]", vec!["a"; 10_000].join("."));
    let long = format!("listen = \"{}\"", "x".repeat(100_000));
    for text in ["\u{feff}listen = 1", "\r\n\r\n=", "\u{1b}[31m = 1", "\"\\u001b[31m\" = 1", &deep, &tables, &long] {
        survive(text);
    }
}
