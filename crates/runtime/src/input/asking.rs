//! How a handler asks its caller's client: typed questions on its [`Context`].

use std::future::Future;

use outboard_protocol::types::{
    Capability, CreateMessageParams, CreateMessageResult, ElicitAction, ElicitParams, ElicitResult, InputRequest,
    ListRootsParams, ListRootsResult, Root, UrlMode,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::form::Form;
use super::rounds::Trust;
use crate::context::Context;

/// The user did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAccepted {
    /// They said no.
    #[error("the user declined to answer")]
    Declined,
    /// They closed the question.
    #[error("the user closed the question without an answer")]
    Cancelled,
}

/// Asking the client.
///
/// A question looks the same in both eras and ends with its answer. Towards a client of the modern era a question that has
/// no answer yet never ends: the call is answered with it, and made again with the answer, so the function **runs again from
/// the top** and asks its earlier questions again, which then have their answers. Hence:
///
/// - What must not be done twice comes after the last question, or goes through [`once`](Self::once).
/// - A question has a `key` that is the same in every run, and that no other question of the call has.
/// - Questions that do not depend on each other are joined (`tokio::join!`), so that they are asked together.
///
/// A question to a client that did not declare the capability ends the call with the error that says so, as does a live
/// question that gets no answer; [`can_ask`](Self::can_ask) tells before. So does a question that nobody could be asked, as
/// an internal error with the reason in the log.
///
/// # Cancel safety
///
/// A question that is dropped is withdrawn. Its answer, if it comes nevertheless, is lost in the legacy era.
impl Context {
    /// Whether the client can be asked for this.
    #[must_use]
    pub fn can_ask(&self, capability: Capability) -> bool {
        self.questions().can_ask(capability)
    }

