//! What replicas share, in the file, in variables and in flags: what arrives, what is refused, and in which words.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use outboard_store_redis::{RedisConfig, RedisPassword, RedisTimeouts, ServerAddress, Topology};

use crate::config::{Config, Overrides, SessionKeys};
use crate::diagnostics::Diagnostics;

use super::{EVERY_KEY, accepted, load, load_with, plain, report, summary};

/// Settings that exclude those of the fixture with every key.
pub(super) const OTHER_KEYS: [&str; 3] = [
    "\n[session]\nkey_file = \"keys\"\n",
    "\n[store.redis]\nurl = \"redis://redis.internal\"\npassword = \"${REDIS_PASSWORD}\"\n",
    "\n[store.redis]\nnodes = [\"a:1\"]\nsentinel_password_file = \"secret\"\n",
];

/// A file with keys whose table of Redis has these lines, the first of which is line 3.
macro_rules! shared {
    ($lines:literal) => {
        concat!("session.keys = ['${SESSION_KEY}']\n[store.redis]\n", $lines)
    };
}
/// Files, and what is said about them. An empty list: nothing.
pub(super) const REPLICAS: &[(&str, &[&str])] = &[
    // Where Redis is.
    (shared!("url = 'redis://127.0.0.1'"), &[]),
    (shared!("url = 'rediss://me@redis.internal:6380/15'"), &[]),
    (shared!("url = 'redis://[::1]:6379'"), &[]),
    (shared!("url = 'redis://me:pw@redis.internal'"), &["OB010 3:7"]),
    (shared!("url = 'redis://:pw@redis.internal'"), &["OB010 3:7"]),
    (shared!("url = 'http://redis.internal'"), &["OB010 3:7"]),
    (shared!("url = 'redis.internal:6379'"), &["OB010 3:7"]),
    (shared!("url = 'redis://redis.internal/x'"), &["OB010 3:7"]),
    (shared!("url = 'redis://redis.internal/256'"), &["OB010 3:7"]),
    (shared!("url = 'redis://redis.internal/0/1'"), &["OB010 3:7"]),
    (shared!("url = 'redis://redis.internal?protocol=3'"), &["OB010 3:7"]),
    (shared!("url = 'redis://redis.internal:x'"), &["OB010 3:7"]),
    (shared!("url = 'redis:///0'"), &["OB010 3:7"]),
    (shared!("url = 'redis://a%20b@redis.internal'"), &["OB010 3:7"]),
    (shared!("nodes = ['a:1', '[::1]:2']"), &[]),
    (shared!("nodes = ['a']"), &["OB010 3:10"]),
    (shared!("nodes = ['a:x']"), &["OB010 3:10"]),
    (shared!("nodes = [':1']"), &["OB010 3:10"]),
    (shared!("nodes = ['redis://a:1']"), &["OB010 3:10"]),
    (shared!("sentinels = ['a:1']\nmaster = 'm'"), &[]),
    // Exactly one of them.
    (shared!(""), &["OB071 2:1"]),
    (shared!("sentinels = []"), &["OB071 2:1"]),
    (shared!("url = 'redis://a'\nnodes = ['a:1']"), &["OB071 2:1"]),
    (shared!("sentinels = ['a:1']\nmaster = 'm'\nnodes = ['a:1']"), &["OB071 2:1"]),
    (shared!("sentinels = ['a:1']"), &["OB071 2:1"]),
    (shared!("url = 'redis://a'\nmaster = 'm'"), &["OB071 4:10"]),
    (shared!("nodes = ['a:1']\ndatabase = 1"), &["OB071 4:12"]),
    // Who we are there.
    (shared!("url = 'redis://a'\nusername = 'me'\npassword = '${REDIS_PASSWORD}'"), &[]),
    (shared!("url = 'redis://me@a'\nusername = 'me'"), &["OB071 4:12"]),
    (shared!("url = 'redis://a'\npassword = 'canary'"), &["OB064 4:12"]),
    (shared!("url = 'redis://a'\npassword = '${NOT_SET}'"), &["OB064 4:12"]),
    (shared!("url = 'redis://a'\npassword_file = 'missing'"), &["OB064 4:17"]),
    (shared!("url = 'redis://a'\npassword = '${REDIS_PASSWORD}'\npassword_file = 'x'"), &["OB071 5:17"]),
    // TLS.
    (shared!("url = 'rediss://a'\ntls_ca_file = 'src/config/tests/tls.pem'"), &[]),
    (shared!("nodes = ['a:1']\ntls = true"), &[]),
    (shared!("url = 'redis://a'\ntls_ca_file = 'src/config/tests/tls.pem'"), &["OB071 4:15"]),
    (shared!("url = 'rediss://a'\ntls_ca_file = 'missing'"), &["OB076 4:15"]),
    (shared!("url = 'rediss://a'\ntls_ca_file = 'Cargo.toml'"), &["OB076 4:15"]),
    (shared!("url = 'rediss://a'\ntls_cert_file = 'src/config/tests/tls.pem'"), &["OB071 4:17"]),
    // Other values.
    (shared!("url = 'redis://a'\nprefix = ''"), &["OB011 4:10"]),
    (shared!("url = 'redis://a'\nprefix = 'a{b}'"), &["OB010 4:10"]),
    (shared!("url = 'redis://a'\nprefix = 'a b'"), &["OB010 4:10"]),
    (shared!("url = 'redis://a'\npasswrod = 'canary'"), &["OB003 4:1"]),
    ("[redis]\nurl = 'redis://a'", &["OB003 1:2"]),
    ("store.redis = 'redis://a'", &["OB010 1:15"]),
    // What several replicas, and one with others to come, have to share.
    ("replicas = 1", &[]),
    ("replicas = 2", &["OB072 1:12", "OB073 1:12"]),
    ("replicas = 2\nsession.keys = ['${SESSION_KEY}']", &["OB072 1:12"]),
    ("replicas = 2\n[store.redis]\nurl = 'redis://a'", &["OB073 1:12"]),
    ("[store.redis]\nurl = 'redis://a'", &["OB073 1:1"]),
    (shared!("url = 'redis://a'\n[dev_issuer]\nenabled = true"), &[]),
    (
        "replicas = 2\nsession.keys = ['${SESSION_KEY}']\nstore.redis.url = 'redis://a'\ndev_issuer.enabled = true",
        &["OB075 4:22"],
    ),
    ("replicas = '2'", &["OB010 1:12"]),
    ("replicas = 2\nstore.redis.url = 1\nsession.keys = ['${SESSION_KEY}']", &["OB010 2:19"]),
    ("replicas = 2\nstore.redis.url = 'redis://a'\nsession.keys = 1", &["OB010 3:16"]),
    ("transport = 'stdio'\nreplicas = 2\nstore.redis.url = 'redis://a'", &[]),
    ("transport = 'stdio'\nstore.redis.url = 'redis://:canary@a'", &["OB010 2:19"]),
    // Keys.
    ("session.keys = ['${SESSION_KEY}', '${SESSION_KEY}']", &["OB074 1:35"]),
    ("session.keys = ['${REDIS_PASSWORD}']", &["OB074 1:17"]),
    ("session.keys = ['${NOT_SET}']", &["OB064 1:17"]),
    ("session.keys = ['q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=']", &["OB064 1:17"]),
    ("session.keys = '${SESSION_KEY}'", &["OB010 1:16"]),
    ("session.keys = ['${SESSION_KEY}']\nsession.key_file = 'x'", &["OB074 2:20"]),
    ("session.key_file = 'missing'", &["OB074 1:20"]),
    ("session.key_file = 'src'", &["OB074 1:20"]),
];

