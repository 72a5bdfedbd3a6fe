//! What starts, with and without authentication, and what does not.

use super::*;

fn judged(listen: &str, public_url: &str, origins: &[&str], insecure_no_auth: bool) -> Vec<Objection> {
    let url = (!public_url.is_empty()).then(|| Url::parse(public_url).unwrap());
    let rules: Vec<OriginRule> = origins.iter().map(|rule| rule.parse().unwrap()).collect();
    judge(&Facts {
        listen: listen.parse().unwrap(),
        public_url: url.as_ref(),
        allowed_origins: rules.iter().collect(),
        insecure_no_auth,
        auth: None,
    })
}

#[test]
fn without_authentication_only_loopback_starts() {
    use Objection::{Listen, PublicUrl};
    let cases: [(&str, &str, &[Objection]); 17] = [
        ("127.0.0.1:8080", "", &[]),
        ("127.8.9.10:0", "", &[]),
        ("[::1]:8080", "", &[]),
        ("[::ffff:127.0.0.1]:8080", "", &[]),
        ("0.0.0.0:8080", "", &[Listen]),
        ("[::]:8080", "", &[Listen]),
        ("[::ffff:10.0.0.1]:8080", "", &[Listen]),
        ("192.168.1.7:8080", "", &[Listen]),
        ("127.0.0.1:8080", "http://localhost:8080", &[]),
        ("127.0.0.1:8080", "http://mcp.localhost", &[]),
        ("127.0.0.1:8080", "https://127.0.0.1", &[]),
        ("127.0.0.1:8080", "http://[::1]:8080", &[]),
        ("127.0.0.1:8080", "https://mcp.example.com", &[PublicUrl]),
        ("127.0.0.1:8080", "https://localhost.example.com", &[PublicUrl]),
        ("127.0.0.1:8080", "https://notlocalhost", &[PublicUrl]),
        ("127.0.0.1:8080", "http://0.0.0.0:8080", &[PublicUrl]),
        ("0.0.0.0:8080", "https://mcp.example.com", &[Listen, PublicUrl]),
    ];
    for (listen, public_url, expected) in cases {
        assert_eq!(judged(listen, public_url, &[], false), expected, "{listen} {public_url}");
    }
}

#[test]
fn asking_for_no_authentication_lifts_the_refusals_and_is_said() {
    let said = [Objection::NoAuthentication];
    assert_eq!(judged("0.0.0.0:8080", "https://mcp.example.com", &[], true), said);
    assert_eq!(judged("127.0.0.1:8080", "", &[], true), said);
}

#[test]
fn wildcard_origin_is_refused_whatever_was_asked_for() {
    let origins = ["https://app.example.com", "*"];
    assert_eq!(judged("127.0.0.1:8080", "", &origins, false), [Objection::AllowedOrigin(1)]);
    assert_eq!(judged("0.0.0.0:8080", "", &origins, true), [Objection::NoAuthentication, Objection::AllowedOrigin(1)]);
    assert_eq!(judged("127.0.0.1:8080", "", &origins[..1], false), []);
}

/// What a case with authentication says; the rest accepts one issuer and is of this machine alone.
struct Case<'a> {
    listen: &'a str,
    public_url: &'a str,
    resource: &'a str,
    accepts: usize,
    dev_issuer: bool,
    insecure_no_auth: bool,
    /// The URLs of issuers, and whether each may be private.
    issuers: &'a [(&'a str, bool)],
    isolations: &'a [Option<Isolation>],
}

const PLAIN: Case<'_> = Case {
    listen: "127.0.0.1:8080",
    public_url: "",
    resource: "",
    accepts: 1,
    dev_issuer: false,
    insecure_no_auth: false,
    issuers: &[],
    isolations: &[],
};

/// Reached by others, under a name.
const PUBLIC: Case<'_> = Case { listen: "0.0.0.0:8080", public_url: "https://mcp.example.com", ..PLAIN };

fn judged_with_tokens(case: &Case<'_>, origins: &[OriginRule]) -> Vec<Objection> {
    let url = |text: &str| (!text.is_empty()).then(|| Url::parse(text).unwrap());
    let (public_url, resource) = (url(case.public_url), url(case.resource));
    let issuers: Vec<(Url, bool)> = case.issuers.iter().map(|(text, private)| (url(text).unwrap(), *private)).collect();
    let issuer_url = |(url, allow_private): &'_ (Url, bool)| (url.clone(), *allow_private);
    let issuers: Vec<(Url, bool)> = issuers.iter().map(issuer_url).collect();
    judge(&Facts {
        listen: case.listen.parse().unwrap(),
        public_url: public_url.as_ref(),
        allowed_origins: origins.iter().collect(),
        insecure_no_auth: case.insecure_no_auth,
        auth: Some(AuthFacts {
            resource: resource.as_ref(),
            accepts: case.accepts,
            dev_issuer: case.dev_issuer,
            issuer_urls: issuers
                .iter()
                .map(|(url, allow_private)| IssuerUrl {
                    key: "issuer",
                    url,
                    purpose: Purpose::Trust,
                    allow_private: *allow_private,
                })
                .collect(),
            isolations: case.isolations.iter().map(|isolation| ("backends.x".to_owned(), *isolation)).collect(),
        }),
    })
}

