//! What the runtime promises to those who call it, by feature: without HTTP, as a `tower` service.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod asked;
mod asking;
mod bounds;
mod calls;
mod completion;
mod describing;
mod fake;
mod interest;
mod logging;
mod offers;
mod pagination;
mod permitted_lists;
mod prompt_macro;
mod prompts;
mod resource_macro;
mod resources;
mod results;
mod rounds;
mod scope_rules;
mod scopes;
mod state;
mod support;
mod tool_macro;