/// Refusals that come from elsewhere than the text of the file.
pub(super) fn others() -> Vec<Diagnostics> {
    let redis = |url: &str| load("", &[("OUTBOARD_REDIS_URL", url)]).unwrap_err();
    vec![redis("redis://a"), redis("redis://:canary@a")]
}

#[test]
fn files_are_refused_for_what_they_do_not_share_and_for_nothing_else() {
    for (file, expected) in REPLICAS {
        let report = report(file, &[]);
        assert_eq!(summary(&report), *expected, "{file}\n{report}");
        let shown = plain(&report);
        assert!(!shown.contains("canary") && !shown.contains("q83v") && !shown.contains(":pw@"), "{shown}");
    }
}

#[test]
fn what_is_not_shared_is_told_with_the_reason_and_the_fix() {
    const EXPECTED: &str = "
error[OB072]: `replicas`: there is no `store.redis`, so that each would have a memory of its own
 --> outboard.toml:1:12
  |
1 | replicas = 3
  |            ^
  |
  = note: what a client tells one replica, such as an answer or the end of a session, the others would not know
  = help: name a Redis that all of them reach: `store.redis.url = \"rediss://redis.internal\"`

error[OB073]: `session.key_file`: it is missing, so that each replica would seal with a key of its own
 --> outboard.toml:1:12
  |
1 | replicas = 3
  |            ^
  |
  = note: what one replica seals for a client, such as the id of its session, no other could open
  = help: write `openssl rand -base64 32` into a file that all replicas get, and name it: `session.key_file = \"/etc/outboard/keys\"`; or into a variable, and write `session.keys = [\"${NAME}\"]`
";
    assert_eq!(plain(&report("replicas = 3", &[])).trim(), EXPECTED.trim());
}

