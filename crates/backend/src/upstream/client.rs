//! A connection to one upstream server.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use outboard_fetch::{Fetcher, Target};
use outboard_protocol::error::code;
use outboard_protocol::types::{Implementation, Progress};
use outboard_protocol::{ErrorObject, Method, RawJson, Revision, encode, meta};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::OnProgress;
use super::connect::{Opened, open};
use super::dialect::{Dialect, insert_custom};
use super::error::{CallError, ConnectError, ExchangeError, ListError};
use super::exchange::{Outgoing, ask, exchange};
use super::options::ClientOptions;
use super::tools::{Collecting, Known, Page, ToolListing};
use super::wire::Wire;

/// A connection to one upstream server. Requests may run at the same time.
pub struct Client {
    wire: Wire,
    opened: Opened,
    options: ClientOptions,
    /// Empty until the tools were listed.
    known: Mutex<Option<Arc<Known>>>,
}

impl Client {
    /// Connects to the MCP endpoint at `target`: finds out its era and opens a session where it is legacy.
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave a session behind that the server has to time out.
    pub async fn connect(fetcher: Fetcher, target: Target, options: ClientOptions) -> Result<Self, ConnectError> {
        let wire = Wire::new(fetcher, target, &options);
        let opened = open(&wire, &options).await?;
        Ok(Self { wire, opened, options, known: Mutex::new(None) })
    }

