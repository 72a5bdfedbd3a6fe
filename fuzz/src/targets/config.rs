//! The configuration file: accepted or refused in order, in reports that show no secret, and what is shown of it is accepted
//! again.
//!
//! The input is the file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::LazyLock;

use outboard_server::fuzzing::{Judged, judge};
use serde_json::{Map, Value};

/// The value of the variable `SECRET`.
pub(super) const KEPT: &str = "kept-in-the-environment";
/// What seeds have where only secrets stand.
pub(super) const CANARY: &str = "canary";

pub(super) static VARIABLES: LazyLock<BTreeMap<String, OsString>> = LazyLock::new(|| {
    let variables = [("HOME", "/home/me"), ("SECRET", KEPT)];
    variables.map(|(name, value)| (name.to_owned(), value.into())).into()
});

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let judged = judge(text, &[], &VARIABLES);
    is_in_order(&judged);
    let lines = text.lines().count() + 1;
    for [start, end] in &judged.positions {
        assert!(start <= end && end.0 <= lines && start.0 >= 1 && start.1 >= 1, "{start:?} to {end:?}");
    }
    // Only the variables of children may name ours.
    if !text.contains(KEPT) {
        shows_none_of(&judged, KEPT);
    }
    if stands_only_in_secrets(text) {
        shows_none_of(&judged, CANARY);
    }
}

/// A report in all its forms; and settings, if and only if it has no errors.
pub(super) fn is_in_order(judged: &Judged) {
    assert_eq!(judged.shown.is_none(), judged.has_errors);
    let [plain, _, json, github] = &judged.reports;
    assert!(!plain.contains(|c: char| c.is_control() && c != '\n'), "{plain:?} would steer a terminal");
    for line in json.lines() {
        assert!(serde_json::from_str::<Map<String, Value>>(line).is_ok(), "{line} is no object");
    }
    assert!(github.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")), "{github}");
    let Some(shown) = &judged.shown else { return };
    let again = judge(shown, &[], &VARIABLES).shown;
    let again = again.unwrap_or_else(|| unreachable!("what is shown is refused: {shown}"));
    assert_eq!(settings(&again), settings(shown));
}

/// The lines without comments, which tell what is left out.
fn settings(shown: &str) -> Vec<&str> {
    shown.lines().filter(|line| !line.starts_with('#')).collect()
}

pub(super) fn shows_none_of(judged: &Judged, secret: &str) {
    for shown in judged.reports.iter().chain(&judged.shown) {
        assert!(!shown.contains(secret), "a secret is shown: {shown}");
    }
}

/// Whether the canary is nowhere but in values of `backends.NAME.env`, and where secrets and digests of `[auth]` stand. What
/// is no TOML has no such place.
fn stands_only_in_secrets(text: &str) -> bool {
    let Ok(file) = text.parse::<toml::Table>() else { return false };
    let backends = file.get("backends").and_then(toml::Value::as_table);
    let tables = backends.into_iter().flat_map(|backends| backends.values()).filter_map(|backend| backend.get("env"));
    let variables = tables.filter_map(toml::Value::as_table).flat_map(|table| table.values());
    let auth = |list: &str| file.get("auth").and_then(|auth| auth.get(list)).and_then(toml::Value::as_array);
    let issuers = auth("issuers").into_iter().flatten().filter_map(|issuer| issuer.get("introspection"));
    let secrets = issuers.filter_map(|asked| asked.get("client_secret"));
    let digests = auth("api_keys").into_iter().flatten().filter_map(|key| key.get("digest"));
    let values = variables.chain(secrets).chain(digests).filter_map(toml::Value::as_str);
    // With a placeholder, a name is meant that may be shown.
    let secrets = values.filter(|value| !value.contains("${")).map(|value| value.matches(CANARY).count());
    !text.contains('\\') && secrets.sum::<usize>() == text.matches(CANARY).count()
}
