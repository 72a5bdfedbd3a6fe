//! The connections of an authority.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Fault;
use super::answer::{Deed, Padded, decide};
use super::state::{Seen, State};

type Answered = Pin<Box<dyn Future<Output = Result<Response<Padded>, Reset>> + Send>>;

/// Serves all connections until it is dropped.
pub(super) async fn all(listener: TcpListener, state: Arc<watch::Sender<State>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                connections.spawn(one(stream, Arc::clone(&state)));
            }
            Some(ended) = connections.join_next() => ended.expect("a connection of the authority does not panic"),
        }
    }
}

async fn one(stream: TcpStream, state: Arc<watch::Sender<State>>) {
    stream.set_nodelay(true).expect("a connection takes TCP_NODELAY");
    let service = service_fn(move |request| -> Answered { Box::pin(answer(request, Arc::clone(&state))) });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let stream = connection.into_parts().io.into_inner();
    let is_reset = ended.is_err_and(|error| error.source().is_some_and(|source| source.is::<Reset>()));
    if is_reset {
        // With nothing to linger for, closing is a reset.
        stream.set_zero_linger().expect("a connection takes SO_LINGER");
    }
}

async fn answer(request: Request<Incoming>, state: Arc<watch::Sender<State>>) -> Result<Response<Padded>, Reset> {
    const BODY_BYTES_MAX: usize = 1024 * 1024;
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| Reset)?.to_bytes();
    let path = head.uri.path().to_owned();
    let query = head.uri.query().map(str::to_owned);
    let seen = Seen { method: head.method, path, query, headers: head.headers, body };
    state.send_modify(|state| state.record(seen.clone()));
    let slow = match state.borrow().faults.get(&seen.path) {
        Some(Fault::Slow(time)) => Some(*time),
        _ => None,
    };
    if let Some(time) = slow {
        tokio::time::sleep(time).await;
    }
    let mut changes = state.subscribe();
    let moving = changes.wait_for(|state| !matches!(state.faults.get(&seen.path), Some(Fault::Hang)));
    let deed = decide(&*moving.await.map_err(|_| Reset)?, &seen);
    match deed {
        Deed::Answer(answer) => Ok(answer),
        Deed::Reset => Err(Reset),
    }
}

/// Ends a connection without an answer.
#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is reset, as the test wants it")
    }
}

impl StdError for Reset {}
