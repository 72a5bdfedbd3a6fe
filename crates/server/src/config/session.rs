//! The `[session]` table: how long sessions last, and the keys that they and all else that clients keep are sealed with.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use outboard_store::{KeyId, KeyRing, RootKey};
use outboard_transport::LegacyConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::amount::Interval;
use super::check::{Check, minutes};
use super::environment::Environment;
use super::secret;
use super::setting::Setting;
use crate::diagnostics::{Code, Place};
use crate::keys::{self, KeysError};

/// Sessions of clients of revision 2025-11-25 and before, and the keys that seal what clients of all revisions keep.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SessionTable {
    /// Time after which a session ends, however much it is used, 1m to 365d.
    pub(super) max_age: Setting<Interval>,
    /// Keys that session ids, cursors and the state of questions are sealed with, the same for all replicas, each as
    /// `"${NAME}"` with the variable that holds 32 random bytes in base64. The first one seals, all open. By default one
    /// key is generated and kept in `state_dir`.
    pub(super) keys: Vec<Setting<String>>,
    /// File with these keys, one on each line, in the place of `keys`. It is read again when it changes and on SIGHUP.
    /// Others than its owner and its group must not be able to read it.
    pub(super) key_file: Option<Setting<PathBuf>>,
}

/// Where the keys are.
#[derive(Debug, Clone)]
pub(crate) enum SessionKeys {
    /// In the state directory, where they are made: for one process alone.
    Generated,
    /// In these texts, which are keys in base64.
    Listed(Vec<KeyText>),
    /// In this file, which held keys when the configuration was read.
    File(PathBuf),
}

/// A key in base64. It is overwritten when dropped, and `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct KeyText(Zeroizing<String>);

const KEYS: &[&str] = &["session", "keys"];
const KEY_FILE: &[&str] = &["session", "key_file"];

const MAKE: &str = "`openssl rand -base64 32` makes a key";

impl SessionTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.within(&["session", "max_age"], &self.max_age, minutes(1)..=minutes(365 * 24 * 60));
    }

    /// Where the table says that the keys are, or that nobody has said it, and the place that says so.
    pub(super) fn place(&self) -> Option<&Place> {
        let file = self.key_file.as_ref().map(|file| &file.place);
        file.or_else(|| self.keys.first().map(|key| &key.place))
    }

    /// The keys, read and judged.
    pub(super) fn keys(&self, env: &dyn Environment, check: &mut Check<'_>) -> SessionKeys {
        match (&self.key_file, &*self.keys) {
            (None, []) => SessionKeys::Generated,
            (Some(file), []) => of_file(file, check),
            (None, keys) => of_variables(keys, env, check),
            (Some(file), [_, ..]) => {
                let problem = "it cannot stand beside `session.keys`";
                check.refuse(Code::BadKeys, &file.place, KEY_FILE, problem, Some("keep one of the two"));
                SessionKeys::Generated
            }
        }
    }
}

fn of_file(file: &Setting<PathBuf>, check: &mut Check<'_>) -> SessionKeys {
    let path = check.path(KEY_FILE, file);
    if let Err(error) = keys::read(&path) {
        let fix = match error {
            KeysError::OpenToOthers { .. } => {
                "run `chmod 640` on it; in Kubernetes, give the secret `defaultMode: 0440`"
            }
            KeysError::Unreadable { .. } | KeysError::NotAFile => "name a file that exists and can be read",
            _ => {
                "write 32 random bytes in base64 on each line, the key that seals first; `openssl rand -base64 32` makes a key"
            }
        };
        check.refuse(Code::BadKeys, &file.place, KEY_FILE, &keys::told(&error), Some(fix));
    }
    SessionKeys::File(path)
}

fn of_variables(list: &[Setting<String>], env: &dyn Environment, check: &mut Check<'_>) -> SessionKeys {
    let mut texts = Vec::new();
    let mut seen = BTreeSet::new();
    for Setting { value: reference, place } in list {
        let text = match secret::of_variable(reference, env) {
            Ok(text) => text,
            Err(problem) => {
                let fix = "put the key into a variable and write `\"${NAME}\"`, or into a file for `session.key_file`";
                check.refuse(Code::SecretUnreadable, place, KEYS, &problem, Some(fix));
                continue;
            }
        };
        match keys::root(&text).map(id) {
            Ok(id) if seen.insert(id) => texts.push(KeyText(text)),
            Ok(_) => {
                check.refuse(Code::BadKeys, place, KEYS, "this key stands there twice", Some("name each key once"))
            }
            Err(error) => {
                let problem = format!("what `{reference}` stands for is no key: {}", keys::told(&error));
                check.refuse(Code::BadKeys, place, KEYS, &problem, Some(MAKE));
            }
        }
    }
    SessionKeys::Listed(texts)
}

/// The id of a key; one key alone is always a ring.
fn id(root: RootKey) -> Option<KeyId> {
    KeyRing::new(vec![root]).map(|ring| ring.sealing_key_id()).ok()
}

impl KeyText {
    /// The text, in the clear.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(..)")
    }
}

impl Default for SessionTable {
    fn default() -> Self {
        Self {
            max_age: Setting::default_of(Interval(LegacyConfig::default().session_max_age)),
            keys: Vec::new(),
            key_file: None,
        }
    }
}
