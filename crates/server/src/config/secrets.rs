//! Masks what must not be shown when lines of the file are shown: the variables of children, also under misspelt names,
//! and URLs with passwords.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::keys::Keys;

/// Returns the text with its secrets masked; every byte offset and every column stays what it is.
pub(super) fn masked(text: &str, tree: &DeTable<'_>, keys: &Keys) -> String {
    let mut spans = Vec::new();
    for (key, value) in tree {
        secrets(&mut vec![key.get_ref().to_string()], value.get_ref(), &value.span(), keys, &mut spans);
    }
    let is_secret = |at: usize| spans.iter().any(|span| span.contains(&at));
    text.char_indices().map(|(at, c)| if is_secret(at) { filler(c) } else { c }).collect()
}

/// Does the same to a text that is not TOML: only lines that begin with a setting, and headers, stay as they are.
pub(super) fn masked_by_line(text: &str, keys: &Keys) -> String {
    let names = keys.names();
    let mut in_env = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        // With anything before it: a lost line end joins it to the line above.
        let mentions_env =
            start.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word.ends_with("env"));
        let shown = if start.starts_with('[') {
            in_env = mentions_env;
            line.rfind(']').map_or(0, |end| end + 1)
        } else {
            let key = start.split('=').next().unwrap_or_default().trim();
            let name = key.rsplit('.').next().unwrap_or_default();
            let is_setting = names.contains(name) && !(name == "public_url" && line.contains('@'));
            if is_setting && !in_env && !mentions_env { line.len() } else { 0 }
        };
        let (plain, secret) = line.split_at(shown);
        out.push_str(plain);
        out.extend(secret.chars().map(filler));
    }
    out
}

fn secrets(
    path: &mut Vec<String>,
    value: &DeValue<'_>,
    span: &Range<usize>,
    keys: &Keys,
    spans: &mut Vec<Range<usize>>,
) {
    if let DeValue::Table(table) = value {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            secrets(path, value.get_ref(), &value.span(), keys, spans);
            path.pop();
        }
        return;
    }
    let is_variable = matches!(path.as_slice(), [backends, _, env, ..] if backends == "backends" && env == "env");
    let is_password = path.as_slice() == ["public_url"] && value.as_str().is_some_and(|url| url.contains('@'));
    // A misspelt setting of the upper tables is worth seeing; a variable under a misspelt name is deeper or in a backend.
    let may_be_variable = !keys.has(path) && (path.len() > 2 || path.first().is_some_and(|table| table == "backends"));
    if is_variable || is_password || may_be_variable {
        spans.push(span.clone());
    }
}

/// A character of the same length in bytes and in columns.
fn filler(c: char) -> char {
    match (c, c.len_utf8()) {
        ('\n' | '\r' | '\t' | ' ', _) => c,
        (_, 1) => '*',
        (_, 2) => '\u{b7}',
        (_, 3) => '\u{2022}',
        _ => '\u{1f784}',
    }
}
