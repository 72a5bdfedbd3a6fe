//! Configurations that cannot be right, and that no secret is printed.

use outboard_fetch::{FetchConfig, Fetcher};
use outboard_issuer::{ClientSecret, GrantType, Issuer, IssuerConfig, IssuerError};
use serde_json::json;
use url::Url;

use crate::harness::config;

fn build(change: impl FnOnce(&mut IssuerConfig)) -> Result<Issuer, IssuerError> {
    let mut config = config();
    change(&mut config);
    Issuer::new(config, Fetcher::new(FetchConfig::default()).unwrap())
}

#[test]
fn an_issuer_is_on_loopback_or_not_at_all() {
    let table = [
        ("http://127.0.0.1:8080", true),
        ("http://127.0.0.53:8080/x/y", true),
        ("http://localhost", true),
        ("http://[::1]:8080/", true),
        ("https://127.0.0.1:8080", false),
        ("http://0.0.0.0:8080", false),
        ("http://10.0.0.1:8080", false),
        ("http://192.168.1.2", false),
        ("http://[::]:8080", false),
        ("http://[::ffff:127.0.0.1]:8080", false),
        ("http://issuer.example", false),
        ("http://localhost.example", false),
        ("https://issuer.example", false),
    ];
    for (issuer, is_built) in table {
        let built = build(|config| config.issuer = Url::parse(issuer).unwrap());
        assert_eq!(built.is_ok(), is_built, "{issuer}");
        assert!(is_built || matches!(built, Err(IssuerError::NotLoopback { .. })), "{issuer}");
    }
}

#[test]
fn each_mistake_is_told() {
    type Change = fn(&mut IssuerConfig);
    type Expected = fn(&IssuerError) -> bool;
    let table: [(&str, Change, Expected); 27] = [
        ("query", |c| c.issuer.set_query(Some("x")), |e| matches!(e, IssuerError::NotAnIssuer { .. })),
        ("fragment", |c| c.issuer.set_fragment(Some("x")), |e| matches!(e, IssuerError::NotAnIssuer { .. })),
        ("user", |c| c.issuer.set_username("x").unwrap(), |e| matches!(e, IssuerError::NotAnIssuer { .. })),
        ("odd path", |c| c.issuer.set_path("/a;b"), |e| matches!(e, IssuerError::NotAnIssuer { .. })),
        ("double slash", |c| c.issuer.set_path("/a//b"), |e| matches!(e, IssuerError::NotAnIssuer { .. })),
        ("no resource", |c| c.resources.clear(), |e| matches!(e, IssuerError::NoResource)),
        ("fragment", |c| c.resources.push("https://a/#x".into()), |e| matches!(e, IssuerError::NotAResource { .. })),
        ("no URL", |c| c.resources.push("mcp".into()), |e| matches!(e, IssuerError::NotAResource { .. })),
        ("scope", |c| c.scopes.push("a b".into()), |e| matches!(e, IssuerError::NotAScope { .. })),
        ("user's", |c| c.users[0].scopes = Some(vec![String::new()]), |e| matches!(e, IssuerError::NotAScope { .. })),
        ("no user", |c| c.users.clear(), |e| matches!(e, IssuerError::NoUser)),
        ("same name", |c| c.users[1].name = "alice".into(), |e| matches!(e, IssuerError::NotAUser { .. })),
        ("same subject", |c| c.users[1].subject = "alice".into(), |e| matches!(e, IssuerError::NotAUser { .. })),
        (
            "claim",
            |c| drop(c.users[0].claims.insert("aud".into(), json!("x"))),
            |e| matches!(e, IssuerError::ReservedClaim { claim, .. } if claim == "aud"),
        ),
        (
            "approver",
            |c| c.dangerous_auto_approve = Some("eve".into()),
            |e| matches!(e, IssuerError::UnknownUser { name } if name == "eve"),
        ),
        ("same id", |c| c.clients[1].id = "app".into(), |e| matches!(e, IssuerError::NotAClientId { .. })),
        ("URL id", |c| c.clients[0].id = "https://a/b".into(), |e| matches!(e, IssuerError::NotAClientId { .. })),
        ("no secret", |c| c.clients[1].secret = None, |e| matches!(e, IssuerError::NoSecret { .. })),
        (
            "redirect",
            |c| c.clients[0].redirect_uris.push("https://a.example/".into()),
            |e| matches!(e, IssuerError::NotARedirectUri { .. }),
        ),
        ("script", |c| c.allow_redirect.push("javascript:x".into()), |e| matches!(e, IssuerError::NotAllowable { .. })),
        (
            "plain",
            |c| c.allow_redirect.push("http://a.example/".into()),
            |e| matches!(e, IssuerError::NotAllowable { .. }),
        ),
        (
            "password",
            |c| c.allow_redirect.push("https://a:b@c/".into()),
            |e| matches!(e, IssuerError::NotAllowable { .. }),
        ),
        ("part", |c| c.allow_redirect.push("https://a/#b".into()), |e| matches!(e, IssuerError::NotAllowable { .. })),
        ("scheme", |c| c.allow_redirect.push("app:/cb".into()), |e| matches!(e, IssuerError::NotAllowable { .. })),
        ("origin", |c| c.allowed_origins.push("*".into()), |e| matches!(e, IssuerError::NotAnOrigin { .. })),
        ("null", |c| c.allowed_origins.push("null".into()), |e| matches!(e, IssuerError::NotAnOrigin { .. })),
        ("path", |c| c.allowed_origins.push("http://a/".into()), |e| matches!(e, IssuerError::NotAnOrigin { .. })),
    ];
    for (case, change, is_expected) in table {
        let error = build(change).expect_err(case);
        assert!(is_expected(&error), "{case}: {error}");
    }
}

#[test]
fn what_may_be_allowed_is_allowed() {
    for uri in ["https://app.example:8443/cb?a=b", "http://127.0.0.1:1/cb", "http://localhost/cb"] {
        assert!(build(|config| config.allow_redirect.push(uri.to_owned())).is_ok(), "{uri}");
    }
}

#[test]
fn nothing_that_is_printed_has_a_secret() {
    let mut config = config();
    config.clients[1].secret = Some(ClientSecret::new("hunter2"));
    config.clients[1].grants = vec![GrantType::ClientCredentials];
    let printed = format!("{config:?}");
    assert!(printed.contains("ClientSecret") && !printed.contains("hunter2"), "{printed}");
    let issuer = Issuer::new(config, Fetcher::new(FetchConfig::default()).unwrap()).unwrap();
    assert_eq!(format!("{issuer:?}"), "Issuer { issuer: \"http://127.0.0.1:8080/dev-issuer\", .. }");
}
