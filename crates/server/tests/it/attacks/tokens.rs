//! Rows 23 to 60: what stands in a token.

use std::collections::BTreeSet;

use outboard_testkit::authority::{INTROSPECT, JWKS};
use outboard_testkit::mint::{Key, Mint};
use serde_json::json;
use tokio::time::Instant;

use super::asked::Asked;
use super::expected::Expected::{Invalid, Malformed, Plain, Scope, Served};
use super::site::{OTHER_KEY, Site};
use super::{Case, Scenario, case};

/// All tables of the mint but [`Mint::keyed`], whole; and what takes two issuers. `other` signs with [`OTHER_KEY`].
pub(super) fn cases(mint: &Mint, other: &Mint) -> Vec<Case> {
    let plain = |token: &str| Asked::plain().bearer(token);
    let hostile = mint.hostile().into_iter().map(|minted| {
        let expected = if NO_TOKENS.contains(&minted.name) { Malformed } else { Invalid };
        case(minted.row, minted.name, plain(&minted.token), expected)
    });
    let valid = mint.valid().into_iter().map(|minted| case(minted.row, minted.name, plain(&minted.token), Served));
    hostile.chain(valid).chain(configured(mint)).chain(two_issuers(mint, other)).collect()
}

/// Of the hostile tokens those that HTTP cannot carry as one (RFC 6750 §2.1).
const NO_TOKENS: [&str; 5] =
    ["sig-whitespace", "header-padding", "payload-padding", "jws-json-flattened", "jws-json-general"];

pub(super) fn scenarios() -> Vec<Scenario<Site>> {
    vec![
        Scenario { rows: &[31, 55], name: "nothing that tokens name is fetched", run: nothing_is_fetched },
        Scenario { rows: &[48], name: "one name at two issuers", run: one_name_at_two_issuers },
        Scenario { rows: &[57], name: "a token comes again", run: a_token_comes_again },
        Scenario { rows: &[63], name: "a flood of unknown keys", run: a_flood_of_unknown_keys },
        Scenario { rows: &[78], name: "no JWT is shown to an issuer that is asked", run: no_jwt_is_shown },
    ]
}

/// Settings decide here: these have none of them. Who is let in has not what was slipped in.
fn configured(mint: &Mint) -> Vec<Case> {
    let cases = mint.configured().into_iter().map(|minted| {
        let (asked, expected) = match minted.name {
            "aud-slash" | "scp-string" | "scp-array" => (Asked::plain(), Invalid),
            _ => (Asked::call("write", &json!({})), Scope("files:x mcp:write")),
        };
        case(minted.row, minted.name, asked.bearer(&minted.token), expected)
    });
    cases.collect()
}

fn two_issuers(mint: &Mint, other: &Mint) -> Vec<Case> {
    let plain = |token: &str| Asked::plain().bearer(token);
    let of_other = other.draft(OTHER_KEY).without_claim("scope");
    let scp = of_other.clone().claim("scp", json!(["mcp:read"]));
    let both = of_other.clone().claim("scp", json!(["mcp:read"])).claim("scope", "mcp:read mcp:write files:x");
    let slash = of_other.clone().claim("aud", format!("{}/", other.audience()));
    let jwt = of_other.clone().member("typ", "JWT");
    let theirs = mint.draft(OTHER_KEY);
    let names_theirs = other.draft(Key::Rsa);
    vec![
        case(36, "the key of one and the name of the other", plain(&theirs.sign(OTHER_KEY)), Invalid),
        case(36, "and the other way round", plain(&names_theirs.sign(Key::Rsa)), Invalid),
        case(36, "the second one", plain(&of_other.sign(OTHER_KEY)), Served),
        case(33, "typ JWT where it is configured", plain(&jwt.sign(OTHER_KEY)), Served),
        case(49, "scp where it is configured", Asked::call("read", &json!({})).bearer(&scp.sign(OTHER_KEY)), Served),
        case(49, "scp and scope where scp is configured", plain(&both.sign(OTHER_KEY)), Invalid),
        case(93, "a slash where it is configured", plain(&slash.sign(OTHER_KEY)), Served),
    ]
}

