//! What is told of what was seen.

use std::sync::Arc;
use std::time::Duration;

use outboard_auth::{IssuerState, KeysFault, KeysState};
use outboard_backend::stdio::{StartError, State, StdioError};
use outboard_store::{
    KeyId, KeyRing, LiveReplicas, Replica, ReplicaState, Replicas, RootKey, Store, SystemClock, UnixMillis,
};
use outboard_store_redis::StoreCondition;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::checks::{HasEver, Lacking, Others};
use super::*;

fn told((code, body): (StatusCode, Bytes)) -> (u16, Value) {
    (code.as_u16(), serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_server_is_ready_once_it_was_looked_at_until_it_drains() {
    let health = Health::new();
    let starting = json!({"status": "not ready", "reason": "it has not finished starting"});
    assert_eq!(told(health.readiness()), (503, json!({"status": "not ready", "checks": {"start": starting}})));
    health.tell(vec![Check::ready("store")], None);
    let checks = json!({"store": {"status": "ready"}});
    assert_eq!(told(health.readiness()), (200, json!({"status": "ready", "checks": checks})));
    health.drain();
    let draining = json!({"status": "not ready", "reason": "draining: it is about to end"});
    let expected = json!({"status": "not ready", "checks": {"drain": draining, "store": {"status": "ready"}}});
    assert_eq!(told(health.readiness()), (503, expected.clone()));
    health.tell(vec![Check::ready("store")], None);
    assert_eq!(told(health.readiness()), (503, expected), "a later look does not make it ready again");
}

#[test]
fn a_server_that_drains_before_it_was_looked_at_is_not_ready() {
    let health = Health::new();
    health.drain();
    health.tell(vec![Check::ready("store")], None);
    assert_eq!(told(health.readiness()).0, 503);
}

#[test]
fn the_worst_check_decides_and_degraded_is_not_down() {
    let cases = [
        (vec![], 200, "ready"),
        (vec![Check::ready("a"), Check::degraded("b", "x")], 200, "degraded"),
        (vec![Check::not_ready("a", "x"), Check::degraded("b", "y")], 503, "not ready"),
    ];
    for (checks, code, status) in cases {
        let health = Health::new();
        health.tell(checks.clone(), Some(3));
        let (found, readiness) = told(health.readiness());
        assert_eq!((found, &readiness["status"]), (code, &json!(status)), "{checks:?}");
        let (found, summary) = told(health.summary());
        assert_eq!((found, &summary["status"], &summary["replicas"]), (code, &json!(status), &json!(3)));
        for check in checks {
            assert_eq!(readiness["checks"][check.name]["reason"].as_str(), check.reason.as_deref());
            assert_eq!(summary["checks"][check.name], check.status.word(), "the summary has no reasons");
        }
    }
}

#[test]
fn a_store_that_is_down_degrades() {
    let down = StoreCondition::Down { since: Duration::from_millis(12_900), reason: "10.1.2.3:6379 is gone".into() };
    let expected = Check::degraded("store", "Redis does not answer since 12 s");
    assert_eq!(checks::store(Some(&down)), expected, "an address is for the log");
    let refusing = StoreCondition::Refusing { code: "OOM".into() };
    let expected = Check::degraded("store", "Redis refuses what it is asked: OOM");
    assert_eq!(checks::store(Some(&refusing)), expected);
    for well in [None, Some(&StoreCondition::Up)] {
        assert_eq!(checks::store(well), Check::ready("store"));
    }
}

/// What a replica says it does, and the keys that it tells of.
type Other<'a> = (ReplicaState, &'a [u8]);

/// Replicas that serve, or do not, and the keys that they tell of.
struct Fleet {
    own: Replicas,
    live: LiveReplicas,
}

impl Fleet {
    fn new(others: &[Other<'_>]) -> Self {
        let keys = Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap());
        let store = Store::in_memory(keys, Arc::new(SystemClock));
        let replica = |(state, keys): &Other<'_>| Replica {
            id: Replicas::join(&store).id(),
            state: *state,
            started: UnixMillis::new(0),
            keys: keys.iter().map(|key| KeyId::from_bytes([*key; 4])).collect(),
        };
        let replicas = others.iter().map(replica).collect();
        Self { own: Replicas::join(&store), live: LiveReplicas { replicas, skipped: 0 } }
    }

    fn check(&self, ring: &[u8]) -> Check {
        let ring: Vec<KeyId> = ring.iter().map(|key| KeyId::from_bytes([*key; 4])).collect();
        let lacking = Lacking::of(self.own.id(), &ring, &self.live);
        checks::keys(self.own.id(), &Others::Seen { count: self.live.replicas.len(), lacking })
    }
}

