//! What can go wrong at one path.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

/// How a path answers instead of rightly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// With this status and a short text.
    Status(StatusCode),
    /// Not at all, until the fault is cleared or replaced: then as is right by then.
    Hang,
    /// Rightly, after this time.
    Slow(Duration),
    /// With a key set that has no key.
    EmptyKeys,
    /// With bytes that say they are JSON and are not.
    Garbage,
    /// With a page for people.
    Html,
    /// Rightly, followed by 64 MiB of white space. Whoever reads all of it finds a good document.
    Huge,
    /// With 302 and this place, which may be anywhere.
    Redirect(String),
    /// The connection is reset.
    Reset,
    /// With exactly this.
    Answer(Scripted),
}

/// An answer as a test writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripted {
    /// The status.
    pub status: StatusCode,
    /// All headers but those that frame the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Scripted {
    /// A JSON text, right or wrong, with status 200.
    #[must_use]
    pub fn json(text: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status: StatusCode::OK, headers, body: text.into() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
