//! Tests of the listener over real sockets: who is dropped, and who is waited for.

use std::sync::Mutex;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::*;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than both ends of a socket hold.
const BIG_BYTES: usize = 64 << 20;

const LIMITS: Limits = Limits {
    body_bytes: 1024,
    header_bytes: HEAD_BYTES_MIN,
    header_count: 16,
    connections: 16,
    calls: 16,
    page_items: 16,
};

/// Nothing is cut off for its time.
const TIMEOUTS: Timeouts = Timeouts {
    headers: Duration::from_secs(3600),
    body: Duration::from_secs(3600),
    write: Duration::from_secs(3600),
    idle: Duration::from_secs(3600),
    call: Duration::from_secs(3600),
};

async fn send(address: SocketAddr, bytes: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Everything that comes until the other side closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // What was dropped with something unread in it ends with a reset.
    drop(timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("the connection is closed"));
    text
}

#[tokio::test]
async fn a_reader_who_stalls_is_dropped() {
    let limits = Limits { connections: 1, ..LIMITS };
    let timeouts = Timeouts { write: Duration::from_millis(100), ..TIMEOUTS };
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &limits, &timeouts).await.unwrap();
    let address = listener.address().unwrap();
    let service = tower::service_fn(|request: Request<Incoming>| async move {
        let bytes = if request.uri().path() == "/big" { vec![b'x'; BIG_BYTES].into() } else { Bytes::from("small") };
        Ok(Response::new(Body::full(bytes)))
    });
    let asking = async {
        let _stalled = send(address, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await;
        // There is one place, so this waits until the first one is gone.
        let next = send(address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(rest(next).await.ends_with("small"));
    };
    tokio::select! {
        () = listener.run(service, Stop::default()) => panic!("nobody stops it"),
        () = asking => {}
    }
}

#[tokio::test]
async fn a_drain_waits_for_requests_and_not_for_connections_without_one() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &LIMITS, &TIMEOUTS).await.unwrap();
    let address = listener.address().unwrap();
    let (arrived, arrival) = oneshot::channel();
    let (release, released) = oneshot::channel();
    let once = Arc::new(Mutex::new(Some((arrived, released))));
    let service = tower::service_fn(move |_: Request<Incoming>| {
        let (arrived, released) = once.lock().unwrap().take().expect("one request");
        async move {
            arrived.send(()).unwrap();
            released.await.unwrap();
            Ok(Response::new(Body::full("done".into())))
        }
    });
    let stop = Stop::default();
    let asking = async {
        let idle = send(address, "").await;
        let half = send(address, "POST /mcp HT").await;
        // Connections are accepted in their order: now the others are, too.
        let asking = send(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        arrival.await.unwrap();
        stop.accepting.cancel();
        assert_eq!((rest(idle).await, rest(half).await), (String::new(), String::new()));
        release.send(()).unwrap();
        assert!(rest(asking).await.ends_with("done"));
    };
    let both = futures_util::future::join(listener.run(service, stop.clone()), asking);
    timeout(PATIENCE, both).await.expect("the listener ends with its last request");
}

#[test]
fn only_exhaustion_is_waited_out() {
    let cases = [
        (Errno::MFILE, true),
        (Errno::NFILE, true),
        (Errno::NOBUFS, true),
        (Errno::NOMEM, true),
        (Errno::CONNABORTED, false),
        (Errno::CONNRESET, false),
        (Errno::INTR, false),
        (Errno::PERM, false),
        (Errno::NETDOWN, false),
        (Errno::PROTO, false),
    ];
    for (errno, waited_out) in cases {
        assert_eq!(is_exhaustion(&errno.into()), waited_out, "{errno}");
    }
    assert!(!is_exhaustion(&io::ErrorKind::Other.into()), "no error of the system");
}
