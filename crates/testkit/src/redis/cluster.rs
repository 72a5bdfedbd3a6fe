//! Three masters that share the slots.

use std::{ops::Range, sync::Arc, time::Duration};

use redis::Value;

use super::{Redis, Settings, process, time::FrozenTime, until};
use crate::clock::Timeline as _;

/// A Cluster of three masters; the slots are divided among them in order.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts the nodes and waits until each of them serves.
    ///
    /// # Panics
    ///
    /// When that does not come about.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// The same with nodes that differ.
    ///
    /// # Panics
    ///
    /// When that does not come about.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn start_with(settings: Settings) -> Self {
        let mut nodes = Vec::new();
        let mut bus = Vec::new();
        for _ in 0..NODES {
            let port = process::free_port();
            let mut settings = settings.clone();
            settings.lines.extend(["cluster-enabled yes".to_owned(), format!("cluster-port {port}")]);
            // Nobody is taken for dead because a frozen time was moved.
            settings.lines.push("cluster-node-timeout 1000000000000000".to_owned());
            nodes.push(Redis::start_with(settings).await);
            bus.push(port);
        }
        let cluster = Self { nodes };
        for (number, node) in cluster.nodes.iter().enumerate() {
            let (first, last) = (SLOTS * number / NODES, SLOTS * (number + 1) / NODES - 1);
            node.command(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
            node.command(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1)).await;
        }
        for (other, bus) in cluster.nodes.iter().zip(&bus).skip(1) {
            cluster.node(0).command(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", other.port())).await;
        }
        cluster.agreed(settings.time.as_ref()).await;
        cluster
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// Where they listen, on `127.0.0.1`.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(Redis::port).collect()
    }

    /// The slot of a key.
    ///
    /// # Panics
    ///
    /// When a node does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed.
    pub async fn slot(&self, key: &[u8]) -> u16 {
        let answer = self.node(0).send(&[b"CLUSTER", b"KEYSLOT", key]).await.expect("a node answers");
        redis::from_redis_value(answer).expect("a slot is a number")
    }

    /// The place in [`nodes`](Self::nodes) of the one that serves a slot.
    ///
    /// # Panics
    ///
    /// When a node does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed.
    pub async fn node_of(&self, slot: u16) -> usize {
        for (number, node) in self.nodes.iter().enumerate() {
            let own = node.text("CLUSTER NODES").await;
            let own = own.lines().find(|line| line.contains("myself")).unwrap_or_default();
            // What begins with `[` is a slot that moves; it is still in one of the ranges.
            let mut ranges = own.split(' ').skip(8).filter(|range| !range.starts_with('['));
            if ranges.any(|range| holds(range, slot)) {
                return number;
            }
        }
        process::fail("no node serves the slot")
    }

    /// Moves slots with all that is in them to a node, one after the other, while everybody works.
    ///
    /// # Panics
    ///
    /// When the nodes do not agree to it.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, a slot may have moved half-way; moving it again ends that.
    pub async fn migrate(&self, slots: Range<u16>, to: usize) {
        for slot in slots {
            let from = self.node_of(slot).await;
            if from != to {
                self.open(slot, from, to).await;
                self.move_keys(slot, from, to).await;
                self.close(slot, from, to).await;
            }
        }
    }

    /// Begins to move a slot: the former node serves what it still has, and sends on, with ASK, who wants what it has not.
    ///
    /// # Panics
    ///
    /// When the nodes do not agree to it.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it may have begun; see [`migrate`](Self::migrate).
    pub async fn open(&self, slot: u16, from: usize, to: usize) {
        let [from_id, to_id] = [self.id(from).await, self.id(to).await];
        self.node(to).command(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")).await;
        self.node(from).command(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")).await;
    }

    /// Moves what is in a slot that has begun to move.
    ///
    /// # Panics
    ///
    /// When the nodes do not agree to it.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, some of it has moved.
    pub async fn move_keys(&self, slot: u16, from: usize, to: usize) {
        let port = self.node(to).port().to_string();
        loop {
            let keys = self.node(from).command(&format!("CLUSTER GETKEYSINSLOT {slot} 100")).await;
            let keys: Vec<Vec<u8>> = redis::from_redis_value(keys).expect("keys are bytes");
            if keys.is_empty() {
                return;
            }
            let mut words: Vec<&[u8]> =
                vec![b"MIGRATE", b"127.0.0.1", port.as_bytes(), b"", b"0", b"5000", b"REPLACE", b"KEYS"];
            words.extend(keys.iter().map(Vec::as_slice));
            let moved = self.node(from).send(&words).await;
            match moved {
                Ok(Value::Okay | Value::SimpleString(_)) => {}
                // A frozen time that is moved meanwhile ends its patience; what was not moved is still there.
                Err(error) if error.code() == Some("IOERR") => {}
                other => process::fail(&format!("keys cannot be moved: {other:?}")),
            }
        }
    }

    /// Ends the move of a slot: from now on the former node sends on, with MOVED, who wants anything in it.
    ///
    /// # Panics
    ///
    /// When the nodes do not agree to it, such as while it still has keys.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, some nodes may know it and others not; see [`migrate`](Self::migrate).
    pub async fn close(&self, slot: u16, from: usize, to: usize) {
        let id = self.id(to).await;
        let others = (0..self.nodes.len()).filter(|node| ![from, to].contains(node));
        // The new one first, because between the two nobody may be without it.
        for node in [to, from].into_iter().chain(others) {
            self.node(node).command(&format!("CLUSTER SETSLOT {slot} NODE {id}")).await;
        }
    }

    fn node(&self, node: usize) -> &Redis {
        self.nodes.get(node).expect("there is such a node")
    }

    async fn id(&self, node: usize) -> String {
        self.node(node).text("CLUSTER MYID").await
    }

    /// Waits until every node serves and knows where all slots are.
    async fn agreed(&self, time: Option<&Arc<FrozenTime>>) {
        for node in &self.nodes {
            until(async || {
                // A node that has just started serves only after some time, its own.
                if let Some(time) = time {
                    time.advance(Duration::from_millis(100)).await;
                }
                let info = node.text("CLUSTER INFO").await;
                ["cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3"]
                    .iter()
                    .all(|line| info.contains(line))
            })
            .await;
        }
    }
}

/// Whether a slot is in a range as nodes write it: `7`, `7-9`.
fn holds(range: &str, slot: u16) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last).contains(&slot),
        _ => false,
    }
}

const NODES: usize = 3;
/// The hash slots of a Cluster: Redis Cluster specification, "Key distribution model".
const SLOTS: usize = 16_384;
