//! What is broken when: a beat every ten seconds, and at some beats more than a kill.

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
const REMOVE: u32 = 10;
const STORE: u32 = 12;

/// Keys of the rotation, by their place in the list of the replicas.
const OLD: usize = 0;
const NEW: usize = 1;

/// The shortest run that gets as far as taking the old key away; in shorter ones keys do not rotate.
const ROTATES_FROM: Duration = Duration::from_secs(120);

/// Breaks and mends until the time is over.
pub(super) async fn direct(replicas: &mut Topology, load: &Load, mut dice: Dice, time: Duration) {
    let started = Instant::now();
    let rotates = time >= ROTATES_FROM;
    let mut next = started + BEAT;
    for beat in 1_u32.. {
        if next >= started + time {
            break;
        }
        tokio::time::sleep_until(next).await;
        match beat {
            APPEND if rotates => replicas.take_keys(&[OLD, NEW]).await,
            FRONT if rotates => replicas.take_keys(&[NEW, OLD]).await,
            REMOVE if rotates => replicas.take_keys(&[NEW]).await,
            _ => {}
        }
        match beat {
            ROLL => {
                load.timeline.begin(Fault::Roll);
                replicas.roll().await;
                load.timeline.end(Fault::Roll);
            }
            STORE => {
                load.timeline.begin(Fault::Store);
                if let Running::Single(redis) = &mut replicas.store {
                    redis.restart().await;
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
                load.timeline.end(Fault::Kill);
            }
        }
        // A beat that took long is no reason for several at once.
        next = (next + BEAT).max(Instant::now() + BREATH);
    }
    tokio::time::sleep_until(started + time).await;
}

/// How soon everything works again after the store is back.
const STORE_SETTLES: Duration = Duration::from_secs(1);
