//! How clients reach the server, and which flags and settings then have no meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::File;
use super::layers::Overrides;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place};

/// How clients reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    /// Over the network, at `listen` and `path`.
    #[default]
    Http,
    /// Over standard input and output, for the one client that started the server.
    Stdio,
}

/// Refuses flags that say how to listen where nothing is listened on.
///
/// Only flags: who types one wants it to do something, while a file and the variables of a machine may serve both
/// transports.
pub(super) fn refuse_network_flags(file: &File, flags: &Overrides, report: &mut Diagnostics) {
    if file.transport.value == Transport::Http {
        return;
    }
    let given = [
        ("--listen", flags.listen.is_some()),
        ("--public-url", flags.public_url.is_some()),
        ("--path", flags.path.is_some()),
        ("--allowed-origin", !flags.allowed_origins.is_empty()),
        ("--insecure-no-auth", flags.insecure_no_auth),
        ("--issuer", !flags.issuers.is_empty()),
        ("--redis", flags.redis.is_some()),
        ("--key-file", flags.key_file.is_some()),
        ("--replicas", flags.replicas.is_some()),
        ("--dev-issuer", flags.dev_issuer),
        ("--dev-issuer-auto-approve", flags.dev_issuer_auto_approve.is_some()),
    ];
    for (flag, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        report.add(Diagnostic {
            code: Code::UselessFlag,
            place: Place::Flag(flag),
            what: format!("`{flag}`: with the transport `stdio` there is no listener"),
            why: None,
            fix: format!("leave `{flag}` out, or serve over the network with `--transport http`"),
        });
    }
}

/// Says of authentication in a file or a variable that nobody is asked for a token where nothing is listened on. Who gave a
/// flag for it is refused.
pub(super) fn tell_unused_auth(file: &File, report: &mut Diagnostics) {
    let dev_issuer = Some(&file.dev_issuer.enabled).filter(|enabled| enabled.value).map(|enabled| &enabled.place);
    let place = file.auth.as_ref().map(|auth| &auth.place).or(dev_issuer);
    let Some(place) =
        place.filter(|place| file.transport.value == Transport::Stdio && !matches!(place, Place::Flag(_)))
    else {
        return;
    };
    report.add(Diagnostic {
        code: Code::AuthNotUsed,
        place: place.clone(),
        what: "`auth`: over `stdio` the one local caller is served without a token".to_owned(),
        why: Some(
            "who starts a program may do what the program may: scopes and rules hold nobody back here".to_owned(),
        ),
        fix: "serve with `--transport http` to ask for tokens".to_owned(),
    });
}
