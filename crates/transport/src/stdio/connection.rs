//! One connection: reads what comes, begins what is asked, and ends when one of both ends wants it.

use std::future::pending;
use std::io;

use futures_util::future::join_all;
use outboard_identity::Principal;
use outboard_protocol::encode::{self, ServerIdentity, ServerResult};
use outboard_protocol::error::code;
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::params::cancelled_request;
use outboard_protocol::{ErrorObject, Message, Method, Notification, ProtocolError, Request, RequestId, Revision};
use outboard_runtime::{Call, Change, Description, Runtime};
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::{self, Answered};
use super::flight::{Flight, InFlight, NotBegun};
use super::lines::{Line, Lines};
use super::{Ended, StdioConfig};
use crate::answering::Answering;
use crate::legacy::stdio::PipeSession;
use crate::modern::has_modern_meta;
use crate::streams::Streams;
use crate::until::until;

/// A connection, without its two ends.
pub(crate) struct Connection {
    pub(crate) runtime: Runtime,
    pub(crate) config: StdioConfig,
    pub(crate) principal: Principal,
    pub(crate) flight: Flight,
    pub(crate) session: PipeSession,
    pub(super) streams: Streams,
    /// Is cancelled when nothing new is begun any more.
    pub(super) ending: CancellationToken,
    calls: JoinSet<()>,
}

/// A place in the queue of what is written.
pub(crate) type Permit<'a> = mpsc::Permit<'a, Vec<u8>>;

impl Connection {
    pub(super) fn new(runtime: Runtime, config: StdioConfig, queue: mpsc::Sender<Vec<u8>>) -> Self {
        Self {
            principal: Principal::local(),
            flight: Flight::new(config.requests_max, queue),
            session: PipeSession::new(config.questions_max, runtime.config().input.timeout),
            streams: Streams::new(config.streams_max, config.streams_max),
            ending: CancellationToken::new(),
            calls: JoinSet::new(),
            runtime,
            config,
        }
    }

    /// Serves until one of both ends wants the connection to end, and what is in flight has ended or had its time.
    pub(super) async fn run<R: AsyncRead + Unpin>(
        mut self,
        mut lines: Lines<R>,
        drain: CancellationToken,
    ) -> io::Result<Ended> {
        let queue = self.flight.queue().clone();
        let mut end: Option<(Ended, Instant)> = None;
        let mut reads = true;
        loop {
            if let Some((ended, _)) = end
                && self.calls.is_empty()
            {
                return Ok(ended);
            }
            tokio::select! {
                () = drain.cancelled(), if end.is_none() => end = Some((Ended::Drained, self.end())),
                () = until(end.map(|(_, until)| until)) => return Ok(end.map_or(Ended::Drained, |(ended, _)| ended)),
                Some(ended) = self.calls.join_next() => report(ended),
                (permit, line) = read(&queue, &mut lines), if reads => match line? {
                    Some(line) => self.take(line, permit).await,
                    None => {
                        reads = false;
                        // Who has closed its end answers nothing any more.
                        self.session.close_questions();
                        let until = self.end();
                        end.get_or_insert((Ended::InputClosed, until));
                    }
                },
                (permit, change) = changed(&queue, &mut self.session), if end.is_none() => {
                    if self.runtime.may_read(&self.principal, change.uri()).is_ok() {
                        permit.send(encode::change(&change.method(), change.uri(), None));
                    }
                }
            }
        }
    }

    /// Begins nothing any more. Returns until when what is in flight may go on.
    fn end(&self) -> Instant {
        self.ending.cancel();
        Instant::now() + self.config.grace
    }

