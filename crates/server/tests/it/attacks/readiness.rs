//! Rows 19 and 66, as far as they are about readiness: it is told to everybody, and without keys there is none.

use http::StatusCode;
use outboard_testkit::authority::{Authority, Fault, JWKS};
use outboard_testkit::mint::Mint;
use tokio::runtime::Runtime;

use super::asked::{Answer, Asked};
use super::attacked::Attacked;
use super::expected::Expected::{Bare, Served, Unavailable};
use super::expected::RESOURCE;
use super::now;

/// A server whose one issuer has this fault from the start.
struct Keyless {
    attacked: Attacked,
    issuer: Authority,
    mint: Mint,
    /// Runs the issuer.
    _runtime: Runtime,
}

impl Keyless {
    fn start(fault: fn(&Authority)) -> Self {
        let runtime = Runtime::new().unwrap();
        let issuer = runtime.block_on(Authority::start());
        let mint = Mint::new(issuer.issuer(), RESOURCE, now());
        issuer.set_keys(mint.keys());
        fault(&issuer);
        let config = format!(
            "[auth]\nresource = '{RESOURCE}'\ninitial_scopes = 'mcp:read'\n[auth.limits]\nkeys_cool_down = '1s'\n\
             [[auth.issuers]]\nissuer = '{}'\n",
            issuer.issuer()
        );
        let attacked = Attacked::start(tempfile::tempdir().unwrap(), &config, &[], &[]);
        attacked.secrets.borrow_mut().word(STORY);
        Self { attacked, issuer, mint, _runtime: runtime }
    }

    fn readiness(&self) -> Answer {
        self.attacked.ask(&Asked::new("GET", "/readyz"))
    }

    /// Waits until readiness has a text in it.
    fn ready_with(&self, text: &str) -> Answer {
        let mut answer = self.readiness();
        crate::drain::wait_until(text, || {
            answer = self.readiness();
            answer.body.contains(text)
        });
        answer
    }
}

/// What the issuer says with its error, which is for nobody.
const STORY: &str = "canary-database-inside-5d21";

fn status(status: u16) -> Fault {
    Fault::Status(StatusCode::from_u16(status).unwrap())
}

#[test]
fn row_19_readiness_needs_no_token_and_is_503_with_the_reason_without_keys() {
    let site = Keyless::start(|issuer| {
        let scripted = outboard_testkit::authority::Scripted {
            status: StatusCode::BAD_GATEWAY,
            headers: Vec::new(),
            body: format!("no route to {STORY}").into(),
        };
        issuer.set(JWKS, Fault::Answer(scripted));
    });
    let answer = site.ready_with("could not be fetched");
    assert_eq!(answer.status, 503, "{}", answer.body);
    let told = answer.json();
    assert_eq!((&told["status"], &told["checks"]["issuers"]["status"]), (&"not ready".into(), &"not ready".into()));
    let reason = told["checks"]["issuers"]["reason"].as_str().unwrap();
    assert_eq!(reason, format!("the keys of {} could not be fetched", site.issuer.issuer()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(site.attacked.ask(&Asked::new("GET", "/livez")).status, 200, "that is no reason to restart it");
    Bare.check(&site.attacked.ask(&Asked::new("GET", "/mcp").line("Accept: text/event-stream"))).unwrap();
    site.attacked.end();
}

#[test]
fn row_66_a_server_starts_without_keys_and_is_ready_once_it_has_them() {
    let faults: [fn(&Authority); 2] = [
        |issuer| issuer.set(JWKS, status(500)),
        |issuer| issuer.metadata_paths().iter().for_each(|path| issuer.set(path, status(500))),
    ];
    for fault in faults {
        let site = Keyless::start(fault);
        assert_eq!(site.ready_with("could not be fetched").status, 503);
        let calling = Asked::plain().bearer(&site.mint.good());
        Unavailable.check(&site.attacked.ask(&calling)).unwrap();
        Bare.check(&site.attacked.ask(&Asked::plain())).unwrap();
        site.issuer.clear();
        let answer = site.ready_with("\"issuers\":{\"status\":\"ready\"}");
        assert_eq!(answer.status, 200, "{}", answer.body);
        Served.check(&site.attacked.ask(&calling)).unwrap();
        site.attacked.end();
    }
}
