//! `#[resource]`: what a function's signature and attribute become in the list, and what its results become.

use std::time::Duration;

use outboard_protocol::error::code;
use outboard_protocol::types::{ReadResourceResult, ResourceContents};
use outboard_runtime::{Cached, Catalog, Context, NativeResource, Operation, ResourceOffer, Runtime, resource};
use serde_json::{Value, json};

use crate::support::{operation, outcome, refusal, runtime, written};

/// The resource or template as it is listed.
fn listed(resource: impl NativeResource) -> Value {
    match resource.offered() {
        ResourceOffer::Resource(offered) => serde_json::to_value(offered.resource).unwrap(),
        ResourceOffer::Template(offered) => serde_json::to_value(offered.template).unwrap(),
    }
}

fn server() -> Runtime {
    let catalog = Catalog::new("test", "1")
        .resource(plain)
        .resource(documented)
        .resource(bytes)
        .resource(parts)
        .resource(cached)
        .resource(whole)
        .resource(failing)
        .resource(user)
        .resource(day)
        .resource(path)
        .resource(below)
        .resource(anywhere);
    runtime(catalog)
}

fn read(uri: &str) -> outboard_runtime::Call {
    operation(Operation::ReadResource { uri: uri.into() })
}

async fn result(runtime: &Runtime, uri: &str) -> Value {
    written(runtime, outcome(runtime, read(uri)).await)
}

#[resource(uri = "test://plain")]
async fn plain() -> &'static str {
    "plain"
}

/// Says who reads.
#[resource(uri = "test://documented", name = "who", title = "Who", mime_type = "text/markdown")]
async fn documented(ctx: &Context) -> String {
    ctx.principal().subject_key().subject().to_owned()
}

#[resource(uri = "test://bytes", description = "Three bytes.", mime_type = "application/x")]
async fn bytes() -> Vec<u8> {
    vec![0, 1, 255]
}

#[resource(uri = "test://parts")]
async fn parts() -> Vec<ResourceContents> {
    vec![
        ResourceContents::text("test://parts/1", "text/plain", "1"),
        ResourceContents::blob("test://parts/2", "a/b", "AA=="),
    ]
}

#[resource(uri = "test://cached")]
async fn cached() -> Option<Cached<String>> {
    Some(Cached::public(Duration::from_secs(5), "cached".to_owned()))
}

#[resource(uri = "test://whole")]
async fn whole() -> ReadResourceResult {
    ReadResourceResult::from(ResourceContents::text("test://whole", "text/plain", "whole"))
}

#[resource(uri = "test://failing")]
async fn failing() -> Result<String, String> {
    Err("the disk is gone".to_owned())
}

/// A user.
#[resource(template = "test://user/{id}", mime_type = "text/plain", complete(id = ids))]
async fn user(id: u32, ctx: Context) -> Option<String> {
    (id < 10).then(|| format!("user {id} for {}", ctx.client().revision.name))
}

async fn ids(begun: String) -> Vec<String> {
    vec![format!("{begun}0")]
}

#[resource(template = "test://day/{year}{?month,type}")]
async fn day(year: u16, month: Option<u8>, r#type: Option<String>) -> String {
    format!("{year} {month:?} {type:?}")
}

#[resource(template = "test://path{/parts*}{?x}")]
async fn path(parts: Vec<String>, x: Option<String>) -> String {
    format!("{parts:?} {x:?}")
}

#[resource(template = "test://below/{+path}")]
async fn below(path: String) -> String {
    path
}

#[resource(template = "test://anywhere/{+path}", any_value)]
async fn anywhere(path: String) -> String {
    path
}

#[test]
fn attribute_and_comment_are_what_is_listed() {
    assert_eq!(listed(plain), json!({"uri": "test://plain", "name": "plain"}));
    assert_eq!(
        listed(documented),
        json!({
            "uri": "test://documented", "name": "who", "title": "Who", "description": "Says who reads.",
            "mimeType": "text/markdown"
        })
    );
    assert_eq!(
        listed(user),
        json!({"uriTemplate": "test://user/{id}", "name": "user", "description": "A user.", "mimeType": "text/plain"})
    );
    assert_eq!(listed(bytes)["description"], "Three bytes.");
}

