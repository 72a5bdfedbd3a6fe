//! The objections of the policy in words: what, why, and what to do instead.

use super::{AuthFacts, Facts, Objection};

pub(super) fn what(objection: Objection, facts: &Facts<'_>) -> String {
    let listen = facts.listen;
    match objection {
        Objection::Listen => format!("`listen`: {listen} can be reached from other machines"),
        Objection::PublicUrl => "`public_url`: the URL is not one of this machine alone".to_owned(),
        Objection::AllowedOrigin(_) => "`allowed_origins`: `*` would allow every website".to_owned(),
        Objection::NoAuthentication => format!("no authentication: whoever reaches {listen} can call every tool"),
        Objection::Contradiction => "`insecure_no_auth`: authentication is configured too".to_owned(),
        Objection::NobodyAccepted => "`auth`: there is no issuer and no API key".to_owned(),
        Objection::NoPublicUrl => format!("`public_url`: it is missing, and {listen} is no name that clients know"),
        Objection::PublicUrlHttp => "`public_url`: it is not https".to_owned(),
        Objection::ResourceHttp => "`auth.resource`: it is not https".to_owned(),
        Objection::IssuerHttp(index) | Objection::IntrospectionHttp(index) => {
            let key = facts.auth.as_ref().and_then(|auth| auth.issuer_urls.get(index)).map_or("issuer", |url| url.key);
            format!("`auth.issuers.{key}`: it is not https")
        }
        Objection::DevIssuerListen => format!("`listen`: {listen} can be reached from other machines"),
        Objection::DevIssuerPublicUrl => "`public_url`: the URL is not one of this machine alone".to_owned(),
        Objection::NoIsolation(index) => {
            format!("`{}`: nobody has said who shares a process of it", label(facts, index))
        }
        Objection::PerPrincipal(index) => {
            format!("`{}`: a process for each caller does not exist in this version", label(facts, index))
        }
    }
}

pub(super) const fn why(objection: Objection) -> Option<&'static str> {
    match objection {
        Objection::Listen | Objection::PublicUrl => {
            Some("without authentication, whoever reaches the server could call every tool")
        }
        Objection::AllowedOrigin(_) => {
            Some("the pages that a person visits could call the tools in that person's place")
        }
        Objection::NoAuthentication => None,
        Objection::Contradiction => Some("either every call needs a token, or none does"),
        Objection::NobodyAccepted => Some("every call would be refused"),
        Objection::NoPublicUrl => Some("tokens are made for one name of the server, and clients are told that name"),
        Objection::PublicUrlHttp | Objection::ResourceHttp => {
            Some("whoever sees a token on its way can call in the place of its owner")
        }
        Objection::IssuerHttp(_) => Some("whoever changes its keys on their way can make tokens of anybody"),
        Objection::IntrospectionHttp(_) => Some(
            "whoever sees the requests on their way has the secret and the tokens of all callers, and whoever changes the answers \
             makes any token good",
        ),
        Objection::DevIssuerListen | Objection::DevIssuerPublicUrl => {
            Some("the development issuer asks for no passwords: whoever reaches it could be any of its users")
        }
        Objection::NoIsolation(_) | Objection::PerPrincipal(_) => {
            Some("one process serves all callers: what it keeps of one, such as files or a login, the others could get")
        }
    }
}

pub(super) fn fix(objection: Objection, facts: &Facts<'_>) -> String {
    const ACCEPT: &str = "require tokens with `[auth]`; or, if something in front of it lets in only the right callers, \
                          start with `--insecure-no-auth` (`insecure_no_auth = true`)";
    match objection {
        Objection::Listen => format!("stay on loopback with `{}`; or {ACCEPT}", loopback(facts)),
        Objection::PublicUrl => format!("leave `public_url` out; or {ACCEPT}"),
        Objection::AllowedOrigin(_) => "list the exact origins, such as `https://app.example.com`".to_owned(),
        Objection::NoAuthentication => {
            "remove `insecure_no_auth` unless something in front of the server lets in only the right callers"
                .to_owned()
        }
        Objection::Contradiction => {
            "take `insecure_no_auth` out (flag, variable and file), or `[auth]` and the development issuer".to_owned()
        }
        Objection::NobodyAccepted => {
            "name an issuer with `[[auth.issuers]]`, a key with `[[auth.api_keys]]`, or try it with `--dev-issuer`"
                .to_owned()
        }
        Objection::NoPublicUrl => {
            "write the URL that clients use: `public_url = \"https://mcp.example.com\"`".to_owned()
        }
        Objection::PublicUrlHttp | Objection::ResourceHttp => {
            "write the https URL that clients use; what ends TLS can stand in front of this server".to_owned()
        }
        Objection::IssuerHttp(_) | Objection::IntrospectionHttp(_) => {
            "write its https URL; http is for an issuer on this machine, and with `allow_private` for development"
                .to_owned()
        }
        Objection::DevIssuerListen => {
            format!("stay on loopback with `{}`, or name a real issuer with `[[auth.issuers]]`", loopback(facts))
        }
        Objection::DevIssuerPublicUrl => {
            "leave `public_url` out, or name a real issuer with `[[auth.issuers]]`".to_owned()
        }
        Objection::NoIsolation(index) | Objection::PerPrincipal(index) => {
            let label = label(facts, index);
            let how = match label.strip_prefix("backends.") {
                Some(_) => format!("write `isolation = \"shared\"` into `[{label}]`"),
                None => "start with `--isolation shared`".to_owned(),
            };
            format!("if it keeps nothing about its callers, {how}; else do not serve it to several callers yet")
        }
    }
}

fn label<'f>(facts: &'f Facts<'_>, index: usize) -> &'f str {
    let isolations = facts.auth.as_ref().map(|AuthFacts { isolations, .. }| isolations);
    isolations.and_then(|isolations| isolations.get(index)).map_or("backends", |(label, _)| label)
}

fn loopback(facts: &Facts<'_>) -> String {
    let host = if facts.listen.is_ipv4() { "127.0.0.1" } else { "[::1]" };
    format!("{host}:{}", facts.listen.port())
}
