//! Tokens that have to be judged first: the request waits, and may be given up.

use outboard_auth::{MalformedRequest, Refusal, RefusalBody};
use outboard_testkit::authority::{Fault, JWKS};
use outboard_testkit::http::patiently;

use super::*;

#[tokio::test]
async fn a_token_is_judged_once_and_its_request_goes_to_a_service_that_is_ready() {
    let (authority, mint, server) = with_issuer().await;
    let behind = Behind::default();
    let mut service = AuthLayer::new(server).layer(behind.clone());
    let token = mint.good();
    for _ in 0..3 {
        let answer = service.ready().await.unwrap().call(bearing(&token)).await.unwrap();
        assert_eq!(answer.body(), "served");
    }
    assert_eq!(authority.count(JWKS), 1);
    for parts in behind.seen() {
        assert_eq!(parts.extensions.get::<Principal>().unwrap().subject_key().subject(), Mint::SUBJECT);
        assert!(!parts.headers.contains_key(header::AUTHORIZATION), "{:?}", parts.headers);
    }
}

#[tokio::test]
async fn every_hostile_token_has_the_same_answer() {
    let (_authority, mint, server) = with_issuer().await;
    let behind = Behind::default();
    let service = AuthLayer::new(server).layer(behind.clone());
    let unknown = send(&service, bearing("unknown")).await;
    for hostile in mint.hostile() {
        let answer = send(&service, bearing(&hostile.token)).await;
        if answer.status() == StatusCode::BAD_REQUEST {
            assert!(challenge_of(&answer).contains("error=\"invalid_request\""), "{}", hostile.name);
            continue;
        }
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{}", hostile.name);
        assert_eq!(challenge_of(&answer), challenge_of(&unknown), "{}", hostile.name);
        assert_eq!(answer.body(), unknown.body(), "{}", hostile.name);
    }
    assert_eq!(behind.seen().len(), 0, "nobody was let through");
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_not_the_client_s_fault() {
    let (authority, mint, server) = with_issuer().await;
    authority.set(JWKS, Fault::Status(StatusCode::INTERNAL_SERVER_ERROR));
    let service = AuthLayer::new(server).layer(Behind::default());
    let answer = send(&service, bearing(&mint.good())).await;
    assert_eq!((answer.status(), challenge_of(&answer)), (StatusCode::SERVICE_UNAVAILABLE, ""));
    let seconds: u64 = header_of(&answer, header::RETRY_AFTER).parse().unwrap();
    assert!(seconds >= 1, "{seconds}");
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(body.contains("temporarily_unavailable") && !body.contains("127.0.0.1"), "{body}");
    assert_eq!(send(&service, bearing(KEY)).await.status(), StatusCode::OK, "who needs no issuer is served");
}

#[tokio::test]
async fn a_request_that_is_given_up_while_it_is_judged_never_arrives() {
    let (authority, mint, server) = with_issuer().await;
    authority.set(JWKS, Fault::Hang);
    let behind = Behind::default();
    let service = AuthLayer::new(server).layer(behind.clone());
    let token = mint.good();
    let mut waiting = Box::pin(send(&service, bearing(&token)));
    tokio::select! {
        answer = &mut waiting => unreachable!("answered without keys: {answer:?}"),
        () = authority.counted(JWKS, 1) => {}
    }
    drop(waiting);
    assert_eq!(behind.seen().len(), 0);
    assert_eq!(send(&service, bearing(KEY)).await.status(), StatusCode::OK, "others are served");
    authority.clear();
    let again = patiently("the answer", send(&service, bearing(&token))).await;
    assert_eq!(again.status(), StatusCode::OK, "giving up spoils nothing: {again:?}");
}

#[tokio::test]
async fn the_bodies_of_refusals_can_be_written_by_others() {
    fn body(refusal: &Refusal) -> RefusalBody {
        let bytes = match refusal {
            Refusal::NoToken => "1",
            Refusal::Malformed(MalformedRequest::NotOneToken) => "2",
            Refusal::Malformed(_) => "3",
            Refusal::Invalid(_) => "4",
            Refusal::Unavailable { .. } => "5",
        };
        RefusalBody { content_type: "text/x-test".parse().unwrap(), bytes: bytes.into() }
    }
    let (authority, mint, server) = with_issuer().await;
    authority.set(JWKS, Fault::Garbage);
    let service = AuthLayer::new(server).with_refusal_body(body).layer(Behind::default());
    let cases = [
        (request("POST", "/mcp"), StatusCode::UNAUTHORIZED, "1"),
        (bearing("a b"), StatusCode::BAD_REQUEST, "2"),
        (bearing("unknown"), StatusCode::UNAUTHORIZED, "4"),
        (bearing(&mint.good()), StatusCode::SERVICE_UNAVAILABLE, "5"),
    ];
    for (request, status, body) in cases {
        let answer = send(&service, request).await;
        assert_eq!((answer.status(), &answer.body()[..]), (status, body.as_bytes()));
        assert_eq!(header_of(&answer, header::CONTENT_TYPE), "text/x-test");
        assert_eq!(challenge_of(&answer).is_empty(), status == StatusCode::SERVICE_UNAVAILABLE);
    }
}