    /// The revision that is spoken.
    #[must_use]
    pub fn revision(&self) -> &'static Revision {
        self.opened.dialect.revision().unwrap_or_else(|| Revision::assumed())
    }

    /// Who the server says it is, if it said so. For display only.
    #[must_use]
    pub fn server_info(&self) -> Option<&Implementation> {
        self.opened.server_info.as_ref()
    }

    /// How to use the server, in its own words, for a model.
    #[must_use]
    pub fn instructions(&self) -> Option<&str> {
        self.opened.instructions.as_deref()
    }

    /// Lists the tools, all pages.
    ///
    /// # Errors
    ///
    /// [`ListError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the listing and changes nothing.
    pub async fn list_tools(&self) -> Result<ToolListing, ListError> {
        let mut collecting = Collecting::default();
        let mut cursor: Option<String> = None;
        for _ in 0..self.options.pages_max {
            let params = ListParams { cursor: cursor.as_deref(), meta: self.dialect().meta(&self.options.client_info) };
            let timeout = self.options.request_timeout;
            let answer = ask(&self.wire, self.dialect(), Method::ToolsList, &params, timeout).await?;
            let page = Page::read(&answer.result)?;
            collecting.add(&page, self.options.tools_max, self.dialect().is_modern())?;
            cursor = page.next_cursor;
            if cursor.is_none() {
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(collecting.known));
                return Ok(collecting.listing);
            }
        }
        Err(ListError::TooManyPages { max: self.options.pages_max })
    }

    /// Calls a tool and returns its result as the server sent it, to be read as a `CallToolResult` or passed on.
    ///
    /// List the tools first where the server is modern: the calls of some tools repeat arguments in headers, which only
    /// their definitions tell. Without that, the first refusal of such a call lists them.
    ///
    /// # Errors
    ///
    /// [`CallError`]. A tool that fails answers with a result that says so, which is not an error here.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the call on a modern server. A legacy server goes on with it.
    pub async fn call_tool(
        &self,
        name: &str,
        arguments: &RawJson,
        mut on_progress: impl FnMut(Progress) + Send,
    ) -> Result<RawJson, CallError> {
        if !arguments.is_object() {
            return Err(CallError::ArgumentsNotAnObject);
        }
        let mut state = None;
        let mut listed_again = false;
        for _ in 0..self.options.rounds_max {
            let result = match self.call_once(name, arguments, state.as_deref(), &mut on_progress).await {
                Ok(result) => result,
                Err(ExchangeError::Remote(error)) if self.may_lack_headers(&error) && !listed_again => {
                    listed_again = true;
                    self.list_tools().await?;
                    continue;
                }
                Err(ExchangeError::Remote(error)) if error.code == code::INVALID_PARAMS && self.lacks(name) => {
                    return Err(CallError::ToolUnknown { name: name.to_owned() });
                }
                Err(error) => return Err(error.into()),
            };
            match Round::of(&result, self.dialect())? {
                Round::Complete => return Ok(result),
                Round::Again { request_state } => state = Some(request_state),
            }
        }
        Err(CallError::TooManyRounds { max: self.options.rounds_max })
    }

    /// Ends the connection: a session is ended on the server too.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`] when the server could not be told; nothing is left to do then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave a session behind that the server has to time out.
    pub async fn close(self) -> Result<(), ExchangeError> {
        if self.dialect().session().is_none() {
            return Ok(());
        }
        self.wire.end_session(self.dialect(), self.options.request_timeout).await
    }

    async fn call_once(
        &self,
        name: &str,
        arguments: &RawJson,
        request_state: Option<&str>,
        on_progress: OnProgress<'_>,
    ) -> Result<RawJson, ExchangeError> {
        let id = self.wire.next_id();
        let mut members = self.dialect().meta(&self.options.client_info);
        members.insert(meta::PROGRESS_TOKEN.to_owned(), id.into());
        let params = CallParams { name, arguments, request_state, meta: members };
        let outgoing = Outgoing {
            dialect: self.dialect(),
            id,
            method: Method::ToolsCall,
            name: Some(name),
            param_headers: self.param_headers(name, arguments),
            body: encode::request(&id.into(), Method::ToolsCall.as_str(), &params),
            timeout: self.options.call_timeout,
        };
        let answer = exchange(&self.wire, outgoing, on_progress).await?;
        Ok(answer.result)
    }

    fn dialect(&self) -> &Dialect {
        &self.opened.dialect
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn param_headers(&self, name: &str, arguments: &RawJson) -> HeaderMap {
        let known = self.known();
        let mut headers = HeaderMap::new();
        let Some(parameters) = known.as_ref().and_then(|known| known.get(name)).filter(|known| !known.is_empty())
        else {
            return headers;
        };
        let arguments = arguments.read::<Value>().unwrap_or_default();
        for (header, value) in parameters.headers_of(&arguments) {
            insert_custom(&mut headers, header, &value);
        }
        headers
    }

    /// Whether a refusal can come from definitions that we do not know, or know no longer.
    fn may_lack_headers(&self, error: &ErrorObject) -> bool {
        self.dialect().is_modern() && error.code == code::HEADER_MISMATCH
    }

    /// Whether the tools were listed, and this one was not among them.
    fn lacks(&self, name: &str) -> bool {
        self.known().is_some_and(|known| !known.contains_key(name))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (target, revision) = (&self.wire.target, self.revision().name);
        f.debug_struct("Client").field("target", target).field("revision", &revision).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct ListParams<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallParams<'a> {
    name: &'a str,
    arguments: &'a RawJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_state: Option<&'a str>,
    #[serde(rename = "_meta")]
    meta: Map<String, Value>,
}

/// What a result means for the call (2026-07-28: *Multi Round-Trip Requests*).
enum Round {
    /// It is the result.
    Complete,
    /// The server asks for nothing but another round.
    Again { request_state: String },
}

impl Round {
    fn of(result: &RawJson, dialect: &Dialect) -> Result<Self, CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Polymorphic {
            #[serde(default)]
            result_type: Option<String>,
            #[serde(default)]
            input_requests: Option<Map<String, Value>>,
            #[serde(default)]
            request_state: Option<String>,
        }
        let shape = || ExchangeError::ResultShape { method: "tools/call" };
        if !result.is_object() {
            return Err(shape().into());
        }
        if !dialect.is_modern() {
            return Ok(Self::Complete);
        }
        let read: Polymorphic = result.read().map_err(|_| shape())?;
        match read.result_type.as_deref() {
            None | Some("complete") => Ok(Self::Complete),
            Some("input_required") => {
                let asked = read.input_requests.unwrap_or_default();
                match read.request_state {
                    Some(request_state) if asked.is_empty() => Ok(Self::Again { request_state }),
                    _ => {
                        let method = |question: &Value| Some(question.get("method")?.as_str()?.to_owned());
                        Err(CallError::InputRequired { asked: asked.values().filter_map(method).collect() })
                    }
                }
            }
            Some(_) => Err(shape().into()),
        }
    }
}
