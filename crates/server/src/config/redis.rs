//! The `[store.redis]` table: where the replicas keep what they share.

mod place;

use std::collections::BTreeSet;
use std::path::PathBuf;

use outboard_store_redis::{RedisConfig, RedisPassword, RedisTimeouts, RedisTls, Topology};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::place::HostPort;
pub(super) use self::place::RedisUrl;
use super::amount::{Count, Interval, Size};
use super::check::Check;
use super::environment::Environment;
use super::read_text;
use super::secret;
use super::setting::Setting;
use crate::diagnostics::{Code, Place};

/// Redis (6.2 or later) or Valkey (7.2 or later), for replicas to share what they keep. Exactly one of `url`, `sentinels`
/// and `nodes` says where it is.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RedisTable {
    /// One server: `redis://[USER@]HOST[:PORT][/DATABASE]`, or `rediss://` with TLS.
    pub(super) url: Option<Setting<RedisUrl>>,
    /// Sentinels that watch the server, each `HOST:PORT`.
    pub(super) sentinels: Vec<Setting<HostPort>>,
    /// What the Sentinels call the server.
    pub(super) master: Option<Setting<String>>,
    /// Some nodes of a Cluster, each `HOST:PORT`.
    pub(super) nodes: Vec<Setting<HostPort>>,
    /// User of the access control list. By default that of `url`, else the default user.
    pub(super) username: Option<Setting<String>>,
    /// Password of the user: `"${NAME}"`, the variable that holds it.
    pub(super) password: Option<Setting<String>>,
    /// File that holds the password.
    pub(super) password_file: Option<Setting<PathBuf>>,
    /// User of the Sentinels themselves.
    pub(super) sentinel_username: Option<Setting<String>>,
    /// Password of that user: `"${NAME}"`, the variable that holds it.
    pub(super) sentinel_password: Option<Setting<String>>,
    /// File that holds that password.
    pub(super) sentinel_password_file: Option<Setting<PathBuf>>,
    /// Number of the database of a server that Sentinels watch, 0 to 255.
    pub(super) database: Setting<Count>,
    /// Whether to speak TLS to the servers. `rediss://` says so, too.
    pub(super) tls: Setting<bool>,
    /// File with the certificates of authorities to trust, PEM. By default those of the machine.
    pub(super) tls_ca_file: Option<Setting<PathBuf>>,
    /// File with the certificate to show, PEM.
    pub(super) tls_cert_file: Option<Setting<PathBuf>>,
    /// File with the key of that certificate, PEM.
    pub(super) tls_key_file: Option<Setting<PathBuf>>,
    /// What all keys begin with, so that several can share a server: 1 to 64 printable ASCII
    /// characters without braces.
    pub(super) prefix: Setting<String>,
    /// Longest time to connect, 50ms to 1m.
    pub(super) connect_timeout: Setting<Interval>,
    /// Longest time to wait for an answer, 50ms to 1m. What needs the store is refused after that.
    pub(super) timeout: Setting<Interval>,
    /// Largest value, 16KiB to 1MiB.
    pub(super) value_bytes: Setting<Size>,
    /// Largest entry of a log, such as an event that is kept for resumption, 64KiB to 64MiB.
    pub(super) entry_bytes: Setting<Size>,
}

/// Reads the table.
pub(super) struct Builder<'a, 'c> {
    pub(super) env: &'a dyn Environment,
    /// The settings that could not be read: nothing is said of what they leave open.
    pub(super) broken: &'a BTreeSet<String>,
    pub(super) check: &'a mut Check<'c>,
}

