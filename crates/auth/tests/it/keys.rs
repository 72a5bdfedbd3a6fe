//! Keys are fetched when they are needed, kept when they cannot be, and never fetched often.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use outboard_auth::{InvalidToken, KeySource, KeysFault, KeysState, TokenKind};
use outboard_testkit::{
    authority::{Authority, Fault, JWKS, Listener, Scripted},
    mint::{Key, Mint},
};
use serde_json::json;

use crate::bed::{Bed, Refused as _, cool_down, fresh_for};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_key_that_is_published_later_is_found_with_one_fetch() {
    let bed = Bed::new().await;
    bed.authority.set_keys(vec![Key::Rsa.jwk()]);
    bed.authenticate(&bed.fresh()).await.unwrap();
    bed.authority.set_keys(bed.mint.keys());
    let by_new_key = bed.mint.draft(Key::Ec).sign(Key::Ec);
    assert_eq!(bed.at_once(&by_new_key).invalid(), InvalidToken::UnknownKey, "the issuer has been asked just now");
    bed.wait(cool_down()).await;
    bed.authenticate(&by_new_key).await.unwrap();
    assert_eq!(bed.authority.count(JWKS), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_gone_verifies_nothing_once_its_keys_are_fetched_again() {
    let bed = Bed::new().await;
    let (remembered, kept) = (bed.fresh(), bed.mint.draft(Key::Ec).sign(Key::Ec));
    bed.authenticate(&remembered).await.unwrap();
    bed.authenticate(&kept).await.unwrap();
    bed.authority.set_keys(vec![Key::Ec.jwk()]);
    bed.wait(cool_down()).await;
    assert!(bed.server.remembered(&remembered).is_some());
    // Whatever has the keys fetched again ends what was remembered by the one that is gone, and nothing else.
    assert_eq!(bed.authenticate(&bed.mint.unknown_kid(1)).await.invalid(), InvalidToken::UnknownKey);
    assert!(bed.server.remembered(&remembered).is_none());
    assert!(bed.server.remembered(&kept).is_some());
    assert_eq!(bed.authenticate(&remembered).await.invalid(), InvalidToken::UnknownKey);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_gone_verifies_nothing_after_the_time_that_keys_are_fresh() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    bed.authority.set_keys(vec![Key::Ec.jwk()]);
    bed.wait(fresh_for() - SECOND).await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    assert_eq!(bed.authority.count(JWKS), 1);
    bed.wait(SECOND).await;
    assert_eq!(bed.authenticate(&bed.fresh()).await.invalid(), InvalidToken::UnknownKey);
    assert_eq!(bed.authority.count(JWKS), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_published_right_after_a_regular_fetch_is_found_at_once() {
    let bed = Bed::new().await;
    bed.authority.set_keys(vec![Key::Rsa.jwk()]);
    let by = |key: Key, number: u64| bed.mint.draft(key).claim("jti", number).sign(key);
    bed.authenticate(&by(Key::Rsa, 1)).await.unwrap();
    bed.authority.set_keys(bed.mint.keys());
    bed.wait(2 * SECOND).await;
    bed.authenticate(&by(Key::Ec, 2)).await.unwrap();
    assert_eq!(bed.authority.count(JWKS), 2);
    // The next look for a key has to wait for its own cool-down.
    bed.wait(2 * SECOND).await;
    assert_eq!(bed.authenticate(&bed.mint.unknown_kid(1)).await.invalid(), InvalidToken::UnknownKey);
    assert_eq!(bed.authority.count(JWKS), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_causes_one_fetch_per_cool_down_and_disturbs_nobody() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    for round in 0..3_usize {
        bed.wait(cool_down()).await;
        let tokens: Vec<_> = (0..1_000).map(|number| bed.mint.unknown_kid(number)).collect();
        for refused in join_all(tokens.iter().map(|token| bed.authenticate(token))).await {
            assert_eq!(refused.invalid(), InvalidToken::UnknownKey);
        }
        bed.at_once(&bed.fresh()).unwrap();
        assert_eq!(bed.authority.count(JWKS), 2 + round);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_key_set_replaces_nothing_and_begins_a_cool_down_like_any_other() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    bed.authority.set(JWKS, Fault::EmptyKeys);
    bed.wait(cool_down()).await;
    for number in 0..50 {
        assert_eq!(bed.authenticate(&bed.mint.unknown_kid(number)).await.invalid(), InvalidToken::UnknownKey);
        bed.at_once(&bed.fresh()).unwrap();
    }
    assert_eq!(bed.authority.count(JWKS), 2);
}

/// What can go wrong with keys, all at the URL of the keys themselves.
fn faults(listener: &Listener) -> Vec<(&'static str, Fault)> {
    let weak = json!({"keys": [Key::Rsa1024.jwk()]}).to_string();
    vec![
        ("status", Fault::Status(StatusCode::INTERNAL_SERVER_ERROR)),
        ("not found", Fault::Status(StatusCode::NOT_FOUND)),
        ("reset", Fault::Reset),
        ("html", Fault::Html),
        ("garbage", Fault::Garbage),
        ("huge", Fault::Huge),
        ("redirect", Fault::Redirect(listener.url())),
        ("empty", Fault::EmptyKeys),
        ("no list", Fault::Answer(Scripted::json("{}"))),
        ("array", Fault::Answer(Scripted::json("[]"))),
        ("weak keys only", Fault::Answer(Scripted::json(weak))),
    ]
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_fetched_again_are_used_on_until_they_are_too_old() {
    let listener = Listener::start().await;
    for (name, fault) in faults(&listener) {
        let bed = Bed::with(|_, config| config.limits.keys_stale_max = 2 * fresh_for()).await;
        bed.authenticate(&bed.fresh()).await.unwrap();
        bed.authority.set(JWKS, fault);
        bed.wait(fresh_for()).await;
        for _ in 0..20 {
            bed.authenticate(&bed.fresh()).await.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        }
        assert_eq!(bed.authority.count(JWKS), 2, "{name}");
        bed.wait(SECOND).await;
        assert!(matches!(bed.keys_state(), KeysState::Stale { since: SECOND, fault: Some(_) }), "{name}");
        bed.wait(2 * fresh_for() - SECOND).await;
        assert!(bed.authenticate(&bed.fresh()).await.unavailable() >= SECOND, "{name}");
        assert!(matches!(bed.keys_state(), KeysState::Missing { fault: Some(_) }), "{name}");
        bed.authority.clear();
        bed.wait(cool_down()).await;
        bed.authenticate(&bed.fresh()).await.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert!(matches!(bed.keys_state(), KeysState::Fresh), "{name}");
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed");
}

#[tokio::test(start_paused = true)]
async fn without_any_keys_nothing_is_refused_as_invalid_and_the_issuer_is_not_flooded() {
    let listener = Listener::start().await;
    for (name, fault) in faults(&listener) {
        let bed = Bed::new().await;
        bed.authority.set(JWKS, fault);
        bed.server.warm().await;
        // An issuer that says it has no keys has answered.
        let retry = if matches!(name, "empty" | "weak keys only") { cool_down() } else { SECOND };
        for number in 0..20 {
            assert_eq!(bed.authenticate(&bed.fresh()).await.unavailable(), retry, "{name}");
            assert_eq!(bed.authenticate(&bed.mint.unknown_kid(number)).await.unavailable(), retry, "{name}");
        }
        assert_eq!(bed.authority.count(JWKS), 1, "{name}");
        assert!(matches!(bed.keys_state(), KeysState::Missing { fault: Some(_) }), "{name}");
        bed.authority.clear();
        bed.wait(retry - MILLISECOND).await;
        bed.authenticate(&bed.fresh()).await.unavailable();
        assert_eq!(bed.authority.count(JWKS), 1, "{name}");
        bed.wait(MILLISECOND).await;
        bed.authenticate(&bed.fresh()).await.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(bed.authority.count(JWKS), 2, "{name}");
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_at_the_start_is_asked_again_after_twice_as_long_each_time() {
    let bed = Bed::new().await;
    bed.authority.set(JWKS, Fault::Reset);
    bed.authenticate(&bed.fresh()).await.unavailable();
    for (fetches, seconds) in [1, 2, 4, 8, 16, 30, 30].into_iter().enumerate() {
        bed.wait(Duration::from_secs(seconds) - MILLISECOND).await;
        let tokens: Vec<_> = (0..100).map(|number| bed.mint.unknown_kid(number)).collect();
        for refused in join_all(tokens.iter().map(|token| bed.authenticate(token))).await {
            refused.unavailable();
        }
        assert_eq!(bed.authority.count(JWKS), fetches + 1, "too early for another, {seconds} s");
        bed.wait(MILLISECOND).await;
        for refused in join_all(tokens.iter().map(|token| bed.authenticate(token))).await {
            refused.unavailable();
        }
        assert_eq!(bed.authority.count(JWKS), fetches + 2, "one is enough for all, {seconds} s");
    }
    // An answer ends it: that there are no keys is one, and so is a key set.
    bed.authority.set(JWKS, Fault::EmptyKeys);
    bed.wait(cool_down()).await;
    bed.authenticate(&bed.fresh()).await.unavailable();
    bed.authority.set(JWKS, Fault::Reset);
    bed.wait(cool_down()).await;
    assert_eq!(bed.authenticate(&bed.fresh()).await.unavailable(), SECOND);
    bed.authority.clear();
    bed.wait(SECOND).await;
    bed.authenticate(&bed.fresh()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cool_down_shorter_than_the_first_wait_is_what_counts() {
    let short = Duration::from_millis(300);
    let bed = Bed::with(|_, config| config.limits.keys_cool_down = short).await;
    bed.authority.set(JWKS, Fault::Reset);
    bed.authenticate(&bed.fresh()).await.unavailable();
    bed.authority.clear();
    bed.wait(short).await;
    bed.authenticate(&bed.fresh()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn with_keys_that_are_used_on_an_issuer_that_is_down_has_its_cool_down() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    bed.authority.set(JWKS, Fault::Reset);
    bed.wait(cool_down()).await;
    for (kid, fetches) in (0..).zip(2..5) {
        bed.authenticate(&bed.mint.unknown_kid(kid)).await.unavailable();
        assert_eq!(bed.authority.count(JWKS), fetches);
        bed.wait(cool_down() - MILLISECOND).await;
        assert_eq!(bed.authenticate(&bed.mint.unknown_kid(kid)).await.unavailable(), SECOND);
        assert_eq!(bed.authority.count(JWKS), fetches);
        bed.wait(MILLISECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_keeps_keys_fresh_finds_an_issuer_that_comes_up_by_itself() {
    let bed = Bed::new().await;
    bed.authority.set(JWKS, Fault::Reset);
    let requests = async {
        bed.authority.counted(JWKS, 1).await;
        while !matches!(bed.keys_state(), KeysState::Missing { fault: Some(_) }) {
            tokio::task::yield_now().await;
        }
        bed.authority.clear();
        bed.wait(SECOND).await;
        while !matches!(bed.keys_state(), KeysState::Fresh) {
            tokio::task::yield_now().await;
        }
        bed.at_once(&bed.fresh()).unwrap();
        assert_eq!(bed.authority.count(JWKS), 2);
    };
    tokio::select! {
        () = bed.server.run() => unreachable!("it never ends"),
        () = requests => {}
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_answer_is_waited_for_no_longer_than_its_time() {
    for fault in [Fault::Hang, Fault::Slow(Duration::from_secs(3))] {
        let bed = Bed::new().await;
        bed.authority.set(JWKS, fault);
        let (token, other) = (bed.fresh(), bed.fresh());
        let late = async {
            bed.authority.counted(JWKS, 1).await;
            bed.wait(Duration::from_millis(2_500)).await;
        };
        let (first, second, ()) = tokio::join!(bed.authenticate(&token), bed.authenticate(&other), late);
        first.unavailable();
        second.unavailable();
        assert_eq!(bed.authority.count(JWKS), 1);
        match bed.keys_state() {
            KeysState::Missing { fault: Some(fault) } => assert!(matches!(*fault, KeysFault::Fetch(_)), "{fault}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_request_fetches_stale_keys_and_the_others_do_not_wait_for_it() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    bed.authority.set(JWKS, Fault::Hang);
    bed.wait(fresh_for()).await;
    let token = bed.fresh();
    let others = async {
        bed.authority.counted(JWKS, 2).await;
        for _ in 0..10 {
            bed.at_once(&bed.fresh()).unwrap();
        }
        bed.wait(Duration::from_millis(2_500)).await;
    };
    let (first, ()) = tokio::join!(bed.authenticate(&token), others);
    first.unwrap();
    bed.at_once(&bed.fresh()).unwrap();
    assert_eq!(bed.authority.count(JWKS), 2);
}

#[tokio::test(start_paused = true)]
async fn with_somebody_who_keeps_keys_fresh_no_request_ever_waits_for_them() {
    let bed = Bed::new().await;
    let requests = async {
        bed.authority.counted(JWKS, 1).await;
        while !matches!(bed.keys_state(), KeysState::Fresh) {
            tokio::task::yield_now().await;
        }
        bed.authority.set(JWKS, Fault::Hang);
        bed.wait(fresh_for()).await;
        bed.at_once(&bed.fresh()).unwrap();
        bed.authority.counted(JWKS, 2).await;
        for _ in 0..10 {
            bed.at_once(&bed.fresh()).unwrap();
            assert!(matches!(bed.keys_state(), KeysState::Fresh | KeysState::Stale { .. }));
        }
        bed.wait(Duration::from_millis(2_500)).await;
        // Nobody asks, and the keys are fetched all the same when the cool-down is over.
        bed.authority.clear();
        bed.wait(cool_down()).await;
        bed.authority.counted(JWKS, 3).await;
        while !matches!(bed.keys_state(), KeysState::Fresh) {
            tokio::task::yield_now().await;
        }
        assert_eq!(bed.authority.count(JWKS), 3);
    };
    tokio::select! {
        () = bed.server.run() => unreachable!("it never ends"),
        () = requests => {}
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_in_the_middle_of_a_fetch_takes_nothing_from_the_others() {
    let bed = Bed::new().await;
    bed.authority.set(JWKS, Fault::Hang);
    let (token, other) = (bed.fresh(), bed.fresh());
    let mut first = Box::pin(bed.authenticate(&token));
    let mut second = Box::pin(bed.authenticate(&other));
    tokio::select! {
        biased;
        _ = &mut first => panic!("the issuer hangs"),
        _ = &mut second => panic!("the issuer hangs"),
        () = bed.authority.counted(JWKS, 1) => {}
    }
    drop(first);
    bed.authority.clear();
    second.await.unwrap();
    assert_eq!(bed.authority.count(JWKS), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_everybody_has_left_is_gone_on_with_and_not_begun_again() {
    let bed = Bed::new().await;
    bed.authority.set(JWKS, Fault::Hang);
    for _ in 0..5 {
        let token = bed.fresh();
        tokio::select! {
            biased;
            _ = bed.authenticate(&token) => panic!("the issuer hangs"),
            () = bed.authority.counted(JWKS, 1) => {}
        }
    }
    bed.authority.clear();
    bed.authenticate(&bed.fresh()).await.unwrap();
    assert_eq!(bed.authority.count(JWKS), 1);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_says_within_bounds_how_long_its_keys_are_fresh() {
    let cases = [
        ("max-age=0", 30),
        ("no-store", 30),
        ("max-age=120", 120),
        ("max-age=315360000", 24 * 60 * 60),
        ("public", 600),
    ];
    for (says, seconds) in cases {
        let bed = Bed::new().await;
        bed.authority.set_cache_control(JWKS, says);
        bed.authenticate(&bed.fresh()).await.unwrap();
        bed.wait(Duration::from_secs(seconds) - SECOND).await;
        bed.at_once(&bed.fresh()).unwrap();
        assert_eq!(bed.authority.count(JWKS), 1, "{says}");
        bed.wait(SECOND).await;
        bed.authenticate(&bed.fresh()).await.unwrap();
        assert_eq!(bed.authority.count(JWKS), 2, "{says}");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_is_looked_for_in_the_order_of_mcp() {
    let (oauth, openid) = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration");
    let orders = [
        ("", vec![oauth.to_owned(), openid.to_owned()]),
        ("/a/b", vec![format!("{oauth}/a/b"), format!("{openid}/a/b"), format!("/a/b{openid}")]),
    ];
    for (path, order) in orders {
        for there in 0..order.len() {
            let bed = Bed::of(Authority::start_at(path).await, |authority, _| {
                for absent in &order[..there] {
                    authority.set(absent, Fault::Status(StatusCode::NOT_FOUND));
                }
            });
            bed.authenticate(&bed.fresh()).await.unwrap();
            let asked: Vec<_> = order.iter().map(|path| bed.authority.count(path)).collect();
            let expected: Vec<_> = (0..order.len()).map(|position| usize::from(position <= there)).collect();
            assert_eq!(asked, expected, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_of_another_issuer_and_keys_on_another_host_are_never_adopted() {
    let listener = Listener::start().await;
    let elsewhere = format!("{}/jwks", listener.url());
    let changes = [
        ("issuer", json!("https://evil.example")),
        ("issuer", json!(null)),
        ("jwks_uri", json!(elsewhere)),
        ("jwks_uri", json!("https://169.254.169.254/latest")),
        ("jwks_uri", json!("file:///etc/passwd")),
    ];
    for (member, value) in changes {
        // At the start: nothing is accepted.
        let bed = Bed::new().await;
        bed.authority.set_metadata(member, value.clone());
        bed.authenticate(&bed.fresh()).await.unavailable();
        assert_eq!(bed.authority.count(JWKS), 0, "{value}");
        // Later: the old keys stay.
        let bed = Bed::new().await;
        bed.authenticate(&bed.fresh()).await.unwrap();
        bed.authority.set_metadata(member, value.clone());
        bed.wait(fresh_for()).await;
        bed.authenticate(&bed.fresh()).await.unwrap();
        bed.wait(SECOND).await;
        bed.at_once(&bed.fresh()).unwrap();
        assert!(matches!(bed.keys_state(), KeysState::Stale { fault: Some(_), .. } | KeysState::Fresh), "{value}");
    }
    assert_eq!(listener.connections().await, 0);
}

#[tokio::test(start_paused = true)]
async fn keys_may_be_on_another_host_that_the_config_names() {
    let keys = Authority::start().await;
    let bed = Bed::with(|authority, config| {
        authority.set_metadata("jwks_uri", json!(keys.jwks_uri()));
        let TokenKind::Jwt(rules) = &mut config.issuers[0].tokens else { unreachable!("it has keys") };
        rules.jwks_hosts.push(keys.address().to_string().into());
    })
    .await;
    keys.set_keys(bed.mint.keys());
    bed.authenticate(&bed.fresh()).await.unwrap();
    assert_eq!((keys.count(JWKS), bed.authority.count(JWKS)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn metadata_that_is_down_does_not_keep_known_keys_from_being_fetched() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    for path in bed.authority.metadata_paths() {
        bed.authority.set(&path, Fault::Status(StatusCode::BAD_GATEWAY));
    }
    bed.authority.set_keys(vec![Key::Ec.jwk()]);
    bed.wait(fresh_for()).await;
    assert_eq!(bed.authenticate(&bed.fresh()).await.invalid(), InvalidToken::UnknownKey);
    assert_eq!(bed.authority.count(JWKS), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_from_where_the_config_says() {
    for source in ["metadata", "jwks"] {
        let bed = Bed::with(|authority, config| {
            let TokenKind::Jwt(rules) = &mut config.issuers[0].tokens else { unreachable!("it has keys") };
            rules.keys = if source == "jwks" {
                KeySource::Jwks(authority.jwks_uri().parse().unwrap())
            } else {
                let second = &authority.metadata_paths()[1];
                KeySource::Metadata(format!("{}{second}", authority.url()).parse().unwrap())
            };
        })
        .await;
        bed.authenticate(&bed.fresh()).await.unwrap();
        assert_eq!(bed.authority.count_all(), if source == "jwks" { 1 } else { 2 }, "{source}");
        assert_eq!(bed.authority.count(&bed.authority.metadata_paths()[0]), 0, "{source}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_without_the_name_of_its_key_causes_no_fetch() {
    let bed = Bed::new().await;
    bed.authenticate(&bed.fresh()).await.unwrap();
    bed.wait(cool_down()).await;
    let without = bed.mint.draft(Key::Rsa).without_member("kid").sign(Key::Rsa);
    assert_eq!(bed.at_once(&without).invalid(), InvalidToken::UnknownKey);
    assert_eq!(bed.authority.count(JWKS), 1);
}

#[tokio::test(start_paused = true)]
async fn a_private_address_is_not_asked_unless_the_config_allows_it() {
    let listener = Listener::start().await;
    let bed = Bed::with(|_, config| {
        let mut public = outboard_auth::IssuerConfig::jwt("https://localhost");
        let TokenKind::Jwt(rules) = &mut public.tokens else { unreachable!("it has keys") };
        rules.keys = KeySource::Jwks(format!("https://localhost:{}/jwks", listener.address().port()).parse().unwrap());
        config.issuers.push(public);
    })
    .await;
    let mint = Mint::new("https://localhost", crate::bed::RESOURCE, crate::bed::NOW);
    let token = mint.good();
    // The name is looked up on another thread, for which paused time stands still.
    bed.authenticate(&token).await.unavailable();
    assert_eq!(listener.connections().await, 0);
}
