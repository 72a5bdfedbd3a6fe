//! Tokens that a resource server refuses, each with one fault.

mod audience;
mod claims;
mod encoding;
mod keys;
mod parts;
mod signing;
mod times;
mod types;

use super::{Algorithm, Draft, Key, Mint, Minted};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [
        signing::all(mint),
        keys::all(mint),
        types::all(mint),
        claims::all(mint),
        audience::all(mint),
        times::all(mint),
        parts::all(mint),
        encoding::all(mint),
    ]
    .concat()
}

/// Signs drafts with the key that their header names.
fn signed<const N: usize>(drafts: [(&'static str, u16, Draft); N]) -> Vec<Minted> {
    tokens(drafts.map(|(name, row, draft)| (name, row, draft.sign(Key::Rsa))))
}

fn tokens<const N: usize>(rows: [(&'static str, u16, String); N]) -> Vec<Minted> {
    rows.map(|(name, row, token)| Minted { name, row, token }).to_vec()
}
