//! The look at everything that readiness depends on, once a second beside the work.

use std::convert::Infallible;
use std::time::Duration;

use outboard_auth::ResourceServer;
use outboard_store_redis::RedisStore;
use tokio::time::sleep;

use super::checks::{self, HasEver, Others};
use super::presence::Presence;
use super::{Check, Health};
use crate::lifting::Lifted;

/// What is looked at.
pub(crate) struct Watched {
    /// Where the store is, if not in the memory of this process.
    pub(crate) redis: Option<RedisStore>,
    /// The other replicas, where there may be any.
    pub(crate) presence: Option<Presence>,
    /// Judges tokens; `None`: nobody is asked for one.
    pub(crate) resource_server: Option<ResourceServer>,
    pub(crate) lifted: Lifted,
}

/// Who looks.
pub(crate) struct Watch {
    watched: Watched,
    health: Health,
    /// Whether any token could be judged since the start.
    has_ever: HasEver,
}

impl Watch {
    /// Looks for the first time, and tells what was found.
    pub(crate) fn begin(watched: Watched, health: Health) -> Self {
        let mut watch = Self { watched, health, has_ever: HasEver::NotJudged };
        watch.look();
        watch
    }

    /// Looks on: every second, and when what takes its time at a start is there.
    ///
    /// # Cancel safety
    ///
    /// Dropped, what was told last stands.
    pub(crate) async fn run(mut self) -> Infallible {
        let mut others = self.watched.presence.as_ref().map(Presence::others);
        let resource_server = self.watched.resource_server.clone();
        let mut warmed = std::pin::pin!(warmed(resource_server));
        let mut is_warm = false;
        loop {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = warmed.as_mut(), if !is_warm => is_warm = true,
                () = changed(&mut others) => {}
            }
            self.look();
        }
    }

    fn look(&mut self) {
        let Watched { redis, presence, resource_server, lifted } = &self.watched;
        let condition = redis.as_ref().map(RedisStore::condition);
        let mut found = vec![checks::store(condition.as_ref())];
        let mut replicas = None;
        if let Some(presence) = presence {
            let others = presence.others();
            let others = others.borrow();
            found.push(checks::keys(presence.id(), &others));
            if let Others::Seen { count, .. } = &*others {
                replicas = Some(*count);
            }
        }
        if let Some(server) = resource_server {
            found.push(issuers(server, &mut self.has_ever));
        }
        let states = lifted.states();
        if !states.is_empty() {
            found.push(checks::backends(&states, lifted.besides()));
        }
        self.health.tell(found, replicas);
    }
}

fn issuers(server: &ResourceServer, has_ever: &mut HasEver) -> Check {
    let issuers = server.issuers();
    if !server.config().api_keys.is_empty() || issuers.iter().any(checks::can_judge) {
        *has_ever = HasEver::Judged;
    }
    checks::issuers(&issuers, *has_ever)
}

/// Ends when the keys of issuers were fetched, or could not be.
async fn warmed(resource_server: Option<ResourceServer>) {
    match resource_server {
        Some(server) => server.warm().await,
        None => std::future::pending().await,
    }
}

/// Ends when something else is known of the other replicas.
async fn changed(others: &mut Option<tokio::sync::watch::Receiver<Others>>) {
    match others {
        // Its sender is looked at, too: it does not go away.
        Some(others) => drop(others.changed().await),
        None => std::future::pending().await,
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(1);
