//! What is logged: one event per refusal, and never a token.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::level_filters::LevelFilter;

use super::*;

thread_local! {
    /// What this thread has logged; kept from when it first looks.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of the thread that logs. A test has a thread to itself, and its runtime has no other.
struct ToThread;

impl io::Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.iter_mut().for_each(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this thread has logged since it first asked, down to the least event.
///
/// There is one subscriber for all tests: what is logged by a thread that has none, before one that has, stays off for both.
fn logged() -> String {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(|| ToThread).finish()).unwrap();
    });
    LOG.with_borrow_mut(|log| String::from_utf8(log.get_or_insert_default().clone()).unwrap())
}

#[tokio::test]
async fn no_log_shows_a_token_wherever_it_was() {
    assert_eq!(logged(), "");
    let (_authority, mint, server) = with_issuer().await;
    let service = AuthLayer::new(server).layer(Behind::default());
    let canary = "canary-7f3a";
    let mut in_the_url = request("POST", &format!("/mcp?access_token={canary}"));
    in_the_url.headers_mut().insert(header::COOKIE, format!("token={canary}").parse().unwrap());
    let mut twice = bearing(canary);
    *twice.uri_mut() = in_the_url.uri().clone();
    let hostile = mint.good_with(|claims| {
        drop(claims.insert("sub".to_owned(), canary.into()));
        drop(claims.insert("exp".to_owned(), 1.into()));
    });
    let refused = [
        (in_the_url, "no_token"),
        (twice, "malformed"),
        (bearing(&format!("{canary} {canary}")), "malformed"),
        (bearing(canary), "invalid"),
        (bearing(&hostile), "invalid"),
    ];
    let count = refused.len();
    for (request, kind) in refused {
        let answer = send(&service, request).await;
        assert!(answer.status().is_client_error());
        assert!(!String::from_utf8_lossy(answer.body()).contains(canary));
        let text = logged();
        let last = text.lines().rfind(|line| line.contains("a request was refused")).unwrap();
        assert!(last.contains(&format!("kind=\"{kind}\"")), "{kind}: {last}");
    }
    assert_eq!(send(&service, bearing(&mint.good())).await.status(), StatusCode::OK);

    let text = logged();
    assert_eq!(text.matches("a request was refused").count(), count, "{text}");
    assert!(!text.contains(canary), "{text}");
    for part in hostile.split('.') {
        assert!(!text.contains(part), "{text}");
    }
}
