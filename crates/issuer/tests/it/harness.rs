//! An issuer for one test, with a clock that stands still, and the steps of a client.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use outboard_fetch::{FetchConfig, Fetcher};
use outboard_issuer::{ClientSecret, Clock, GrantType, Issuer, IssuerConfig, StaticClient};
use serde_json::{Value, json};
use tower_service::Service;
use url::{Url, form_urlencoded};

pub(crate) const ISSUER: &str = "http://127.0.0.1:8080/dev-issuer";
pub(crate) const RESOURCE: &str = "http://127.0.0.1:8080/mcp";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:33418/callback";
pub(crate) const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

pub(crate) struct Harness {
    pub(crate) issuer: Issuer,
    pub(crate) base: String,
    seconds: Arc<AtomicU64>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) fn config() -> IssuerConfig {
    let mut config = IssuerConfig::new(Url::parse(ISSUER).unwrap());
    config.resources = vec![RESOURCE.to_owned()];
    config.scopes = vec!["files:read".to_owned(), "files:write".to_owned()];
    config.allow_redirect = vec!["https://app.example/cb".to_owned()];
    config.clients = vec![
        StaticClient {
            id: "app".to_owned(),
            name: "The App".to_owned(),
            secret: None,
            grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            redirect_uris: vec![
                REDIRECT.to_owned(),
                "https://app.example/cb".to_owned(),
                "http://localhost/callback".to_owned(),
            ],
            scopes: None,
        },
        StaticClient {
            id: "robot".to_owned(),
            name: "Robot".to_owned(),
            secret: Some(ClientSecret::new("s3cr:t &+%")),
            grants: vec![GrantType::ClientCredentials],
            redirect_uris: Vec::new(),
            scopes: None,
        },
    ];
    config
}

impl Harness {
    /// The usual issuer, with alice approving everything.
    pub(crate) fn new() -> Self {
        Self::with(|config| config.dangerous_auto_approve = Some("alice".to_owned()))
    }

