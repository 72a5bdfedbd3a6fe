//! The names under which tools and prompts are listed.

use outboard_protocol::error::shortened;

use super::error::{CatalogError, Item};

/// The longest name of a tool or prompt, prefix included (specification: *Tool Names*).
pub(crate) const NAME_BYTES_MAX: usize = 128;

/// The name in the catalog of what its provider calls `own`.
pub(super) fn listed_name(item: Item, prefix: Option<&str>, own: &str) -> Result<Box<str>, CatalogError> {
    let name: Box<str> = prefix.map_or_else(|| own.into(), |prefix| format!("{prefix}_{own}").into());
    let fits = match item {
        Item::Tool => name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')),
        // The specification has no rule for the names of prompts.
        Item::Prompt | Item::Resource | Item::Template => !name.chars().any(char::is_control),
    };
    if own.is_empty() || name.len() > NAME_BYTES_MAX || !fits {
        return Err(CatalogError::Name { item, name: shortened(&name) });
    }
    Ok(name)
}
