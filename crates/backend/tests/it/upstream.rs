//! The upstream client against real servers: well-behaved ones of both eras, and hostile ones.

mod calling;
mod connecting;
mod fake;
mod hostile;
mod listing;
