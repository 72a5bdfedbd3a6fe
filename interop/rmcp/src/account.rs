//! Whose sign-in it is: gets tokens as a host of the SDK would, but goes to the authorization server itself.

use std::sync::Arc;

use reqwest::{Client, Url, redirect};
use rmcp::transport::auth::{
    AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest, OAuthState, WWWAuthenticateParams,
};
use tokio::sync::Mutex;

use crate::Outcome;

/// Nothing listens there: the code is taken from the answer that would send a browser there.
const REDIRECT: &str = "http://127.0.0.1/callback";

pub struct Account {
    manager: Arc<Mutex<AuthorizationManager>>,
    url: String,
    /// The URLs that a person was sent to.
    opened: Vec<String>,
}

impl Account {
    /// Signs in as the server's challenge asks. `document` is the URL of the client's metadata, if it has one.
    pub async fn login(url: &str, challenge: &str, document: Option<&str>) -> Outcome<(Self, AuthClient<Client>)> {
        let mut request = AuthorizationRequest::new(REDIRECT).with_client_name("outboard-interop");
        request = request.with_challenge(challenge).with_initial_scope_selection();
        if let Some(document) = document {
            request = request.with_client_metadata_url(document);
        }
        let mut state = OAuthState::new(url, None).await?;
        state.start_authorization(request).await?;
        let opened = state.get_authorization_url().await?;
        state.handle_callback_url(&visit(&opened).await?).await?;
        let manager = state.into_authorization_manager().ok_or("nobody has signed in")?;
        let client = AuthClient::new(Client::builder().build()?, manager);
        let account = Self { manager: Arc::clone(&client.auth_manager), url: url.to_owned(), opened: vec![opened] };
        Ok((account, client))
    }

    /// Signs in once more, for what the server's challenge asks for besides.
    pub async fn step_up(&mut self, challenge: &str) -> Outcome<()> {
        let asked = WWWAuthenticateParams::parse(challenge, &Url::parse(&self.url)?);
        let manager = self.manager.lock().await;
        let opened = manager.request_scope_upgrade(&asked.scope.ok_or("the challenge names no scope")?).await?;
        let back = AuthorizationCallback::from_redirect_url(&visit(&opened).await?)?;
        let issuer = back.issuer.as_deref();
        manager.exchange_code_for_token_with_issuer(&back.code, &back.csrf_token, issuer).await?;
        self.opened.push(opened);
        Ok(())
    }

    /// The last sign-in: which it is, what its client is known by, and the scopes that it asks for.
    pub fn sign_in(&self) -> Outcome<String> {
        let opened = Url::parse(self.opened.last().ok_or("nobody has signed in")?)?;
        let asked = |name: &str| opened.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let is_url = asked("client_id").is_some_and(|id| id.starts_with("https://"));
        let known = if is_url { "document" } else { "registration" };
        let scope = asked("scope").unwrap_or_default();
        let mut scopes: Vec<_> = scope.split(' ').collect();
        scopes.sort_unstable();
        Ok(format!("sign-in {} by {known} for: {}", self.opened.len(), scopes.join(" ")))
    }
}

/// Where the authorization server would send a browser that goes to the URL.
async fn visit(url: &str) -> Outcome<String> {
    let browser = Client::builder().redirect(redirect::Policy::none()).build()?;
    let answer = browser.get(url).send().await?;
    let location = answer.headers().get("location").and_then(|location| location.to_str().ok());
    Ok(location.ok_or_else(|| format!("the issuer answered {}", answer.status()))?.to_owned())
}
