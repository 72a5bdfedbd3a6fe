//! What wins over what, and what the merged configuration holds.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use outboard_backend::stdio::StdioBounds;
use outboard_protocol::types::LoggingLevel;
use outboard_runtime::SchemaLimits;
use outboard_store::MemoryStoreLimits;
use outboard_transport::SubscriptionLimits;
use url::Url;

use crate::config::backend_file::Isolation;
use crate::config::keys::schema;
use crate::config::{Config, Loaded, LogFormat, Overrides, SessionKeys, Transport};
use crate::diagnostics::Code;

use super::replicas::OTHER_KEYS;
use super::{EVERY_KEY, accepted, env, load, load_with, names, report, summary};

#[test]
fn later_layers_win_over_earlier_ones() {
    const FILE: &str = "listen = \"127.0.0.1:2\"\npath = \"/file\"\nstate_dir = \"/file\"\nlog = { level = \"error\" }";
    let variables = [
        ("OUTBOARD_LISTEN", "127.0.0.1:3"),
        ("OUTBOARD_PATH", "/variable"),
        ("OUTBOARD_STATE_DIR", "/variable"),
        ("OUTBOARD_LOG_LEVEL", "warn"),
        ("OUTBOARD_LOG_FORMAT", "json"),
    ];
    let flags = Overrides {
        listen: Some("127.0.0.1:4".to_owned()),
        path: Some("/flag".to_owned()),
        state_dir: Some("/flag".into()),
        log_level: Some("debug".to_owned()),
        log_format: Some("pretty".to_owned()),
        ..Overrides::default()
    };
    let none: &[(&str, &str)] = &[];
    let cases = [
        (
            "",
            none,
            &Overrides::default(),
            ("127.0.0.1:8080", "/mcp", "/home/me/.local/state/outboard", "info", LogFormat::Auto),
        ),
        (FILE, none, &Overrides::default(), ("127.0.0.1:2", "/file", "/file", "error", LogFormat::Auto)),
        (FILE, &variables, &Overrides::default(), ("127.0.0.1:3", "/variable", "/variable", "warn", LogFormat::Json)),
        (FILE, &variables, &flags, ("127.0.0.1:4", "/flag", "/flag", "debug", LogFormat::Pretty)),
        ("", none, &flags, ("127.0.0.1:4", "/flag", "/flag", "debug", LogFormat::Pretty)),
    ];
    for (file, variables, flags, (listen, path, state_dir, level, format)) in cases {
        let config = load_with(file, flags, variables).unwrap().config;
        assert_eq!(config.listen, listen.parse().unwrap());
        assert_eq!(config.path.as_str(), path);
        assert_eq!(config.state_dir, Path::new(state_dir));
        assert_eq!((config.log.level.as_str(), config.log.format), (level, format));
    }
}

#[test]
fn the_transport_follows_the_layers() {
    let flag = |text: &str| Overrides { transport: Some(text.to_owned()), ..Overrides::default() };
    let (none, stdio) = (Overrides::default(), [("OUTBOARD_TRANSPORT", "stdio")]);
    let unset: &[(&str, &str)] = &[];
    let cases = [
        ("", unset, &none, Transport::Http),
        ("transport = \"stdio\"", unset, &none, Transport::Stdio),
        ("transport = \"http\"", &stdio, &none, Transport::Stdio),
        ("", &stdio, &flag("http"), Transport::Http),
        ("", unset, &flag("stdio"), Transport::Stdio),
    ];
    for (file, variables, flags, expected) in cases {
        let config = load_with(file, flags, variables).unwrap().config;
        assert_eq!(config.transport, expected, "{file} {variables:?} {flags:?}");
    }
}

/// A file may serve both transports, so what it says about the network is judged only where there is one.
#[test]
fn over_stdio_the_network_of_the_file_is_left_aside() {
    const FILE: &str = "listen = \"0.0.0.0:1\"\npublic_url = \"https://a.example\"\nallowed_origins = [\"*\"]";
    assert_eq!(summary(&report(FILE, &[])), ["OB040 1:10", "OB041 2:14", "OB042 3:20"]);
    let flags = Overrides { transport: Some("stdio".to_owned()), ..Overrides::default() };
    let variables = [("OUTBOARD_LISTEN", "0.0.0.0:2"), ("OUTBOARD_INSECURE_NO_AUTH", "true")];
    assert!(load_with(FILE, &flags, &variables).unwrap().warnings.is_empty());
}