fn nothing_is_fetched(site: &Site) {
    assert_eq!(site.connections(), 0, "the tables have been played");
}

fn one_name_at_two_issuers(site: &Site) {
    let ours = site.mint.good();
    let theirs = site.other.draft(OTHER_KEY).without_claim("scope").sign(OTHER_KEY);
    let opened = site.attacked.ask(&Asked::initialize().bearer(&ours));
    let session = opened.header("mcp-session-id").expect("a session");
    site.attacked.secrets.borrow_mut().token(session);
    let ping = Asked::legacy(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping"})).in_session(session);
    Plain(404, Some(1404)).check(&site.attacked.ask(&ping.clone().bearer(&theirs))).unwrap();
    Served.check(&site.attacked.ask(&ping.bearer(&ours))).unwrap();
}

fn a_token_comes_again(site: &Site) {
    let asked = Asked::plain().bearer(&site.mint.good());
    for _ in 0..3 {
        Served.check(&site.attacked.ask(&asked)).unwrap();
    }
}

fn a_flood_of_unknown_keys(site: &Site) {
    const COOL_DOWN_SECONDS: u64 = 30;
    let (before, start) = (site.authority.count(JWKS), Instant::now());
    for number in 0..300 {
        let token = site.mint.unknown_kid(1000 + number);
        Invalid.check(&site.attacked.ask(&Asked::plain().bearer(&token))).unwrap();
    }
    Served.check(&site.attacked.ask(&Asked::plain().bearer(&site.mint.good()))).unwrap();
    let fetched = site.authority.count(JWKS) - before;
    let allowed = 1 + start.elapsed().as_secs() / COOL_DOWN_SECONDS;
    assert!(fetched as u64 <= allowed, "{fetched} fetches, {allowed} allowed");
}

fn no_jwt_is_shown(site: &Site) {
    let before = site.asked.count(INTROSPECT);
    // What does not even begin like a JWT may be a token of another kind.
    let is_like_a_jwt = |token: &str| token.starts_with("ey") && token.contains('.');
    for minted in site.mint.hostile().into_iter().filter(|minted| is_like_a_jwt(&minted.token)) {
        site.attacked.ask(&Asked::plain().bearer(&minted.token));
    }
    assert_eq!(site.asked.count(INTROSPECT), before);
    // By the config the one that this one names is asked about all of its tokens, whatever they look like.
    let named = site.mint.draft(Key::Rsa).claim("iss", site.asked.issuer()).sign(Key::Rsa);
    Invalid.check(&site.attacked.ask(&Asked::plain().bearer(&named))).unwrap();
    assert_eq!(site.asked.count(INTROSPECT), before + 1);
    Invalid.check(&site.attacked.ask(&Asked::plain().bearer("opaque-canary-e2b7"))).unwrap();
    assert_eq!(site.asked.count(INTROSPECT), before + 2);
    Served.check(&site.attacked.ask(&Asked::plain().bearer(&site.api_key))).unwrap();
    assert_eq!(site.asked.count(INTROSPECT), before + 2, "an API key is nobody else's business");
}

#[test]
fn every_token_of_the_mint_is_a_row() {
    let mint = Mint::new("http://127.0.0.1:1", super::expected::RESOURCE, super::now());
    let used: BTreeSet<String> = cases(&mint, &mint).into_iter().map(|case| case.name).collect();
    let keyed: BTreeSet<&str> = super::issuers::keyed(&mint).into_iter().map(|keyed| keyed.name).collect();
    let minted = [mint.hostile(), mint.valid(), mint.configured()].concat();
    let unused: Vec<&str> = minted.iter().map(|minted| minted.name).filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
    assert_eq!(keyed, mint.keyed().iter().map(|keyed| keyed.name).collect());
    let names: BTreeSet<&str> = minted.iter().map(|minted| minted.name).collect();
    assert!(NO_TOKENS.iter().all(|name| names.contains(name)), "{NO_TOKENS:?}");
}
