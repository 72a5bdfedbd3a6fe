//! A TCP proxy that does to a connection what networks do, switched while it is in use.

mod pump;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
};

use self::pump::{Ended, Pump};

/// What happens to what passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Each piece comes this much later, and up to `jitter` more.
    Latency {
        /// At least.
        delay: Duration,
        /// At most so much more.
        jitter: Duration,
    },
    /// So many bytes pass in a second, in each direction.
    Rate {
        /// Bytes.
        bytes_per_second: u32,
    },
    /// One piece in so many comes as late as a packet that is lost and sent again.
    Loss {
        /// One in so many.
        one_in: u32,
    },
    /// Connections end, in an orderly way, after so many bytes of the answer.
    CutAfter {
        /// Bytes.
        bytes: usize,
    },
    /// The last of each connection, its end, comes this much later.
    SlowClose {
        /// How much.
        delay: Duration,
    },
    /// A byte of each piece of the answer is another one.
    Corrupt,
    /// Connections are accepted, and nothing passes.
    BlackHole,
    /// Connections are reset, also those that are there.
    Reset,
    /// There is nobody who accepts; connections that are there end.
    Refuse,
}

/// A proxy before one address. Dropping it ends it with its connections.
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    _running: JoinSet<()>,
}

impl FaultProxy {
    /// Begins to pass on what comes to a free loopback port.
    ///
    /// # Panics
    ///
    /// When there is no port.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("the listener has an address");
        let (fault, faults) = watch::channel(Fault::None);
        let mut running = JoinSet::new();
        running.spawn(accept(listener, address, target, faults));
        Self { address, fault, _running: running }
    }

    /// Where it listens; the same through all faults.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this happens, also to the connections that are there.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy").field("address", &self.address).field("fault", &*self.fault.borrow()).finish()
    }
}

/// Accepts for as long as somebody may change the fault.
async fn accept(listener: TcpListener, address: SocketAddr, target: SocketAddr, mut faults: watch::Receiver<Fault>) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let is_refused = *faults.borrow_and_update() == Fault::Refuse;
        if is_refused {
            listener = None;
        } else if listener.is_none() {
            listener = Some(listen_again(address));
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = faults.changed() => if changed.is_err() { return },
            accepted = accepted => if let Ok((client, _)) = accepted {
                drop(connections.spawn(connect(client, target, faults.clone())));
            },
        }
    }
}

/// The address was ours a moment ago, and connections of then may linger.
fn listen_again(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("there is a socket");
    socket.set_reuseaddr(true).expect("a socket can be told so");
    socket.bind(address).expect("nobody else took the port");
    socket.listen(1024).expect("it can listen")
}

async fn connect(client: TcpStream, target: SocketAddr, faults: watch::Receiver<Fault>) {
    if *faults.borrow() == Fault::Reset {
        return reset(&client);
    }
    let Ok(server) = TcpStream::connect(target).await else { return reset(&client) };
    // It is measured what the fault takes, not what small packets wait for.
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = Pump::asking(faults.clone());
    let answering = Pump::answering(faults);
    let ended = {
        let asked = asking.run(&mut from_client, &mut to_server);
        let answered = answering.run(&mut from_server, &mut to_client);
        tokio::select! {
            // Who has asked all may still want the answer.
            ended = async { let (asked, answered) = tokio::join!(asked, answered); asked.max(answered) } => ended,
        }
    };
    if ended == Ended::Reset
        && let (Ok(client), Ok(server)) = (from_client.reunite(to_client), from_server.reunite(to_server))
    {
        reset(&client);
        reset(&server);
    }
}

/// Makes the end of a connection a reset.
fn reset(stream: &TcpStream) {
    // One that is gone already is as good.
    drop(stream.set_zero_linger());
}

#[cfg(test)]
mod tests;
