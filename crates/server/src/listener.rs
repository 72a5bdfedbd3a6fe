//! The listener: accepts connections and drives hyper on each, with bounds, and ends them in order.
//!
//! `axum::serve` sets neither `TCP_NODELAY` nor timeouts, and does not end while a stream is open.

mod answering;
mod write_timeout;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use outboard_transport::Body;
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use crate::config::{Limits, Timeouts};
use answering::{Answering, Known};
use write_timeout::WriteTimeout;

/// How long to wait before accepting again when the system is out of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Smallest buffer that hyper takes for a head, in bytes.
const HEAD_BYTES_MIN: usize = 8 * 1024;

/// A bound listening socket.
pub(crate) struct Listener {
    socket: TcpListener,
    driver: Driver,
    connections_max: usize,
}

/// How the listener stops, step by step.
#[derive(Clone, Default)]
pub(crate) struct Stop {
    /// Each answer from now on is the last of its connection.
    closing: Arc<AtomicBool>,
    /// Accept no more; end each connection after the request that it is in.
    pub(crate) accepting: CancellationToken,
    /// Who has no answer yet is told to try again elsewhere.
    pub(crate) calls: CancellationToken,
    /// Drop what is left.
    pub(crate) connections: CancellationToken,
}

impl Stop {
    /// Each answer from now on is the last of its connection; new connections are still accepted.
    pub(crate) fn close_behind_answers(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

impl Listener {
    /// Binds the address.
    pub(crate) async fn bind(address: SocketAddr, limits: &Limits, timeouts: &Timeouts) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let mut http = http1::Builder::new();
        // hyper's one timeout for heads also runs while a connection is idle, so it is the longer of the two; the first
        // head, which an attacker can hold back for nothing, has its own.
        http.timer(TokioTimer::new())
            .header_read_timeout(timeouts.idle.max(timeouts.headers))
            .max_headers(limits.header_count)
            .max_buf_size(limits.header_bytes.max(HEAD_BYTES_MIN));
        let driver = Driver { http: Arc::new(http), first_head: timeouts.headers, write: timeouts.write };
        Ok(Self { socket, driver, connections_max: limits.connections })
    }

    /// The address that is listened on, with the port that the system chose where none was named.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts connections until `stop.accepting`, and waits for the open ones; `stop.connections` drops those.
    pub(crate) async fn run<S>(self, service: S, stop: Stop)
    where
        S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
    {
        let connections = TaskTracker::new();
        // Beyond the bound connections wait in the system's queue, which has a bound of its own.
        let places = Arc::new(Semaphore::new(self.connections_max.min(Semaphore::MAX_PERMITS)));
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the semaphore");
                (accept(&self.socket).await, place)
            };
            let (stream, place) = tokio::select! {
                next = next => next,
                () = stop.accepting.cancelled() => break,
            };
            let connection = self.driver.clone().drive(stream, service.clone(), stop.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        }
        drop(self.socket);
        connections.close();
        connections.wait().await;
    }
}

/// Accepts one connection, whatever happens to others before it.
async fn accept(socket: &TcpListener) -> TcpStream {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                // An answer is written at once and whole: waiting for more to send with it only costs time.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection is served without TCP_NODELAY");
                }
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                if is_exhaustion(&error) {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Whether the system has nothing left to accept with: then the connection stays in the queue, and accepting again at once
/// would only fail again. Every other error is that of the one connection, which is out of the queue (accept(2)).
fn is_exhaustion(error: &io::Error) -> bool {
    let exhaustion = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| exhaustion.contains(&errno))
}

/// Drives one connection.
#[derive(Clone)]
struct Driver {
    http: Arc<http1::Builder>,
    first_head: Duration,
    write: Duration,
}

impl Driver {
    async fn drive<S>(self, stream: TcpStream, service: S, stop: Stop)
    where
        S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
    {
        let known = Known::new(Arc::clone(&stop.closing));
        let service = TowerToHyperService::new(Answering::new(service, Arc::clone(&known)));
        let io = WriteTimeout::new(TokioIo::new(stream), self.write);
        let mut connection = pin!(self.http.serve_connection(io, service));
        let mut interrupts = interrupts(self.first_head, &stop);
        loop {
            let interrupt = tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                Some(interrupt) = interrupts.next() => interrupt,
            };
            match interrupt {
                Interrupt::FirstHeadIsDue if known.was_asked() => {}
                Interrupt::FirstHeadIsDue => {
                    tracing::debug!("a connection brought no request in time");
                    return;
                }
                Interrupt::Drain if known.was_asked() => connection.as_mut().graceful_shutdown(),
                // The connection is polled next, and with it what it waits for.
                Interrupt::GiveUp => known.give_up(),
                // Without a request hyper would wait for the first one, as long as that may take.
                Interrupt::Drain | Interrupt::Cut => return,
            }
        }
    }
}

/// What happens to a connection from outside.
enum Interrupt {
    /// The first request's head should be there by now.
    FirstHeadIsDue,
    /// End after the request that is being served.
    Drain,
    /// Answer now that nothing comes of the request.
    GiveUp,
    /// End now.
    Cut,
}

/// All that may happen to a connection. The set polls only what was woken: the connection, which is polled for every
/// request, pays nothing for what happens once.
fn interrupts(first_head: Duration, stop: &Stop) -> FuturesUnordered<BoxFuture<'static, Interrupt>> {
    let Stop { accepting, calls, connections, .. } = stop.clone();
    FuturesUnordered::from_iter([
        tokio::time::sleep(first_head).map(|()| Interrupt::FirstHeadIsDue).boxed(),
        accepting.cancelled_owned().map(|()| Interrupt::Drain).boxed(),
        calls.cancelled_owned().map(|()| Interrupt::GiveUp).boxed(),
        connections.cancelled_owned().map(|()| Interrupt::Cut).boxed(),
    ])
}

#[cfg(test)]
mod tests;
