//! What the policy is asked about a configuration, and where in it stands what it objects to.

use std::collections::BTreeSet;

use super::auth::IssuerTable;
use super::backends::Candidate;
use super::file::File;
use super::policy::{self, AuthFacts, Facts, IssuerUrl, Objection, Purpose};
use super::setting::Setting;
use super::transport::Transport;
use crate::diagnostics::{Diagnostic, Diagnostics, Place};

/// Says what the policy objects to, unless a setting that it looks at could not be read. Over stdio nobody else can
/// reach the server, whatever a file says about the network.
pub(super) fn apply(file: &File, candidates: &[Candidate], broken: &BTreeSet<String>, report: &mut Diagnostics) {
    if file.transport.value == Transport::Stdio || broken.iter().any(|key| is_looked_at(key)) {
        return;
    }
    let urls = issuer_urls(file);
    let facts = facts(file, candidates, &urls);
    for objection in policy::judge(&facts) {
        report.add(Diagnostic {
            code: objection.code(),
            place: place(objection, file, candidates, &urls).cloned().unwrap_or(Place::Default),
            what: objection.what(&facts),
            why: objection.why().map(str::to_owned),
            fix: objection.fix(&facts),
        });
    }
}

fn is_looked_at(key: &str) -> bool {
    let top = key.split('.').next().unwrap_or_default();
    let of_auth = ["auth", "auth.resource", "auth.issuers", "auth.api_keys"];
    ["transport", "listen", "public_url", "allowed_origins", "insecure_no_auth", "dev_issuer"].contains(&top)
        || of_auth.contains(&key)
        || key.starts_with("auth.issuers.")
        || key.ends_with(".isolation")
}

/// A URL of an issuer that is asked, and where it was written.
struct Written<'a> {
    url: IssuerUrl<'a>,
    place: &'a Place,
}

fn issuer_urls(file: &File) -> Vec<Written<'_>> {
    let tables = file.auth.iter().flat_map(|auth| &auth.value.issuers);
    tables
        .flat_map(|table: &Setting<IssuerTable>| {
            let table = &table.value;
            let introspection = table.introspection.as_ref().and_then(|table| table.value.endpoint.as_ref());
            let others = [("metadata_url", &table.metadata_url), ("jwks_url", &table.jwks_url)];
            let others = others.into_iter().filter_map(|(key, url)| Some((key, Purpose::Trust, url.as_ref()?)));
            let others = others.chain(introspection.map(|url| ("introspection.endpoint", Purpose::Introspection, url)));
            let others = others.map(|(key, purpose, url)| (key, purpose, url.value.url(), &url.place));
            let name = table.issuer.iter().map(|name| ("issuer", Purpose::Trust, name.value.url(), &name.place));
            name.chain(others)
                .map(|(key, purpose, url, place)| Written {
                    url: IssuerUrl { key, url, purpose, allow_private: table.allow_private.value },
                    place,
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn facts<'a>(file: &'a File, candidates: &[Candidate], urls: &[Written<'a>]) -> Facts<'a> {
    let auth = file.auth.as_ref().map(|auth| &auth.value);
    let dev_issuer = file.dev_issuer.enabled.value;
    let is_on = auth.is_some() || dev_issuer;
    Facts {
        listen: file.listen.value.0,
        public_url: file.public_url.as_ref().map(|url| &url.value.0),
        allowed_origins: file.allowed_origins.iter().map(|origin| &origin.value).collect(),
        insecure_no_auth: file.insecure_no_auth.value,
        auth: is_on.then(|| AuthFacts {
            resource: auth.and_then(|auth| auth.resource.as_ref()).map(|resource| resource.value.0.url()),
            accepts: auth.map_or(0, |auth| auth.issuers.len() + auth.api_keys.len()),
            dev_issuer,
            issuer_urls: urls.iter().map(|written| written.url).collect(),
            isolations: candidates
                .iter()
                .map(|candidate| {
                    (candidate.label.clone(), candidate.isolation.as_ref().map(|isolation| isolation.value))
                })
                .collect(),
        }),
    }
}

fn place<'a>(
    objection: Objection,
    file: &'a File,
    candidates: &'a [Candidate],
    urls: &[Written<'a>],
) -> Option<&'a Place> {
    let auth = file.auth.as_ref();
    let public_url = || file.public_url.as_ref().map(|url| &url.place);
    match objection {
        Objection::Listen | Objection::NoPublicUrl | Objection::DevIssuerListen => Some(&file.listen.place),
        Objection::PublicUrl | Objection::PublicUrlHttp | Objection::DevIssuerPublicUrl => public_url(),
        Objection::AllowedOrigin(index) => file.allowed_origins.get(index).map(|origin| &origin.place),
        Objection::NoAuthentication | Objection::Contradiction => Some(&file.insecure_no_auth.place),
        Objection::ResourceHttp => auth?.value.resource.as_ref().map(|resource| &resource.place),
        Objection::NobodyAccepted => Some(&auth?.place),
        Objection::IssuerHttp(index) | Objection::IntrospectionHttp(index) => {
            urls.get(index).map(|written| written.place)
        }
        Objection::NoIsolation(index) => candidates.get(index).map(|candidate| &candidate.place),
        Objection::PerPrincipal(index) => candidates.get(index)?.isolation.as_ref().map(|isolation| &isolation.place),
    }
}