#[test]
fn a_replica_needs_each_key_that_a_serving_one_seals_with() {
    use ReplicaState::{Draining, Serving};
    let cases: [(&[Other<'_>], &[u8], Status); 8] = [
        (&[], &[1], Status::Ready),
        (&[(Serving, &[1])], &[1], Status::Ready),
        (&[(Serving, &[1])], &[2, 1], Status::Ready),
        (&[(Serving, &[1, 2])], &[1], Status::Ready),
        (&[(Serving, &[2, 1])], &[1], Status::NotReady),
        (&[(Serving, &[1]), (Serving, &[3])], &[1, 2], Status::NotReady),
        (&[(Draining, &[2])], &[1], Status::Ready),
        (&[(Serving, &[])], &[1], Status::Ready),
    ];
    for (others, ring, expected) in cases {
        let check = Fleet::new(others).check(ring);
        assert_eq!(check.status, expected, "{others:?} {ring:?}: {check:?}");
        assert_eq!(check.reason.is_some(), expected != Status::Ready);
    }
}

#[test]
fn a_key_that_is_lacking_is_named_and_whose_it_is() {
    let fleet = Fleet::new(&[(ReplicaState::Serving, &[0xab]), (ReplicaState::Serving, &[0xab])]);
    let reason = fleet.check(&[1]).reason.unwrap();
    assert_eq!(reason.matches("abababab").count(), 1, "once for all who seal with it: {reason}");
    assert!(reason.contains(&fleet.own.id().to_string()), "{reason}");
    let others = fleet.live.replicas.iter().filter(|other| reason.contains(&other.id.to_string())).count();
    assert_eq!(others, 1, "{reason}");
    let keys: Vec<u8> = (10..20).collect();
    let many: Vec<Other<'_>> = keys.chunks(1).map(|key| (ReplicaState::Serving, key)).collect();
    let reason = Fleet::new(&many).check(&[1]).reason.unwrap();
    assert!(reason.ends_with("and 7 more like this"), "{reason}");
}

#[test]
fn without_a_look_at_the_others_nobody_is_ready_and_without_a_store_they_are_not_waited_for() {
    let own = Fleet::new(&[]).own.id();
    assert_eq!(checks::keys(own, &Others::NotLooked).status, Status::NotReady);
    assert_eq!(checks::keys(own, &Others::Unknown), Check::ready("keys"));
}

#[test]
fn an_issuer_without_keys_degrades_once_any_token_could_be_judged_and_is_not_ready_before() {
    let fault = || Some(Arc::new(KeysFault::Metadata { host: "inside.example:1".into() }));
    let since = Duration::from_secs(7);
    let cases = [
        (KeysState::Fresh, None),
        (KeysState::NotUsed, None),
        (KeysState::Stale { since, fault: None }, None),
        (
            KeysState::Stale { since, fault: fault() },
            Some("the keys of https://a.example could not be fetched again since 7 s"),
        ),
        (KeysState::Missing { fault: None }, Some("the keys of https://a.example were not fetched yet")),
        (KeysState::Missing { fault: fault() }, Some("the keys of https://a.example could not be fetched")),
    ];
    for (keys, reason) in cases {
        let issuers = [IssuerState { issuer: "https://a.example".into(), keys }];
        for (has_ever, bad) in [(HasEver::Judged, Status::Degraded), (HasEver::NotJudged, Status::NotReady)] {
            let check = checks::issuers(&issuers, has_ever);
            let status = if reason.is_some() { bad } else { Status::Ready };
            assert_eq!((check.status, check.reason.as_deref()), (status, reason), "{issuers:?}");
        }
        let usable = !matches!(issuers[0].keys, KeysState::Missing { .. });
        assert_eq!(checks::can_judge(&issuers[0]), usable);
    }
}

#[test]
fn lifted_servers_that_fail_degrade_unless_nothing_else_is_served() {
    let error = Arc::new(StdioError::Start(StartError::TimedOut { limit: Duration::ZERO }));
    let restarting = State::Restarting { error, since: Instant::now(), next: Instant::now() };
    for state in [State::Starting, restarting, State::Stopped] {
        let states = [("files", state.clone()), ("mail", state)];
        let alone = checks::backends(&states, Besides::Nothing);
        assert_eq!(alone.status, Status::NotReady, "{alone:?}");
        let beside = checks::backends(&states, Besides::Natives);
        assert_eq!(beside.status, Status::Degraded);
        let reason = beside.reason.unwrap();
        assert!(reason.contains("'files'") && reason.contains("'mail'"), "{reason}");
    }
    assert_eq!(checks::backends(&[], Besides::Nothing), Check::ready("backends"));
}
