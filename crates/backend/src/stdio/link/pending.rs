//! The requests that wait for an answer, and whose they are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outboard_identity::Owner;
use outboard_protocol::RawJson;
use outboard_protocol::types::{ClientCapabilities, InputRequest, LoggingLevel, Progress};
use outboard_runtime::{BackendFailure, Event, Outlet};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::questions::Question;
use super::{ChildEnd, RequestError};
use crate::stdio::askable::declares;
use crate::stdio::attribution::{InFlight, Nobody, Takes, attribute};

/// How many calls that nobody waits for any more are remembered. With more of them, nothing is attributed for a while.
const ABANDONED_MAX: usize = 1_024;

/// What a request ends with.
pub(super) type Answer = Result<RawJson, RequestError>;

/// A caller whose request is in flight.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) owner: Owner,
    pub(super) outlet: Outlet,
    /// It wants to hear of progress.
    pub(super) wants_progress: bool,
    /// From which level on it wants log lines.
    pub(super) log_level: Option<LoggingLevel>,
    /// What its client can be asked for.
    pub(super) capabilities: ClientCapabilities,
    pub(super) way: Way,
}

/// How a caller can be asked.
#[derive(Debug)]
pub(super) enum Way {
    /// Here.
    Live(mpsc::Sender<Question>),
    /// Between rounds, which is not there for lifted calls.
    Rounds,
    /// Not at all.
    Nobody,
}

/// The table of requests in flight, by id.
#[derive(Debug)]
pub(super) struct Pending {
    abandoned_for: Duration,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last_id: i64,
    /// The child has ended: nothing is added any more.
    ended: bool,
    requests: HashMap<i64, Request>,
    /// Calls that nobody waits for any more, and that the child may still be at work on.
    abandoned: VecDeque<Abandoned>,
    /// Until then there are more of them than are remembered.
    crowded_until: Option<Instant>,
}

#[derive(Debug)]
struct Request {
    answer: oneshot::Sender<Answer>,
    /// `None`: it is a request of our own.
    caller: Option<Waiting>,
}

#[derive(Debug)]
struct Abandoned {
    id: i64,
    owner: Owner,
    until: Instant,
}

impl Pending {
    pub(super) fn new(abandoned_for: Duration) -> Self {
        Self { abandoned_for, table: Mutex::default() }
    }

    /// Adds a request under a new id.
    pub(super) fn add(&self, caller: Option<Waiting>) -> Result<(i64, oneshot::Receiver<Answer>), RequestError> {
        let mut table = self.lock();
        if table.ended {
            return Err(RequestError::NotSent);
        }
        let (answer, wait) = oneshot::channel();
        table.last_id += 1;
        let id = table.last_id;
        table.requests.insert(id, Request { answer, caller });
        Ok((id, wait))
    }

    /// Removes a request that never reached the child.
    pub(super) fn forget(&self, id: i64) {
        self.lock().requests.remove(&id);
    }

    /// Removes a request whose answer nobody waits for any more; whether it was still there.
    pub(super) fn abandon(&self, id: i64) -> bool {
        let mut table = self.lock();
        let Some(request) = table.requests.remove(&id) else { return false };
        if let Some(Waiting { owner, .. }) = request.caller {
            let until = Instant::now() + self.abandoned_for;
            table.abandoned.push_back(Abandoned { id, owner, until });
            if table.abandoned.len() > ABANDONED_MAX {
                table.crowded_until = table.abandoned.pop_front().map(|oldest| oldest.until);
            }
        }
        true
    }

    /// Answers a request; whether it was in flight.
    pub(super) fn answer(&self, id: i64, answer: Answer) -> bool {
        let mut table = self.lock();
        let Some(request) = table.requests.remove(&id) else {
            table.abandoned.retain(|abandoned| abandoned.id != id);
            return false;
        };
        drop(table);
        // Nobody listens any more when the request is being dropped at this moment: an answer that came too late.
        request.answer.send(answer).is_ok()
    }

    /// Ends a request of our own, as a modern server ends a listen request; a caller's goes on.
    pub(super) fn end_own(&self, id: i64) {
        let mut table = self.lock();
        if table.requests.get(&id).is_some_and(|request| request.caller.is_none()) {
            table.requests.remove(&id);
        }
    }

    /// Passes on how far a request has come, where that is wanted; whether it is in flight.
    pub(super) fn progress(&self, id: i64, progress: Progress) -> bool {
        let table = self.lock();
        let Some(request) = table.requests.get(&id) else { return false };
        let outlet = request.caller.as_ref().filter(|caller| caller.wants_progress).map(|caller| caller.outlet.clone());
        drop(table);
        if let Some(outlet) = outlet {
            outlet.tell(Event::Progress(progress));
        }
        true
    }

