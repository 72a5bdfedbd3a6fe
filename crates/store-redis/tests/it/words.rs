//! The words of the domain over two replicas: what one does, the other finds.

use std::time::Duration;

use outboard_store::{
    Bus, BusLimits, EventLog, EventLogLimits, HandleLimits, Handles, Lease, LeaseKey, Mailbox, MailboxLimits,
    NewSession, Once, Posted, Sequence, Sessions, Store,
};
use outboard_testkit::redis::Redis;

use crate::support::{HOUR, alice, in_time, replica, single};

/// A server with two replicas on it.
async fn two() -> (Redis, [Store; 2]) {
    let redis = Redis::start().await;
    let config = single(&redis);
    let stores = [replica(&config).await, replica(&config).await];
    (redis, stores)
}

#[tokio::test]
async fn a_message_posted_here_is_received_there() {
    let (_redis, stores) = two().await;
    let [here, there] = stores.each_ref().map(|store| Mailbox::new(store, MailboxLimits::default()));
    for message in [&b"yes"[..], b"", b"\0\xff"] {
        let address = here.address();
        let inbox = here.open(alice(), address).await.unwrap();
        let (received, posted) = tokio::join!(in_time(inbox.receive()), there.post(alice(), address, message));
        assert_eq!(posted.unwrap(), Posted::Delivered);
        assert_eq!(received.unwrap().unwrap(), message);
        assert_eq!(there.post(alice(), address, message).await.unwrap(), Posted::Unknown);
    }
}

#[tokio::test]
async fn a_stream_written_here_is_read_there() {
    let (_redis, stores) = two().await;
    let [here, there] =
        stores.each_ref().map(|store| EventLog::new(store, EventLogLimits::default()).stream(alice(), 1, 2));
    here.append(b"before").await.unwrap();
    let page = there.read_after(Sequence::ZERO, 10).await.unwrap();
    assert_eq!((page.events.len(), page.finished), (1, false));
    let (waited, finished) = tokio::join!(in_time(there.tail(page.position)), here.finish());
    waited.unwrap();
    finished.unwrap();
    assert!(there.read_after(page.position, 10).await.unwrap().finished);
    assert!(there.delete().await.unwrap());
    assert!(here.read_after(page.position, 10).await.unwrap().gap);
}

#[tokio::test]
async fn a_session_ended_here_is_ended_there() {
    let (_redis, stores) = two().await;
    let [here, there] = stores.each_ref().map(|store| Sessions::new(store, HOUR));
    let new = NewSession {
        owner: alice(),
        revision: "2025-11-25",
        capabilities: 3,
        client_name: "test",
        client_version: "1",
    };
    let (id, session) = here.create(new).unwrap();
    assert_eq!(there.open(id.as_str(), alice()).unwrap(), session);
    there.set_log_level(&session, 3).await.unwrap();
    here.subscribe(&session, "test://one").await.unwrap();
    let [one, other] = [here.state(&session).await.unwrap(), there.state(&session).await.unwrap()];
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    here.terminate(&session).await.unwrap();
    let ended = there.state(&session).await.unwrap();
    assert_ne!(format!("{ended:?}"), format!("{other:?}"), "it has ended");
}

#[tokio::test]
async fn a_handle_made_here_is_used_there() {
    let (_redis, stores) = two().await;
    let [here, there] = stores.each_ref().map(|store| Handles::new(store, HandleLimits::default()));
    let handle = here.create(alice(), b"one", HOUR).await.unwrap();
    let (value, _) = there.get(alice(), &handle).await.unwrap().unwrap();
    assert_eq!(value, "one");
    assert!(there.remove(alice(), &handle).await.unwrap());
    assert!(here.get(alice(), &handle).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lease_held_here_is_refused_there() {
    let (_redis, stores) = two().await;
    let [here, there] = stores.each_ref().map(Lease::new);
    let key = LeaseKey { owner: alice(), kind: "test", id: 1 };
    let mut held = here.acquire(key, b"here", HOUR).await.unwrap().unwrap();
    assert!(there.acquire(key, b"there", HOUR).await.unwrap().is_none());
    assert!(here.renew(&mut held, HOUR).await.unwrap());
    let fence = held.fence();
    assert!(here.release(held).await.unwrap());
    let next = there.acquire(key, b"there", HOUR).await.unwrap().unwrap();
    assert!(next.fence() > fence, "the number only grows");
    assert_eq!(here.holder(key).await.unwrap().unwrap().holder, "there");
}

#[tokio::test]
async fn what_is_consumed_here_is_not_consumed_there() {
    let (_redis, stores) = two().await;
    let [here, there] = stores.each_ref().map(Once::new);
    assert!(here.consume(alice(), 1, HOUR).await.unwrap());
    assert!(!there.consume(alice(), 1, HOUR).await.unwrap());
    assert!(there.consume(alice(), 2, HOUR).await.unwrap());
}

#[tokio::test]
async fn a_change_published_here_is_read_there() {
    let (_redis, stores) = two().await;
    let [here, there] = stores.each_ref().map(|store| Bus::new(store, BusLimits::default()));
    let mut position = there.last().await.unwrap();
    for message in ["one", "two"] {
        let (waited, published) = tokio::join!(in_time(there.tail(position)), here.publish(message.as_bytes()));
        waited.unwrap();
        published.unwrap();
        let page = in_time(async {
            loop {
                // It may have returned for nothing.
                let page = there.read_after(position, 10).await.unwrap();
                if !page.entries.is_empty() {
                    return page;
                }
                there.tail(position).await.unwrap();
            }
        })
        .await;
        assert_eq!((page.entries.len(), page.gap), (1, false));
        assert_eq!(page.entries[0].payload, message);
        position = page.last;
    }
    assert_eq!(there.recent(Duration::from_secs(30)).await.unwrap().entries.len(), 2);
}