    /// Takes what one line holds. `permit` is for what is answered at once.
    async fn take(&mut self, line: Line, permit: Permit<'_>) {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong => {
                let message = format!("the line is longer than {} bytes", self.config.line_bytes_max);
                return permit.send(encode::error(None, &ErrorObject::new(code::TOO_LARGE, message)));
            }
        };
        match Message::parse(&line) {
            Ok(Message::Request(request)) => {
                let answered = self.request(request);
                self.answer(answered, permit);
            }
            Ok(Message::Notification(notification)) => self.notification(&notification).await,
            Ok(Message::Response(response)) => self.session.reply(response),
            Err(MessageError::Batch) => self.batch(&line, permit).await,
            Err(error) => permit.send(refusal(error)),
        }
    }

    /// Sees to it that a request is answered.
    fn answer(&mut self, answered: Answered, permit: Permit<'_>) {
        match answered {
            Answered::Now(message) => permit.send(message),
            Answered::Later(done) => {
                self.calls.spawn(async move {
                    if let Some(done) = done.await {
                        done.end().await;
                    }
                });
            }
            Answered::Itself(messages) => {
                self.calls.spawn(messages);
            }
        }
    }

    /// Sees to it that the requests of a batch are answered as one.
    pub(crate) fn answer_batch(&mut self, answered: Vec<Answered>) {
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for answered in answered {
            match answered {
                Answered::Now(message) => now.push(message),
                Answered::Later(done) => later.push(done),
                // No legacy request is answered by messages of its own.
                Answered::Itself(_) => {}
            }
        }
        let flight = self.flight.clone();
        self.calls.spawn(async move {
            let done = join_all(later).await.into_iter().flatten().collect();
            flight.end_batch(now, done).await;
        });
    }

    fn request(&mut self, request: Request) -> Answered {
        if let Some(refused) = self.same_id(&request.id) {
            return refused;
        }
        match has_modern_meta(request.params.as_ref()) {
            Ok(true) => self.modern(request),
            Ok(false) => self.legacy(request),
            Err(error) => Answered::error(&request.id, &ProtocolError::from(error).object()),
        }
    }

    pub(crate) async fn notification(&mut self, notification: &Notification) {
        match notification.method {
            Method::Cancelled => {
                if let Some(id) = cancelled_request(notification.params.as_ref()) {
                    self.flight.cancel(&id);
                }
            }
            Method::Initialized => self.session.initialized(&self.runtime).await,
            _ => {}
        }
    }

    /// Refuses a request under whose id another one is in flight, whatever it asks for: their answers could not be told apart.
    pub(crate) fn same_id(&self, id: &RequestId) -> Option<Answered> {
        self.flight.has(id).then(|| not_begun(id, NotBegun::SameId))
    }

    /// Takes a request up, or refuses it.
    pub(super) fn begin(&self, id: &RequestId) -> Result<InFlight, Answered> {
        if self.ending.is_cancelled() {
            return Err(Answered::error(id, &ErrorObject::new(code::UNAVAILABLE, "the server ends")));
        }
        self.flight.begin(id.clone()).map_err(|refused| not_begun(id, refused))
    }

    /// Begins a call, to be answered under `id`. `last` is told right before an answer that is a result.
    pub(crate) fn call(
        &self,
        id: RequestId,
        call: Call,
        describe: fn(&Description, &'static Revision, &ServerIdentity) -> ServerResult,
        last: impl FnOnce() -> Vec<Vec<u8>> + Send + 'static,
    ) -> Answered {
        let in_flight = match self.begin(&id) {
            Ok(in_flight) => in_flight,
            Err(refused) => return refused,
        };
        let answering = Answering {
            id,
            revision: call.client.revision,
            outlet: call.outlet.clone(),
            progress_token: call.progress_token.clone(),
            runtime: self.runtime.clone(),
            describe,
        };
        Answered::Later(Box::pin(answer::call(in_flight, call, answering, last)))
    }
}

/// The answer to a request that is not begun.
fn not_begun(id: &RequestId, refused: NotBegun) -> Answered {
    let code = match refused {
        NotBegun::SameId => code::INVALID_REQUEST,
        NotBegun::Full { .. } => code::UNAVAILABLE,
    };
    Answered::error(id, &ErrorObject::new(code, refused.to_string()))
}

/// The answer to what is no message.
pub(crate) fn refusal(error: MessageError) -> Vec<u8> {
    let id = error.id().cloned();
    encode::error(id.as_ref(), &ProtocolError::from(error).object())
}

/// Reads a line when there is a place for an answer to it: who does not read is not read from.
async fn read<'a, R: AsyncRead + Unpin>(
    queue: &'a mpsc::Sender<Vec<u8>>,
    lines: &mut Lines<R>,
) -> (Permit<'a>, io::Result<Option<Line>>) {
    let permit = reserve(queue).await;
    (permit, lines.next().await)
}

/// Waits for something that the session's client is told unasked.
async fn changed<'a>(queue: &'a mpsc::Sender<Vec<u8>>, session: &mut PipeSession) -> (Permit<'a>, Change) {
    let permit = reserve(queue).await;
    (permit, session.changed().await)
}

async fn reserve(queue: &mpsc::Sender<Vec<u8>>) -> Permit<'_> {
    match queue.reserve().await {
        Ok(permit) => permit,
        // The writing has failed: who drives it ends the connection.
        Err(_) => pending().await,
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a request was not answered");
    }
}
