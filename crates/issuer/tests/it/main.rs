//! Integration tests: the issuer as its clients, its users and its attackers meet it.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod authorization;
mod client_authentication;
mod codes;
mod configuration;
mod consent;
mod documents;
mod harness;
mod metadata;
mod refresh;
mod registration;
mod tcp;
mod tokens;
mod web;