#[test]
fn defaults_are_those_that_are_promised() {
    let config = accepted("backends.x.command = \"x\"", &[]);
    let Config { limits, input, subscriptions, legacy, state, .. } = &config;
    assert_eq!(limits.page_items, 250);
    assert_eq!((input.timeout, input.rounds_max), (Duration::from_secs(600), 16));
    assert_eq!((input.state_bytes_max, legacy.questions_max), (64 << 10, 32));
    assert_eq!((subscriptions.catch_up, subscriptions.streams), (Duration::from_secs(30), 64));
    let SubscriptionLimits { uris_max, uri_bytes_max } = subscriptions.limits;
    assert_eq!((subscriptions.streams_total, uris_max, uri_bytes_max), (10_000, 256, 2 << 10));
    let SchemaLimits { bytes_max, depth_max, expanded_nodes_max, levels_max } = config.schema;
    assert_eq!([bytes_max, depth_max, expanded_nodes_max, levels_max], [256 << 10, 64, 20_000, 24]);
    assert_eq!(config.stdio_requests, 256);
    assert_eq!([config.drain.delay, config.drain.timeout], [5, 25].map(Duration::from_secs));
    assert_eq!((config.replicas, config.redis.is_none()), (1, true));
    assert!(matches!(config.session_keys, SessionKeys::Generated));
    assert_eq!([legacy.initialize_rate, legacy.initialize_burst].map(NonZeroU32::get), [20, 200]);
    assert_eq!((legacy.get_takeover, legacy.connection_max), (Duration::from_secs(60), None));
    assert_eq!((legacy.retry, legacy.event_entries), (Duration::from_secs(1), 1_000));
    assert_eq!((legacy.event_bytes, legacy.event_age), (4 << 20, Duration::from_secs(300)));
    assert_eq!((state.bytes_max, state.count_max, state.age_max), (64 << 10, 100, Duration::from_secs(86_400)));
    let MemoryStoreLimits { cells, logs, counters } = config.store;
    assert_eq!([cells.bytes_max, logs.bytes_max, logs.event_bytes_max], [128 << 20, 64 << 20, 64 << 20]);
    assert_eq!([cells.entries_max, logs.logs_max, counters.counters_max], [1_000_000, 100_000, 100_000]);
    assert_eq!([cells.owner_percent, logs.owner_percent], [50, 50]);
    let backend = &config.backends[0];
    assert_eq!((backend.isolation, backend.serial), (Isolation::PerPrincipal, true));
    assert_eq!((backend.roots.len(), backend.log_level), (0, LoggingLevel::Info));
    assert_eq!(backend.bounds, StdioBounds::default());
}

#[test]
fn a_request_state_is_never_longer_than_a_body() {
    assert_eq!(accepted("limits.body = \"8KiB\"", &[]).input.state_bytes_max, 8 << 10);
}

#[test]
fn calls_are_serial_unless_the_program_is_shared_or_the_file_says_so() {
    let cases = [("", true), ("isolation = \"shared\"", false), ("serial = false", false)];
    for (line, serial) in cases {
        let config = accepted(&format!("[backends.x]\ncommand = \"x\"\n{line}"), &[]);
        assert_eq!(config.backends[0].serial, serial, "{line}");
    }
}

