//! How many tokens that were never seen before one core verifies in a second, by the algorithm of their signatures; and how
//! many that were.
//!
//! It is the whole way of a token through `outboard-auth`, from text to principal: reading, key, signature, claims. It is one
//! thread, so that it can be given one core.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use outboard_auth::{AuthLimits, FetchConfig, Fetcher, IssuerConfig, Reach, ResourceServer, ResourceServerConfig};
use outboard_testkit::{
    authority::Authority,
    mint::{Key, Mint},
};
use tokio::time::Instant;

/// What the tokens are for.
const RESOURCE: &str = "https://mcp.example.com/mcp";

/// How many different tokens there are of each algorithm.
const TOKENS: u64 = 256;

/// For how long one line is measured.
const TURN: Duration = Duration::from_secs(2);

/// The algorithms, with the keys that sign by them.
const ALGORITHMS: [(&str, Key); 3] = [("RS256", Key::Rsa), ("ES256", Key::Ec), ("EdDSA", Key::Ed)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let authority = Authority::start().await;
    let mint = Mint::new(authority.issuer(), RESOURCE, now()?);
    authority.set_keys(mint.keys());
    // There is place for one token, so none of them is found again; and for all of them, so each is.
    let (unknown, known) = (server(&authority, 1)?, server(&authority, 10_000)?);
    let mut lines = vec!["| algorithm | verified/s | µs each | known/s | µs each |".to_owned()];
    lines.push("|-----------|------------|---------|---------|---------|".to_owned());
    for (name, key) in ALGORITHMS {
        let tokens: Vec<String> = (0..TOKENS).map(|number| token(&mint, key, number)).collect();
        let (fresh, again) = (rate(&unknown, &tokens).await?, rate(&known, &tokens).await?);
        let (fresh_us, again_us) = (1e6 / fresh, 1e6 / again);
        lines.push(format!("| {name:<9} | {fresh:>10.0} | {fresh_us:>7.1} | {again:>7.0} | {again_us:>7.2} |"));
    }
    writeln!(io::stdout(), "{}", lines.join("\n")).context("the table cannot be printed")
}

fn server(authority: &Authority, cached_tokens_max: usize) -> Result<ResourceServer> {
    let issuer = IssuerConfig { reach: Reach::AnyAddress, ..IssuerConfig::jwt(authority.issuer()) };
    let limits = AuthLimits { cached_tokens_max, ..AuthLimits::default() };
    let config = ResourceServerConfig { limits, ..ResourceServerConfig::new(RESOURCE.parse()?) }.issuer(issuer);
    Ok(ResourceServer::new(config, Fetcher::new(FetchConfig::default())?)?)
}

fn token(mint: &Mint, key: Key, number: u64) -> String {
    mint.draft(key).claim("jti", number).sign(key)
}

/// How many of these are verified in a second, one after the other, again and again.
async fn rate(server: &ResourceServer, tokens: &[String]) -> Result<f64> {
    for token in tokens {
        server.authenticate(token).await.context("a token was refused")?;
    }
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < TURN {
        for token in tokens {
            let principal = server.authenticate(token).await?;
            ensure!(principal.owner().client_id() != "", "the token has lost its client");
            count += 1;
        }
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, to which nobody hands a clock")]
fn now() -> Result<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(since.context("the clock stands before 1970")?.as_secs())
}
