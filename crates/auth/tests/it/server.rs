//! Who brings a token: which issuer judges it, what is remembered, and what a config must not be.

use std::time::Duration;

use outboard_auth::{
    ApiKey, Check, ConfigError, ExplainedKind, ExplainedOutcome, IntrospectionForm, IntrospectionRules, InvalidToken,
    IssuerConfig, JwtRules, KeysState, ResourceServer, ResourceServerConfig, TokenKind,
};
use outboard_testkit::{
    authority::{Authority, Fault, JWKS, Listener},
    mint::{Key, Mint, Verdict},
};

use crate::bed::{Bed, NOW, RESOURCE, Refused as _, TestClock, config, fetcher, jwt_issuer};

#[tokio::test(start_paused = true)]
async fn hostile_tokens_are_refused_and_good_ones_are_not_and_nothing_is_fetched_for_them() {
    let listener = Listener::start().await;
    let mut bed = Bed::new().await;
    bed.mint = bed.mint.clone().listening_at(&listener.url());
    bed.server.warm().await;
    let before = bed.authority.count_all();
    for hostile in bed.mint.hostile() {
        bed.authenticate(&hostile.token).await.invalid();
        assert!(bed.server.remembered(&hostile.token).is_none(), "{}", hostile.name);
    }
    for good in bed.mint.valid() {
        bed.authenticate(&good.token).await.unwrap_or_else(|refusal| panic!("{}: {refusal}", good.name));
        assert!(bed.server.remembered(&good.token).is_some(), "{}", good.name);
    }
    assert_eq!(bed.authority.count_all(), before, "all keys are known, or asked for a short while ago");
    assert_eq!(listener.connections().await, 0);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_judged_by_the_keys_that_are_published() {
    for keyed in Mint::new("https://as.example", RESOURCE, NOW).keyed() {
        let bed = Bed::new().await;
        // Of this bed's issuer: the tokens are made anew.
        let keyed = bed.mint.keyed().into_iter().find(|other| other.name == keyed.name).unwrap();
        bed.authority.set_keys(keyed.keys);
        let authenticated = bed.authenticate(&keyed.token).await;
        match keyed.verdict {
            Verdict::Accepted => drop(authenticated.unwrap_or_else(|refusal| panic!("{}: {refusal}", keyed.name))),
            Verdict::Refused => assert!(authenticated.is_err(), "{}", keyed.name),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_issuer_that_a_token_names_is_the_one_whose_keys_count() {
    let other = Authority::start().await;
    other.set_keys(vec![Key::RogueRsa.jwk_as(Key::Rsa.kid())]);
    let bed = Bed::with(|_, config| config.issuers.push(jwt_issuer(other.issuer()))).await;
    let of_other = Mint::new(other.issuer(), RESOURCE, NOW);
    // The same subject of two issuers is two principals.
    let ours = bed.authenticate(&bed.fresh()).await.unwrap();
    let theirs = of_other.draft(Key::RogueRsa).member("kid", Key::Rsa.kid()).sign(Key::RogueRsa);
    let theirs = bed.authenticate(&theirs).await.unwrap();
    assert_eq!(ours.subject_key().subject(), theirs.subject_key().subject());
    assert_ne!(ours.subject_key(), theirs.subject_key());
    // A key of one signs nothing in the name of the other.
    assert_eq!(bed.authenticate(&of_other.good()).await.invalid(), InvalidToken::Signature);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_a_token_of_an_unknown_issuer() {
    let bed = Bed::new().await;
    let foreign = Mint::new("https://other.example", RESOURCE, NOW);
    assert_eq!(bed.at_once(&foreign.good()).invalid(), InvalidToken::Issuer);
    assert_eq!(bed.at_once("opaque").invalid(), InvalidToken::NotCompact { fault: "it does not have three parts" });
    let long = "a".repeat(16 * 1024 + 1);
    assert_eq!(bed.at_once(&long).invalid(), InvalidToken::TooLong { bytes_max: 16 * 1024 });
    let not_allowed = bed.mint.draft(Key::Rsa).member("alg", "RS512").member("kid", "new").sign(Key::Rsa);
    assert_eq!(bed.at_once(&not_allowed).invalid(), InvalidToken::Algorithm);
    assert_eq!(bed.authority.count_all(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_remembered_until_it_ends_or_for_a_minute() {
    let bed = Bed::new().await;
    let token = bed.fresh();
    let principal = bed.authenticate(&token).await.unwrap();
    bed.advance(Duration::from_secs(59)).await;
    assert_eq!(bed.server.remembered(&token), Some(principal));
    bed.advance(Duration::from_secs(1)).await;
    assert_eq!(bed.server.remembered(&token), None);
    bed.at_once(&token).unwrap();

    // 30 s of skew are left of this one.
    let ending = bed.mint.good_with(|claims| drop(claims.insert("exp".to_owned(), (NOW + 60).into())));
    bed.at_once(&ending).unwrap();
    bed.advance(Duration::from_secs(29)).await;
    assert!(bed.server.remembered(&ending).is_some());
    bed.advance(Duration::from_secs(1)).await;
    assert_eq!(bed.server.remembered(&ending), None);
    assert_eq!(bed.at_once(&ending).invalid(), InvalidToken::Expired);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_ended_by_the_time_of_day_is_not_remembered_whatever_other_clocks_say() {
    let bed = Bed::new().await;
    let token = bed.fresh();
    bed.authenticate(&token).await.unwrap();
    bed.clock.advance(Duration::from_secs(Mint::LIFETIME_SECONDS + 30));
    assert_eq!(bed.server.remembered(&token), None);
    assert_eq!(bed.at_once(&token).invalid(), InvalidToken::Expired);
}

#[tokio::test(start_paused = true)]
async fn no_more_tokens_are_remembered_than_may_be() {
    let bed = Bed::with(|_, config| config.limits.cached_tokens_max = 32).await;
    bed.server.warm().await;
    let tokens: Vec<_> = (0..400)
        .map(|number| {
            let draft = bed.mint.draft(Key::Ed).claim("sub", format!("user-{number}"));
            draft.sign(Key::Ed)
        })
        .collect();
    for token in &tokens {
        bed.at_once(token).unwrap();
    }
    let remembered = tokens.iter().filter(|token| bed.server.remembered(token).is_some()).count();
    assert!((1..=64).contains(&remembered), "{remembered}");
}

#[tokio::test(start_paused = true)]
async fn an_api_key_is_its_holder_without_anybody_being_asked() {
    let key = "obk_0123456789012345678901234567890123456789012";
    let bed = Bed::with(|_, config| {
        config.api_keys = vec![ApiKey::from_key("ci", key, "mcp:read".parse().unwrap()).unwrap()];
    })
    .await;
    let principal = bed.server.remembered(key).unwrap();
    assert_eq!(principal.subject_key().subject(), "ci");
    assert_eq!(bed.at_once(key).unwrap(), principal);
    assert_eq!(bed.at_once("obk_other").invalid(), InvalidToken::Unknown);
    assert_eq!(bed.server.explain(key).await.kind, ExplainedKind::ApiKey);
    assert_eq!(bed.authority.count_all(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_check_of_a_token_is_explained_and_the_token_is_not_shown() {
    let bed = Bed::new().await;
    let outcome = |explanation: &outboard_auth::Explanation, check| {
        explanation.checks.iter().find(|made| made.check == check).map(|made| made.outcome.clone()).unwrap()
    };
    let good = bed.fresh();
    let explanation = bed.server.explain(&good).await;
    assert_eq!(explanation.kind, ExplainedKind::Jwt { issuer: bed.authority.issuer().into() });
    assert!(explanation.checks.iter().all(|made| made.outcome == ExplainedOutcome::Passed), "{explanation:?}");
    assert_eq!(explanation.principal, Some(bed.authenticate(&good).await.unwrap()));
    assert!(!format!("{explanation:?}").contains(&good[..20]));

    // What it says is looked at even if nobody can vouch for it.
    let draft = bed.mint.draft(Key::RogueRsa).member("kid", Key::Rsa.kid()).claim("exp", NOW - 600).claim("aud", "x");
    let explanation = bed.server.explain(&draft.sign(Key::RogueRsa)).await;
    assert_eq!(outcome(&explanation, Check::Signature), ExplainedOutcome::Failed(InvalidToken::Signature));
    assert_eq!(outcome(&explanation, Check::Expiry), ExplainedOutcome::Failed(InvalidToken::Expired));
    assert_eq!(outcome(&explanation, Check::Audience), ExplainedOutcome::Failed(InvalidToken::Audience));
    assert_eq!(outcome(&explanation, Check::Subject), ExplainedOutcome::Passed);
    assert_eq!(explanation.principal, None);

    let foreign = Mint::new("https://other.example", RESOURCE, NOW).good();
    let explanation = bed.server.explain(&foreign).await;
    assert_eq!(explanation.kind, ExplainedKind::Unknown);
    assert_eq!(outcome(&explanation, Check::Form), ExplainedOutcome::Passed);
    assert_eq!(outcome(&explanation, Check::Issuer), ExplainedOutcome::Failed(InvalidToken::Issuer));
    assert_eq!(outcome(&explanation, Check::Signature), ExplainedOutcome::NotReached);
    let explanation = bed.server.explain("nonsense").await;
    assert!(matches!(outcome(&explanation, Check::Form), ExplainedOutcome::Failed(_)));
    assert_eq!(outcome(&explanation, Check::Scopes), ExplainedOutcome::NotReached);

    let down = Bed::new().await;
    down.authority.set(JWKS, Fault::Html);
    let explanation = down.server.explain(&down.fresh()).await;
    let ExplainedOutcome::Unanswered { reason } = outcome(&explanation, Check::Signature) else {
        panic!("{explanation:?}")
    };
    assert!(reason.contains(&down.authority.address().to_string()), "{reason}");
    assert_eq!(explanation.principal, None);
}

#[tokio::test(start_paused = true)]
async fn the_state_of_each_issuer_is_told() {
    let bed = Bed::with(|authority, config| {
        let endpoint = authority.introspection_endpoint().parse().unwrap();
        let mut opaque = jwt_issuer("http://127.0.0.1:1/opaque");
        opaque.tokens = TokenKind::Opaque(rules(endpoint, None));
        config.issuers.push(opaque);
    })
    .await;
    let states = bed.server.issuers();
    assert!(matches!(states[0].keys, KeysState::Missing { fault: None }));
    assert!(matches!(states[1].keys, KeysState::NotUsed));
    bed.server.warm().await;
    assert!(matches!(bed.keys_state(), KeysState::Fresh));
    assert_eq!(
        states.iter().map(|state| &*state.issuer).collect::<Vec<_>>(),
        [bed.authority.issuer(), "http://127.0.0.1:1/opaque"]
    );
    bed.server.warm().await;
    assert_eq!(bed.authority.count(JWKS), 1, "what is fresh is not fetched");
}

fn rules(endpoint: url::Url, prefix: Option<&str>) -> IntrospectionRules {
    IntrospectionRules {
        endpoint,
        form: IntrospectionForm::Introspection,
        credentials: None,
        token_prefix: prefix.map(Into::into),
    }
}

/// Makes a config bad.
type Change = Box<dyn FnOnce(&mut ResourceServerConfig)>;

#[test]
fn a_config_that_cannot_work_or_is_not_safe_is_refused() {
    let opaque = |issuer: &str, endpoint: &str, prefix| {
        IssuerConfig::new(issuer, TokenKind::Opaque(rules(endpoint.parse().unwrap(), prefix)))
    };
    let with = |issuers: Vec<IssuerConfig>| move |config: &mut ResourceServerConfig| config.issuers = issuers;
    let jwt = |rules: JwtRules| IssuerConfig::new("https://a.example", TokenKind::Jwt(rules));
    let key = |name: &str| ApiKey { name: name.into(), digest: [7; 32], scopes: "a".parse().unwrap() };
    let (first, second) = (key("one"), key("two"));
    let cases: Vec<(&str, Change)> = vec![
        ("IssuerUrl", Box::new(with(vec![IssuerConfig::jwt("accounts.example")]))),
        ("IssuerUrl", Box::new(with(vec![IssuerConfig::jwt("https://a.example/?q")]))),
        ("IssuerUrl", Box::new(with(vec![IssuerConfig::jwt("https://a.example/#f")]))),
        ("IssuerUrl", Box::new(with(vec![IssuerConfig::jwt("urn:outboard:local")]))),
        ("NotHttps", Box::new(with(vec![IssuerConfig::jwt("http://a.example")]))),
        ("NotHttps", Box::new(with(vec![IssuerConfig::jwt("http://127.0.0.1:9000")]))),
        ("Endpoint", Box::new(with(vec![IssuerConfig::jwt("https://127.0.0.1:9000")]))),
        ("Endpoint", Box::new(with(vec![jwt_issuer("ftp://a.example")]))),
        ("Endpoint", Box::new(with(vec![IssuerConfig::jwt("https://u:p@a.example")]))),
        ("NotHttps", Box::new(with(vec![opaque("https://a.example", "http://a.example/i", None)]))),
        ("Endpoint", Box::new(with(vec![opaque("https://a.example", "https://10.0.0.1/i", None)]))),
        (
            "NotHttps",
            Box::new(with(vec![jwt(JwtRules {
                keys: outboard_auth::KeySource::Jwks("http://a.example/k".parse().unwrap()),
                ..JwtRules::default()
            })])),
        ),
        ("NothingAccepted", Box::new(with(vec![jwt(JwtRules { algorithms: Vec::new(), ..JwtRules::default() })]))),
        ("NothingAccepted", Box::new(with(vec![jwt(JwtRules { types: Vec::new(), ..JwtRules::default() })]))),
        (
            "SameIssuer",
            Box::new(with(vec![IssuerConfig::jwt("https://a.example"), IssuerConfig::jwt("https://a.example")])),
        ),
        (
            "SamePrefix",
            Box::new(with(vec![
                opaque("https://a.example", "https://a.example/i", None),
                opaque("https://b.example", "https://b.example/i", None),
            ])),
        ),
        (
            "SamePrefix",
            Box::new(with(vec![
                opaque("https://a.example", "https://a.example/i", Some("tok_")),
                opaque("https://b.example", "https://b.example/i", Some("tok_b_")),
            ])),
        ),
        ("Limit", Box::new(|config| config.limits.skew = Duration::MAX)),
        ("Limit", Box::new(|config| config.limits.issuer_timeout = Duration::ZERO)),
        ("ApiKey", Box::new(move |config| config.api_keys = vec![first, second])),
    ];
    for (kind, change) in cases {
        let mut config = config(&TestClock::default());
        change(&mut config);
        let refused = ResourceServer::new(config, fetcher()).map(drop).unwrap_err();
        let found = match &refused {
            ConfigError::IssuerUrl { .. } => "IssuerUrl",
            ConfigError::NotHttps { .. } => "NotHttps",
            ConfigError::Endpoint { .. } => "Endpoint",
            ConfigError::SameIssuer { .. } => "SameIssuer",
            ConfigError::NothingAccepted { .. } => "NothingAccepted",
            ConfigError::SamePrefix { .. } => "SamePrefix",
            ConfigError::Credentials { .. } => "Credentials",
            ConfigError::Limit { .. } => "Limit",
            ConfigError::ApiKey(_) => "ApiKey",
        };
        assert_eq!(found, kind, "{refused}");
    }
}
