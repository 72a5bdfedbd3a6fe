//! Prompts: with and without arguments, with a picture, with a resource, with a question to the user.

#![expect(non_snake_case, reason = "the suite names an argument like this")]

use outboard_server::types::{Content, PromptMessage, ResourceContents};
use outboard_server::{Catalog, Context, NotAccepted, prompt};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::media;

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .prompt(test_simple_prompt)
        .prompt(test_prompt_with_arguments)
        .prompt(test_prompt_with_embedded_resource)
        .prompt(test_prompt_with_image)
        .prompt(test_input_required_result_prompt)
}

/// A prompt without arguments.
#[prompt]
async fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// A prompt with two arguments.
#[prompt(complete(arg1 = suggestions, arg2 = suggestions))]
async fn test_prompt_with_arguments(
    /// The first argument.
    arg1: String,
    /// The second argument.
    arg2: String,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

/// What goes on as it was begun.
fn suggestions(begun: &str) -> Vec<String> {
    let known = ["test", "testing", "tested", "production"];
    known.into_iter().filter(|word| word.starts_with(begun)).map(str::to_owned).collect()
}

/// A prompt that brings a resource with it.
#[prompt]
async fn test_prompt_with_embedded_resource(
    /// The URI of the resource.
    resourceUri: String,
) -> Vec<PromptMessage> {
    let resource = ResourceContents::text(resourceUri, "text/plain", "Embedded resource content for testing.");
    vec![
        PromptMessage::user(Content::resource(resource)),
        PromptMessage::user("Please process the embedded resource above."),
    ]
}

/// A prompt that brings a picture with it.
#[prompt]
async fn test_prompt_with_image() -> Vec<PromptMessage> {
    vec![
        PromptMessage::user(Content::image(media::PNG, "image/png")),
        PromptMessage::user("Please analyze the image above."),
    ]
}

/// What a prompt is for.
#[derive(Deserialize, JsonSchema)]
struct Purpose {
    context: String,
}

/// A prompt that asks the user what it is for.
#[prompt]
async fn test_input_required_result_prompt(ctx: &Context) -> Result<String, NotAccepted> {
    let Purpose { context } = ctx.elicit("user_context", "What context should the prompt use?").await?;
    Ok(format!("Use this context: {context}"))
}