impl Builder<'_, '_> {
    /// What the adapter is to be given; `None` after a mistake, which has been told.
    pub(super) fn build(&mut self, table: &Setting<RedisTable>) -> Option<RedisConfig> {
        let Setting { value: table, place } = table;
        let connect = Interval::millis(50)..=Interval::seconds(60);
        self.check.within(&at("connect_timeout"), &table.connect_timeout, connect.clone());
        self.check.within(&at("timeout"), &table.timeout, connect);
        self.check.within(&at("value_bytes"), &table.value_bytes, Size::kib(16)..=Size::mib(1));
        self.check.within(&at("entry_bytes"), &table.entry_bytes, Size::kib(64)..=Size::mib(64));
        self.check.within(&at("database"), &table.database, Count(0)..=Count(255));
        self.prefix(&table.prefix);
        let password = self.password(("password", &table.password), ("password_file", &table.password_file));
        self.superfluous(table);
        let url = table.url.as_ref().map(|url| &url.value);
        if let (Some(username), Some(_)) = (&table.username, url.and_then(|url| url.username.as_ref())) {
            let problem = "`url` names a user too";
            self.contradiction(&username.place, "username", problem, "keep one of the two");
        }
        let username = table.username.as_ref().map(|username| username.value.clone());
        let is_tls = table.tls.value || url.is_some_and(|url| url.is_tls);
        let tls = self.tls(table, is_tls);
        let topology = self.topology(table, place)?;
        Some(RedisConfig {
            username: username.or_else(|| url?.username.clone()),
            password,
            tls,
            prefix: table.prefix.value.clone(),
            timeouts: RedisTimeouts { connect: table.connect_timeout.value.0, response: table.timeout.value.0 },
            value_bytes_max: table.value_bytes.value.0,
            entry_bytes_max: table.entry_bytes.value.0,
            ..RedisConfig::new(topology)
        })
    }

    /// What is about Sentinels has no meaning without any.
    fn superfluous(&mut self, table: &RedisTable) {
        if !table.sentinels.is_empty() || self.is_open() {
            return;
        }
        let database = Some(&table.database.place).filter(|place| **place != Place::Default);
        let settings = [
            ("master", table.master.as_ref().map(|setting| &setting.place)),
            ("sentinel_username", table.sentinel_username.as_ref().map(|setting| &setting.place)),
            ("sentinel_password", table.sentinel_password.as_ref().map(|setting| &setting.place)),
            ("sentinel_password_file", table.sentinel_password_file.as_ref().map(|setting| &setting.place)),
            ("database", database),
        ];
        for (key, place) in settings {
            if let Some(place) = place {
                let fix =
                    "name the Sentinels in `sentinels`, or leave it out; the database of one server stands in its URL";
                self.contradiction(place, key, "there are no Sentinels", fix);
            }
        }
    }

    /// Whether something of the table could not be read, so that what is missing in it may have been written.
    fn is_open(&self) -> bool {
        self.broken.iter().any(|key| key.starts_with("store.redis"))
    }

    fn topology(&mut self, table: &RedisTable, place: &Place) -> Option<Topology> {
        let addresses = |list: &[Setting<HostPort>]| list.iter().map(|node| node.value.0.clone()).collect();
        match (&table.url, &*table.sentinels, &*table.nodes) {
            (Some(url), [], []) => {
                Some(Topology::Single { address: url.value.address.clone(), database: url.value.database })
            }
            (None, [_, ..], []) => {
                let Some(master) = &table.master else {
                    if self.is_open() {
                        return None;
                    }
                    let fix = "say what the Sentinels call it: `master = \"mymaster\"`";
                    self.contradiction(place, "master", "it is missing", fix);
                    return None;
                };
                let password = self.password(
                    ("sentinel_password", &table.sentinel_password),
                    ("sentinel_password_file", &table.sentinel_password_file),
                );
                Some(Topology::Sentinel {
                    master: master.value.clone(),
                    sentinels: addresses(&table.sentinels),
                    username: table.sentinel_username.as_ref().map(|username| username.value.clone()),
                    password,
                    database: u8::try_from(table.database.value.0).unwrap_or_default(),
                })
            }
            (None, [], [_, ..]) => Some(Topology::Cluster { nodes: addresses(&table.nodes) }),
            _ if self.is_open() => None,
            _ => {
                let fix = "write one of `url` (a server), `sentinels` with `master`, and `nodes` (a Cluster)";
                self.contradiction(place, "url", "where Redis is has to be said in exactly one way", fix);
                None
            }
        }
    }

