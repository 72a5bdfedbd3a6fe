//! Who plays, and where: principals with their keys, replicas by name, and the balancer.

use outboard_testkit::model::{Caller, Place};
use outboard_testkit::replicas::{Settings, Topology, api_key};

/// The principals, each of whom the next one tries to rob.
const PRINCIPALS: [&str; 3] = ["alice", "bob", "carol"];

/// Several pages of tools, sessions that end within a run, and a short drain.
const CONFIG: &str = "limits.page_items = 10\nsession.max_age = \"60s\"\ndrain.delay = \"1s\"\ndrain.timeout = \"15s\"";

/// The same settings, with who plays and what the model takes for granted.
pub(crate) fn suited(mut settings: Settings) -> Settings {
    settings.principals = PRINCIPALS.map(str::to_owned).into();
    settings.config = format!("{CONFIG}\n{}", settings.config);
    settings
}

/// The principals with what they prove themselves with.
pub(crate) fn callers() -> Vec<Caller> {
    PRINCIPALS.map(|name| Caller { name: name.to_owned(), token: Some(api_key(name)) }).into()
}

/// One replica, without the balancer.
pub(crate) fn named(replicas: &Topology, replica: usize) -> Place {
    Place { address: replicas.address(replica), host: replicas.public().to_string() }
}

/// All of them, through the balancer.
pub(crate) fn balanced(replicas: &Topology) -> Place {
    Place { address: replicas.public(), host: replicas.public().to_string() }
}
