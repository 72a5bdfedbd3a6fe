//! Clients of both eras that know every right answer: each piece of work carries a marker and ends with a verdict.
//!
//! A piece of work is written once, for two places: one asks, the other answers. With two replicas named it is a case of
//! the matrix, with the balancer as both it is load. It starts nothing and breaks nothing: what is broken, and when, it is
//! told through [`Timeline`]. It never panics over what comes back, because that is what it is there to judge.

mod attacks;
mod legacy;
mod listening;
mod marker;
mod modern;
mod resuming;
mod scene;
mod session;
mod tally;
mod timeline;
mod verdict;
mod wire;

pub use attacks::ATTACKS;
pub use legacy::{KEPT_SESSION, LEGACY};
pub use listening::{GET, HEARD_WITHIN, LISTEN, LISTENING};
pub use marker::Marker;
pub use modern::MODERN;
pub use resuming::RESUMING;
pub use scene::{Caller, Cast, Place, Running, Scene, Work};
pub use session::Session;
pub use tally::Tally;
pub use timeline::{Fault, Timeline};
pub use verdict::{Miss, Verdict};
pub use wire::{Answered, Broken, HARD_LIMIT, Told, Trickle, Wire};
