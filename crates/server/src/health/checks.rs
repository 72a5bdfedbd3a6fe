//! What is made of what was seen: a check each for the store, the keys, the issuers and the lifted servers.

use std::time::Duration;

use outboard_auth::{IssuerState, KeysState};
use outboard_backend::stdio::State;
use outboard_store::{KeyId, LiveReplicas, Replica, ReplicaId, ReplicaState};
use outboard_store_redis::StoreCondition;

use super::Check;

/// The store. Without it what needs none is still served, and all replicas lose it at the same time: it makes no replica
/// one that a balancer takes out.
pub(super) fn store(condition: Option<&StoreCondition>) -> Check {
    match condition {
        // In the memory of this process, or well.
        None | Some(StoreCondition::Up) => Check::ready("store"),
        Some(StoreCondition::Down { since, .. }) => {
            Check::degraded("store", format!("Redis does not answer since {}", seconds(*since)))
        }
        Some(StoreCondition::Refusing { code }) => {
            Check::degraded("store", format!("Redis refuses what it is asked: {code}"))
        }
        Some(_) => Check::degraded("store", "Redis is not well"),
    }
}

/// What is known of the others.
#[derive(Clone, Debug, Default)]
pub(super) enum Others {
    /// Nobody has looked yet.
    #[default]
    NotLooked,
    /// The store did not tell when it was looked at first.
    Unknown,
    /// They were seen.
    Seen {
        /// How many there are, this replica included.
        count: usize,
        /// What they seal with that this replica does not open, by the keys that it had then.
        lacking: Lacking,
    },
}

/// Keys that other replicas seal with and this one does not have, and one replica for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lacking(Vec<(KeyId, ReplicaId)>);

impl Lacking {
    /// What a replica with these keys lacks. One that drains is on its way out, and with it its keys. One that waits seals
    /// nothing, so a newcomer with a wrong key keeps nobody from work but itself; of two that wait for each other, the one
    /// that started first goes on.
    pub(super) fn of(own: ReplicaId, ring: &[KeyId], live: &LiveReplicas) -> Self {
        let started = live.replicas.iter().find(|replica| replica.id == own).map(|replica| (replica.started, own));
        let counts = |other: &&Replica| match other.state {
            ReplicaState::Serving => true,
            ReplicaState::Waiting => started.is_none_or(|started| (other.started, other.id) < started),
            ReplicaState::Draining | ReplicaState::Gone => false,
        };
        let counting = live.replicas.iter().filter(|other| other.id != own).filter(counts);
        let sealing = counting.filter_map(|other| Some((other.sealing_key()?, other.id)));
        let mut lacking: Vec<_> = sealing.filter(|(key, _)| !ring.contains(key)).collect();
        lacking.sort_unstable();
        lacking.dedup_by_key(|(key, _)| *key);
        Self(lacking)
    }

    pub(super) const fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// The key ring: a client comes with what any replica sealed, so the keys of all others are needed here.
pub(super) fn keys(own: ReplicaId, others: &Others) -> Check {
    let lacking = match others {
        Others::NotLooked => return Check::not_ready("keys", "it is not known yet which keys the other replicas use"),
        Others::Unknown => return Check::ready("keys"),
        Others::Seen { lacking, .. } if lacking.is_none() => return Check::ready("keys"),
        Others::Seen { lacking: Lacking(lacking), .. } => lacking,
    };
    let told = lacking.iter().take(TOLD_MAX).map(|(key, id)| {
        format!("the key {key}, with which the replica {id} seals, is not in the key ring of this one ({own})")
    });
    Check::not_ready("keys", listed(&told.collect::<Vec<_>>(), lacking.len()))
}

/// The issuers of tokens. `has_ever` is whether any token could ever be judged: while none can for the first time, as
/// without keys at a start, nobody can call at all (a 503 tells clients to wait, where a 401 would have them sign in anew).
/// Later that is degraded: callers are remembered for a while, and all replicas lose their issuer together.
pub(super) fn issuers(issuers: &[IssuerState], has_ever: HasEver) -> Check {
    let told: Vec<String> = issuers.iter().filter_map(issuer).collect();
    if told.is_empty() {
        return Check::ready("issuers");
    }
    let reason = first_of(&told);
    match has_ever {
        HasEver::Judged => Check::degraded("issuers", reason),
        HasEver::NotJudged => Check::not_ready("issuers", reason),
    }
}

/// Whether any token could be judged since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HasEver {
    /// One could.
    Judged,
    /// None.
    NotJudged,
}

/// Whether a token of this issuer can be judged.
pub(super) const fn can_judge(issuer: &IssuerState) -> bool {
    matches!(issuer.keys, KeysState::Fresh | KeysState::Stale { .. } | KeysState::NotUsed)
}

/// What is wrong with an issuer, if anything. Why is in the log: it may say more than a stranger should read.
fn issuer(IssuerState { issuer, keys }: &IssuerState) -> Option<String> {
    match keys {
        KeysState::Fresh | KeysState::NotUsed | KeysState::Stale { fault: None, .. } => None,
        KeysState::Stale { since, fault: Some(_) } => {
            Some(format!("the keys of {issuer} could not be fetched again since {}", seconds(*since)))
        }
        KeysState::Missing { fault: None } => Some(format!("the keys of {issuer} were not fetched yet")),
        KeysState::Missing { fault: Some(_) } => Some(format!("the keys of {issuer} could not be fetched")),
    }
}

/// What is offered besides lifted servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Besides {
    /// Tools of the program's own.
    Natives,
    /// Nothing.
    Nothing,
}

/// The lifted servers: while one of them or a tool of our own serves, something is served.
pub(super) fn backends(states: &[(&str, State)], besides: Besides) -> Check {
    let down: Vec<String> = states.iter().filter_map(|(name, state)| backend(name, state)).collect();
    if down.is_empty() {
        return Check::ready("backends");
    }
    let all = down.len() == states.len();
    let reason = first_of(&down);
    match besides {
        Besides::Nothing if all => Check::not_ready("backends", reason),
        Besides::Nothing | Besides::Natives => Check::degraded("backends", reason),
    }
}

fn backend(name: &str, state: &State) -> Option<String> {
    match state {
        State::Up(_) => None,
        State::Starting => Some(format!("'{name}' is starting")),
        State::Restarting { since, .. } => {
            Some(format!("'{name}' has failed {} ago and is started again", seconds(since.elapsed())))
        }
        State::Stopped => Some(format!("'{name}' was stopped")),
    }
}

/// So many of a kind are told one by one.
const TOLD_MAX: usize = 3;

fn first_of(reasons: &[String]) -> String {
    let (told, _) = reasons.split_at(reasons.len().min(TOLD_MAX));
    listed(told, reasons.len())
}

/// Those that are told, of so many.
fn listed(told: &[String], count: usize) -> String {
    let more = count.saturating_sub(told.len());
    match more {
        0 => told.join(", "),
        _ => format!("{} and {more} more like this", told.join(", ")),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}
