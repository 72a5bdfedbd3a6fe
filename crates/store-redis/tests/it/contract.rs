//! The contract suites on a single server.

use std::sync::Arc;

use outboard_testkit::redis::{FrozenTime, Redis, Settings};

use crate::support::{keeps_the_contracts, single};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_single_server_keeps_the_contracts() {
    let time = Arc::new(FrozenTime::new());
    let redis = Redis::start_with(Settings { time: Some(Arc::clone(&time)), ..Settings::default() }).await;
    keeps_the_contracts(&single(&redis), &time).await;
}