#[test]
fn lists_urls_and_switches_follow_the_layers_too() {
    const FILE: &str =
        "allowed_origins = [\"https://file.example\"]\npublic_url = \"https://file.example\"\ninsecure_no_auth = true";
    let flags = Overrides {
        allowed_origins: vec!["https://flag.example".to_owned(), "https://flag.example:1".to_owned()],
        public_url: Some("https://flag.example".to_owned()),
        insecure_no_auth: true,
        ..Overrides::default()
    };
    let variables = [
        ("OUTBOARD_ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("OUTBOARD_PUBLIC_URL", "http://localhost"),
        ("OUTBOARD_INSECURE_NO_AUTH", "0"),
    ];
    let load = |flags: &Overrides, variables: &[(&str, &str)]| {
        let config = load_with(FILE, flags, variables).unwrap().config;
        let origins: Vec<String> = config.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect();
        (origins.join(" "), config.public_url.unwrap().to_string(), config.insecure_no_auth)
    };
    let expect = |origins: &str, url: &str, insecure| (origins.to_owned(), url.to_owned(), insecure);
    let none = Overrides::default();
    assert_eq!(load(&none, &[]), expect("https://file.example", "https://file.example/", true));
    assert_eq!(load(&none, &variables), expect("https://a.example https://b.example", "http://localhost/", false));
    assert_eq!(
        load(&flags, &variables),
        expect("https://flag.example https://flag.example:1", "https://flag.example/", true)
    );
}

#[test]
fn empty_variables_count_as_not_set() {
    let config = accepted("listen = \"127.0.0.1:2\"", &[("OUTBOARD_LISTEN", ""), ("OUTBOARD_STATE_DIR", "")]);
    assert_eq!(config.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(config.state_dir, Path::new("/home/me/.local/state/outboard"));
}

#[test]
fn without_a_file_the_defaults_serve_on_loopback() {
    let loaded = Config::load(None, &Overrides::default(), &env(&[])).unwrap();
    assert!(loaded.warnings.is_empty());
    assert!(loaded.config.listen.ip().is_loopback());
    assert!(loaded.config.backends.is_empty());
}

/// The fixture, in an environment with what it asks for.
fn every_key() -> Loaded {
    load(EVERY_KEY, &[("DB_PASSWORD", "pw"), ("GITHUB_TOKEN", "gh"), ("PATH", "/bin"), ("SECRET", "canary")]).unwrap()
}

#[test]
fn every_setting_of_the_file_arrives() {
    let loaded = every_key();
    let warned: Vec<_> = loaded.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(warned, [Code::AuthNotUsed], "over stdio there is no network to warn about");
    let Config { limits, timeouts, drain, stream, server, log, .. } = &loaded.config;
    assert_eq!(loaded.config.transport, Transport::Stdio);
    assert_eq!(loaded.config.resource_order, ["time", "files"]);
    assert_eq!(loaded.config.listen, "127.0.0.1:9090".parse().unwrap());
    assert_eq!(loaded.config.public_url.as_ref().unwrap().as_str(), "http://localhost:9090/tools");
    assert_eq!(loaded.config.path.as_str(), "/v1/mcp");
    assert_eq!(loaded.config.allowed_origins.len(), 2);
    assert_eq!(loaded.config.state_dir, Path::new("state"));
    assert!(loaded.config.insecure_no_auth);
    assert_eq!((log.level.as_str(), log.format), ("debug,hyper=warn", LogFormat::Json));
    assert_eq!((server.name.as_deref(), server.title.as_deref()), (Some("files"), Some("Files of the team")));
    assert_eq!(server.version.as_deref(), Some("2.1.0"));
    assert_eq!(server.instructions.as_deref(), Some("Ask for one file at a time."));
    assert_eq!((limits.body_bytes, limits.header_bytes, limits.header_count), (1 << 20, 16384, 50));
    assert_eq!((limits.connections, limits.calls, limits.page_items), (200, 64, 50));
    assert_eq!(
        [timeouts.headers, timeouts.body, timeouts.write, timeouts.idle, timeouts.call],
        [5, 20, 15, 120, 90].map(Duration::from_secs)
    );
    assert_eq!(
        [drain.delay, drain.timeout, loaded.config.legacy.session_max_age],
        [0, 10, 43_200].map(Duration::from_secs)
    );
    let Config { input, subscriptions, legacy, state, .. } = &loaded.config;
    let streams = [stream.after, legacy.stream_after, stream.keep_alive];
    assert_eq!(streams, [5_000, 100, 30_000].map(Duration::from_millis));
    assert_eq!((input.rounds_max, input.state_bytes_max, legacy.questions_max), (4, 16 << 10, 8));
    assert_eq!([subscriptions.streams, subscriptions.streams_total], [6, 600]);
    assert_eq!([subscriptions.limits.uris_max, subscriptions.limits.uri_bytes_max], [60, 512]);
    let schema = loaded.config.schema;
    assert_eq!([schema.bytes_max, schema.depth_max, schema.expanded_nodes_max], [64 << 10, 30, 900]);
    assert_eq!(loaded.config.stdio_requests, 40);
    assert_eq!([legacy.initialize_rate, legacy.initialize_burst].map(NonZeroU32::get), [30, 300]);
    assert_eq!([legacy.event_entries, legacy.event_bytes], [70, 128 << 10]);
    assert_eq!([state.bytes_max, state.count_max], [8 << 10, 9]);
    let times = [input.timeout, subscriptions.catch_up, legacy.get_takeover, legacy.connection_max.unwrap()];
    assert_eq!(times, [180, 10, 20, 50].map(Duration::from_secs));
    assert_eq!([legacy.retry, legacy.event_age, state.age_max], [2, 40, 21_600].map(Duration::from_secs));

    let MemoryStoreLimits { cells, logs, counters } = loaded.config.store;
    assert_eq!([cells.bytes_max, logs.bytes_max, logs.event_bytes_max], [20 << 20, 30 << 20, 40 << 20]);
    assert_eq!([cells.entries_max, logs.logs_max, counters.counters_max], [2000, 3000, 4000]);
    assert_eq!([cells.owner_percent, logs.owner_percent], [25, 25]);
}

#[test]
fn every_setting_of_a_backend_arrives() {
    let config = every_key().config;
    let [files, time] = config.backends.as_slice() else { panic!("two backends") };
    assert_eq!((files.name.as_str(), files.command.as_str()), ("files", "npx"));
    assert_eq!(files.args, ["-y", "@modelcontextprotocol/server-filesystem", "/srv/files"]);
    assert_eq!(files.cwd, Some(PathBuf::from(".")));
    let bounds = StdioBounds {
        start_timeout: Duration::from_secs(20),
        term_grace: Duration::from_secs(2),
        backoff_min: Duration::from_millis(200),
        backoff_max: Duration::from_secs(10),
        probe_timeout: Duration::from_secs(3),
        line_bytes_max: 2 << 20,
        in_flight_max: 11,
        queue_bytes_max: 3 << 20,
        list_items_max: 12,
        list_bytes_max: 5 << 20,
        list_pages_max: 13,
        questions_max: 14,
        watched_max: 15,
        ..StdioBounds::default()
    };
    assert_eq!(files.bounds, bounds);
    assert_eq!(files.env_pass, ["GITHUB_TOKEN"]);
    let expected = [("DSN", "pg://app:pw@db/canary-2"), ("TOKEN", "canary-1")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(files.env.clone().into_map(), expected.into());
    assert_eq!(files.environment().len(), 7, "the whole environment, to pick from");
    assert_eq!((files.prefix(2), time.prefix(2)), (Some("fs"), None));
    assert_eq!((files.isolation, files.serial, files.log_level), (Isolation::Shared, true, LoggingLevel::Debug));
    let src = Url::from_file_path(std::fs::canonicalize("src").unwrap()).unwrap();
    assert_eq!(files.roots, [src, Url::parse("file:///srv/files").unwrap()]);
    let debug = format!("{config:?}");
    assert!(!debug.contains("canary") && !debug.contains("gh\""), "values of variables are not in the Debug form");
}

/// So that no key is forgotten in the fixture, and with it in the tests above and in the mutations.
#[test]
fn the_fixture_has_every_key() {
    fn keys(schema: &serde_json::Value, out: &mut Vec<String>) {
        let schema = schema.get("items").unwrap_or(schema);
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            out.push(key.clone());
            keys(schema, out);
        }
        if schema["additionalProperties"].is_object() {
            keys(&schema["additionalProperties"], out);
        }
    }
    let mut all = Vec::new();
    keys(&schema(), &mut all);
    assert!(all.len() > 120, "{all:?}");
    for key in all {
        let written = [format!("\n{key} = "), format!("\n[{key}]"), format!("\n[{key}."), format!(".{key}]")];
        let is_in = |text: &str| written.iter().any(|form| text.contains(form));
        assert!(is_in(EVERY_KEY) || OTHER_KEYS.into_iter().any(is_in), "{key}");
    }
}

#[test]
fn paths_of_the_file_start_from_the_file_and_others_do_not() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("work")).unwrap();
    let path = dir.path().join("outboard.toml");
    std::fs::write(&path, "state_dir = \"state\"\nbackends.x = { command = \"x\", cwd = \"work\" }").unwrap();
    let config = Config::load(Some(&path), &Overrides::default(), &env(&[])).unwrap().config;
    assert_eq!(config.state_dir, dir.path().join("state"));
    assert_eq!(config.backends[0].cwd, Some(dir.path().join("work")));
    let flags = Overrides { state_dir: Some("state".into()), ..Overrides::default() };
    assert_eq!(Config::load(Some(&path), &flags, &env(&[])).unwrap().config.state_dir, Path::new("state"));
}

