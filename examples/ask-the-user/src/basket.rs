//! The basket: state between calls. Its handle goes out in a result and comes back as an argument, in both eras.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use outboard_server::schemars::{self, JsonSchema};
use outboard_server::{Context, Handle, Json, StateError, tool};
use serde::{Deserialize, Serialize};

use crate::product::{Product, euros};

/// How long a basket waits to be used again.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// What somebody is about to buy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Basket {
    counts: BTreeMap<Product, u64>,
}

impl Basket {
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// What all of it costs, in cents.
    pub(crate) fn cents(&self) -> u64 {
        self.counts.iter().map(|(product, count)| product.cents().saturating_mul(*count)).sum()
    }

    fn put(&mut self, product: Product, count: u64) {
        let held = self.counts.entry(product).or_default();
        *held = held.saturating_add(count);
    }
}

impl fmt::Display for Basket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (product, count) in &self.counts {
            write!(f, "{count} × {product}, ")?;
        }
        write!(f, "{} in all", euros(self.cents()))
    }
}

/// A basket that was opened.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Opened {
    /// What the other tools take for it.
    basket: Handle,
}

/// Opens an empty basket.
#[tool(open_world = false)]
pub(crate) async fn open_basket(ctx: &Context) -> Result<Json<Opened>, StateError> {
    let basket = ctx.state().create(&Basket::default(), KEPT).await?;
    Ok(Json(Opened { basket }))
}

/// Puts products into a basket.
#[tool(destructive = false, open_world = false)]
pub(crate) async fn put_into_basket(
    ctx: &Context,
    /// The basket, as `open_basket` gave it.
    basket: Handle,
    product: Product,
    /// How many.
    #[schemars(range(min = 1, max = 100))]
    count: u64,
) -> Result<String, StateError> {
    // Another call may change the basket at the same time; then this is done again to what that one left.
    let change = |basket: &mut Basket| {
        basket.put(product, count);
        basket.to_string()
    };
    ctx.state::<Basket>().update(&basket, KEPT, change).await
}

/// Tells what is in a basket.
#[tool(read_only, open_world = false)]
pub(crate) async fn look_into_basket(
    ctx: &Context,
    /// The basket, as `open_basket` gave it.
    basket: Handle,
) -> Result<String, StateError> {
    Ok(ctx.state::<Basket>().get(&basket).await?.to_string())
}