#[test]
fn a_password_in_the_url_is_refused_with_the_place_for_it() {
    let file = plain(&report("store.redis.url = 'redis://me:canary@a'", &[]));
    let variable = plain(&report("", &[("OUTBOARD_REDIS_URL", "redis://me:canary@a")]));
    for shown in [file, variable] {
        assert!(shown.contains("a password stands in `password` or `password_file`, not in the URL"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn secrets_in_damaged_files_are_not_shown() {
    for file in [
        "[store.redis]\npassword = 'canary\n",
        "[store.redis]\npassword = canary\n",
        "[session]\nkeys = ['canary'\n",
        "[session]\nkeys = [\n'canary\n]",
        "[session]\nkyes = ['canary']",
        "[session]\nkeys = 'canary'",
        "[store.redis]\nurl = 'redis:/me:canary@a'",
        "[store.redis]\nsentinel_passwd = 'canary'",
        "store.redis.password = ['canary']",
    ] {
        let report = report(file, &[]);
        assert!(report.has_errors(), "{file}");
        assert!(!plain(&report).contains("canary"), "{}", plain(&report));
    }
}

fn redis(file: &str) -> RedisConfig {
    accepted(&format!("session.keys = ['${{SESSION_KEY}}']\n[store.redis]\n{file}"), &[]).redis.unwrap()
}

#[test]
fn each_topology_arrives() {
    let at = |host: &str, port| ServerAddress { host: host.to_owned(), port };
    let single = |address, database| Topology::Single { address, database };
    assert_eq!(redis("url = 'redis://redis.internal'").topology, single(at("redis.internal", 6379), 0));
    assert_eq!(redis("url = 'redis://[::1]:7/3'").topology, single(at("::1", 7), 3));
    assert_eq!(
        redis("nodes = ['a:1', '[::1]:2']").topology,
        Topology::Cluster { nodes: vec![at("a", 1), at("::1", 2)] }
    );
    let plain = redis("url = 'redis://a'");
    assert!(plain.tls.is_none() && plain.username.is_none() && plain.password.is_none());
    assert_eq!((plain.prefix.as_str(), plain.timeouts), ("outboard", RedisTimeouts::default()));
    let secured = redis("url = 'rediss://me@a'\npassword = '${REDIS_PASSWORD}'");
    assert!(secured.tls.is_some());
    assert_eq!((secured.username.as_deref(), secured.password), (Some("me"), Some(RedisPassword::new("canary-6"))));
}

#[test]
fn every_setting_of_redis_and_of_the_keys_arrives() {
    let config = load(EVERY_KEY, &[("DB_PASSWORD", "pw"), ("GITHUB_TOKEN", "gh")]).unwrap().config;
    let redis = config.redis.clone().unwrap();
    let Topology::Sentinel { master, sentinels, username, password, database } = redis.topology else { panic!() };
    assert_eq!((master.as_str(), sentinels.len(), database), ("notes", 2, 2));
    assert_eq!((username.as_deref(), password), (Some("watcher"), Some(RedisPassword::new("canary-6"))));
    assert_eq!((redis.username.as_deref(), redis.prefix.as_str()), (Some("outboard"), "team-a"));
    assert_eq!(redis.password, Some(RedisPassword::new(include_str!("client.secret").trim_end())));
    let tls = redis.tls.unwrap();
    assert!(tls.ca_pem.is_some() && tls.client.is_some());
    let times = RedisTimeouts { connect: Duration::from_millis(300), response: Duration::from_millis(400) };
    assert_eq!(redis.timeouts, times);
    assert_eq!((redis.value_bytes_max, redis.entry_bytes_max), (128 << 10, 8 << 20));
    assert_eq!(config.replicas, 3);
    let SessionKeys::Listed(keys) = &config.session_keys else { panic!("they are listed") };
    assert_eq!(keys.len(), 1);
    assert!(!format!("{config:?}").contains("q83v"), "keys are not in the Debug form");
}

/// A directory with a file of one key, of this mode.
fn key_file(mode: u32) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    std::fs::write(&path, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (directory, path)
}

fn file_of(config: &Config) -> &Path {
    let SessionKeys::File(path) = &config.session_keys else { panic!("{:?}", config.session_keys) };
    path
}

#[test]
fn a_file_of_keys_may_be_named_by_each_layer() {
    let (directory, path) = key_file(0o440);
    let text = path.to_str().unwrap();
    let own = directory.path().join("outboard.toml");
    std::fs::write(&own, "session.key_file = 'keys'").unwrap();
    let from_file = Config::load(Some(&own), &Overrides::default(), &super::env(&[])).unwrap().config;
    assert_eq!(file_of(&from_file), path);
    let listed = "session.keys = ['${SESSION_KEY}']";
    let config = load(listed, &[("OUTBOARD_KEY_FILE", text)]).unwrap().config;
    assert_eq!(file_of(&config), path, "in the place of the keys of the file");
    let flags = Overrides { key_file: Some(path.clone()), ..Overrides::default() };
    let config = load_with("", &flags, &[("OUTBOARD_KEY_FILE", "/missing")]).unwrap().config;
    assert_eq!(file_of(&config), path);
}

#[test]
fn a_file_of_keys_that_is_open_to_others_is_refused_with_the_fix_for_kubernetes() {
    let (_directory, path) = key_file(0o644);
    let shown = plain(&report(&format!("session.key_file = '{}'", path.display()), &[]));
    for part in ["OB074", "it is open to others (mode 644)", "chmod 640", "defaultMode: 0440"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn redis_and_the_number_of_replicas_follow_the_layers() {
    let host = |flags: &Overrides, variables: &[(&str, &str)]| {
        let file =
            "replicas = 2\nsession.keys = ['${SESSION_KEY}']\n[store.redis]\nnodes = ['file:1']\nprefix = 'kept'";
        let config = load_with(file, flags, variables).unwrap().config;
        let redis = config.redis.unwrap();
        assert_eq!(redis.prefix, "kept");
        let host = match redis.topology {
            Topology::Single { address, .. } => address.host,
            other => format!("{other:?}"),
        };
        (host, config.replicas)
    };
    let none = Overrides::default();
    let flags = Overrides { redis: Some("redis://flag".to_owned()), replicas: Some(4), ..Overrides::default() };
    let variables = [("OUTBOARD_REDIS_URL", "redis://variable"), ("OUTBOARD_REPLICAS", "3")];
    assert!(host(&none, &[]).0.contains("Cluster"));
    assert_eq!(host(&none, &variables), ("variable".to_owned(), 3));
    assert_eq!(host(&flags, &variables), ("flag".to_owned(), 4));
    let wrong = load("", &[("OUTBOARD_REPLICAS", "many")]).unwrap_err();
    assert_eq!(summary(&wrong), ["OB010 Variable(\"OUTBOARD_REPLICAS\")"]);
}
