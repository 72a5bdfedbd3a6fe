//! What the shop sells.

use std::fmt;

use outboard_server::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

/// Something that the shop sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Product {
    Bread,
    Cheese,
    Grapes,
}

impl Product {
    /// The price of one, in cents.
    pub(crate) const fn cents(self) -> u64 {
        match self {
            Self::Bread => 450,
            Self::Cheese => 720,
            Self::Grapes => 330,
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bread => "bread",
            Self::Cheese => "cheese",
            Self::Grapes => "grapes",
        })
    }
}

/// Cents as they are read.
pub(crate) fn euros(cents: u64) -> String {
    format!("{}.{:02} €", cents / 100, cents % 100)
}
