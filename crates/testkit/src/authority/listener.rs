//! A port that only counts who connects to it: for places that nobody may ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::patiently;

/// A listener on a free loopback port, which drops every connection at once and counts them. Dropping it frees the port.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    accepted: Arc<watch::Sender<Accepted>>,
    _task: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Accepted {
    strangers: usize,
    /// Ports from which the listener asks itself.
    own: Vec<u16>,
    /// The own connections that have come.
    returned: Vec<u16>,
}

impl Listener {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing listens.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let accepted = Arc::new(watch::Sender::new(Accepted::default()));
        let counter = Arc::clone(&accepted);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((_, peer)) = listener.accept().await {
                counter.send_modify(|accepted| accepted.came(peer.port()));
            }
        });
        Self { address, accepted, _task: task }
    }

    /// Its origin, with `http`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have been opened, also those that it has not looked at yet: it connects to itself and waits
    /// for that connection, behind which none of them can be.
    ///
    /// # Panics
    ///
    /// When it cannot connect to itself.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: its own connection is never counted.
    pub async fn connections(&self) -> usize {
        // The port is known before the connection comes.
        let socket = TcpSocket::new_v4().expect("sockets can be made");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has a free port");
        let port = socket.local_addr().expect("a bound socket has an address").port();
        self.accepted.send_modify(|accepted| accepted.own.push(port));
        let connection = socket.connect(self.address).await.expect("the listener accepts");
        let mut changes = self.accepted.subscribe();
        let back = changes.wait_for(|accepted| accepted.returned.contains(&port));
        drop(patiently("the listener", back).await.expect("the listener is there"));
        drop(connection);
        let mut strangers = 0;
        self.accepted.send_modify(|accepted| {
            accepted.returned.retain(|returned| *returned != port);
            strangers = accepted.strangers;
        });
        strangers
    }
}

impl Accepted {
    fn came(&mut self, port: u16) {
        if let Some(at) = self.own.iter().position(|own| *own == port) {
            self.own.swap_remove(at);
            self.returned.push(port);
        } else {
            self.strangers += 1;
        }
    }
}
