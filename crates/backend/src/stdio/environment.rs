//! Which variables a child gets: an allow list, so that no secret of the server's reaches it by accident.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::config::StdioConfig;

/// What programs need to find their files, their user, their language and their certificates.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TZ",
    "TERM",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];

/// The same for whole families of names.
const PASSED_PREFIXES: &[&str] = &["LC_", "XDG_"];

/// The environment of a child, from ours and from what its config says.
pub(super) fn child_environment(
    ours: impl IntoIterator<Item = (OsString, OsString)>,
    config: &StdioConfig,
) -> Vec<(OsString, OsString)> {
    let passed = ours.into_iter().filter(|(name, _)| is_passed(name, &config.env_pass));
    let written = config.env.iter().map(|(name, value)| (name.into(), value.into()));
    // Later ones win.
    passed.chain(written).collect::<BTreeMap<OsString, OsString>>().into_iter().collect()
}

fn is_passed(name: &OsStr, further: &[String]) -> bool {
    name.to_str().is_some_and(|name| {
        PASSED.contains(&name)
            || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || further.iter().any(|further| further == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_passed_on_but_what_is_listed() {
        let ours = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("XDG_CACHE_HOME", "/c"),
            ("NODE_EXTRA_CA_CERTS", "/ca.pem"),
            ("OUTBOARD_REDIS_URL", "secret"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("LD_PRELOAD", "evil.so"),
            ("NODE_OPTIONS", "--inspect"),
            ("PATHS", "x"),
            ("path", "x"),
            ("GITHUB_TOKEN", "wanted"),
            ("HOME", "/ours"),
        ];
        let mut config = StdioConfig::new("a", "b");
        config.env = [("HOME".to_owned(), "/its".to_owned()), ("MODE".to_owned(), "x=y".to_owned())].into();
        config.env_pass = vec!["GITHUB_TOKEN".to_owned(), "NOT_SET".to_owned()];
        let ours = ours.map(|(name, value)| (name.into(), value.into()));
        let environment = child_environment(ours, &config);
        let expected = [
            ("GITHUB_TOKEN", "wanted"),
            ("HOME", "/its"),
            ("LC_ALL", "C"),
            ("MODE", "x=y"),
            ("NODE_EXTRA_CA_CERTS", "/ca.pem"),
            ("PATH", "/bin"),
            ("XDG_CACHE_HOME", "/c"),
        ];
        assert_eq!(environment, expected.map(|(name, value)| (name.into(), value.into())));
    }
}