    pub(crate) fn with(change: impl FnOnce(&mut IssuerConfig)) -> Self {
        let mut config = config();
        let seconds = Arc::new(AtomicU64::new(1_800_000_000));
        let clock = Arc::clone(&seconds);
        config.clock = Clock::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst)));
        change(&mut config);
        let base = config.issuer.path().trim_end_matches('/').to_owned();
        let issuer = Issuer::new(config, Fetcher::new(FetchConfig::default()).unwrap()).unwrap();
        Self { issuer, base, seconds }
    }

    pub(crate) fn now(&self) -> u64 {
        self.seconds.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sends a request; without a `Host`, it goes to the issuer's own.
    pub(crate) async fn send(&self, mut request: Request<Full<Bytes>>) -> Answer {
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, "127.0.0.1:8080".parse().unwrap());
        }
        read(self.issuer.clone().call(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Full::default()).unwrap()).await
    }

    /// Sends a request as a browser with this cookie.
    pub(crate) async fn get_with(&self, path: &str, cookie: &str) -> Answer {
        self.send(Request::get(path).header(COOKIE, cookie).body(Full::default()).unwrap()).await
    }

    /// Posts a form to an endpoint below the issuer.
    pub(crate) async fn form(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        self.form_as(path, parameters, None).await
    }

    pub(crate) async fn form_as(&self, path: &str, parameters: &[(&str, &str)], authorization: Option<&str>) -> Answer {
        let mut request = Request::post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(encode(parameters)))
            .unwrap();
        if let Some(authorization) = authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.parse().unwrap());
        }
        self.send(request).await
    }

    pub(crate) async fn register(&self, metadata: &Value) -> Answer {
        let request = Request::post(format!("{}/register", self.base)).header(CONTENT_TYPE, "application/json");
        self.send(request.body(Full::from(metadata.to_string())).unwrap()).await
    }

    /// Sends an authorization request: the good one of `app`, with parameters replaced, and removed where the value is empty.
    pub(crate) async fn authorize(&self, changes: &[(&str, &str)]) -> Answer {
        self.get(&self.request(changes)).await
    }

    /// Path and query of such a request.
    pub(crate) fn request(&self, changes: &[(&str, &str)]) -> String {
        let mut parameters: Vec<(&str, &str)> =
            good_request().into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name)).collect();
        parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let challenge = challenge(VERIFIER);
        let parameters: Vec<(&str, &str)> = parameters
            .into_iter()
            .map(|(name, value)| (name, if value == "CHALLENGE" { challenge.as_str() } else { value }))
            .collect();
        format!("{}/authorize?{}", self.base, encode(&parameters))
    }

    /// A code for `app`, or for whom the changes say.
    pub(crate) async fn code(&self, changes: &[(&str, &str)]) -> String {
        let answer = self.authorize(changes).await;
        answer.location().get("code").unwrap_or_else(|| panic!("{answer:?}")).clone()
    }

    /// Redeems a code as `app`, with parameters replaced, and removed where the value is empty.
    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let good = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", "app"),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("resource", RESOURCE),
        ];
        let kept = good.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        let changed = changes.iter().copied().filter(|(_, value)| !value.is_empty());
        self.form("/token", &kept.chain(changed).collect::<Vec<_>>()).await
    }

    /// Tokens of `app` for alice.
    pub(crate) async fn tokens(&self) -> Value {
        let code = self.code(&[]).await;
        let answer = self.redeem(&code, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let parameters = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)];
        self.form("/token", &parameters.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()).await
    }

    /// What the introspection endpoint says of a token to `robot`.
    pub(crate) async fn introspect(&self, token: &str) -> Value {
        let answer = self.form_as("/introspect", &[("token", token)], Some(&robot())).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await["active"] == json!(true)
    }

    /// Signs a user in on the sign-in page: what the browser sees next, and its cookie from then on.
    pub(crate) async fn sign_in(&self, page: &Answer, user: &str) -> (Answer, String) {
        let answer = self.press(page, &page.cookie(), ("user", user)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        let cookie = answer.cookie();
        (self.get_with(answer.header("location"), &cookie).await, cookie)
    }

    /// Sends the form of a page, as a browser with the cookie does, with the button that was pressed.
    pub(crate) async fn press(&self, page: &Answer, cookie: &str, button: (&str, &str)) -> Answer {
        let mut fields = page.fields();
        fields.push((button.0.to_owned(), button.1.to_owned()));
        self.submit(&page.action(), &fields, Some(cookie), Some("http://127.0.0.1:8080")).await
    }

    pub(crate) async fn submit(
        &self,
        path: &str,
        fields: &[(String, String)],
        cookie: Option<&str>,
        origin: Option<&str>,
    ) -> Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(encode(&fields)))
            .unwrap();
        if let Some(cookie) = cookie {
            request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        }
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        }
        self.send(request).await
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The OAuth error, in JSON or in a redirect.
    pub(crate) fn error(&self) -> String {
        if self.headers.contains_key(LOCATION) {
            return self.location().get("error").cloned().unwrap_or_default();
        }
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The parameters of the redirect.
    pub(crate) fn location(&self) -> HashMap<String, String> {
        let Some(location) = self.headers.get(LOCATION) else { return HashMap::new() };
        Url::parse(location.to_str().unwrap()).unwrap().query_pairs().into_owned().collect()
    }

    /// The cookie that was set, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        self.header(SET_COOKIE.as_str()).split(';').next().unwrap().to_owned()
    }

    /// The hidden fields of the form.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let inputs = self.body.split("<input type=\"hidden\" name=\"").skip(1);
        inputs
            .map(|input| {
                let mut parts = input.split('"');
                (parts.next().unwrap().to_owned(), parts.nth(1).unwrap().to_owned())
            })
            .collect()
    }

    pub(crate) fn action(&self) -> String {
        self.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

pub(crate) fn good_request() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("state", "st&te"),
        ("scope", "files:read"),
        ("resource", RESOURCE),
        ("code_challenge", "CHALLENGE"),
        ("code_challenge_method", "S256"),
    ]
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The credentials of `robot`, form-encoded as RFC 6749 §2.3.1 has it.
pub(crate) fn robot() -> String {
    let secret: String = form_urlencoded::byte_serialize(b"s3cr:t &+%").collect();
    basic("robot", &secret)
}

pub(crate) fn encode(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

async fn read(response: Response<Full<Bytes>>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}
