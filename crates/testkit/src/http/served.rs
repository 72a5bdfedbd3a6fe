//! Any service on a free loopback port, for one test.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper::{client, server};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service;

use super::answer::{Answer, AnswerStream};
use super::patiently;
use super::request::HttpRequest;

/// A service that is served on a free loopback port, and a client for it. Dropping it ends both.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Served {
    /// Serves `service` over HTTP/1.1, each answer sent at once (`TCP_NODELAY`).
    ///
    /// # Panics
    ///
    /// When there is no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is served.
    pub async fn start<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
        B: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(service.clone());
                connections.spawn(async move {
                    stream.set_nodelay(true).expect("a connection takes TCP_NODELAY");
                    // A connection that ends early is what some tests are about.
                    drop(server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { address, _tasks: tasks }
    }

    /// Where it is served.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request on a connection of its own and reads the whole answer.
    ///
    /// # Panics
    ///
    /// When the answer does not come, or not whole.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the connection is dropped.
    pub async fn send(&self, request: HttpRequest) -> Answer {
        self.open(request).await.whole().await
    }

    /// Sends a request on a connection of its own and reads the head of the answer. Dropping what it returns drops the
    /// connection.
    ///
    /// # Panics
    ///
    /// When the answer does not come.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the connection is dropped.
    pub async fn open(&self, request: HttpRequest) -> AnswerStream {
        let stream = patiently("a connection", TcpStream::connect(self.address)).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a connection takes TCP_NODELAY");
        let handshake = client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.expect("HTTP/1.1 has no handshake that could fail");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(connection.await) });
        let mut request = request.into_http();
        let host = HeaderValue::from_str(&self.address.to_string()).expect("an address is visible ASCII");
        request.headers_mut().entry(header::HOST).or_insert(host);
        let response = patiently("the answer", sender.send_request(request)).await;
        AnswerStream::over(response.expect("the request is answered"), tasks)
    }
}
