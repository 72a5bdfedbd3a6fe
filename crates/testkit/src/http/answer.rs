//! Answers, whole or event by event.

use std::error::Error as StdError;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{fail, patiently};

type BoxError = Box<dyn StdError + Send + Sync>;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// An answer whose body is read as it comes. Dropping it drops the connection.
#[derive(Debug)]
pub struct AnswerStream {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    body: UnsyncBoxBody<Bytes, BoxError>,
    /// Read and not yet handed out.
    buffer: BytesMut,
    /// Drives the connection, where there is one.
    _connection: JoinSet<()>,
}

/// One event of a stream (WHATWG HTML §9.2.6): its lines as field and value. A comment has a field without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// In their order.
    pub fields: Vec<(String, String)>,
}

impl Answer {
    /// The value of a header that stands once and is text.
    ///
    /// # Panics
    ///
    /// When it stands more than once, or is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The JSON document that the body is.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is one JSON document")
    }
}

impl AnswerStream {
    /// The answer of a service that was called without a connection.
    #[must_use]
    pub fn of<B>(response: Response<B>) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self::over(response, JoinSet::new())
    }

    pub(super) fn over<B>(response: Response<B>, connection: JoinSet<()>) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (head, body) = response.into_parts();
        let body = body.map_err(Into::into).boxed_unsync();
        let (status, headers) = (head.status, head.headers);
        Self { status, headers, body, buffer: BytesMut::new(), _connection: connection }
    }

    /// The value of a header that stands once and is text.
    ///
    /// # Panics
    ///
    /// When it stands more than once, or is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Reads the next event; `None` when the answer has ended.
    ///
    /// # Panics
    ///
    /// When the answer breaks off in the middle of an event, or nothing comes for long.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                let text = self.buffer.split_to(end + 2);
                return Some(Event::read(&text));
            }
            let Some(frame) = patiently("the next event", self.body.frame()).await else {
                assert!(self.buffer.is_empty(), "the answer ended in the middle of an event: {:?}", self.buffer);
                return None;
            };
            if let Ok(data) = frame.expect("the answer does not break off").into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }

    /// Reads the message that the next event carries.
    ///
    /// # Panics
    ///
    /// When the answer has ended, the next event is a comment, or is not one line of JSON.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn message(&mut self) -> Value {
        self.next().await.expect("the answer has one more event").message()
    }

    /// Reads the messages of all events that are left; comments are passed over.
    ///
    /// # Panics
    ///
    /// As [`message`](Self::message), but for the end of the answer.
    ///
    /// # Cancel safety
    ///
    /// None: what was read is lost.
    pub async fn messages(mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(event) = self.next().await {
            if !event.is_comment() {
                messages.push(event.message());
            }
        }
        messages
    }

    /// Reads the rest as one body.
    ///
    /// # Panics
    ///
    /// When it breaks off, or does not end for long.
    ///
    /// # Cancel safety
    ///
    /// None: what was read is lost.
    pub async fn whole(mut self) -> Answer {
        let rest = patiently("the end of the answer", self.body.collect()).await;
        self.buffer.extend_from_slice(&rest.expect("the answer does not break off").to_bytes());
        Answer { status: self.status, headers: self.headers, body: self.buffer.freeze() }
    }
}

impl Event {
    fn read(text: &[u8]) -> Self {
        let text = std::str::from_utf8(text).expect("events are UTF-8");
        let fields = text.lines().filter(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned())
        });
        Self { fields: fields.collect() }
    }

    /// Whether it says nothing to a program.
    #[must_use]
    pub fn is_comment(&self) -> bool {
        self.fields.iter().all(|(name, _)| name.is_empty())
    }

    /// The value of a field that stands once.
    ///
    /// # Panics
    ///
    /// When it stands more than once.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let value = values.next();
        assert_eq!(values.next(), None, "the field {name} stands once");
        value.map(|(_, value)| value.as_str())
    }

    /// The JSON document on the one line of data.
    ///
    /// # Panics
    ///
    /// When there is no such line, or more, or it is not JSON.
    #[must_use]
    pub fn message(&self) -> Value {
        let data = self.field("data").unwrap_or_else(|| fail(&format!("no message: {self:?}")));
        serde_json::from_str(data).expect("each line of data is one JSON document")
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    assert_eq!(values.next(), None, "the header {name} stands once");
    value.map(|value| value.to_str().expect("the header is text"))
}
