//! What the form of a value does not show: ranges, lengths, paths.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use outboard_protocol::jsonrpc::NESTING_MAX;

use super::amount::{Count, Interval, Size};
use super::file::File;
use super::keys::Keys;
use super::setting::Setting;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place};

/// The tables above a key and the key itself.
pub(super) type KeyPath<'a> = &'a [&'a str];

/// Where mistakes go, and what it takes to explain them.
pub(super) struct Check<'a> {
    pub(super) report: &'a mut Diagnostics,
    pub(super) keys: &'a Keys,
    /// The directory of the file, which its relative paths start from.
    pub(super) base: Option<&'a Path>,
}

impl Check<'_> {
    /// Adds a mistake about the setting at this path.
    pub(super) fn refuse(&mut self, code: Code, place: &Place, path: KeyPath<'_>, problem: &str, fix: Option<&str>) {
        let fix = fix.map(str::to_owned).or_else(|| self.keys.help(path)).unwrap_or_default();
        let what = format!("`{}`: {problem}", path.join("."));
        self.report.add(Diagnostic { code, place: place.clone(), what, why: None, fix });
    }

    /// Checks that the value is in the range.
    pub(super) fn within<T>(&mut self, path: KeyPath<'_>, setting: &Setting<T>, range: RangeInclusive<T>)
    where
        T: PartialOrd + Display,
    {
        if !range.contains(&setting.value) {
            let problem = format!("{} is outside {} to {}", setting.value, range.start(), range.end());
            self.refuse(Code::OutOfRange, &setting.place, path, &problem, None);
        }
    }

    /// Checks that the text is there and not longer than that many bytes.
    pub(super) fn length(&mut self, path: KeyPath<'_>, setting: &Setting<String>, bytes_max: usize) {
        let length = setting.value.len();
        if length == 0 || length > bytes_max {
            let problem = format!("{length} bytes is outside 1 to {bytes_max}");
            self.refuse(Code::OutOfRange, &setting.place, path, &problem, None);
        }
    }

    /// Resolves a path: what the file says is relative to the file.
    pub(super) fn path(&mut self, name: KeyPath<'_>, setting: &Setting<PathBuf>) -> PathBuf {
        let path = &setting.value;
        if path.as_os_str().is_empty() {
            self.refuse(Code::BadValue, &setting.place, name, "the path is empty", None);
        } else if path.starts_with("~") {
            let fix = Some("write the home directory out");
            self.refuse(Code::BadValue, &setting.place, name, "`~` is not replaced in paths", fix);
        }
        match (self.base, &setting.place) {
            (Some(base), Place::File(_)) => base.join(path),
            _ => path.clone(),
        }
    }
}

/// Checks everything but the backends.
pub(super) fn check(file: &File, check: &mut Check<'_>) {
    let File { limits, timeouts, drain, stream, server, .. } = file;
    check.within(&["limits", "body"], &limits.body, Size::kib(1)..=Size::mib(256));
    // hyper needs 8 KiB to read a head.
    check.within(&["limits", "headers"], &limits.headers, Size::kib(8)..=Size::mib(1));
    check.within(&["limits", "header_count"], &limits.header_count, Count(16)..=Count(1_000));
    check.within(&["limits", "connections"], &limits.connections, Count(1)..=Count(1_000_000));
    check.within(&["limits", "calls"], &limits.calls, Count(1)..=Count(100_000));
    check.within(&["limits", "page_items"], &limits.page_items, Count(1)..=Count(10_000));
    check.within(&["limits", "stdio_requests"], &limits.stdio_requests, Count(1)..=Count(100_000));
    check.within(&["limits", "schema_bytes"], &limits.schema_bytes, Size::kib(1)..=Size::mib(16));
    // Each level takes stack while the schema is compiled, and no message nests deeper.
    check.within(&["limits", "schema_depth"], &limits.schema_depth, Count(4)..=Count(NESTING_MAX));
    check.within(&["limits", "schema_nodes"], &limits.schema_nodes, Count(10)..=Count(1_000_000));
    check.within(&["timeouts", "headers"], &timeouts.headers, Interval::millis(100)..=minutes(5));
    check.within(&["timeouts", "body"], &timeouts.body, Interval::millis(100)..=minutes(60));
    check.within(&["timeouts", "write"], &timeouts.write, Interval::millis(100)..=minutes(60));
    check.within(&["timeouts", "idle"], &timeouts.idle, Interval::seconds(1)..=minutes(60));
    check.within(&["timeouts", "call"], &timeouts.call, Interval::millis(100)..=minutes(24 * 60));
    check.within(&["drain", "delay"], &drain.delay, Interval::seconds(0)..=minutes(5));
    check.within(&["drain", "timeout"], &drain.timeout, Interval::seconds(0)..=minutes(60));
    check.within(&["stream", "after"], &stream.after, Interval::seconds(0)..=minutes(5));
    check.within(&["stream", "after_legacy"], &stream.after_legacy, Interval::seconds(0)..=minutes(5));
    check.within(&["stream", "keep_alive"], &stream.keep_alive, Interval::seconds(1)..=minutes(5));
    let optional = [
        (["server", "name"], &server.name, 128),
        (["server", "title"], &server.title, 256),
        (["server", "version"], &server.version, 128),
        // Each client shows it to its model with every conversation.
        (["server", "instructions"], &server.instructions, 16 << 10),
    ];
    for (path, setting, bytes_max) in optional {
        if let Some(setting) = setting {
            check.length(&path, setting, bytes_max);
        }
    }
    file.session.check(check);
    file.input.check(check);
    file.subscriptions.check(check);
    file.legacy.check(check);
    file.state.check(check);
    file.store.check(check);
    file.dev_issuer.check(check);
    public_url(file, check);
}

/// The URL must not hold the endpoint's path, which is added to it.
fn public_url(file: &File, check: &mut Check<'_>) {
    let Some(setting) = &file.public_url else { return };
    let path = file.path.value.as_str();
    if path != "/" && setting.value.0.path().trim_end_matches('/').ends_with(path) {
        let problem = format!("it ends with `{path}`, which is added to it once more");
        let fix = format!("leave `{path}` out of the URL: it comes from `path`");
        check.refuse(Code::BadValue, &setting.place, &["public_url"], &problem, Some(&fix));
    }
}

pub(super) const fn minutes(minutes: u64) -> Interval {
    Interval::seconds(60 * minutes)
}
