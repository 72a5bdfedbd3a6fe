//! Rows 94, 117 to 119: what does not start, and the client half against servers that mean it ill.

use outboard_testkit::authority::{Authority, Fault, Listener};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::program::outboard;

#[test]
fn row_94_the_issuer_for_development_serves_this_machine_alone() {
    let cases: [(&str, &[&str]); 7] = [
        ("any address", &["serve", "--dev-issuer", "--listen", "0.0.0.0:0"]),
        ("any address of IPv6", &["serve", "--dev-issuer", "--listen", "[::]:0"]),
        ("an address of a network", &["serve", "--dev-issuer", "--listen", "192.0.2.1:0"]),
        (
            "a public name",
            &["serve", "--dev-issuer", "--listen", "127.0.0.1:0", "--public-url", "https://mcp.example.com"],
        ),
        ("whatever else is allowed", &["serve", "--dev-issuer", "--listen", "0.0.0.0:0", "--insecure-no-auth"]),
        ("alone, any address", &["issuer", "--listen", "0.0.0.0:0", "--resource", "http://127.0.0.1:1/mcp"]),
        ("alone, a network", &["issuer", "--listen", "192.0.2.1:0", "--resource", "http://127.0.0.1:1/mcp"]),
    ];
    for (name, arguments) in cases {
        let home = tempfile::tempdir().unwrap();
        let ended = outboard().current_dir(home.path()).env("HOME", home.path()).args(arguments).output().unwrap();
        assert_eq!(ended.status.code(), Some(64), "{name}: {ended:?}");
        assert!(!ended.stderr.is_empty() && ended.stdout.is_empty(), "{name}: {ended:?}");
    }
}

#[test]
fn row_118_an_endpoint_that_is_no_place_is_not_opened() {
    const SECRET: &str = "canary-client-secret-6e11";
    let runtime = Runtime::new().unwrap();
    let (authority, listener) = runtime.block_on(async { (Authority::start().await, Listener::start().await) });
    authority.set_metadata("authorization_endpoint", json!("javascript:alert(1)"));
    let home = tempfile::tempdir().unwrap();
    let endpoints = [
        "javascript:alert(1)".to_owned(),
        "\"; touch opened #".to_owned(),
        "file:///etc/passwd".to_owned(),
        "$(touch opened)".to_owned(),
        String::new(),
    ];
    for endpoint in endpoints {
        authority.set_metadata("token_endpoint", json!(endpoint));
        let asked = outboard()
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("OUTBOARD_CLIENT_SECRET", SECRET)
            .args(["token", "--issuer", authority.issuer(), "--client-id", "me"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert!(!asked.status.success() && asked.stdout.is_empty(), "{endpoint}: {asked:?}");
        assert!(!said.contains(SECRET), "{endpoint}: {said}");
    }
    assert!(!home.path().join("opened").exists());
    assert_eq!(runtime.block_on(listener.connections()), 0);
}

#[test]
fn row_119_a_redirect_does_not_take_the_token_along() {
    const TOKEN: &str = "canary-of-a-token-3a50";
    let runtime = Runtime::new().unwrap();
    let (server, listener) = runtime.block_on(async { (Authority::start().await, Listener::start().await) });
    server.set("/mcp", Fault::Redirect(format!("{}/mcp", listener.url())));
    let url = format!("{}/mcp", server.url());
    for era in ["auto", "modern", "legacy"] {
        let header = format!("Authorization: Bearer {TOKEN}");
        let call = outboard().args(["call", &url, "echo", "--era", era, "--header", &header]).output().unwrap();
        assert_eq!(call.status.code(), Some(69), "{era}: {call:?}");
        assert!(!String::from_utf8_lossy(&call.stderr).contains(TOKEN), "{era}: {call:?}");
    }
    assert!(server.seen("/mcp").iter().all(|seen| seen.headers["authorization"] == format!("Bearer {TOKEN}")));
    assert!(server.count("/mcp") >= 3);
    assert_eq!(runtime.block_on(listener.connections()), 0);
}

#[test]
fn a_secret_for_the_token_endpoint_goes_nowhere_else() {
    let runtime = Runtime::new().unwrap();
    let (authority, listener) = runtime.block_on(async { (Authority::start().await, Listener::start().await) });
    authority.set("/token", Fault::Redirect(format!("{}/token", listener.url())));
    let home = tempfile::tempdir().unwrap();
    let asked = outboard()
        .current_dir(home.path())
        .env("HOME", home.path())
        .env("OUTBOARD_CLIENT_SECRET", "canary-client-secret-6e11")
        .args(["token", "--issuer", authority.issuer(), "--client-id", "me"])
        .output()
        .unwrap();
    assert!(!asked.status.success(), "{asked:?}");
    assert_eq!(authority.count("/token"), 1, "{asked:?}");
    assert_eq!(runtime.block_on(listener.connections()), 0);
}
