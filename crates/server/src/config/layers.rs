//! What wins over the file: environment variables, and over these the flags of the command line.
//!
//! Both are given as text and read like the strings of the file. An empty variable counts as not set.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::value::{Error as TextError, StrDeserializer};

use super::amount::Count;
use super::auth::{AuthTable, IssuerName, IssuerTable};
use super::environment::Environment;
use super::keys::Keys;
use super::read::Reading;
use super::redis::{RedisTable, RedisUrl};
use super::setting::Setting;
use crate::diagnostics::{Code, Diagnostic, Place};

/// What the flags of the command line say, as typed. Unset ones leave the setting to the variable, the file or the
/// default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `--transport http|stdio`.
    pub(crate) transport: Option<String>,
    /// `--listen ADDRESS:PORT`.
    pub(crate) listen: Option<String>,
    /// `--public-url URL`.
    pub(crate) public_url: Option<String>,
    /// `--path PATH`.
    pub(crate) path: Option<String>,
    /// `--allowed-origin ORIGIN`, any number of times; together they replace the list of the file.
    pub(crate) allowed_origins: Vec<String>,
    /// `--state-dir DIRECTORY`.
    pub(crate) state_dir: Option<PathBuf>,
    /// `--insecure-no-auth`.
    pub(crate) insecure_no_auth: bool,
    /// `--issuer URL`, any number of times: issuers beside those of the file.
    pub(crate) issuers: Vec<String>,
    /// `--dev-issuer`.
    pub(crate) dev_issuer: bool,
    /// `--dev-issuer-auto-approve USER`.
    pub(crate) dev_issuer_auto_approve: Option<String>,
    /// `--redis URL`.
    pub(crate) redis: Option<String>,
    /// `--key-file FILE`.
    pub(crate) key_file: Option<PathBuf>,
    /// `--replicas NUMBER`.
    pub(crate) replicas: Option<usize>,
    /// `--log-level FILTER`.
    pub(crate) log_level: Option<String>,
    /// `--log-format FORMAT`.
    pub(crate) log_format: Option<String>,
    /// `--stdio "COMMAND LINE"`, any number of times: backends beside those of the file, without a shell.
    pub(crate) stdio: Vec<String>,
    /// `--import FILE`, any number of times: files in the form of MCP clients, whose servers become backends too.
    pub(crate) imports: Vec<PathBuf>,
    /// `--env-pass NAME`, any number of times: variables that the backends of `--stdio` and `--import` get beside the
    /// usual ones.
    pub(crate) env_pass: Vec<String>,
    /// `--isolation shared|per-principal`: who shares one process of the backends of `--stdio` and `--import`.
    pub(crate) isolation: Option<String>,
}

/// A setting that has a variable and a flag.
struct Name {
    key: &'static str,
    variable: &'static str,
    flag: &'static str,
}

// The variables avoid `OUTBOARD_PORT` and `OUTBOARD_SERVICE_*`, which Kubernetes sets for a service called `outboard`.
const TRANSPORT: Name = Name { key: "transport", variable: "OUTBOARD_TRANSPORT", flag: "--transport" };
const LISTEN: Name = Name { key: "listen", variable: "OUTBOARD_LISTEN", flag: "--listen" };
const PUBLIC_URL: Name = Name { key: "public_url", variable: "OUTBOARD_PUBLIC_URL", flag: "--public-url" };
const PATH: Name = Name { key: "path", variable: "OUTBOARD_PATH", flag: "--path" };
const ORIGINS: Name = Name { key: "allowed_origins", variable: "OUTBOARD_ALLOWED_ORIGINS", flag: "--allowed-origin" };
const STATE_DIR: Name = Name { key: "state_dir", variable: "OUTBOARD_STATE_DIR", flag: "--state-dir" };
const NO_AUTH: Name =
    Name { key: "insecure_no_auth", variable: "OUTBOARD_INSECURE_NO_AUTH", flag: "--insecure-no-auth" };