    /// Where a log line of this level goes.
    pub(super) fn attribute_log(&self, level: LoggingLevel) -> Result<Outlet, Nobody> {
        let takes = |caller: &Waiting| match caller.log_level {
            Some(wanted) if level >= wanted => Takes::Yes,
            _ => Takes::No,
        };
        self.attribute(takes, |caller| Some(caller.outlet.clone()))
    }

    /// Who is asked a question.
    pub(super) fn attribute_question(&self, question: &InputRequest) -> Result<mpsc::Sender<Question>, Nobody> {
        let required = question.required();
        let takes = |caller: &Waiting| match &caller.way {
            _ if !declares(caller.capabilities, required) => Takes::No,
            Way::Live(_) => Takes::Yes,
            Way::Rounds => Takes::NotThisWay,
            Way::Nobody => Takes::No,
        };
        self.attribute(takes, |caller| match &caller.way {
            Way::Live(questions) => Some(questions.clone()),
            Way::Rounds | Way::Nobody => None,
        })
    }

    fn attribute<T>(
        &self,
        takes: impl Fn(&Waiting) -> Takes,
        of: impl FnOnce(&Waiting) -> Option<T>,
    ) -> Result<T, Nobody> {
        let mut table = self.lock();
        let now = Instant::now();
        table.abandoned.retain(|abandoned| abandoned.until > now);
        if table.crowded_until.is_some_and(|until| until > now) {
            return Err(Nobody::SeveralOwners);
        }
        let callers = || table.requests.iter().filter_map(|(id, request)| Some((*id, request.caller.as_ref()?)));
        let in_flight = callers().map(|(id, caller)| InFlight { id, owner: &caller.owner, takes: takes(caller) });
        let gone = table.abandoned.iter().map(|gone| InFlight { id: gone.id, owner: &gone.owner, takes: Takes::No });
        let found = attribute(in_flight.chain(gone))?;
        let found = table.requests.get(&found).and_then(|request| request.caller.as_ref());
        found.and_then(of).ok_or(Nobody::NotTaken)
    }

    /// Ends every request with the child's end, and accepts no further one.
    pub(super) fn end(&self, end: ChildEnd) {
        let mut table = self.lock();
        table.ended = true;
        table.abandoned.clear();
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

#[cfg(test)]
mod tests {
    use outboard_identity::{GrantedScopes, Principal};

    use super::*;

    fn caller(subject: &str) -> Waiting {
        let principal = Principal::verified("https://issuer.example", subject, "client", GrantedScopes::All);
        Waiting {
            owner: principal.owner().clone(),
            outlet: Outlet::open(),
            wants_progress: false,
            log_level: Some(LoggingLevel::Info),
            capabilities: ClientCapabilities::NONE,
            way: Way::Nobody,
        }
    }

    fn told(pending: &Pending) -> Result<(), Nobody> {
        pending.attribute_log(LoggingLevel::Info).map(|_| ())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_nobody_waits_for_counts_until_it_is_answered_or_its_time_is_over() {
        let pending = Pending::new(Duration::from_secs(60));
        let (first, _waits) = pending.add(Some(caller("a"))).unwrap();
        assert!(pending.abandon(first));
        let (_, _waits) = pending.add(Some(caller("b"))).unwrap();
        assert_eq!(told(&pending), Err(Nobody::SeveralOwners));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(told(&pending), Ok(()));

        let (second, _waits) = pending.add(Some(caller("a"))).unwrap();
        assert!(pending.abandon(second));
        assert_eq!(told(&pending), Err(Nobody::SeveralOwners));
        assert!(!pending.answer(second, Ok(RawJson::parse("{}".into()).unwrap())), "an answer that came too late");
        assert_eq!(told(&pending), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn more_of_them_than_are_remembered_still_count() {
        let pending = Pending::new(Duration::from_secs(60));
        let abandoned = |subject| {
            let (id, _) = pending.add(Some(caller(subject))).unwrap();
            assert!(pending.abandon(id));
        };
        abandoned("a");
        for _ in 0..ABANDONED_MAX {
            abandoned("b");
        }
        assert_eq!(pending.lock().abandoned.len(), ABANDONED_MAX);
        let (_, _waits) = pending.add(Some(caller("b"))).unwrap();
        assert_eq!(told(&pending), Err(Nobody::SeveralOwners));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(told(&pending), Ok(()));
    }
}