#[test]
fn with_tokens_others_may_reach_it_under_a_name_of_https() {
    use Objection::{NoPublicUrl, PublicUrlHttp, ResourceHttp};
    let cases: [(Case<'_>, &[Objection]); 11] = [
        (PLAIN, &[]),
        (PUBLIC, &[]),
        (Case { listen: "127.0.0.1:8080", ..PUBLIC }, &[]),
        (Case { public_url: "", ..PUBLIC }, &[NoPublicUrl]),
        (Case { public_url: "", resource: "https://mcp.example.com/mcp", ..PUBLIC }, &[NoPublicUrl]),
        (Case { public_url: "http://mcp.example.com", ..PUBLIC }, &[PublicUrlHttp]),
        (Case { public_url: "http://10.0.0.1", ..PLAIN }, &[PublicUrlHttp]),
        (Case { public_url: "http://localhost:8080", ..PLAIN }, &[]),
        (Case { public_url: "http://127.0.0.1", listen: "0.0.0.0:1", ..PLAIN }, &[]),
        (Case { resource: "http://mcp.example.com/mcp", ..PUBLIC }, &[ResourceHttp]),
        (Case { resource: "http://localhost/mcp", ..PLAIN }, &[]),
    ];
    for (case, expected) in cases {
        let said = judged_with_tokens(&case, &[]);
        assert_eq!(said, expected, "{} {} {}", case.listen, case.public_url, case.resource);
    }
}

#[test]
fn tokens_that_nobody_accepts_and_contradictions_are_refused() {
    use Objection::{Contradiction, NobodyAccepted};
    let none = Case { accepts: 0, ..PLAIN };
    assert_eq!(judged_with_tokens(&none, &[]), [NobodyAccepted]);
    assert_eq!(judged_with_tokens(&Case { dev_issuer: true, ..none }, &[]), []);
    for case in [PLAIN, PUBLIC, Case { dev_issuer: true, ..PLAIN }] {
        assert_eq!(judged_with_tokens(&Case { insecure_no_auth: true, ..case }, &[]), [Contradiction]);
    }
    let wildcard = [OriginRule::Any];
    assert_eq!(judged_with_tokens(&PUBLIC, &wildcard), [Objection::AllowedOrigin(0)]);
}

#[test]
fn the_development_issuer_stays_on_this_machine() {
    use Objection::{DevIssuerListen, DevIssuerPublicUrl};
    let dev = Case { dev_issuer: true, accepts: 0, ..PLAIN };
    let cases: [(&str, &str, &[Objection]); 5] = [
        ("127.0.0.1:8080", "", &[]),
        ("[::1]:0", "http://localhost:8080", &[]),
        ("0.0.0.0:8080", "", &[DevIssuerListen]),
        ("127.0.0.1:8080", "https://mcp.example.com", &[DevIssuerPublicUrl]),
        ("10.0.0.1:8080", "http://mcp.example.com", &[DevIssuerListen, DevIssuerPublicUrl]),
    ];
    for (listen, public_url, expected) in cases {
        let said = judged_with_tokens(&Case { listen, public_url, ..dev }, &[]);
        assert_eq!(said, expected, "{listen} {public_url}");
    }
}

#[test]
fn issuers_are_asked_over_https_but_on_this_machine_and_in_development() {
    let http = [Objection::IssuerHttp(0)];
    let cases: [(Case<'_>, (&str, bool), &[Objection]); 9] = [
        (PUBLIC, ("https://login.example.com", false), &[]),
        (PUBLIC, ("http://login.example.com", false), &http),
        (PUBLIC, ("http://login.example.com", true), &http),
        (PUBLIC, ("http://127.0.0.1:8090", false), &[]),
        (PUBLIC, ("http://localhost:8090", true), &[]),
        (PLAIN, ("http://keycloak:8080/realms/x", false), &http),
        (PLAIN, ("http://keycloak:8080/realms/x", true), &[]),
        (Case { listen: "0.0.0.0:1", ..PUBLIC }, ("http://keycloak:8080", true), &http),
        (Case { listen: "127.0.0.1:1", ..PUBLIC }, ("http://keycloak:8080", true), &http),
    ];
    for (case, issuer, expected) in cases {
        let said = judged_with_tokens(&Case { issuers: &[issuer], ..case }, &[]);
        assert_eq!(said, expected, "{} {issuer:?}", case.public_url);
    }
}

#[test]
fn callers_who_are_told_apart_share_a_process_only_where_that_was_said() {
    let isolations = [
        Some(Isolation::Shared),
        None,
        Some(Isolation::PerPrincipal),
        Some(Isolation::PerSession),
        Some(Isolation::Shared),
    ];
    let said = judged_with_tokens(&Case { isolations: &isolations, ..PLAIN }, &[]);
    assert_eq!(said, [Objection::NoIsolation(1), Objection::PerPrincipal(2)]);
}
