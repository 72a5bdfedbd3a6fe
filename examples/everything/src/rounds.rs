//! Tools that ask several things, at once or one after the other.

use outboard_server::types::CreateMessageParams;
use outboard_server::{Catalog, Context, NotAccepted, tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::asking::Name;

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .tool(test_input_required_result_request_state)
        .tool(test_input_required_result_multiple_inputs)
        .tool(test_input_required_result_multi_round)
        .tool(test_input_required_result_tampered_state)
}

/// Yes or no.
#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    ok: bool,
}

/// A colour.
#[derive(Deserialize, JsonSchema)]
struct Colour {
    color: String,
}

/// Asks for a confirmation; what it knows of the call in between is in the state that the client keeps.
#[tool]
async fn test_input_required_result_request_state(ctx: &Context) -> Result<String, NotAccepted> {
    let Confirmation { ok } = ctx.elicit("confirm", "Please confirm").await?;
    Ok(format!("state-ok: {ok}"))
}

/// Asks the user, the model and the client, all at once.
#[tool]
async fn test_input_required_result_multiple_inputs(ctx: &Context) -> Result<String, NotAccepted> {
    let (name, greeting, roots) = tokio::join!(
        ctx.elicit::<Name>("user_name", "What is your name?"),
        ctx.sample("greeting", CreateMessageParams::text("Generate a greeting", 50)),
        ctx.roots("client_roots"),
    );
    Ok(format!("{}: {}, at {} roots", name?.name, greeting.message.as_text(), roots.len()))
}

/// Asks one thing after the other.
#[tool]
async fn test_input_required_result_multi_round(ctx: &Context) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("step1", "Step 1: What is your name?").await?;
    let Colour { color } = ctx.elicit("step2", format!("Step 2: What is your favorite color, {name}?")).await?;
    Ok(format!("{name} likes {color}."))
}

/// Asks for a confirmation; a state that was changed on the way is refused.
#[tool]
async fn test_input_required_result_tampered_state(ctx: &Context) -> Result<String, NotAccepted> {
    let Confirmation { ok } = ctx.elicit("confirm", "Please confirm").await?;
    Ok(format!("confirmed: {ok}"))
}
