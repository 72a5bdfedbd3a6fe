//! The order: one tool that asks the user three times, twice at once and then for a confirmation.
//!
//! The function reads as if it waited for each answer. For a client of the stateless revision it runs again from the top
//! in each round, with the answers so far; what must not happen again between the rounds stands in `once`.

use std::sync::atomic::{AtomicU64, Ordering};

use outboard_server::schemars::{self, JsonSchema};
use outboard_server::{Context, Handle, NotAccepted, StateError, tool};
use serde::{Deserialize, Serialize};

use crate::basket::Basket;

/// Where an order goes: a form of texts.
#[derive(Deserialize, JsonSchema)]
struct Address {
    /// Who receives it
    name: String,
    /// Street and number
    street: String,
    /// Town
    town: String,
}

/// When it comes: a form with a choice, and with a member that may be left out.
#[derive(Deserialize, JsonSchema)]
struct Delivery {
    /// Time of the day
    time: Time,
    /// A word for the driver
    note: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Time {
    Morning,
    Evening,
}

/// Why there is no order. The model reads the text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckOutError {
    #[error("the basket is empty: put something into it first")]
    Empty,
    #[error("nothing was ordered: {0}")]
    NotAnswered(#[from] NotAccepted),
    #[error(transparent)]
    Basket(#[from] StateError),
}

/// Orders what is in a basket. Asks the user where and when to deliver, and to confirm the order.
#[tool(destructive = false)]
pub(crate) async fn check_out(
    ctx: &Context,
    /// The basket, as `open_basket` gave it.
    basket: Handle,
) -> Result<String, CheckOutError> {
    let baskets = ctx.state::<Basket>();
    let content = baskets.get(&basket).await?;
    if content.is_empty() {
        return Err(CheckOutError::Empty);
    }
    let (address, delivery) = tokio::join!(
        ctx.elicit::<Address>("address", "Where shall we deliver to?"),
        ctx.elicit::<Delivery>("delivery", "When shall we come?"),
    );
    let (Address { name, street, town }, Delivery { time, note }) = (address?, delivery?);
    let time = match time {
        Time::Morning => "in the morning",
        Time::Evening => "in the evening",
    };
    // The user confirms an order of this number, so it is the same one after the confirmation.
    let number = ctx.once("number", async { ORDERS.fetch_add(1, Ordering::Relaxed) }).await;
    let order = format!("Order {number}: {content}, to {name}, {street}, {town}, {time}");
    if !ctx.confirm("order", format!("{order}. Shall we?")).await {
        return Ok("Nothing was ordered, and the basket is as it was.".to_owned());
    }
    baskets.remove(&basket).await?;
    let note = note.map(|note| format!(" (\"{note}\")")).unwrap_or_default();
    Ok(format!("{order}{note}. Thank you!"))
}

/// The number of the next order.
static ORDERS: AtomicU64 = AtomicU64::new(1);
