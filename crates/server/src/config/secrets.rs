//! Masks what must not be shown when lines of the file are shown: the variables of children and what authentication keeps
//! secret, also under misspelt names, and URLs with passwords.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::keys::Keys;

/// Whether a value at this path may be a secret, whatever it is.
pub(super) fn is_secret(path: &[String]) -> bool {
    match path {
        [backends, _, env, ..] if backends == "backends" && env == "env" => true,
        [session, keys, ..] if session == "session" && keys == "keys" => true,
        [.., key] => SECRETS.contains(&key.as_str()),
        [] => false,
    }
}

/// What is said of a value at this path that is wrong, where the value must not be repeated; `None` where it may be.
pub(super) fn expected(path: &[String]) -> Option<&'static str> {
    let is_digest = path.last().is_some_and(|key| key == "digest");
    let is_keys = path.last().is_some_and(|key| key == "keys");
    let expected = match (is_digest, is_keys) {
        (true, _) => DIGEST_EXPECTED,
        (_, true) => "expected a list of strings in quotes",
        _ => "expected a string in quotes",
    };
    is_secret(path).then_some(expected)
}

/// A key itself is what may stand in the place of its digest.
const DIGEST_EXPECTED: &str =
    "expected in quotes `sha256:` and 64 hexadecimal digits in lower case, the digest of the key and not the key";

/// Settings that hold a secret, or into which one may have been written in the place of what tells of it.
const SECRETS: [&str; 4] = ["client_secret", "digest", "password", "sentinel_password"];

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
        let is_mentioned = |names: &[&str]| {
            // With anything before it: a lost line end joins it to the line above.
            let is_one = |word: &str| names.iter().any(|name| word.ends_with(name));
            start.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(is_one)
        };
        let mentions_env = is_mentioned(&["env"]);
        let shown = if is_mentioned(&SECRETS) || is_mentioned(&["keys"]) {
            0
        } else if start.starts_with('[') {
            in_env = mentions_env;
            line.rfind(']').map_or(0, |end| end + 1)
        } else {
            let key = start.split('=').next().unwrap_or_default().trim();
            let name = key.rsplit('.').next().unwrap_or_default();
            let is_url = name.ends_with("url") || line.contains("//");
            let is_setting = names.contains(name) && !(is_url && line.contains('@'));
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
    if let DeValue::Array(list) = value
        && list.iter().any(|entry| matches!(entry.get_ref(), DeValue::Table(_)))
    {
        for entry in list {
            secrets(path, entry.get_ref(), &entry.span(), keys, spans);
        }
        return;
    }
    // A misspelt setting of the upper tables is worth seeing; a secret under a misspelt name is deeper or in one of these.
    let is_deep =
        path.len() > 2 || path.first().is_some_and(|table| ["backends", "auth", "session"].contains(&table.as_str()));
    if is_secret(path) || has_password(path, value) || (is_deep && !keys.has(path)) {
        spans.push(span.clone());
    }
}

/// Whether it is, or holds, a URL with a user name or a password.
fn has_password(path: &[String], value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(text) => {
            text.contains('@') && (path.last().is_some_and(|key| key.ends_with("url")) || text.contains("//"))
        }
        DeValue::Array(list) => list.iter().any(|entry| has_password(path, entry.get_ref())),
        _ => false,
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
