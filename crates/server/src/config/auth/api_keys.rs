//! From the `[[auth.api_keys]]` tables to the keys that are accepted as tokens.

use std::collections::BTreeSet;

use outboard_auth::ApiKey;

use super::super::setting::Setting;
use super::file::ApiKeyTable;
use super::{Builder, NAME_BYTES_MAX};
use crate::diagnostics::{Code, Place};

impl Builder<'_, '_> {
    pub(super) fn api_keys(&mut self, tables: &[Setting<ApiKeyTable>]) -> Vec<ApiKey> {
        // A name may stand twice: so its holder changes from one key to the next without a gap.
        let mut digests = BTreeSet::new();
        let mut keys = Vec::new();
        for Setting { value: table, place } in tables {
            let (Some(name), Some(digest)) = (&table.name, &table.digest) else {
                let has = [("name", table.name.is_some()), ("digest", table.digest.is_some())];
                for (key, _) in has.into_iter().filter(|(_, has)| !has) {
                    self.missing(key, place);
                }
                continue;
            };
            self.check.length(&at("name"), name, NAME_BYTES_MAX);
            if name.value.chars().any(char::is_control) {
                self.bad(&name.place, "name", "it has a control character", "take it out: the name is shown in logs");
            }
            if !digests.insert(digest.value.0) {
                let fix = "make a key for each holder with `outboard token --api-key NAME`";
                self.bad(&digest.place, "digest", "another key has this digest too", fix);
            }
            let (name, scopes) = (name.value.as_str().into(), table.scopes.value.0.clone());
            keys.push(ApiKey { name, digest: digest.value.0, scopes });
        }
        keys
    }

    fn missing(&mut self, key: &str, place: &Place) {
        if !self.broken.contains(&at(key).join(".")) {
            let fix = "`outboard token --api-key NAME` makes a key, and prints the lines for this file";
            self.bad(place, key, "it is missing", fix);
        }
    }

    fn bad(&mut self, place: &Place, key: &str, problem: &str, fix: &str) {
        self.check.refuse(Code::BadApiKey, place, &at(key), problem, Some(fix));
    }
}

fn at(key: &str) -> [&str; 3] {
    ["auth", "api_keys", key]
}
