//! The range of each setting: what is just inside is accepted, what is just outside is refused.

use crate::diagnostics::Code;

use super::{load, report, summary};

/// Keys with their range, and values below it, at both its ends, and above it.
const RANGES: &[(&str, &str, [&str; 4])] = &[
    ("limits.body", "1KiB to 256MiB", ["1023", "1024", "268435456", "268435457"]),
    ("limits.headers", "8KiB to 1MiB", ["8191", "8192", "1048576", "1048577"]),
    ("limits.header_count", "16 to 1000", ["15", "16", "1000", "1001"]),
    ("limits.connections", "1 to 1000000", ["0", "1", "1000000", "1000001"]),
    ("limits.calls", "1 to 100000", ["0", "1", "100000", "100001"]),
    ("limits.page_items", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("limits.stdio_requests", "1 to 100000", ["0", "1", "100000", "100001"]),
    ("limits.schema_bytes", "1KiB to 16MiB", ["1023", "1024", "16777216", "16777217"]),
    ("limits.schema_depth", "4 to 64", ["3", "4", "64", "65"]),
    ("limits.schema_nodes", "10 to 1000000", ["9", "10", "1000000", "1000001"]),
    ("input.timeout", "1s to 1d", ["'999ms'", "'1s'", "'1d'", "'25h'"]),
    ("input.rounds", "1 to 1000", ["0", "1", "1000", "1001"]),
    ("input.state_bytes", "1KiB to 1MiB", ["1023", "1024", "1048576", "1048577"]),
    ("input.questions", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("subscriptions.catch_up", "0s to 10m", ["", "'0s'", "'10m'", "'601s'"]),
    ("subscriptions.streams", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("subscriptions.streams_total", "1 to 1000000", ["0", "1", "1000000", "1000001"]),
    ("subscriptions.uris", "1 to 65535", ["0", "1", "65535", "65536"]),
    ("subscriptions.uri_bytes", "64B to 32KiB", ["63", "64", "32768", "32769"]),
    ("legacy.initialize_rate", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("legacy.initialize_burst", "1 to 100000", ["0", "1", "100000", "100001"]),
    ("legacy.get_takeover", "5s to 1h", ["'4999ms'", "'5s'", "'1h'", "'61m'"]),
    ("legacy.connection_max", "1s to 1d", ["'999ms'", "'1s'", "'1d'", "'25h'"]),
    ("legacy.retry", "10ms to 1m", ["'9ms'", "'10ms'", "'1m'", "'61s'"]),
    ("legacy.event_entries", "1 to 100000", ["0", "1", "100000", "100001"]),
    ("legacy.event_bytes", "1KiB to 64MiB", ["1023", "1024", "67108864", "67108865"]),
    ("legacy.event_age", "1s to 1d", ["'999ms'", "'1s'", "'1d'", "'25h'"]),
    ("state.bytes", "1KiB to 64KiB", ["1023", "1024", "65536", "65537"]),
    ("state.count", "1 to 1000", ["0", "1", "1000", "1001"]),
    ("state.max_age", "1s to 30d", ["'999ms'", "'1s'", "'30d'", "'31d'"]),
    ("store.cells_bytes", "16MiB to 64GiB", ["'15MiB'", "'16MiB'", "'64GiB'", "'65GiB'"]),
    ("store.cells_entries", "1000 to 100000000", ["999", "1000", "100000000", "100000001"]),
    ("store.logs_bytes", "16MiB to 64GiB", ["'15MiB'", "'16MiB'", "'64GiB'", "'65GiB'"]),
    ("store.event_log_bytes", "1MiB to 64GiB", ["'1023KiB'", "'1MiB'", "'64GiB'", "'65GiB'"]),
    ("store.logs", "1000 to 10000000", ["999", "1000", "10000000", "10000001"]),
    ("store.counters", "1000 to 10000000", ["999", "1000", "10000000", "10000001"]),
    ("store.owner_percent", "10 to 100", ["9", "10", "100", "101"]),
    ("store.redis.database", "0 to 255", ["", "0", "255", "256"]),
    ("store.redis.connect_timeout", "50ms to 1m", ["'49ms'", "'50ms'", "'1m'", "'61s'"]),
    ("store.redis.timeout", "50ms to 1m", ["'49ms'", "'50ms'", "'1m'", "'61s'"]),
    ("store.redis.value_bytes", "16KiB to 1MiB", ["16383", "16384", "1048576", "1048577"]),
    ("store.redis.entry_bytes", "64KiB to 64MiB", ["65535", "65536", "67108864", "67108865"]),
    ("replicas", "1 to 1000", ["0", "1", "1000", "1001"]),
    ("auth.limits.token_bytes", "1KiB to 64KiB", ["1023", "1024", "65536", "65537"]),
    ("auth.limits.skew", "0s to 5m", ["", "'0s'", "'5m'", "'301s'"]),
    ("auth.limits.lifetime", "1m to 30d", ["'59s'", "'1m'", "'30d'", "'31d'"]),
    ("auth.limits.issued_ahead", "0s to 1h", ["", "'0s'", "'1h'", "'61m'"]),
    ("auth.limits.identifier_bytes", "64B to 8KiB", ["63", "64", "8192", "8193"]),
    ("auth.limits.tokens", "1 to 1000000", ["0", "1", "1000000", "1000001"]),
    ("auth.limits.cached_for", "0s to 1h", ["", "'0s'", "'1h'", "'61m'"]),
    ("auth.limits.introspected_for", "0s to 1h", ["", "'0s'", "'1h'", "'61m'"]),
    ("auth.limits.inactive_for", "0s to 5m", ["", "'0s'", "'5m'", "'301s'"]),
    ("auth.limits.introspections", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("auth.limits.issuer_timeout", "100ms to 1m", ["'99ms'", "'100ms'", "'1m'", "'61s'"]),
    ("auth.limits.document_bytes", "4KiB to 16MiB", ["4095", "4096", "16777216", "16777217"]),
    ("auth.limits.keys", "1 to 1000", ["0", "1", "1000", "1001"]),
    ("auth.limits.keys_fresh_for", "10s to 30d", ["'9s'", "'10s'", "'30d'", "'31d'"]),
    ("auth.limits.keys_fresh_min", "1s to 1d", ["'999ms'", "'1s'", "'1d'", "'25h'"]),
    ("auth.limits.keys_fresh_max", "10s to 30d", ["'9s'", "'30s'", "'30d'", "'31d'"]),
    ("auth.limits.keys_stale_max", "0s to 30d", ["", "'0s'", "'30d'", "'31d'"]),
    ("auth.limits.keys_cool_down", "1s to 1h", ["'999ms'", "'1s'", "'1h'", "'61m'"]),
    ("timeouts.headers", "100ms to 5m", ["'99ms'", "'100ms'", "'5m'", "'301s'"]),
    ("timeouts.body", "100ms to 1h", ["'99ms'", "'100ms'", "'1h'", "'61m'"]),
    ("timeouts.write", "100ms to 1h", ["'99ms'", "'100ms'", "'1h'", "'61m'"]),
    ("timeouts.idle", "1s to 1h", ["'999ms'", "'1s'", "'1h'", "'61m'"]),
    ("timeouts.call", "100ms to 1d", ["'99ms'", "'100ms'", "'1d'", "'25h'"]),
    ("drain.delay", "0s to 5m", ["", "'0s'", "'5m'", "'301s'"]),
    ("drain.timeout", "0s to 1h", ["", "'0s'", "'1h'", "'61m'"]),
    ("session.max_age", "1m to 365d", ["'59s'", "'1m'", "'365d'", "'366d'"]),
    ("stream.after", "0s to 5m", ["", "'0s'", "'5m'", "'301s'"]),
    ("stream.after_legacy", "0s to 5m", ["", "'0s'", "'5m'", "'301s'"]),
    ("stream.keep_alive", "1s to 5m", ["'999ms'", "'1s'", "'5m'", "'301s'"]),
    ("backends.x.start_timeout", "100ms to 10m", ["'99ms'", "'100ms'", "'10m'", "'11m'"]),
    ("backends.x.stop_timeout", "0s to 5m", ["", "'0s'", "'5m'", "'301s'"]),
    ("backends.x.restart_delay", "10ms to 1m", ["'9ms'", "'10ms'", "'30s'", "'61s'"]),
    ("backends.x.restart_delay_max", "10ms to 1h", ["'9ms'", "'100ms'", "'1h'", "'61m'"]),
    ("backends.x.probe_timeout", "100ms to 5m", ["'99ms'", "'100ms'", "'5m'", "'301s'"]),
    ("backends.x.line_bytes", "1KiB to 256MiB", ["1023", "1024", "268435456", "268435457"]),
    ("backends.x.in_flight", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("backends.x.queue_bytes", "1KiB to 1GiB", ["1023", "1024", "1073741824", "1073741825"]),
    ("backends.x.list_items", "1 to 100000", ["0", "1", "100000", "100001"]),
    ("backends.x.list_bytes", "1KiB to 256MiB", ["1023", "1024", "268435456", "268435457"]),
    ("backends.x.list_pages", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("backends.x.questions", "1 to 10000", ["0", "1", "10000", "10001"]),
    ("backends.x.watched", "1 to 1000000", ["0", "1", "1000000", "1000001"]),
];

#[test]
fn bounds_hold_at_both_ends_and_are_documented() {
    for (key, range, [below, least, most, above]) in RANGES {
        let auth = if key.starts_with("auth") {
            // The longest token needs room in a head.
            "auth.issuers = [{ issuer = 'https://a.example' }]\nbackends.x.isolation = 'shared'\nlimits.headers = '1MiB'\n"
        } else if key.starts_with("store.redis") || *key == "replicas" {
            "session.keys = ['${SESSION_KEY}']\nstore.redis.master = 'm'\nstore.redis.sentinels = ['a:1']\n"
        } else {
            ""
        };
        let file = |value: &str| format!("backends.x.command = 'x'\n{auth}{key} = {value}");
        for value in [least, most] {
            assert!(load(&file(value), &[]).is_ok(), "{key} = {value}");
        }
        for value in [below, above].into_iter().filter(|value| !value.is_empty()) {
            let report = load(&file(value), &[]).unwrap_err();
            let first = report.iter().next().unwrap();
            assert_eq!(first.code, Code::OutOfRange, "{key} = {value}");
            assert!(first.what.contains(&format!("is outside {range}")), "{key}: {}", first.what);
            assert!(first.fix.contains(range), "{key}: the documentation names the range: {}", first.fix);
        }
    }
    for (key, bytes_max) in [("name", 128), ("title", 256), ("version", 128), ("instructions", 16_384)] {
        let file = |bytes: usize| format!("server.{key} = '{}'", "x".repeat(bytes));
        assert!(load(&file(bytes_max), &[]).is_ok(), "{key}");
        assert_eq!(summary(&report(&file(bytes_max + 1), &[]))[0].split(' ').next(), Some("OB011"), "{key}");
    }
}