    /// Asks the user to fill in a form that is made of `T`, a struct of texts, numbers, booleans, enums without data and
    /// lists of such enums (specification: *Elicitation*, form mode).
    ///
    /// Its documentation and its `#[schemars(…)]` attributes (`title`, `length`, `range`, `email`, …) are shown to the
    /// user; an `Option` may be left out, and so may what has a `#[serde(default)]`. The variants of an enum are shown by
    /// their `title` or documentation, where they have one. Never ask for passwords or keys like this: that is what
    /// [`elicit_url`](Self::elicit_url) is for.
    ///
    /// ```
    /// use outboard_runtime::{Context, NotAccepted, tool};
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Guest {
    ///     /// Your name.
    ///     name: String,
    ///     #[schemars(range(min = 18))]
    ///     age: u8,
    ///     meal: Option<Meal>,
    /// }
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// enum Meal {
    ///     Fish,
    ///     Vegetables,
    /// }
    ///
    /// /// Books a table.
    /// #[tool]
    /// async fn book(ctx: &Context) -> Result<String, NotAccepted> {
    ///     let guest: Guest = ctx.elicit("guest", "Who is coming?").await?;
    ///     Ok(format!("a table for {}", guest.name))
    /// }
    /// # outboard_runtime::Catalog::new("restaurant", "1.0.0").tool(book);
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotAccepted`] when the user declines, or closes the form.
    pub async fn elicit<T>(&self, key: &str, message: impl Into<String>) -> Result<T, NotAccepted>
    where
        T: DeserializeOwned + JsonSchema,
    {
        let form = match Form::of::<T>() {
            Ok(form) => form,
            Err(error) => return self.questions().fail(error).await,
        };
        let read = |content| serde_json::from_value(Value::Object(form.read(content)?)).ok();
        self.ask_form(key, Trust::OwnWord, form.request(message.into()), read).await
    }

    /// Asks the user to fill in a form whose schema is data: an object with flat `properties`, sent as it is.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub async fn elicit_form(
        &self,
        key: &str,
        message: impl Into<String>,
        schema: Value,
    ) -> Result<Map<String, Value>, NotAccepted> {
        let form = match Form::new(schema) {
            Ok(form) => form,
            Err(error) => return self.questions().fail(error).await,
        };
        self.ask_form(key, Trust::OwnWord, form.request(message.into()), |content| form.read(content)).await
    }

    /// Asks the user to visit a page, for what must not pass through the client (specification: *Elicitation*, URL mode).
    /// `Ok` says that they agreed to, not that they are done there.
    ///
    /// The page must find out by itself who visits it, and `url` must carry nothing secret.
    ///
    /// # Errors
    ///
    /// As [`elicit`](Self::elicit).
    pub async fn elicit_url(
        &self,
        key: &str,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<(), NotAccepted> {
        let (message, url) = (message.into(), url.into());
        let params = ElicitParams::Url { mode: UrlMode::Url, message, url, elicitation_id: None };
        self.ask_form(key, Trust::OwnWord, params, |_| Some(())).await
    }

    /// Asks the user to confirm. Everything but a yes is a no.
    ///
    /// What the client says without having been asked does not count here, as it does elsewhere: there was no question that
    /// the user could have read.
    pub async fn confirm(&self, key: &str, message: impl Into<String>) -> bool {
        let schema = json!({
            "type": "object",
            "properties": {"confirm": {"type": "boolean", "title": "Confirm"}},
            "required": ["confirm"]
        });
        let params = ElicitParams::Form { message: message.into(), requested_schema: schema };
        let read = |content: Option<Map<String, Value>>| content?.get("confirm")?.as_bool();
        self.ask_form(key, Trust::AskedByUs, params, read).await.unwrap_or(false)
    }

    /// Asks the client's model (specification: *Sampling*, deprecated since 2026-07-28).
    pub async fn sample(&self, key: &str, params: CreateMessageParams) -> CreateMessageResult {
        let request = InputRequest::CreateMessage(Box::new(params));
        self.questions().ask(key, Trust::OwnWord, request, |answer| serde_json::from_value(answer).ok()).await
    }

    /// Asks for the client's roots (specification: *Roots*, deprecated since 2026-07-28). They are what the client says:
    /// whether a path may be read is not up to it.
    pub async fn roots(&self, key: &str) -> Vec<Root> {
        let read = |answer| serde_json::from_value(answer).ok().map(|ListRootsResult { roots }| roots);
        self.questions().ask(key, Trust::OwnWord, InputRequest::ListRoots(ListRootsParams {}), read).await
    }

    /// Runs `work` and keeps what it gives for the rounds to come: they get it back, and `work` is not run again.
    ///
    /// What it gives travels through the client, sealed, and counts towards the size of that. It is not *exactly once*:
    /// a client may start afresh, and make two calls of one state, unless the tool is
    /// `single_use`; and where `work` ended and the call was dropped, nothing is kept.
    ///
    /// ```
    /// use outboard_runtime::{Context, tool};
    ///
    /// /// Buys at the price that the user has seen.
    /// #[tool]
    /// async fn buy(ctx: &Context) -> String {
    ///     let price: u32 = ctx.once("price", async { 42 }).await;
    ///     match ctx.confirm("buy", format!("Buy at {price}?")).await {
    ///         true => format!("bought at {price}"),
    ///         false => "not bought".to_owned(),
    ///     }
    /// }
    /// # outboard_runtime::Catalog::new("shop", "1.0.0").tool(buy);
    /// ```
    pub async fn once<T>(&self, key: &str, work: impl Future<Output = T> + Send) -> T
    where
        T: Serialize + DeserializeOwned + Send,
    {
        self.questions().once(key, work).await
    }

    /// Asks an elicitation; `read` reads the form of who accepted.
    async fn ask_form<T>(
        &self,
        key: &str,
        trust: Trust,
        params: ElicitParams,
        read: impl Fn(Option<Map<String, Value>>) -> Option<T> + Send,
    ) -> Result<T, NotAccepted> {
        let read = move |answer| {
            let ElicitResult { action, content } = serde_json::from_value(answer).ok()?;
            match action {
                ElicitAction::Accept => read(content).map(Ok),
                ElicitAction::Decline => Some(Err(NotAccepted::Declined)),
                ElicitAction::Cancel => Some(Err(NotAccepted::Cancelled)),
            }
        };
        self.questions().ask(key, trust, InputRequest::Elicit(params), read).await
    }
}
