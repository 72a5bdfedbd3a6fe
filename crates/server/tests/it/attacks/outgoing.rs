//! Rows 244 to 250: where the server may be made to connect to.

use std::fs;

use super::Scenario;
use super::site::Site;
use crate::program::outboard;

pub(super) fn scenarios() -> Vec<Scenario<Site>> {
    vec![Scenario { rows: &[250], name: "proxies of the environment", run: proxies_of_the_environment }]
}

fn proxies_of_the_environment(site: &Site) {
    // Keys and metadata have been fetched, and the listener is every proxy that the environment names.
    assert!(site.authority.count_all() > 0);
    assert_eq!(site.connections(), 0);
}

#[test]
fn row_248_only_http_is_fetched() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("outboard.toml");
    let urls =
        ["gopher://a.example/", "file:///etc/passwd", "unix:/run/x.sock", "ftp://a.example/", "data:,x", "//a.example"];
    let keys = [
        "issuer = '{}'",
        "issuer = 'https://a.example'\njwks_url = '{}'",
        "issuer = 'https://a.example'\nmetadata_url = '{}'",
        "issuer = 'https://a.example'\nintrospection = { endpoint = '{}' }",
    ];
    let mut wrong = Vec::new();
    for key in keys {
        for url in urls {
            let table = key.replace("{}", url);
            fs::write(&file, format!("[[auth.issuers]]\n{table}\n")).unwrap();
            let checked =
                outboard().args(["check", "--config"]).arg(&file).env("HOME", directory.path()).output().unwrap();
            if checked.status.code() != Some(64) {
                wrong.push(table);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
