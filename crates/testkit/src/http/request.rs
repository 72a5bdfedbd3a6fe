//! Requests of both eras, well formed, for a test to bend.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use outboard_protocol::{headers, meta};
use serde_json::{Map, Value, json};

use super::fail;

/// The revision of [`modern`] requests.
pub const MODERN_REVISION: &str = "2026-07-28";

/// A request. Its parts are public: whatever a test wants wrong, it can make wrong.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// POST, unless a test says otherwise.
    pub method: Method,
    /// `/mcp`, unless a test says otherwise.
    pub path: String,
    /// All headers. `Host` is added by [`Served`](super::Served) where it is absent.
    pub headers: HeaderMap,
    /// The body, piece by piece. One piece goes out with its length, several go out chunked.
    pub body: Vec<Bytes>,
}

/// A modern request with the id 1: `_meta` and headers say what they should. Members of a `_meta` in `params` are kept,
/// and win.
///
/// # Panics
///
/// When `params`, or `_meta` in it, is no object.
#[must_use]
pub fn modern(method: &str, params: Value) -> HttpRequest {
    let mut params = object(params);
    let mut meta = object(json!({
        meta::PROTOCOL_VERSION: MODERN_REVISION,
        meta::CLIENT_INFO: {"name": "testkit", "version": "1"},
        meta::CLIENT_CAPABILITIES: {},
    }));
    meta.extend(params.remove("_meta").map(object).unwrap_or_default());
    let named = match method {
        "tools/call" | "prompts/get" => params.get("name"),
        "resources/read" => params.get("uri"),
        _ => None,
    };
    let mut request =
        HttpRequest::post([]).with(headers::PROTOCOL_VERSION, MODERN_REVISION).with(headers::METHOD, method);
    if let Some(name) = named.and_then(Value::as_str) {
        request = request.with(headers::NAME, &*headers::encode(name));
    }
    params.insert("_meta".to_owned(), meta.into());
    request.json(&message(method, params.into()))
}

/// A legacy request with the id 1 that names neither a session nor a revision, as `initialize` comes.
#[must_use]
pub fn legacy(method: &str, params: Value) -> HttpRequest {
    HttpRequest::post([]).json(&message(method, params))
}

fn message(method: &str, params: Value) -> Value {
    let members = [("jsonrpc", "2.0".into()), ("id", 1.into()), ("method", method.into()), ("params", params)];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => fail(&format!("{other} is no object")),
    }
}

impl HttpRequest {
    /// A POST of these bytes, with the media types that every client sends.
    #[must_use]
    pub fn post(body: impl AsRef<[u8]>) -> Self {
        let request = Self { body: Vec::new(), ..Self::of(Method::POST) };
        request
            .with(header::CONTENT_TYPE.as_str(), "application/json")
            .with(header::ACCEPT.as_str(), "application/json, text/event-stream")
            .bytes(body)
    }

    /// A request without headers and body.
    #[must_use]
    pub fn of(method: Method) -> Self {
        Self { method, path: "/mcp".to_owned(), headers: HeaderMap::new(), body: Vec::new() }
    }

    /// Sets a header, in place of any that stood there.
    ///
    /// # Panics
    ///
    /// When HTTP does not allow the name or value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.insert(header_name(name), header_value(value.as_ref()));
        self
    }

    /// Adds a header beside those that stand there.
    ///
    /// # Panics
    ///
    /// When HTTP does not allow the name or value.
    #[must_use]
    pub fn also(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(header_name(name), header_value(value.as_ref()));
        self
    }

    /// Takes a header away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Names a legacy session and its revision.
    #[must_use]
    pub fn in_session(self, id: &str, revision: &str) -> Self {
        self.with(headers::SESSION_ID, id).with(headers::PROTOCOL_VERSION, revision)
    }

    /// Sets the body, to be sent with its length.
    #[must_use]
    pub fn bytes(self, body: impl AsRef<[u8]>) -> Self {
        Self { body: vec![Bytes::copy_from_slice(body.as_ref())], ..self }
    }

    /// Sets the body, to be sent chunked.
    #[must_use]
    pub fn pieces<P: AsRef<[u8]>>(self, pieces: impl IntoIterator<Item = P>) -> Self {
        let body = pieces.into_iter().map(|piece| Bytes::copy_from_slice(piece.as_ref()));
        // An empty piece at the end, so that one piece is chunked too.
        Self { body: body.chain([Bytes::new()]).collect(), ..self }
    }

    /// Sets the body to a JSON document.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string())
    }

    /// Changes the JSON document that the body is.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn edit(self, change: impl FnOnce(&mut Value)) -> Self {
        let mut body = serde_json::from_slice(&self.body.concat()).expect("only a JSON body can be edited");
        change(&mut body);
        self.json(&body)
    }

    /// Takes the id away: what is left is a notification.
    ///
    /// # Panics
    ///
    /// When the body is no JSON object.
    #[must_use]
    pub fn notification(self) -> Self {
        self.edit(|message| drop(message.as_object_mut().map(|members| members.remove("id"))))
    }

    /// Sets the id.
    ///
    /// # Panics
    ///
    /// When the body is no JSON object.
    #[must_use]
    pub fn id(self, id: impl Into<Value>) -> Self {
        let id = id.into();
        self.edit(|message| drop(message.as_object_mut().map(|members| members.insert("id".to_owned(), id))))
    }

    /// The request for a service that is called without a connection.
    ///
    /// # Panics
    ///
    /// When the path is no request target.
    #[must_use]
    pub fn into_http(self) -> Request<UnsyncBoxBody<Bytes, Infallible>> {
        let mut pieces = self.body.into_iter();
        let body = match (pieces.next(), pieces.next()) {
            (None, _) => UnsyncBoxBody::default(),
            (Some(whole), None) => Full::new(whole).boxed_unsync(),
            (Some(first), Some(second)) => {
                let pieces: Vec<_> = [first, second].into_iter().chain(pieces).collect();
                Pieces(pieces.into_iter()).boxed_unsync()
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().expect("the path is a request target");
        *request.headers_mut() = self.headers;
        request
    }
}

/// A body of several pieces, whose length nobody knows beforehand.
struct Pieces(std::vec::IntoIter<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}

fn header_name(name: &str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes()).expect("the name is one that HTTP allows")
}

fn header_value(value: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(value).expect("the value is one that HTTP allows")
}