#[test]
fn command_lines_become_backends_beside_those_of_the_file() {
    let flags = Overrides {
        stdio: vec!["npx -y 'a b' ${HOME}".to_owned(), "uvx time".to_owned()],
        env_pass: vec!["GH".to_owned()],
        ..Overrides::default()
    };
    let variables = [("GH", "1"), ("OTHER", "2")];
    let file = "backends.stdio.command = \"x\"";
    let config = load_with(file, &flags, &variables).unwrap().config;
    assert_eq!(names(&config), ["stdio", "stdio2", "stdio3"]);
    assert_eq!(config.backends[1].command, "npx");
    assert_eq!(config.backends[1].args, ["-y", "a b", "${HOME}"], "nothing in a command line is replaced");
    assert_eq!(config.backends[1].env_pass, ["GH"]);
    assert!(config.backends[0].env_pass.is_empty(), "what is passed by flag is not for the file's backends");
}

#[test]
fn the_only_provider_has_no_prefix_unless_it_is_configured() {
    let cases = [("", None, Some("x")), ("prefix = \"\"", None, None), ("prefix = \"p\"", Some("p"), Some("p"))];
    for (line, alone, among_others) in cases {
        let config = accepted(&format!("[backends.x]\ncommand = \"x\"\n{line}"), &[]);
        let backend = &config.backends[0];
        assert_eq!((backend.prefix(1), backend.prefix(2)), (alone, among_others), "{line}");
    }
}
