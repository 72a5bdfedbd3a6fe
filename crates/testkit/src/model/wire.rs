//! One client's connections to one place: kept alive, every request under a hard limit, nothing that comes back a panic.

mod broken;
mod event;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

pub use broken::Broken;
pub use event::Told;

use super::scene::{Caller, Place};
use crate::http::HttpRequest;

/// After this long a request counts as hung.
pub const HARD_LIMIT: Duration = Duration::from_secs(10);

/// Where a request can name itself, and where the answer repeats it.
const REQUEST_ID: &str = "x-request-id";

/// One client's connections to one place.
#[derive(Debug)]
pub struct Wire {
    place: Place,
    caller: Caller,
    /// What its requests are called, before their number.
    name: String,
    sent: AtomicU64,
    idle: Arc<Mutex<Option<Connection>>>,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<UnsyncBoxBody<Bytes, std::convert::Infallible>>,
    /// Drives it; dropped with it.
    _driver: JoinSet<()>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// Every message, with the id of its event: one without an id, where the answer was one document; none, where it had
    /// no body.
    pub messages: Vec<(Option<String>, Value)>,
}

/// An answer that is read as it comes. Dropping it early drops the connection.
#[derive(Debug)]
pub struct Trickle {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    body: Incoming,
    buffer: BytesMut,
    connection: Option<Connection>,
    back: Arc<Mutex<Option<Connection>>>,
}

impl Wire {
    /// A client's way to a place; connected when it is first used.
    #[must_use]
    pub fn new(place: &Place, caller: &Caller, name: String) -> Self {
        let (place, caller) = (place.clone(), caller.clone());
        Self { place, caller, name, sent: AtomicU64::new(0), idle: Arc::default() }
    }

    /// The ids of all requests that were sent, as logs have them.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        (0..self.sent.load(Ordering::Relaxed)).map(|number| self.id(number)).collect()
    }

    /// Sends a request and reads the whole answer. A request that could not be sent on a kept connection, because that had
    /// ended, is sent on a new one.
    ///
    /// # Errors
    ///
    /// No answer, or not the whole of it, within [`HARD_LIMIT`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the connection is dropped.
    pub async fn send(&self, request: HttpRequest) -> Result<Answered, Broken> {
        let whole = async { self.begin(request).await?.whole().await };
        tokio::time::timeout(HARD_LIMIT, whole).await.unwrap_or(Err(Broken::Hung))
    }

    /// Sends a request and reads the head of the answer.
    ///
    /// # Errors
    ///
    /// No answer within [`HARD_LIMIT`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the connection is dropped.
    pub async fn open(&self, request: HttpRequest) -> Result<Trickle, Broken> {
        tokio::time::timeout(HARD_LIMIT, self.begin(request)).await.unwrap_or(Err(Broken::Hung))
    }

    async fn begin(&self, request: HttpRequest) -> Result<Trickle, Broken> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let mut request = request.with(REQUEST_ID, self.id(number)).with(header::HOST.as_str(), &self.place.host);
        if let Some(token) = &self.caller.token {
            request = request.with(header::AUTHORIZATION.as_str(), format!("Bearer {token}"));
        }
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut request = request.into_http();
        if let Some(mut connection) = kept
            && connection.sender.ready().await.is_ok()
        {
            match connection.sender.try_send_request(request).await {
                Ok(response) => return self.trickle(response, connection, number),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Broken::Lost(error.into_error())),
                },
            }
        }
        let mut connection = self.connect().await?;
        let response = connection.sender.send_request(request).await.map_err(Broken::Lost)?;
        self.trickle(response, connection, number)
    }

    async fn connect(&self) -> Result<Connection, Broken> {
        let stream = TcpStream::connect(self.place.address).await.map_err(Broken::Unreachable)?;
        stream.set_nodelay(true).map_err(Broken::Unreachable)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(Broken::Lost)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(driver.await) });
        Ok(Connection { sender, _driver: tasks })
    }

    fn trickle(
        &self,
        response: http::Response<Incoming>,
        connection: Connection,
        number: u64,
    ) -> Result<Trickle, Broken> {
        let (head, body) = response.into_parts();
        let sent = self.id(number);
        // A balancer's own answer has no id.
        if let Some(named) = head.headers.get(REQUEST_ID)
            && named.as_bytes() != sent.as_bytes()
        {
            return Err(Broken::NotMine { named: format!("{named:?}"), sent });
        }
        let (status, headers, back) = (head.status, head.headers, self.idle.clone());
        Ok(Trickle { status, headers, body, buffer: BytesMut::new(), connection: Some(connection), back })
    }

    fn id(&self, number: u64) -> String {
        format!("{}{number}", self.name)
    }
}

impl Trickle {
    /// The next event that carries something: an id, a message, or both; `None` when the answer has ended.
    ///
    /// # Errors
    ///
    /// The answer breaks off, is not readable, or nothing comes within `patience`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next_within(&mut self, patience: Duration) -> Result<Option<Told>, Broken> {
        tokio::time::timeout(patience, self.event()).await.unwrap_or(Err(Broken::Hung))
    }

    /// [`next_within`](Self::next_within) the [`HARD_LIMIT`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Told>, Broken> {
        self.next_within(HARD_LIMIT).await
    }

    /// The next message, with the id of its event; events without one are passed over.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), or the answer ends without one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn message(&mut self) -> Result<(Option<String>, Value), Broken> {
        loop {
            let told = self.next().await?.ok_or(Broken::Ended)?;
            if let Some(message) = told.message {
                return Ok((told.id, message));
            }
        }
    }

    /// Whether it is a stream of events.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        let of_events = |value: &HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
        self.headers.get(header::CONTENT_TYPE).is_some_and(of_events)
    }

    /// Reads the rest.
    ///
    /// # Errors
    ///
    /// It breaks off, or is not readable. It has no limit of its own.
    ///
    /// # Cancel safety
    ///
    /// None: what was read is lost.
    pub async fn whole(mut self) -> Result<Answered, Broken> {
        let mut messages = Vec::new();
        if self.is_stream() {
            while let Some(told) = self.event().await? {
                messages.extend(told.message.map(|message| (told.id, message)));
            }
        } else {
            while let Some(data) = self.data().await? {
                self.buffer.extend_from_slice(&data);
            }
            let text = self.buffer.split();
            match serde_json::from_slice(&text) {
                Ok(message) => messages.push((None, message)),
                // Refusals of a balancer are pages.
                Err(_) if text.is_empty() || !self.status.is_success() => {}
                Err(_) => return Err(Broken::Garbled { text: String::from_utf8_lossy(&text).into_owned() }),
            }
        }
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.connection.take();
        Ok(Answered { status: self.status, headers: self.headers, messages })
    }

    async fn event(&mut self) -> Result<Option<Told>, Broken> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                let text = self.buffer.split_to(end + 2);
                if let Some(told) = Told::read(&text)? {
                    return Ok(Some(told));
                }
            }
            match self.data().await? {
                Some(data) => self.buffer.extend_from_slice(&data),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(Broken::Ended),
            }
        }
    }

    async fn data(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(data) = frame.map_err(Broken::Lost)?.into_data() {
                return Ok(Some(data));
            }
        }
    }
}

#[cfg(test)]
mod tests;