const ISSUERS: Name = Name { key: "auth.issuers.issuer", variable: "OUTBOARD_ISSUERS", flag: "--issuer" };
const DEV_ISSUER: Name = Name { key: "dev_issuer.enabled", variable: "OUTBOARD_DEV_ISSUER", flag: "--dev-issuer" };
const REDIS: Name = Name { key: "store.redis.url", variable: "OUTBOARD_REDIS_URL", flag: "--redis" };
const KEY_FILE: Name = Name { key: "session.key_file", variable: "OUTBOARD_KEY_FILE", flag: "--key-file" };
const REPLICAS: Name = Name { key: "replicas", variable: "OUTBOARD_REPLICAS", flag: "--replicas" };
const LOG_LEVEL: Name = Name { key: "log.level", variable: "OUTBOARD_LOG_LEVEL", flag: "--log-level" };
const LOG_FORMAT: Name = Name { key: "log.format", variable: "OUTBOARD_LOG_FORMAT", flag: "--log-format" };

/// Writes the variables and the flags over the file.
pub(super) fn apply(reading: &mut Reading, flags: &Overrides, env: &dyn Environment, keys: &Keys) {
    let mut file = std::mem::take(&mut reading.file);
    let mut over = Over { reading, env, keys };
    over.set(&mut file.transport, &TRANSPORT, flags.transport.as_deref());
    over.set(&mut file.listen, &LISTEN, flags.listen.as_deref());
    over.set_some(&mut file.public_url, &PUBLIC_URL, flags.public_url.as_deref());
    over.set(&mut file.path, &PATH, flags.path.as_deref());
    over.set_list(&mut file.allowed_origins, &ORIGINS, &flags.allowed_origins);
    over.set_path(&mut file.state_dir, &STATE_DIR, flags.state_dir.as_ref());
    over.set_switch(&mut file.insecure_no_auth, &NO_AUTH, flags.insecure_no_auth);
    over.add_issuers(&mut file.auth, &flags.issuers);
    over.set_switch(&mut file.dev_issuer.enabled, &DEV_ISSUER, flags.dev_issuer);
    over.set_redis(&mut file.store.redis, flags.redis.as_deref());
    over.set_path(&mut file.session.key_file, &KEY_FILE, flags.key_file.as_ref());
    if file.session.key_file.as_ref().is_some_and(|file| !matches!(file.place, Place::File(_))) {
        // One file in place of whatever the file of settings names.
        file.session.keys.clear();
    }
    over.set_count(&mut file.replicas, &REPLICAS, flags.replicas);
    over.set(&mut file.log.level, &LOG_LEVEL, flags.log_level.as_deref());
    over.set(&mut file.log.format, &LOG_FORMAT, flags.log_format.as_deref());
    reading.file = file;
}

struct Over<'a> {
    reading: &'a mut Reading,
    env: &'a dyn Environment,
    keys: &'a Keys,
}