#[tokio::test]
async fn results_become_contents() {
    let server = server();
    let cases = [
        ("test://plain", json!([{"uri": "test://plain", "text": "plain"}])),
        ("test://documented", json!([{"uri": "test://documented", "mimeType": "text/markdown", "text": "local"}])),
        ("test://bytes", json!([{"uri": "test://bytes", "mimeType": "application/x", "blob": "AAH/"}])),
        (
            "test://parts",
            json!([
                {"uri": "test://parts/1", "mimeType": "text/plain", "text": "1"},
                {"uri": "test://parts/2", "mimeType": "a/b", "blob": "AA=="}
            ]),
        ),
        ("test://whole", json!([{"uri": "test://whole", "mimeType": "text/plain", "text": "whole"}])),
        ("test://user/7", json!([{"uri": "test://user/7", "mimeType": "text/plain", "text": "user 7 for 2026-07-28"}])),
    ];
    for (uri, contents) in cases {
        let result = result(&server, uri).await;
        assert_eq!(result["contents"], contents);
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")), "{uri}");
    }
    let cached = result(&server, "test://cached").await;
    assert_eq!((&cached["ttlMs"], &cached["cacheScope"]), (&json!(5_000), &json!("public")));
    let failed = refusal(outcome(&server, read("test://failing")).await);
    assert_eq!(failed, (code::INTERNAL_ERROR, "the disk is gone".to_owned()));
}

#[tokio::test]
async fn variables_reach_their_parameters() {
    let server = server();
    let cases = [
        ("test://day/2026", "2026 None None"),
        ("test://day/2026?month=5&type=a%20b", "2026 Some(5) Some(\"a b\")"),
        ("test://path", "[] None"),
        ("test://path/a/b%20c?x=", "[\"a\", \"b c\"] Some(\"\")"),
        ("test://below/a/b.c", "a/b.c"),
        ("test://anywhere/..%2F..%2Fetc", "../../etc"),
        ("test://anywhere/b%00", "b\0"),
    ];
    for (uri, expected) in cases {
        assert_eq!(result(&server, uri).await["contents"][0]["text"], expected, "{uri}");
    }
}

#[tokio::test]
async fn resource_that_its_function_does_not_have_is_unknown() {
    let server = server();
    let unknown = [
        "test://user/10",
        "test://user/x",
        "test://user/-1",
        "test://user/",
        "test://user/1/2",
        "test://day/x",
        "test://day/2026?month=500",
        "test://nothing",
    ];
    for uri in unknown {
        let refused = refusal(outcome(&server, read(uri)).await);
        assert_eq!(refused, (code::INVALID_PARAMS, format!("unknown resource: {uri}")));
    }
}

#[tokio::test]
async fn value_that_leads_elsewhere_is_refused_unless_any_is_taken() {
    let server = server();
    let cases = [
        ("test://path/a/..", "parts must be a text without the segments . and .."),
        ("test://path/a/%2E%2E/b", "parts must be a text without the segments . and .."),
        ("test://path/a/b%2Fc", "parts must be a text without slashes and backslashes, also percent-encoded"),
        ("test://path/a?x=b%00", "x must be a text without NUL"),
        ("test://below/a/../../b", "path must be a text without the segments . and .."),
        ("test://below//etc/passwd", "path must be a text that does not begin with a slash or backslash"),
        ("test://below/a%00", "path must be a text without NUL"),
    ];
    for (uri, said) in cases {
        let refused = refusal(outcome(&server, read(uri)).await);
        assert_eq!(refused, (code::INVALID_PARAMS, format!("the argument {said}")), "{uri}");
    }
}

#[tokio::test]
async fn functions_of_the_attribute_suggest_values() {
    let server = server();
    let params = serde_json::from_value(json!({
        "ref": {"type": "ref/resource", "uri": "test://user/{id}"},
        "argument": {"name": "id", "value": "7"}
    }))
    .unwrap();
    let completed = written(&server, outcome(&server, operation(Operation::Complete(params))).await);
    assert_eq!(completed["completion"]["values"], json!(["70"]));
}

#[tokio::test]
async fn function_itself_stays_callable() {
    assert_eq!(plain::run().await, "plain");
    assert_eq!(bytes::run().await, [0, 1, 255]);
}
