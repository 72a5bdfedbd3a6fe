//! Tools that ask the client once: its user, its model, its roots.

use outboard_server::types::{Capability, CreateMessageParams};
use outboard_server::{Catalog, Context, NotAccepted, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schemas;

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .tool(test_sampling)
        .tool(test_elicitation)
        .tool(test_url_elicitation)
        .tool(test_elicitation_sep1034_defaults)
        .tool(test_elicitation_sep1330_enums)
        .tool(test_missing_capability)
        .tool(test_streaming_elicitation)
        .tool(test_input_required_result_elicitation)
        .tool(test_input_required_result_sampling)
        .tool(test_input_required_result_list_roots)
        .tool(test_input_required_result_capabilities)
}

/// Who somebody is.
#[derive(Serialize, Deserialize, JsonSchema)]
struct User {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// What somebody is called.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Name {
    pub(crate) name: String,
}

/// Asks the client's model.
#[tool]
async fn test_sampling(
    ctx: &Context,
    /// What the model is asked.
    prompt: String,
) -> String {
    let answer = ctx.sample("answer", CreateMessageParams::text(prompt, 100)).await;
    format!("LLM response: {}", answer.message.as_text())
}

/// Asks the user who they are.
#[tool]
async fn test_elicitation(
    ctx: &Context,
    /// What the user is told.
    message: String,
) -> String {
    let asked = ctx.elicit::<User>("user", message).await;
    told(asked.map(|user| json!(user)))
}

/// Asks the user to visit a page.
#[tool]
async fn test_url_elicitation(
    ctx: &Context,
    /// What the user is told.
    message: String,
    /// Which page.
    url: String,
) -> String {
    match ctx.elicit_url("page", message, url).await {
        Ok(()) => "User response: action=accept".to_owned(),
        Err(error) => told(Err(error)),
    }
}

/// Asks the user for a form whose members have defaults.
#[tool]
async fn test_elicitation_sep1034_defaults(ctx: &Context) -> String {
    let asked = ctx.elicit_form("form", "Please review the defaults", schemas::form_with_defaults()).await;
    told(asked.map(Value::Object))
}

/// Asks the user for a form of choices.
#[tool]
async fn test_elicitation_sep1330_enums(ctx: &Context) -> String {
    let asked = ctx.elicit_form("form", "Please choose", schemas::form_of_choices()).await;
    told(asked.map(Value::Object))
}

/// How the user reacted to a form.
fn told(asked: Result<Value, NotAccepted>) -> String {
    match asked {
        Ok(content) => format!("User response: action=accept, content={content}"),
        Err(NotAccepted::Declined) => "User response: action=decline".to_owned(),
        Err(NotAccepted::Cancelled) => "User response: action=cancel".to_owned(),
    }
}

/// Needs a client with a model.
#[tool]
async fn test_missing_capability(ctx: &Context) -> String {
    let answer = ctx.sample("answer", CreateMessageParams::text("Say anything.", 10)).await;
    answer.message.as_text()
}

/// Asks the user something, on whatever the answer goes out on.
#[tool]
async fn test_streaming_elicitation(ctx: &Context) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("user_name", "What is your name?").await?;
    Ok(format!("Hello, {name}!"))
}

/// Asks for a name, and greets.
#[tool]
async fn test_input_required_result_elicitation(ctx: &Context) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("user_name", "What is your name?").await?;
    Ok(format!("Hello, {name}!"))
}

/// Asks the client's model for a capital.
#[tool]
async fn test_input_required_result_sampling(ctx: &Context) -> String {
    let question = CreateMessageParams::text("What is the capital of France?", 100);
    ctx.sample("capital_question", question).await.message.as_text()
}

/// Asks for the client's roots.
#[tool]
async fn test_input_required_result_list_roots(ctx: &Context) -> String {
    let roots = ctx.roots("client_roots").await;
    let uris: Vec<&str> = roots.iter().map(|root| root.uri.as_str()).collect();
    format!("The client has {} roots: {}", uris.len(), uris.join(", "))
}

/// Asks only for what the client has.
#[tool]
async fn test_input_required_result_capabilities(ctx: &Context) -> Result<String, NotAccepted> {
    if ctx.can_ask(Capability::ElicitationForm) {
        let Name { name } = ctx.elicit("user_name", "What is your name?").await?;
        return Ok(format!("The user is {name}."));
    }
    if ctx.can_ask(Capability::Sampling) {
        let name = ctx.sample("name", CreateMessageParams::text("Make up a name.", 20)).await;
        return Ok(format!("The model says {}.", name.message.as_text()));
    }
    Ok("There is nobody to ask.".to_owned())
}