impl Over<'_> {
    fn set<T: for<'de> Deserialize<'de>>(&mut self, setting: &mut Setting<T>, name: &Name, flag: Option<&str>) {
        if let Some(value) = self.given(name, flag).and_then(|(text, place)| self.read(name, &text, place)) {
            *setting = value;
        }
    }

    fn set_some<T: for<'de> Deserialize<'de>>(
        &mut self,
        setting: &mut Option<Setting<T>>,
        name: &Name,
        flag: Option<&str>,
    ) {
        if let Some((text, place)) = self.given(name, flag) {
            *setting = self.read(name, &text, place);
        }
    }

    fn set_list<T: for<'de> Deserialize<'de>>(&mut self, list: &mut Vec<Setting<T>>, name: &Name, flags: &[String]) {
        if let Some(given) = self.read_list(name, flags) {
            *list = given;
        }
    }

    /// Each is a table with its name alone, beside those of the file.
    fn add_issuers(&mut self, auth: &mut Option<Setting<AuthTable>>, flags: &[String]) {
        for name in self.read_list::<IssuerName>(&ISSUERS, flags).unwrap_or_default() {
            let place = name.place.clone();
            let table = IssuerTable { issuer: Some(name), ..IssuerTable::default() };
            let auth = auth.get_or_insert_with(|| Setting { value: AuthTable::default(), place: place.clone() });
            auth.value.issuers.push(Setting { value: table, place });
        }
    }

    /// One server in place of whatever the file names; who may use it and how stays what the file says.
    fn set_redis(&mut self, redis: &mut Option<Setting<RedisTable>>, flag: Option<&str>) {
        let Some((text, place)) = self.given(&REDIS, flag) else { return };
        let Some(url) = self.read::<RedisUrl>(&REDIS, &text, place.clone()) else { return };
        let table = redis.get_or_insert_with(|| Setting { value: RedisTable::default(), place });
        let RedisTable { url: named, sentinels, nodes, .. } = &mut table.value;
        *named = Some(url);
        sentinels.clear();
        nodes.clear();
    }

    fn set_count(&mut self, setting: &mut Setting<Count>, name: &Name, flag: Option<usize>) {
        if let Some(number) = flag {
            *setting = Setting { value: Count(number), place: Place::Flag(name.flag) };
            return;
        }
        let Some((text, place)) = self.given(name, None) else { return };
        match text.parse() {
            Ok(number) => *setting = Setting { value: Count(number), place },
            Err(_) => self.refuse(name, place, "expected a whole number"),
        }
    }

    fn read_list<T: for<'de> Deserialize<'de>>(&mut self, name: &Name, flags: &[String]) -> Option<Vec<Setting<T>>> {
        let (texts, place) = if flags.is_empty() {
            let (text, place) = self.given(name, None)?;
            (text.split(',').map(|part| part.trim().to_owned()).collect(), place)
        } else {
            (flags.to_vec(), Place::Flag(name.flag))
        };
        Some(texts.iter().filter_map(|text| self.read(name, text, place.clone())).collect())
    }

    /// Paths need not be UTF-8.
    fn set_path(&self, setting: &mut Option<Setting<PathBuf>>, name: &Name, flag: Option<&PathBuf>) {
        let variable = || self.env.var(name.variable).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(value) = flag.cloned() {
            *setting = Some(Setting { value, place: Place::Flag(name.flag) });
        } else if let Some(value) = variable() {
            *setting = Some(Setting { value, place: Place::Variable(name.variable) });
        }
    }

    fn set_switch(&mut self, setting: &mut Setting<bool>, name: &Name, flag: bool) {
        if flag {
            *setting = Setting { value: true, place: Place::Flag(name.flag) };
            return;
        }
        let Some((text, place)) = self.given(name, None) else { return };
        match text.as_str() {
            "true" | "1" => *setting = Setting { value: true, place },
            "false" | "0" => *setting = Setting { value: false, place },
            _ => self.refuse(name, place, "expected `true` or `false`"),
        }
    }

    fn given(&self, name: &Name, flag: Option<&str>) -> Option<(String, Place)> {
        if let Some(text) = flag {
            return Some((text.to_owned(), Place::Flag(name.flag)));
        }
        let value = self.env.var(name.variable).filter(|value| !value.is_empty())?;
        // No setting accepts the replacement character, so what is not UTF-8 is refused like any other wrong text.
        Some((value.to_string_lossy().into_owned(), Place::Variable(name.variable)))
    }

    fn read<T: for<'de> Deserialize<'de>>(&mut self, name: &Name, text: &str, place: Place) -> Option<Setting<T>> {
        match T::deserialize(StrDeserializer::<TextError>::new(text)) {
            Ok(value) => Some(Setting { value, place }),
            Err(mistake) => {
                self.refuse(name, place, &mistake.to_string());
                None
            }
        }
    }

    fn refuse(&mut self, name: &Name, place: Place, problem: &str) {
        let path: Vec<String> = name.key.split('.').map(str::to_owned).collect();
        self.reading.broken.insert(name.key.to_owned());
        self.reading.report.add(Diagnostic {
            code: Code::BadValue,
            place,
            what: format!("`{}`: {problem}", name.key),
            why: None,
            fix: self.keys.help(&path).unwrap_or_default(),
        });
    }
}
