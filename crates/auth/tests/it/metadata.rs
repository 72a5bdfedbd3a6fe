//! Where clients learn where to get a token.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use outboard_auth::{AuthLayer, IssuerConfig, MetadataLayer, ProtectedResourceMetadata, ResourceServerConfig};
use serde_json::{Value, json};
use tower::Layer as _;

use crate::layer::{Behind, RESOURCE, bearing, challenge_of, config, header_of, request, send, server};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

fn metadata(resource: &str) -> ProtectedResourceMetadata {
    ProtectedResourceMetadata::new(&ResourceServerConfig::new(resource.parse().unwrap()))
}

fn ask(metadata: &ProtectedResourceMetadata, method: Method, path: &str) -> Option<Response<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "evil.example");
    metadata.response(&request.header("x-forwarded-host", "evil.example").body(()).unwrap())
}

#[test]
fn row_89_the_document_says_who_issues_tokens_and_how_they_are_brought() {
    let mut config = ResourceServerConfig::new("https://mcp.example.com/mcp".parse().unwrap())
        .issuer(IssuerConfig::jwt("https://login.example.com/tenant/"))
        .issuer(IssuerConfig::jwt("https://other.example.com"));
    // Row 87: nobody is told to ask for `offline_access`.
    config.scopes_supported = "notes:read offline_access notes:write".parse().unwrap();
    config.resource_name = Some("Notes \"for\" all".to_owned());
    let document: Value = serde_json::from_slice(ProtectedResourceMetadata::new(&config).document()).unwrap();
    let expected = json!({
        "resource": "https://mcp.example.com/mcp",
        "authorization_servers": ["https://login.example.com/tenant/", "https://other.example.com"],
        "scopes_supported": ["notes:read", "notes:write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Notes \"for\" all",
    });
    assert_eq!(document, expected);

    let empty: Value = serde_json::from_slice(metadata("https://a.example").document()).unwrap();
    assert_eq!(empty, json!({"resource": "https://a.example", "bearer_methods_supported": ["header"]}));
}

#[test]
fn it_is_found_where_the_challenge_says_and_at_the_root() {
    let cases = [
        ("https://a.example", "https://a.example/.well-known/oauth-protected-resource"),
        ("https://a.example/", "https://a.example/.well-known/oauth-protected-resource"),
        ("https://a.example/mcp", "https://a.example/.well-known/oauth-protected-resource/mcp"),
        ("https://a.example/mcp/", "https://a.example/.well-known/oauth-protected-resource/mcp/"),
        ("https://a.example:8443/x/mcp", "https://a.example:8443/.well-known/oauth-protected-resource/x/mcp"),
        ("http://[::1]:8080/mcp", "http://[::1]:8080/.well-known/oauth-protected-resource/mcp"),
        // Row 93: scheme and host in any case are the same resource; the path is as it is.
        ("HTTPS://A.Example/Mcp", "https://a.example/.well-known/oauth-protected-resource/Mcp"),
        ("https://a.example/é\"", "https://a.example/.well-known/oauth-protected-resource/%C3%A9%22"),
    ];
    for (resource, url) in cases {
        let metadata = metadata(resource);
        assert_eq!(metadata.url(), url, "{resource}");
        let path = url.parse::<http::Uri>().unwrap().path().to_owned();
        for path in [&path, WELL_KNOWN] {
            let answer = ask(&metadata, Method::GET, path).unwrap_or_else(|| panic!("{resource} at {path}"));
            assert_eq!((answer.status(), answer.body()), (StatusCode::OK, metadata.document()), "{resource} at {path}");
        }
    }
}

#[test]
fn no_other_path_is_answered() {
    let metadata = metadata("https://a.example/x/mcp");
    let others = ["/", "/x/mcp", "/mcp", "/.well-known/oauth-authorization-server", "/.well-known"];
    let near = ["/", "/x", "/mcp", "/x/mcp/", "//x/mcp", "/X/MCP", "/x/%6dcp", "/x/mcp/y", "s"];
    for path in others.into_iter().map(str::to_owned).chain(near.map(|end| format!("{WELL_KNOWN}{end}"))) {
        assert!(ask(&metadata, Method::GET, &path).is_none(), "{path}");
    }
}

#[test]
fn behind_a_proxy_that_takes_a_prefix_away_both_paths_are_answered() {
    let metadata = metadata("https://a.example/tools/mcp").mounted_at("/mcp");
    assert_eq!(metadata.url(), "https://a.example/.well-known/oauth-protected-resource/tools/mcp");
    for end in ["/tools/mcp", "/mcp", ""] {
        let answer = ask(&metadata, Method::GET, &format!("{WELL_KNOWN}{end}")).unwrap();
        assert!(answer.body().starts_with(b"{\"resource\":\"https://a.example/tools/mcp\""), "{end}");
    }
    let same = metadata.clone().mounted_at("mcp").mounted_at("/").mounted_at("");
    assert_eq!(same.paths().collect::<Vec<_>>(), metadata.paths().collect::<Vec<_>>());
}

#[test]
fn the_root_is_left_to_others_where_it_is_not_ours() {
    let one_of_two = metadata("https://a.example/a").without_root();
    assert!(ask(&one_of_two, Method::GET, WELL_KNOWN).is_none());
    assert!(ask(&one_of_two, Method::GET, &format!("{WELL_KNOWN}/a")).is_some());
    assert!(ask(&metadata("https://a.example").without_root(), Method::GET, WELL_KNOWN).is_some());
}

#[test]
fn rows_90_and_92_every_page_may_read_it_whatever_the_request_says_of_hosts() {
    let metadata = metadata("https://a.example/mcp");
    let length = metadata.document().len().to_string();
    let no_length = String::new();
    let cases = [
        (Method::GET, StatusCode::OK, metadata.document().clone(), &length),
        (Method::HEAD, StatusCode::OK, Bytes::new(), &length),
        (Method::OPTIONS, StatusCode::NO_CONTENT, Bytes::new(), &no_length),
        (Method::POST, StatusCode::METHOD_NOT_ALLOWED, Bytes::new(), &no_length),
        (Method::DELETE, StatusCode::METHOD_NOT_ALLOWED, Bytes::new(), &no_length),
    ];
    for (method, status, body, length) in cases {
        let answer = ask(&metadata, method.clone(), WELL_KNOWN).unwrap();
        assert_eq!((answer.status(), answer.body()), (status, &body), "{method}");
        assert_eq!(header_of(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), "*", "{method}");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{method}");
        assert_eq!(header_of(&answer, header::CONTENT_LENGTH), length, "{method}");
        let (kind, kept) = match status {
            StatusCode::OK => ("application/json", "public, max-age=300"),
            _ => ("", ""),
        };
        assert_eq!(header_of(&answer, header::CONTENT_TYPE), kind, "{method}");
        assert_eq!(header_of(&answer, header::CACHE_CONTROL), kept, "{method}");
        let allowed = if status == StatusCode::METHOD_NOT_ALLOWED { "GET, HEAD, OPTIONS" } else { "" };
        assert_eq!(header_of(&answer, header::ALLOW), allowed, "{method}");
        let preflight = if status == StatusCode::NO_CONTENT { ("GET, HEAD", "*", "3600") } else { ("", "", "") };
        let found = [
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ]
        .map(|name| header_of(&answer, name).to_owned());
        assert_eq!(found, [preflight.0, preflight.1, preflight.2], "{method}");
        let text = format!("{:?}{}", answer.headers(), String::from_utf8_lossy(answer.body()));
        assert!(!text.contains("evil"), "{text}");
    }
}

#[tokio::test]
async fn row_19_it_is_read_without_a_token_and_nothing_else_is() {
    let server = server(config(RESOURCE));
    let metadata = ProtectedResourceMetadata::new(server.config());
    let behind = Behind::default();
    let service = MetadataLayer::new(metadata.clone()).layer(AuthLayer::new(server).layer(behind.clone()));
    let found = send(&service, request("GET", "/.well-known/oauth-protected-resource/mcp")).await;
    assert_eq!((found.status(), found.body()), (StatusCode::OK, metadata.document()));
    let refused = send(&service, request("GET", "/mcp")).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(challenge_of(&refused).contains(metadata.url()), "{}", challenge_of(&refused));
    assert_eq!(send(&service, bearing(crate::layer::KEY)).await.status(), StatusCode::OK);
    assert_eq!(behind.seen().len(), 1);
}
