//! The requests that wait for an answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use outboard_protocol::RawJson;
use outboard_protocol::types::Progress;
use outboard_runtime::{BackendFailure, Event, Outlet};
use tokio::sync::oneshot;

use super::{ChildEnd, RequestError};

/// What a request ends with.
pub(super) type Answer = Result<RawJson, RequestError>;

/// The table of requests in flight, by id.
#[derive(Debug)]
pub(super) struct Pending {
    limit: usize,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    last_id: i64,
    /// The child has ended: nothing is added any more.
    ended: bool,
    requests: HashMap<i64, Request>,
}

#[derive(Debug)]
struct Request {
    answer: oneshot::Sender<Answer>,
    outlet: Outlet,
}

impl Pending {
    /// An empty table for at most `limit` requests at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, table: Mutex::new(Table { last_id: 0, ended: false, requests: HashMap::new() }) }
    }

    /// Adds a request under a new id.
    pub(super) fn add(&self, outlet: Outlet) -> Result<(i64, oneshot::Receiver<Answer>), RequestError> {
        let mut table = self.lock();
        if table.ended {
            return Err(RequestError::NotSent);
        }
        if table.requests.len() >= self.limit {
            return Err(RequestError::Failed(BackendFailure::Overloaded));
        }
        let (answer, wait) = oneshot::channel();
        table.last_id += 1;
        let id = table.last_id;
        table.requests.insert(id, Request { answer, outlet });
        Ok((id, wait))
    }

    /// Removes a request; whether it was still there.
    pub(super) fn forget(&self, id: i64) -> bool {
        self.lock().requests.remove(&id).is_some()
    }

    /// Answers a request; whether it was in flight.
    pub(super) fn answer(&self, id: i64, answer: Answer) -> bool {
        let request = self.lock().requests.remove(&id);
        // Nobody listens any more when the request is being dropped at this moment: an answer that came too late.
        request.is_some_and(|request| request.answer.send(answer).is_ok())
    }

    /// Passes on how far a request has come; whether it is in flight.
    pub(super) fn progress(&self, id: i64, progress: Progress) -> bool {
        let table = self.lock();
        let Some(request) = table.requests.get(&id) else { return false };
        let outlet = request.outlet.clone();
        drop(table);
        outlet.tell(Event::Progress(progress));
        true
    }

    /// Ends every request with the child's end, and accepts no further one.
    pub(super) fn end(&self, end: ChildEnd) {
        let mut table = self.lock();
        table.ended = true;
        let requests = std::mem::take(&mut table.requests);
        drop(table);
        for request in requests.into_values() {
            let failure = BackendFailure::Ended { how: end.to_string().into() };
            // Nobody listens any more: then nobody needs to know.
            drop(request.answer.send(Err(RequestError::Failed(failure))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
