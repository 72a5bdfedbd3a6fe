//! Finds out from an issuer's metadata where its keys are (RFC 8414 §3; `OpenID` Connect Discovery 1.0 §4).

use outboard_fetch::Reach;
use serde::Deserialize;
use url::Url;

use super::{document::host_of, fault::KeysFault};

/// Where the metadata of an issuer may be, in the order in which MCP has clients try (*Authorization Server Metadata
/// Discovery*): RFC 8414 §3.1 first, then `OpenID` Connect with the well-known part inserted (RFC 8414 §5), then appended.
pub(super) fn metadata_urls(issuer: &Url) -> Vec<Url> {
    // A slash at the end of the issuer's path is taken away first (RFC 8414 §3.1).
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![format!("{OAUTH}{path}"), format!("{OPENID}{path}")];
    if !path.is_empty() {
        paths.push(format!("{path}{OPENID}"));
    }
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    paths.into_iter().map(at).collect()
}

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Whose metadata is read, and what it may say.
pub(super) struct Expected<'e> {
    /// The issuer, which the metadata must name character by character (RFC 8414 §3.3).
    pub(super) issuer: &'e str,
    /// URLs at whose hosts the keys may be.
    pub(super) own: &'e [Url],
    /// Hosts beside those.
    pub(super) hosts: &'e [Box<str>],
    /// How far the issuer's requests may reach. Only who may reach any address may do without TLS.
    pub(super) reach: Reach,
}

/// Reads from the metadata that came from `from` where the keys are.
pub(super) fn jwks_uri(body: &[u8], from: &Url, expected: &Expected<'_>) -> Result<Url, KeysFault> {
    let unreadable = || KeysFault::Metadata { host: host_of(from) };
    let metadata: Metadata = serde_json::from_slice(body).map_err(|_| unreadable())?;
    if metadata.issuer != expected.issuer {
        return Err(KeysFault::OtherIssuer { host: host_of(from) });
    }
    let url = Url::parse(&metadata.jwks_uri).map_err(|_| unreadable())?;
    if url.scheme() != "https" && !(url.scheme() == "http" && expected.reach == Reach::AnyAddress) {
        return Err(KeysFault::NotHttps { host: host_of(&url) });
    }
    let is_own = expected.own.iter().any(|own| host_of(own) == host_of(&url));
    if !is_own && !expected.hosts.iter().any(|host| is_at(&url, host)) {
        return Err(KeysFault::OtherHost { host: host_of(&url) });
    }
    Ok(url)
}

/// Whether a URL is at a host of the config, which has a port only if it is not that of https.
fn is_at(url: &Url, host: &str) -> bool {
    let named = host_of(url);
    named.eq_ignore_ascii_case(host)
        || named.strip_suffix(":443").is_some_and(|without_port| without_port.eq_ignore_ascii_case(host))
}

/// What is read of the metadata. What else it says is for clients.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn metadata_is_looked_for_where_mcp_has_clients_look() {
        let plain: &[&str] = &[
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        ];
        let with_path: &[&str] = &[
            "https://a.example/.well-known/oauth-authorization-server/t/1",
            "https://a.example/.well-known/openid-configuration/t/1",
            "https://a.example/t/1/.well-known/openid-configuration",
        ];
        let cases = [
            ("https://a.example", plain),
            ("https://a.example/", plain),
            ("https://a.example/t/1", with_path),
            ("https://a.example/t/1/", with_path),
        ];
        for (issuer, expected) in cases {
            let found: Vec<_> = metadata_urls(&url(issuer)).iter().map(Url::to_string).collect();
            assert_eq!(found, expected, "{issuer}");
        }
    }

    #[test]
    fn metadata_says_where_keys_are_only_of_its_own_issuer_and_only_at_hosts_that_may_have_them() {
        let cases = [
            (r#"{"issuer":"https://a.example/t","jwks_uri":"https://a.example/k"}"#, "at https://a.example/k"),
            (r#"{"issuer":"https://a.example/t","jwks_uri":"https://A.example:443/k"}"#, "at https://a.example/k"),
            (r#"{"issuer":"https://a.example/t","jwks_uri":"https://keys.example/k"}"#, "at https://keys.example/k"),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"https://p.example:8443/k"}"#,
                "at https://p.example:8443/k",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"https://p.example/k"}"#,
                "the keys are said to be at p.example:443, which",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"https://keys.example:8443/k"}"#,
                "the keys are said to be at keys.example:8443, which",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"https://a.example.evil.example/k"}"#,
                "the keys are said to be at a.example.evil.example:443, which",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"https://a.example@evil.example/k"}"#,
                "the keys are said to be at evil.example:443, which",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"https://a.example:8443/k"}"#,
                "the keys are said to be at a.example:8443, which",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"http://a.example/k"}"#,
                "the keys are said to be at a.example:80 without",
            ),
            (
                r#"{"issuer":"https://a.example/t","jwks_uri":"file:///etc/passwd"}"#,
                "the keys are said to be at  without",
            ),
            (r#"{"issuer":"https://a.example/t","jwks_uri":"/k"}"#, "the metadata at a.example:443 cannot"),
            (
                r#"{"issuer":"https://a.example/t/","jwks_uri":"https://a.example/k"}"#,
                "the metadata at a.example:443 is",
            ),
            (
                r#"{"issuer":"https://A.example/t","jwks_uri":"https://a.example/k"}"#,
                "the metadata at a.example:443 is",
            ),
            (r#"{"issuer":"https://b.example","jwks_uri":"https://a.example/k"}"#, "the metadata at a.example:443 is"),
            (
                r#"{"issuer":"https://b.example","issuer":"https://a.example/t","jwks_uri":"https://a.example/k"}"#,
                "the metadata at a.example:443 cannot",
            ),
            (r#"{"jwks_uri":"https://a.example/k"}"#, "the metadata at a.example:443 cannot"),
            (r#"{"issuer":"https://a.example/t"}"#, "the metadata at a.example:443 cannot"),
            (r"<!doctype html>", "the metadata at a.example:443 cannot"),
            ("", "the metadata at a.example:443 cannot"),
        ];
        let own = [url("https://a.example/t")];
        let hosts = ["keys.example".into(), "P.example:8443".into()];
        let expected = |reach| Expected { issuer: "https://a.example/t", own: &own, hosts: &hosts, reach };
        for (body, says) in cases {
            let found = match jwks_uri(body.as_bytes(), &own[0], &expected(Reach::PublicOnly)) {
                Ok(url) => format!("at {url}"),
                Err(fault) => fault.to_string(),
            };
            assert!(found.starts_with(says), "{body}: {found}");
        }
        let own = [url("http://127.0.0.1:9/t")];
        let local = r#"{"issuer":"https://a.example/t","jwks_uri":"http://127.0.0.1:9/k"}"#;
        let anywhere = Expected { own: &own, ..expected(Reach::AnyAddress) };
        assert_eq!(jwks_uri(local.as_bytes(), &own[0], &anywhere).unwrap().as_str(), "http://127.0.0.1:9/k");
    }
}
