//! Clients of both eras through the balancer, while replicas are killed and rolled, keys rotate and the store restarts.

pub(crate) mod cast;
mod dice;
mod director;
mod report;
mod residue;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use outboard_testkit::model::{
    ATTACKS, Cast, Fault, LEGACY, LISTENING, MODERN, RESUMING, Scene, Tally, Timeline, Work,
};
use outboard_testkit::replicas::{Settings, Topology};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::dice::Dice;
use self::report::Report;
use self::residue::Residue;

/// How long there is load, and what is broken meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How long clients work.
    pub(crate) time: Duration,
    /// What all choices grow from.
    pub(crate) seed: u64,
    /// What is broken meanwhile.
    pub(crate) breaking: Breaking,
}

/// What is broken while clients work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaking {
    /// Nothing.
    Nothing,
    /// Whatever there is time for: kills always; the roll, the rotation and the restart of the store in longer runs.
    Everything,
}

/// Starts replicas, puts load on them and breaks them; returns a report, and whether every bar was reached.
///
/// # Cancel safety
///
/// Dropped early, nothing is left.
pub(crate) async fn run(settings: Settings, plan: Plan) -> (String, bool) {
    let mut replicas = Topology::start(cast::suited(settings)).await;
    let report = play(&mut replicas, plan).await;
    (format!("seed: {}\n{report}", plan.seed), report.missed().is_empty())
}

/// Puts load on replicas and breaks them; says what came of it.
///
/// # Cancel safety
///
/// Dropped early, the clients are dropped; what is broken stays so.
pub(crate) async fn play(replicas: &mut Topology, plan: Plan) -> Report {
    let before = Residue::of(replicas).await;
    let load = Arc::new(Load::default());
    let mut clients = JoinSet::new();
    let mut dice = Dice::new(plan.seed);
    let (place, callers) = (cast::balanced(replicas), cast::callers());
    for (client, at) in (0..CLIENTS).zip((0..callers.len()).cycle()) {
        let mut around = callers.iter().cycle().skip(at);
        let (Some(caller), Some(stranger)) = (around.next(), around.next()) else { break };
        let cast = Cast { caller, stranger, ask: &place, answer: &place };
        let scene = Scene::new(cast, client, load.timeline.clone());
        clients.spawn(work(load.clone(), scene, Deck::of(client), Dice::new(dice.next())));
    }
    let staged = match plan.breaking {
        Breaking::Nothing => {
            tokio::time::sleep(plan.time).await;
            None
        }
        Breaking::Everything => Some(director::direct(replicas, &load, dice, plan.time).await),
    };
    load.is_over.store(true, Ordering::Relaxed);
    let slowest_hearing = clients.join_all().await.into_iter().max().unwrap_or_default();
    let after = settled(replicas, &before).await;
    Report { load, staged: staged.map(|staged| (staged, plan.time)), slowest_hearing, before, after }
}

/// What all clients share.
#[derive(Debug, Default)]
struct Load {
    timeline: Arc<Timeline>,
    /// All work.
    all: Tally,
    /// The part of it that was going on while replicas were rolled.
    rolling: Tally,
    is_over: AtomicBool,
}

/// What one kind of client does.
#[derive(Clone, Copy)]
struct Deck(&'static [&'static [Work]]);

impl Deck {
    /// A third of the clients is modern, a third legacy, a third both.
    fn of(client: u32) -> Self {
        match client / 3 % 3 {
            0 => Self(&[MODERN, MODERN, LISTENING, ATTACKS]),
            1 => Self(&[LEGACY, LEGACY, RESUMING, LISTENING]),
            _ => Self(&[MODERN, LEGACY, RESUMING, LISTENING, ATTACKS]),
        }
    }

    fn draw(self, dice: &mut Dice) -> Option<Work> {
        let works = self.0.get(dice.below(self.0.len()))?;
        works.get(dice.below(works.len())).copied()
    }
}

/// Works until it is over; returns the longest time from a change to its notification.
async fn work(load: Arc<Load>, scene: Scene, deck: Deck, mut dice: Dice) -> Duration {
    while !load.is_over.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE_MIN + Duration::from_millis(dice.below(PAUSE_SPREAD_MS) as u64)).await;
        let Some(work) = deck.draw(&mut dice) else { break };
        let began = Instant::now();
        let ended = (work.run)(&scene).await;
        load.all.count(work.name, &ended);
        // What a kill next to the roll did is not the roll's.
        if load.timeline.was(Fault::Roll, began) && !load.timeline.was(Fault::Kill, began) {
            load.rolling.count(work.name, &ended);
        }
    }
    scene.slowest_hearing()
}

/// What is left once everybody has gone: asked again until it is as before, or it takes too long.
async fn settled(replicas: &Topology, before: &Residue) -> Residue {
    let deadline = Instant::now() + SETTLES_WITHIN;
    loop {
        let after = Residue::of(replicas).await;
        if after.leaks(before).is_empty() || Instant::now() >= deadline {
            return after;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// How many clients work at a time, over all principals.
const CLIENTS: u32 = 24;

/// Between two pieces of work of a client lies this and a random part. So all together open fewer sessions than the 20 a
/// second that one address may.
const PAUSE_MIN: Duration = Duration::from_millis(400);

const PAUSE_SPREAD_MS: usize = 800;

/// How long replicas have to let go of what clients left behind.
const SETTLES_WITHIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
