//! Several replicas of the server: what they have to share, and what is refused because they would not.

use std::collections::BTreeSet;

use super::amount::Count;
use super::check::Check;
use super::file::File;
use super::setting::Setting;
use super::transport::Transport;
use crate::diagnostics::{Code, Diagnostic, Place};

/// More than anybody runs.
const REPLICAS_MAX: usize = 1_000;

/// Something that several replicas cannot do, or one that shares a Redis with others to come.
struct Refusal {
    code: Code,
    what: &'static str,
    why: &'static str,
    fix: &'static str,
}

const IN_MEMORY: Refusal = Refusal {
    code: Code::StoreNotShared,
    what: "`replicas`: there is no `store.redis`, so that each would have a memory of its own",
    why: "what a client tells one replica, such as an answer or the end of a session, the others would not know",
    fix: "name a Redis that all of them reach: `store.redis.url = \"rediss://redis.internal\"`",
};

const GENERATED_KEY: Refusal = Refusal {
    code: Code::KeysNotShared,
    what: "`session.key_file`: it is missing, so that each replica would seal with a key of its own",
    why: "what one replica seals for a client, such as the id of its session, no other could open",
    fix: "write `openssl rand -base64 32` into a file that all replicas get, and name it: `session.key_file = \"/etc/outboard/keys\"`; \
          or into a variable, and write `session.keys = [\"${NAME}\"]`",
};

const DEV_ISSUER: Refusal = Refusal {
    code: Code::DevIssuerNotShared,
    what: "`dev_issuer.enabled`: each replica would have an issuer of its own",
    why: "its keys are in the memory of one process: tokens of one replica are not accepted by the others",
    fix: "run one replica, or name a real issuer with `[[auth.issuers]]`",
};

/// Checks what several replicas need, unless a setting of it could not be read. Over stdio there are no others.
pub(super) fn check(file: &File, broken: &BTreeSet<String>, check: &mut Check<'_>) {
    check.within(&["replicas"], &file.replicas, Count(1)..=Count(REPLICAS_MAX));
    if file.transport.value == Transport::Stdio || broken.iter().any(|key| is_looked_at(key)) {
        return;
    }
    let Setting { value: Count(count), place: several } = &file.replicas;
    let redis = file.store.redis.as_ref().map(|redis| &redis.place);
    let several = Some(several).filter(|_| *count > 1);
    let mut refuse = |refusal: &Refusal, place: &Place| {
        let Refusal { code, what, why, fix } = *refusal;
        let place = place.clone();
        check.report.add(Diagnostic { code, place, what: what.into(), why: Some(why.into()), fix: fix.into() });
    };
    if let (Some(several), None) = (several, redis) {
        refuse(&IN_MEMORY, several);
    }
    if let (Some(shared), None) = (several.or(redis), file.session.place()) {
        refuse(&GENERATED_KEY, shared);
    }
    if several.is_some() && file.dev_issuer.enabled.value {
        refuse(&DEV_ISSUER, &file.dev_issuer.enabled.place);
    }
}

fn is_looked_at(key: &str) -> bool {
    let is_of = |table: &str| key == table || key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
    ["transport", "replicas", "store", "store.redis", "session", "session.keys", "session.key_file", "dev_issuer"]
        .contains(&key)
        || is_of("store.redis")
        || key == "dev_issuer.enabled"
}
