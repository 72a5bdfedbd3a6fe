//! What is broken when: a beat every ten seconds, and at some beats something else than a kill, or more.

use std::time::Duration;

use outboard_testkit::model::Fault;
use outboard_testkit::replicas::{Running, Topology};
use tokio::time::Instant;

use super::Load;
use super::dice::Dice;

/// From one kill to the next.
const BEAT: Duration = Duration::from_secs(10);

/// At least so long nothing is broken between two beats.
const BREATH: Duration = Duration::from_secs(3);

/// At which beats there is more than a kill. Between the new key's turn to seal and the old one's end lie more than the 60
/// seconds that a session lives.
const APPEND: u32 = 1;
const FRONT: u32 = 2;
const ROLL: u32 = 4;
const STORE: u32 = 6;
const REMOVE: u32 = 10;

/// Keys of the rotation, by their place in the list of the replicas.
const OLD: usize = 0;
const NEW: usize = 1;

/// The shortest run that gets as far as taking the old key away; in shorter ones keys do not rotate.
const ROTATES_FROM: Duration = Duration::from_secs(120);

/// How often what was broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Staged {
    pub(super) kills: u32,
    pub(super) rolls: u32,
    pub(super) rotation_steps: u32,
    pub(super) store_restarts: u32,
}

/// Breaks and mends until the time is over.
pub(super) async fn direct(replicas: &mut Topology, load: &Load, mut dice: Dice, time: Duration) -> Staged {
    let mut staged = Staged::default();
    let started = Instant::now();
    let rotates = time >= ROTATES_FROM;
    let mut next = started + BEAT;
    for beat in 1_u32.. {
        if next >= started + time {
            break;
        }
        tokio::time::sleep_until(next).await;
        let keys: Option<&[usize]> = match beat {
            APPEND if rotates => Some(&[OLD, NEW]),
            FRONT if rotates => Some(&[NEW, OLD]),
            REMOVE if rotates => Some(&[NEW]),
            _ => None,
        };
        if let Some(keys) = keys {
            replicas.take_keys(keys).await;
            staged.rotation_steps += 1;
        }
        match beat {
            ROLL => {
                load.timeline.begin(Fault::Roll);
                replicas.roll().await;
                staged.rolls += 1;
                load.timeline.end(Fault::Roll);
            }
            STORE => {
                load.timeline.begin(Fault::Store);
                if let Running::Single(redis) = &mut replicas.store {
                    redis.restart().await;
                    staged.store_restarts += 1;
                }
                // What was kept is gone, which work notices that began before.
                tokio::time::sleep(STORE_SETTLES).await;
                load.timeline.end(Fault::Store);
            }
            _ => {
                let replica = dice.below(replicas.len());
                load.timeline.begin(Fault::Kill);
                replicas.signal(replica, "KILL");
                replicas.restart(replica).await;
                staged.kills += 1;
                load.timeline.end(Fault::Kill);
            }
        }
        // A beat that took long is no reason for several at once.
        next = (next + BEAT).max(Instant::now() + BREATH);
    }
    tokio::time::sleep_until(started + time).await;
    staged
}

/// How soon everything works again after the store is back.
const STORE_SETTLES: Duration = Duration::from_secs(1);

impl Staged {
    /// What a run of this length has to break, in words where it did not.
    pub(super) fn missing(self, time: Duration) -> Vec<String> {
        let parts = [
            (self.kills, "a kill", BEAT * 2),
            (self.rolls, "a roll", BEAT * (ROLL + 1)),
            (self.rotation_steps / 3, "a whole rotation of keys", WHOLE),
            (self.store_restarts, "a restart of the store", WHOLE),
        ];
        let missing = parts.into_iter().filter(|(count, _, from)| *count == 0 && time >= *from);
        missing.map(|(_, part, _)| format!("{time:?} went by without {part}")).collect()
    }
}

/// A run that is as long breaks everything, though rolling takes its time.
const WHOLE: Duration = Duration::from_secs(180);
