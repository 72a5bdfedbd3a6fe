//! What `check` shows of a configuration that may start.

use crate::config::Overrides;

use super::{EVERY_KEY, accepted, load, load_with};

#[test]
fn every_setting_is_shown_in_the_form_of_the_file() {
    let variables = [("DB_PASSWORD", "canary-4"), ("GITHUB_TOKEN", "canary-5")];
    let shown = load(EVERY_KEY, &variables).unwrap().shown;
    assert!(!shown.contains("canary"), "{shown}");
    for line in [
        "transport = \"stdio\"",
        "state_dir = \"state\"",
        "limits.body = \"1MiB\"",
        "limits.page_items = 50",
        "limits.stdio_requests = 40",
        "limits.schema_bytes = \"64KiB\"",
        "limits.schema_depth = 30",
        "limits.schema_nodes = 900",
        "input.state_bytes = \"16KiB\"",
        "subscriptions.uris = 60",
        "subscriptions.uri_bytes = \"512B\"",
        "legacy.connection_max = \"50s\"",
        "state.max_age = \"6h\"",
        "store.cells_bytes = \"20MiB\"",
        "store.owner_percent = 25",
        "store.redis.sentinels = [\"sentinel-1.internal:26379\",\"[::1]:26380\"]",
        "store.redis.sentinel_password = \"${REDIS_PASSWORD}\"",
        "# store.redis.url is not set",
        "store.redis.tls = true",
        "store.redis.timeout = \"400ms\"",
        "session.keys = [\"${SESSION_KEY}\"]",
        "replicas = 3",
        "resource_order = [\"time\",\"files\"]",
        "# backends.files: 3 arguments, variables: DSN, TOKEN",
        "backends.files.command = \"npx\"",
        "backends.files.isolation = \"shared\"",
        "backends.files.serial = true",
        "backends.files.log_level = \"debug\"",
        "backends.files.start_timeout = \"20s\"",
        "backends.files.probe_timeout = \"3s\"",
        "backends.files.line_bytes = \"2MiB\"",
        "backends.files.in_flight = 11",
        "backends.files.queue_bytes = \"3MiB\"",
        "backends.files.list_items = 12",
        "backends.files.list_bytes = \"5MiB\"",
        "backends.files.list_pages = 13",
        "backends.files.questions = 14",
        "backends.files.watched = 15",
        "backends.time.in_flight = 256",
        "backends.time.serial = true",
        "# backends.time: 0 arguments, variables: KEY",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    // Read again it says the same, but for what is not shown.
    let again = load(&shown, &variables).unwrap_or_else(|report| panic!("{shown}\n{report}")).shown;
    let plain = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(plain(&again), plain(&shown));
}

#[test]
fn defaults_are_shown_too_and_what_is_off_is_said() {
    let shown = load("", &[]).unwrap().shown;
    for line in ["limits.page_items = 250", "# legacy.connection_max is not set", "transport = \"http\""] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(shown.contains("state_dir = \"/home/me/.local/state/outboard\""), "{shown}");
    let again = accepted(&shown, &[]);
    assert_eq!(again.legacy.connection_max, None);
}

#[test]
fn what_the_flags_say_is_shown_and_names_are_quoted_where_they_must_be() {
    let flags = Overrides { stdio: vec!["npx 'canary two'".to_owned()], ..Overrides::default() };
    let shown = load_with("backends.\"a.b\".command = \"x\"", &flags, &[]).unwrap().shown;
    for line in ["backends.\"a.b\".command = \"x\"", "# --stdio: 1 arguments, variables: none"] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(shown.contains("backends.stdio.command = \"npx\"") && !shown.contains("canary"), "{shown}");
}
