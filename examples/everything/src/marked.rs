//! Tools that carry a marker of their caller through everything that they say, so that whoever reads it knows whose it is.

use std::time::Duration;

use outboard_server::types::CreateMessageParams;
use outboard_server::{Catalog, Context, NotAccepted, tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::asking::Name;

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog.tool(count_slowly).tool(ask_twice).tool(ask_model).tool(sign_once)
}

/// Most steps that are counted in one call.
const STEPS_MAX: u32 = 1000;

/// A colour.
#[derive(Deserialize, JsonSchema)]
struct Colour {
    color: String,
}

/// Whether somebody signs.
#[derive(Deserialize, JsonSchema)]
struct Signature {
    sign: bool,
}

/// Counts, and tells each number as progress.
#[tool(read_only)]
async fn count_slowly(
    ctx: &Context,
    /// What each number and the answer begin with.
    marker: String,
    /// How far to count, at most 1000.
    steps: u32,
    /// What lies between two numbers.
    pause_ms: u32,
) -> String {
    let steps = steps.min(STEPS_MAX);
    for step in 1..=steps {
        ctx.progress(step.into(), Some(steps.into()), Some(&format!("{marker} {step}")));
        tokio::time::sleep(Duration::from_millis(pause_ms.into())).await;
    }
    format!("{marker} counted to {steps}")
}

/// Asks the user for a name, then for a colour.
#[tool]
async fn ask_twice(
    ctx: &Context,
    /// What the questions and the answer begin with.
    marker: String,
) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("name", format!("{marker} asks for a name")).await?;
    let Colour { color } = ctx.elicit("colour", format!("{marker} asks {name} for a colour")).await?;
    Ok(format!("{marker} heard that {name} likes {color}"))
}

/// Asks the client's model something.
#[tool]
async fn ask_model(
    ctx: &Context,
    /// What the question and the answer begin with.
    marker: String,
) -> String {
    let question = CreateMessageParams::text(format!("{marker} asks the model"), 50);
    let answer = ctx.sample("model", question).await;
    format!("{marker} heard {}", answer.message.as_text())
}

/// Asks the user for a signature; what the client keeps in between can be used once.
#[tool(single_use)]
async fn sign_once(
    ctx: &Context,
    /// What the question and the answer begin with.
    marker: String,
) -> Result<String, NotAccepted> {
    let Signature { sign } = ctx.elicit("signature", format!("{marker} asks for a signature")).await?;
    Ok(format!("{marker} was signed: {sign}"))
}