    fn prefix(&mut self, prefix: &Setting<String>) {
        self.check.length(&at("prefix"), prefix, 64);
        if !prefix.value.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '{' | '}')) {
            let problem = "it has a character that keys cannot have here";
            let fix = "take letters, digits, `:`, `-` and `_`";
            self.check.refuse(Code::BadValue, &prefix.place, &at("prefix"), problem, Some(fix));
        }
    }

    fn tls(&mut self, table: &RedisTable, is_tls: bool) -> Option<RedisTls> {
        let files = [
            ("tls_ca_file", &table.tls_ca_file),
            ("tls_cert_file", &table.tls_cert_file),
            ("tls_key_file", &table.tls_key_file),
        ];
        if !is_tls {
            for (key, file) in files {
                if let Some(file) = file {
                    let fix = "write `tls = true` or a URL that begins with `rediss://`, or leave it out";
                    self.contradiction(&file.place, key, "without TLS it is for nothing", fix);
                }
            }
            return None;
        }
        let [ca, certificate, key] = files.map(|(key, file)| self.file(key, file.as_ref()?));
        let client = match (&table.tls_cert_file, &table.tls_key_file) {
            (Some(only), None) | (None, Some(only)) => {
                let fix = "name both files, or neither";
                self.contradiction(&only.place, "tls_cert_file", "a certificate and its key belong together", fix);
                None
            }
            _ => certificate.zip(key),
        };
        let client = client.map(|(certificate, key)| (certificate, key.into()));
        Some(RedisTls { ca_pem: ca, client })
    }

    /// A file in PEM (RFC 7468).
    fn file(&mut self, key: &str, file: &Setting<PathBuf>) -> Option<Vec<u8>> {
        let path = self.check.path(&at(key), file);
        let problem = match read_text(&path) {
            Ok(text) if text.contains("-----BEGIN ") => return Some(text.into_bytes()),
            Ok(_) => "it is not PEM".to_owned(),
            Err(error) => error.to_string(),
        };
        let fix = "name a file in PEM, which begins with `-----BEGIN`";
        self.check.refuse(Code::TlsFileUnreadable, &file.place, &at(key), &problem, Some(fix));
        None
    }

    fn password(
        &mut self,
        (key, password): (&str, &Option<Setting<String>>),
        (file_key, file): (&str, &Option<Setting<PathBuf>>),
    ) -> Option<RedisPassword> {
        let (key, place, secret) = match (password, file) {
            (Some(_), Some(file)) => {
                let problem = format!("it cannot stand beside `{key}`");
                self.contradiction(&file.place, file_key, &problem, "keep one of the two");
                return None;
            }
            (Some(reference), None) => (key, &reference.place, secret::of_variable(&reference.value, self.env)),
            (None, Some(file)) => {
                let path = self.check.path(&at(file_key), file);
                (file_key, &file.place, secret::of_file(&path))
            }
            (None, None) => return None,
        };
        let fix = "put it into a variable and write `password = \"${NAME}\"`, or into a file for `password_file`";
        let refuse = |problem: String| self.check.refuse(Code::SecretUnreadable, place, &at(key), &problem, Some(fix));
        secret.map_err(refuse).ok().map(|secret| RedisPassword::new(&secret))
    }

    fn contradiction(&mut self, place: &Place, key: &str, problem: &str, fix: &str) {
        self.check.refuse(Code::RedisContradiction, place, &at(key), problem, Some(fix));
    }
}

fn at(key: &str) -> [&str; 3] {
    ["store", "redis", key]
}

impl Default for RedisTable {
    fn default() -> Self {
        let RedisTimeouts { connect, response } = RedisTimeouts::default();
        let defaults = RedisConfig::new(Topology::Cluster { nodes: Vec::new() });
        Self {
            url: None,
            sentinels: Vec::new(),
            master: None,
            nodes: Vec::new(),
            username: None,
            password: None,
            password_file: None,
            sentinel_username: None,
            sentinel_password: None,
            sentinel_password_file: None,
            database: Setting::default_of(Count(0)),
            tls: Setting::default(),
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            prefix: Setting::default_of(defaults.prefix),
            connect_timeout: Setting::default_of(Interval(connect)),
            timeout: Setting::default_of(Interval(response)),
            value_bytes: Setting::default_of(Size(defaults.value_bytes_max)),
            entry_bytes: Setting::default_of(Size(defaults.entry_bytes_max)),
        }
    }
}
