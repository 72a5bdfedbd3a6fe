//! One direction of a connection, and what a fault does to it.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::Fault;

/// How a direction ended; of two, the greater counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    /// In an orderly way.
    Closed,
    /// Both directions are to end at once.
    Reset,
}

/// Passes one direction on.
pub(super) struct Pump {
    faults: watch::Receiver<Fault>,
    is_answer: bool,
    passed: usize,
    pieces: u32,
}

impl Pump {
    /// From the client to the server.
    pub(super) const fn asking(faults: watch::Receiver<Fault>) -> Self {
        Self { faults, is_answer: false, passed: 0, pieces: 0 }
    }

    /// From the server to the client.
    pub(super) const fn answering(faults: watch::Receiver<Fault>) -> Self {
        Self { faults, is_answer: true, passed: 0, pieces: 0 }
    }

    pub(super) async fn run(mut self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> Ended {
        let mut broken = self.faults.clone();
        let breaks = async move {
            // Gone with the proxy, it breaks as well.
            drop(broken.wait_for(|fault| matches!(fault, Fault::Reset | Fault::Refuse)).await);
        };
        tokio::select! {
            () = breaks => Ended::Reset,
            () = self.pass(from, to) => Ended::Closed,
        }
    }

    async fn pass(&mut self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = from.read(&mut buffer).await.unwrap_or(0);
            let Some(piece) = buffer.get_mut(..read).filter(|piece| !piece.is_empty()) else { break };
            self.suffer(piece).await;
            let kept = self.cut(piece.len());
            let is_written = to.write_all(piece.get(..kept).unwrap_or_default()).await.is_ok();
            self.passed += kept;
            if !is_written || kept < read {
                break;
            }
        }
        let fault = *self.faults.borrow();
        if let Fault::SlowClose { delay } = fault {
            sleep(delay).await;
        }
        drop(to.shutdown().await);
    }

    /// Waits for as long as the fault takes, and does to the piece what it does.
    async fn suffer(&mut self, piece: &mut [u8]) {
        self.pieces = self.pieces.wrapping_add(1);
        loop {
            let fault = *self.faults.borrow_and_update();
            match fault {
                Fault::BlackHole => {
                    // What came in the meantime is not lost for ever: it is sent again, as TCP does.
                    if self.faults.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                Fault::Latency { delay, jitter } => {
                    // Spread without chance, so that a run can be repeated.
                    let part = f64::from(self.pieces.wrapping_mul(0x9e37) % 1000) / 1000.0;
                    sleep(delay + jitter.mul_f64(part)).await;
                }
                Fault::Rate { bytes_per_second } => {
                    let time = Duration::from_secs(1).mul_f64(piece.len() as f64 / f64::from(bytes_per_second.max(1)));
                    sleep_until(Instant::now() + time).await;
                }
                Fault::Loss { one_in } if self.pieces.wrapping_mul(0x9e37_79b1).is_multiple_of(one_in.max(1)) => {
                    sleep(RETRANSMITTED_AFTER).await;
                }
                Fault::Corrupt if self.is_answer => {
                    if let Some(byte) = piece.last_mut() {
                        *byte ^= 0x55;
                    }
                }
                _ => {}
            }
            return;
        }
    }

    /// How much of a piece of this length passes.
    fn cut(&self, length: usize) -> usize {
        match *self.faults.borrow() {
            Fault::CutAfter { bytes } if self.is_answer => length.min(bytes.saturating_sub(self.passed)),
            _ => length,
        }
    }
}

/// The least time after which TCP sends again (RFC 6298 has a second; Linux takes this).
const RETRANSMITTED_AFTER: Duration = Duration::from_millis(200);
