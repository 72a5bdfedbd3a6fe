//! Replicas that see each other through one store, by a clock that goes as fast as nothing is left to do.

use outboard_store::{RootKey, SystemClock};
use outboard_testkit::down;

use super::super::{Check, Status, checks};
use super::*;

fn roots(bytes: &[u8]) -> Vec<RootKey> {
    bytes.iter().map(|byte| RootKey::from_bytes(&[*byte; 32]).unwrap()).collect()
}

/// A replica on the store that all have.
struct Member {
    presence: Presence,
    health: Health,
}

impl Member {
    fn new(store: &Store, keys: &[u8]) -> Self {
        let keys = Arc::new(KeyRing::new(roots(keys)).unwrap());
        Self { presence: Presence::new(&Store { keys, ..store.clone() }), health: Health::new() }
    }

    fn check(&self) -> Check {
        checks::keys(self.presence.id(), &self.presence.others.borrow())
    }

    fn rotate(&self, keys: &[u8]) {
        self.presence.keys.replace(roots(keys)).unwrap();
    }

    fn count(&self) -> Option<usize> {
        match &*self.presence.others().borrow() {
            Others::Seen { count, .. } => Some(*count),
            Others::NotLooked | Others::Unknown => None,
        }
    }
}

fn shared() -> Store {
    Store::in_memory(Arc::new(KeyRing::new(roots(&[1])).unwrap()), Arc::new(SystemClock))
}

/// Lets the time go by in small steps, and sees that at none of them a replica is not ready.
async fn stay_ready(members: [&Member; 2], duration: Duration) {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        sleep(Duration::from_millis(100)).await;
        for member in members {
            assert_eq!(member.check().status, Status::Ready, "{:?}", member.check());
        }
    }
}

/// Plays something while both replicas run.
async fn beside(members: [&Member; 2], play: impl Future<Output = ()>) {
    let [a, b] = members;
    tokio::select! {
        () = play => {}
        never = a.presence.run(&a.health) => match never {},
        never = b.presence.run(&b.health) => match never {},
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_rotation_in_order_leaves_both_ready_at_any_time() {
    let store = shared();
    let (a, b) = (Member::new(&store, &[1]), Member::new(&store, &[1]));
    assert_eq!(a.check().status, Status::NotReady, "nobody has looked yet");
    beside([&a, &b], async {
        sleep(6 * SECOND).await;
        assert_eq!((a.count(), b.count()), (Some(2), Some(2)));
        for step in [&[1, 2][..], &[2, 1], &[2]] {
            for member in [&b, &a] {
                member.rotate(step);
                stay_ready([&a, &b], 3 * SECOND).await;
            }
        }
        stay_ready([&a, &b], 30 * SECOND).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_lacks_a_key_is_ready_again_soon_after_it_has_it_or_nobody_seals_with_it() {
    let store = shared();
    let (a, b) = (Member::new(&store, &[1]), Member::new(&store, &[1]));
    beside([&a, &b], async {
        sleep(6 * SECOND).await;
        b.rotate(&[2, 1]);
        sleep(6 * SECOND).await;
        assert_eq!([a.check().status, b.check().status], [Status::NotReady, Status::Ready], "b seals with the second");
        a.rotate(&[1, 2]);
        sleep(2 * SECOND).await;
        assert_eq!([a.check().status, b.check().status], [Status::Ready; 2], "it has it");
        b.rotate(&[2]);
        sleep(3 * SECOND).await;
        assert_eq!([a.check().status, b.check().status], [Status::Ready, Status::NotReady], "a seals with the first");
        a.rotate(&[2]);
        sleep(3 * SECOND).await;
        assert_eq!(
            [a.check().status, b.check().status],
            [Status::Ready; 2],
            "nobody seals with the first one any more"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_with_another_key_keeps_nobody_from_work_but_itself() {
    let store = shared();
    // Whichever of them started first: neither has been here before.
    let (a, b) = (Member::new(&store, &[1]), Member::new(&store, &[2]));
    beside([&a, &b], async {
        sleep(6 * SECOND).await;
        let not_ready = || [&a, &b].map(|member| member.check().status == Status::NotReady);
        let first = not_ready();
        assert_eq!(first.iter().filter(|is_out| **is_out).count(), 1, "one of two that wait for each other goes on");
        for _ in 0..200 {
            sleep(SECOND / 10).await;
            assert_eq!(not_ready(), first, "and it stays so");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_drains_says_so_at_once_and_is_not_waited_for() {
    let store = shared();
    let (a, b) = (Member::new(&store, &[1]), Member::new(&store, &[1]));
    beside([&a, &b], async {
        sleep(6 * SECOND).await;
        b.rotate(&[2, 1]);
        sleep(6 * SECOND).await;
        assert_eq!(a.check().status, Status::NotReady);
        b.health.drain();
        sleep(2 * SECOND).await;
        assert_eq!((a.check().status, a.count()), (Status::Ready, Some(2)), "it is still here");
    })
    .await;
    b.presence.leave().await;
    tokio::select! {
        () = sleep(6 * SECOND) => assert_eq!(a.count(), Some(1)),
        never = a.presence.run(&a.health) => match never {},
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_from_the_start_holds_nobody_up() {
    let keys = Arc::new(KeyRing::new(roots(&[1])).unwrap());
    let member = Member::new(&down::store(keys, Arc::new(SystemClock)), &[1]);
    tokio::select! {
        () = sleep(SECOND) => assert_eq!(member.check(), Check::ready("keys")),
        never = member.presence.run(&member.health) => match never {},
    }
    member.presence.leave().await;
}
