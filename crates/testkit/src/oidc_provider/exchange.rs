//! One request on a connection of its own, and a browser that follows redirects and keeps cookies.

use std::collections::BTreeMap;

use http::{HeaderValue, Method, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::Url;

use super::{answered, fail};
use crate::http::{Answer, AnswerStream, HttpRequest};

/// Sends a request to a URL, whose path and query take the place of the request's, and reads the whole answer.
pub(super) async fn exchange(url: &str, mut request: HttpRequest) -> Result<Answer, hyper::Error> {
    let url = Url::parse(url).expect("the URL is one");
    let authority = url.authority();
    url[url::Position::BeforePath..url::Position::AfterQuery].clone_into(&mut request.path);
    let stream = TcpStream::connect(authority).await.expect("the server accepts");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    let mut request = request.into_http();
    let host = HeaderValue::from_str(authority).expect("an authority is visible ASCII");
    request.headers_mut().insert(header::HOST, host);
    let response = sender.send_request(request).await?;
    Ok(AnswerStream::of(response).whole().await)
}

/// Follows redirects as a browser does, with one jar for all cookies: there is one server.
#[derive(Debug, Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Goes from `start` to the first URL that begins with `end`, and returns its parameters.
    pub(super) async fn follow(&mut self, start: &str, end: &str) -> BTreeMap<String, String> {
        let mut url = Url::parse(start).expect("the start is a URL");
        for _ in 0..REDIRECTS_MAX {
            if url.as_str().starts_with(end) {
                return url.query_pairs().into_owned().collect();
            }
            let answer = self.send(url.as_str(), HttpRequest::of(Method::GET)).await;
            let Some(next) = answer.header(header::LOCATION.as_str()) else {
                fail(&format!("the flow ends at {url} with {}: {}", answer.status, answer.text()))
            };
            url = url.join(next).expect("a redirect leads to a URL");
        }
        fail(&format!("more than {REDIRECTS_MAX} redirects, the last one to {url}"))
    }

    /// Sends a request with the cookies, and keeps those of the answer.
    pub(super) async fn send(&mut self, url: &str, request: HttpRequest) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = answered(url, request.with(header::COOKIE.as_str(), cookies.join("; "))).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("a cookie is text");
            let pair = text.split_once(';').map_or(text, |(pair, _)| pair);
            let (name, value) = pair.split_once('=').expect("a cookie has a name and a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// More than any flow needs.
const REDIRECTS_MAX: usize = 8;
