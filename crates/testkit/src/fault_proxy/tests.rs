//! Each fault, as a client sees it.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};

use super::*;

/// A server that sends back what it gets.
#[expect(clippy::disallowed_methods, reason = "it ends with the runtime of the test")]
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.into_split();
                drop(tokio::io::copy(&mut from, &mut to).await);
            });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

const MOMENT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn without_a_fault_everything_passes_both_ways() {
    let proxy = FaultProxy::before(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let long = vec![7; 100_000];
    assert_eq!(ask(&mut stream, &long).await.unwrap(), long);
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "the end passes, too");
}

#[tokio::test]
async fn latency_and_rate_take_their_time() {
    let proxy = FaultProxy::before(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let faults = [
        Fault::Latency { delay: Duration::from_millis(50), jitter: Duration::ZERO },
        Fault::Rate { bytes_per_second: 100 },
    ];
    for fault in faults {
        proxy.set(fault);
        let begun = Instant::now();
        assert_eq!(ask(&mut stream, b"12345").await.unwrap(), b"12345");
        assert!(begun.elapsed() >= Duration::from_millis(100), "both ways: {fault:?}");
    }
}

#[tokio::test]
async fn black_hole_swallows_until_it_is_over() {
    let proxy = FaultProxy::before(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.set(Fault::BlackHole);
    assert!(timeout(MOMENT, ask(&mut stream, b"hello")).await.is_err(), "nothing comes back");
    proxy.set(Fault::None);
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
}

#[tokio::test]
async fn reset_and_refuse_end_what_is_there_and_what_comes() {
    for fault in [Fault::Reset, Fault::Refuse] {
        let proxy = FaultProxy::before(echo().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        ask(&mut stream, b"x").await.unwrap();
        proxy.set(fault);
        assert!(ask(&mut stream, b"x").await.is_err(), "{fault:?}");
        let fails = async {
            while let Ok(mut stream) = TcpStream::connect(proxy.address()).await {
                if ask(&mut stream, b"x").await.is_err() {
                    break;
                }
            }
        };
        timeout(Duration::from_secs(10), fails).await.expect("nobody gets through");
        proxy.set(Fault::None);
        let works = async {
            loop {
                if let Ok(mut stream) = TcpStream::connect(proxy.address()).await
                    && ask(&mut stream, b"x").await.is_ok()
                {
                    break;
                }
            }
        };
        timeout(Duration::from_secs(10), works).await.expect("it works again at the same address");
    }
}

#[tokio::test]
async fn answers_are_cut_and_corrupted() {
    let proxy = FaultProxy::before(echo().await).await;
    proxy.set(Fault::CutAfter { bytes: 3 });
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"hel");
    proxy.set(Fault::Corrupt);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_ne!(ask(&mut stream, b"hello").await.unwrap(), b"hello");
}

#[tokio::test]
async fn slow_close_and_loss_come_later() {
    let proxy = FaultProxy::before(echo().await).await;
    proxy.set(Fault::SlowClose { delay: Duration::from_millis(100) });
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut stream, b"x").await.unwrap();
    let begun = Instant::now();
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    assert!(begun.elapsed() >= Duration::from_millis(100));
    proxy.set(Fault::Loss { one_in: 1 });
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let begun = Instant::now();
    ask(&mut stream, b"x").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
}
