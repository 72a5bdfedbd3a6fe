//! Keys come and go under load: nobody is let in by a key that is gone, and nobody kept out by one that is there.

use std::{
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use http::{Request, StatusCode, header};
use outboard_auth::{Audience, AuthLayer, AuthService, ResourceServer};
use outboard_testkit::{
    http::{PATIENCE, patiently},
    oidc_provider::{OidcProvider, UnverifiedJwt},
};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tower::{Layer as _, ServiceExt as _};

use super::{access_token, build, config_of, provider, resource};
use crate::layer::{Behind, Unread};

const ROUNDS: usize = 6;
const TASKS: usize = 8;

/// How many tokens are judged in each state of the keys before the next change.
const JUDGED_BETWEEN: u64 = 400;

const COOL_DOWN: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_rotate_under_load_without_one_wrong_answer() {
    let provider = provider().await;
    let began = Instant::now();
    let load = Load::new(server(&provider));
    for algorithm in ["ES256", "EdDSA"] {
        load.bystanders(&provider, algorithm).await;
    }
    let mut signing = load.generation(&provider).await;
    load.add(&signing);
    let mut tasks = load.start();

    for _ in 0..ROUNDS {
        load.judged(JUDGED_BETWEEN).await;
        provider.rotate(Some("RS256"), &[]).await;
        let next = load.generation(&provider).await;
        assert_ne!(next.kid, signing.kid, "the new key signs");
        load.is_found(&provider, &next).await;
        load.add(&next);
        load.judged(JUDGED_BETWEEN).await;

        signing.set(State::Leaving);
        provider.rotate(None, &[&signing.kid]).await;
        fetched_twice(&provider).await;
        signing.set(State::Gone);
        signing = next;
    }
    load.judged(JUDGED_BETWEEN).await;

    load.stop.store(true, Ordering::SeqCst);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let fetches_max = 1 + began.elapsed().as_millis() / COOL_DOWN.as_millis();
    let fetches = provider.count("/jwks").await;
    assert!(u128::from(fetches) <= fetches_max, "{fetches} fetches of keys, and no more than {fetches_max} may be");
    let Tally { let_in, kept_out, wrong } = &*load.tally.lock().unwrap();
    assert!(wrong.is_empty(), "{} wrong answers, the first of them: {:?}", wrong.len(), wrong.first());
    assert!(*let_in > JUDGED_BETWEEN && *kept_out > JUDGED_BETWEEN, "{let_in} let in, {kept_out} kept out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_that_is_gone_lets_nobody_in_once_keys_are_no_longer_fresh() {
    let provider = provider().await;
    let load = Load::new(server(&provider));
    let old = load.generation(&provider).await;
    assert_eq!(load.ask(&old.tokens[0]).await, StatusCode::OK);
    provider.rotate(Some("RS256"), &[&old.kid]).await;
    let gone = Instant::now();
    // Nothing but this token asks for the keys to be fetched again: that they are no longer fresh has to do.
    let refused = async { while load.ask(&old.tokens[0]).await == StatusCode::OK {} };
    patiently("the refusal", refused).await;
    // The time that a fetch takes comes on top. It is the provider's, and on a busy machine no short one.
    assert!(gone.elapsed() < 2 * FRESH_FOR + PATIENCE / 10, "{:?}", gone.elapsed());
    // One more, for the key that is no longer there, where the other took longer than the cool-down.
    assert!((2..=3).contains(&provider.count("/jwks").await));
}

const FRESH_FOR: Duration = Duration::from_millis(300);

/// With times that are short enough for a test, and with nothing remembered for longer than a moment, so that most tokens
/// are judged by the keys and some are not.
fn server(provider: &OidcProvider) -> ResourceServer {
    let mut config = config_of(provider, "RS256");
    config.issuers[0].audiences = ["ES256", "EdDSA"].map(|kind| Audience::new(resource(kind).as_str())).to_vec();
    config.limits.keys_fresh_for = FRESH_FOR;
    config.limits.keys_fresh_min = FRESH_FOR;
    config.limits.keys_fresh_max = FRESH_FOR;
    config.limits.keys_cool_down = COOL_DOWN;
    config.limits.cached_for = Duration::from_millis(20);
    // Of a busy machine, and not what is tested here.
    config.limits.issuer_timeout = PATIENCE;
    build(config)
}

/// After this the keys have been fetched once from beginning to end since it was called: the second fetch does not begin
/// before the first has ended.
async fn fetched_twice(provider: &OidcProvider) {
    let before = provider.count("/jwks").await;
    patiently("two fetches of the keys", async { while provider.count("/jwks").await < before + 2 {} }).await;
}

/// Tokens that one key has signed.
struct Generation {
    kid: String,
    tokens: Vec<String>,
    state: AtomicU8,
}

/// How it stands with a key.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
enum State {
    /// It is published, and the server has seen it: its tokens are good.
    Published,
    /// It is about to be dropped, or has been a short while ago: nobody can say.
    Leaving,
    /// It is gone, and the keys have been fetched since: its tokens are not good.
    Gone,
}

impl Generation {
    fn set(&self, state: State) {
        self.state.store(state as u8, Ordering::SeqCst);
    }

    fn is(&self, state: State) -> bool {
        self.state.load(Ordering::SeqCst) == state as u8
    }
}

/// Tasks that bring tokens of all generations, over and over.
#[derive(Clone)]
struct Load {
    guarded: AuthService<Behind>,
    generations: Arc<RwLock<Vec<Arc<Generation>>>>,
    stop: Arc<AtomicBool>,
    judged: watch::Sender<u64>,
    tally: Arc<Mutex<Tally>>,
}

#[derive(Default)]
struct Tally {
    let_in: u64,
    kept_out: u64,
    wrong: Vec<String>,
}

impl Load {
    fn new(server: ResourceServer) -> Self {
        Self {
            guarded: AuthLayer::new(server).layer(Behind::default()),
            generations: Arc::default(),
            stop: Arc::default(),
            judged: watch::Sender::new(0),
            tally: Arc::default(),
        }
    }

    /// Tokens by the key that signs now, of the program and of two people.
    async fn generation(&self, provider: &OidcProvider) -> Arc<Generation> {
        self.of_kind(provider, "RS256").await
    }

    async fn of_kind(&self, provider: &OidcProvider, kind: &str) -> Arc<Generation> {
        let resource = resource(kind);
        let mut tokens = Vec::new();
        for user in ["alice", "bob"] {
            tokens.push(access_token(&provider.code_flow(user, &resource, "tools:read").await).to_owned());
        }
        for _ in 0..4 {
            tokens.push(provider.token_by_client_credentials(&resource, "tools:read").await);
        }
        let kid = UnverifiedJwt::open(&tokens[0]).header["kid"].as_str().unwrap().to_owned();
        Arc::new(Generation { kid, tokens, state: AtomicU8::new(State::Published as u8) })
    }

    /// Tokens by a key that stays, so that what happens to another is seen not to disturb them.
    async fn bystanders(&self, provider: &OidcProvider, kind: &str) {
        let generation = self.of_kind(provider, kind).await;
        self.add(&generation);
    }

    fn add(&self, generation: &Arc<Generation>) {
        self.generations.write().unwrap().push(Arc::clone(generation));
    }

    /// Brings a token by a new key until it is let in. The keys are fetched for it at most once, when the time is over in
    /// which nobody fetches them again; until then it is refused, and nothing else.
    async fn is_found(&self, provider: &OidcProvider, generation: &Generation) {
        let before = provider.count("/jwks").await;
        let found = async {
            loop {
                let fetched = provider.count("/jwks").await;
                let status = self.ask(&generation.tokens[0]).await;
                if status == StatusCode::OK {
                    return;
                }
                assert_eq!(status, StatusCode::UNAUTHORIZED);
                assert!(fetched < before + 2, "the keys were fetched, and the new one is not known");
            }
        };
        patiently("the new key to be known", found).await;
    }

    async fn ask(&self, token: &str) -> StatusCode {
        let request = Request::builder().header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Unread).unwrap();
        self.guarded.clone().oneshot(request).await.unwrap().status()
    }

    fn start(&self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for first in 0..TASKS {
            let load = self.clone();
            tasks.spawn(async move {
                for number in (first..).step_by(TASKS) {
                    if load.stop.load(Ordering::SeqCst) {
                        break;
                    }
                    load.judge(number).await;
                }
            });
        }
        tasks
    }

    /// Brings one token, and judges the answer by how it stood with its key before and afterwards.
    async fn judge(&self, number: usize) {
        let generation = {
            let generations = self.generations.read().unwrap();
            Arc::clone(&generations[number % generations.len()])
        };
        let was_gone = generation.is(State::Gone);
        let status = self.ask(&generation.tokens[number % generation.tokens.len()]).await;
        let is_published = generation.is(State::Published);
        {
            let mut tally = self.tally.lock().unwrap();
            match status {
                StatusCode::OK if !was_gone => tally.let_in += 1,
                StatusCode::UNAUTHORIZED if !is_published => tally.kept_out += 1,
                _ => tally.wrong.push(format!("{status} (gone before: {was_gone}, published after: {is_published})")),
            }
        }
        self.judged.send_modify(|judged| *judged += 1);
        tokio::task::yield_now().await;
    }

    /// Waits until so many more tokens have been judged.
    async fn judged(&self, more: u64) {
        let mut judged = self.judged.subscribe();
        let target = *judged.borrow() + more;
        let enough = judged.wait_for(|judged| *judged >= target);
        patiently("tokens to be judged", enough).await.unwrap();
    }
}
