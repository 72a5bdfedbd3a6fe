//! Who is asking: the authenticated party, what it was granted, and what a tool requires.
//!
//! Plain values without I/O, for every crate that has to decide something about a caller: a [`Principal`] is the
//! proof that somebody has been authenticated and owns what it makes ([`Owner`], [`SubjectKey`]); a [`Requirement`]
//! beside a tool says which scopes a call needs, and [`Denied`] is the answer to a caller that lacks some.
//!
//! It verifies nothing: no token format, no key, no clock. That is the business of whoever makes a `Principal`.

mod claims;
mod hierarchy;
mod owner;
mod principal;
mod requirement;
mod scope;
mod token;

pub use crate::{
    claims::{Claim, Claims},
    hierarchy::ScopeHierarchy,
    owner::{Owner, SubjectKey},
    principal::{GrantedScopes, Principal},
    requirement::{Denied, Requirement},
    scope::{Scope, ScopeError, ScopeSet},
    token::InboundToken,
};

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
