//! The lists of a child: all pages of each, and what of them can be used.

use std::collections::HashSet;

use outboard_protocol::error::{code, shortened};
use outboard_protocol::raw::Members;
use outboard_protocol::types::{Prompt, Resource, ResourceTemplate, ServerCapabilities, Tool};
use outboard_protocol::{RawJson, Revision};
use outboard_runtime::ListKind;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

use super::config::StdioBounds;
use super::error::{ListUnit, StartError};
use super::handshake::Opened;
use super::link::{Link, Lists, OnDrop};
use super::meta::{About, WithMeta, child_meta};

/// What a child lists, as it was read last.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) tools: Vec<Tool>,
    pub(super) resources: Vec<Resource>,
    pub(super) templates: Vec<ResourceTemplate>,
    pub(super) prompts: Vec<Prompt>,
}

/// Something that a child lists.
pub(super) trait Item: DeserializeOwned {
    /// In which list.
    const KIND: ListKind;
    /// The member of a page that holds them.
    const MEMBER: &'static str;

    /// What tells it from the others.
    fn key(&self) -> &str;
}

impl Item for Tool {
    const KIND: ListKind = ListKind::Tools;
    const MEMBER: &'static str = "tools";

    fn key(&self) -> &str {
        &self.name
    }
}

impl Item for Resource {
    const KIND: ListKind = ListKind::Resources;
    const MEMBER: &'static str = "resources";

    fn key(&self) -> &str {
        &self.uri
    }
}

impl Item for ResourceTemplate {
    const KIND: ListKind = ListKind::ResourceTemplates;
    const MEMBER: &'static str = "resourceTemplates";

    fn key(&self) -> &str {
        &self.uri_template
    }
}

impl Item for Prompt {
    const KIND: ListKind = ListKind::Prompts;
    const MEMBER: &'static str = "prompts";

    fn key(&self) -> &str {
        &self.name
    }
}

/// Reads the lists of one child.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    link: &'a Link,
    backend: &'a str,
    revision: &'static Revision,
    has: &'a ServerCapabilities,
    bounds: &'a StdioBounds,
}

impl<'a> Reader<'a> {
    pub(super) fn new(link: &'a Link, opened: &'a Opened, bounds: &'a StdioBounds) -> Self {
        Self { link, backend: &link.surroundings().backend, revision: opened.revision, has: &opened.has, bounds }
    }

    /// Reads these lists anew. One that cannot be read stays as it was.
    ///
    /// # Errors
    ///
    /// A list passes a bound, or the list of tools cannot be read. Many servers declare the other features and do not answer
    /// all that belongs to them, which takes nothing away from their tools.
    pub(super) async fn refresh(&self, listed: &mut Listed, which: Lists) -> Result<(), StartError> {
        if which.has(Lists::TOOLS) && self.has.tools.is_some() {
            listed.tools = self.read().await?;
        }
        if which.has(Lists::RESOURCES) && self.has.resources.is_some() {
            self.refresh_optional(&mut listed.resources).await?;
            self.refresh_optional(&mut listed.templates).await?;
        }
        if which.has(Lists::PROMPTS) && self.has.prompts.is_some() {
            self.refresh_optional(&mut listed.prompts).await?;
        }
        Ok(())
    }

    async fn refresh_optional<T: Item>(&self, listed: &mut Vec<T>) -> Result<(), StartError> {
        let backend = self.backend;
        match self.read().await {
            Ok(read) => *listed = read,
            Err(StartError::Refused { error, .. }) if error.code == code::METHOD_NOT_FOUND => listed.clear(),
            Err(error @ (StartError::Refused { .. } | StartError::InvalidAnswer { .. })) => {
                tracing::warn!(backend, %error, "a list cannot be read");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads a whole list. An item that does not have the form of one is left out with a word in the log, so that it does
    /// not take the others with it.
    async fn read<T: Item>(&self) -> Result<Vec<T>, StartError> {
        let mut items = Items { backend: self.backend, found: Vec::new(), keys: HashSet::new() };
        let (mut bytes, mut cursor) = (0, None);
        for _ in 0..self.bounds.list_pages_max {
            let page = self.page::<T>(cursor.as_deref()).await?;
            bytes += page.as_bytes().len();
            check::<T>(ListUnit::Bytes, bytes, self.bounds.list_bytes_max)?;
            let method = T::KIND.method();
            let page = Page::read(&page, T::MEMBER)
                .map_err(|source| StartError::InvalidAnswer { method: method.as_str().into(), source })?;
            page.items.iter().for_each(|item| items.add(item));
            check::<T>(ListUnit::Items, items.found.len(), self.bounds.list_items_max)?;
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(items.found);
            }
        }
        Err(too_long::<T>(ListUnit::Pages, self.bounds.list_pages_max))
    }

    async fn page<T: Item>(&self, cursor: Option<&str>) -> Result<RawJson, StartError> {
        let method = T::KIND.method();
        let params = WithMeta { own: Start { cursor }, meta: child_meta(self.revision, About::default()) };
        let answer = self.link.request(&method, &params, OnDrop::Cancel).await;
        answer.map_err(|error| StartError::request(&method, error))
    }
}

fn check<T: Item>(unit: ListUnit, value: usize, limit: usize) -> Result<(), StartError> {
    if value > limit { Err(too_long::<T>(unit, limit)) } else { Ok(()) }
}

fn too_long<T: Item>(unit: ListUnit, limit: usize) -> StartError {
    StartError::ListTooLong { method: T::KIND.method().as_str().into(), unit, limit }
}

/// Where a page begins.
#[derive(Serialize)]
struct Start<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

/// What is needed of a page.
struct Page<'a> {
    items: Vec<&'a RawValue>,
    next_cursor: Option<String>,
}

impl<'a> Page<'a> {
    fn read(page: &'a RawJson, member: &'static str) -> Result<Self, serde_json::Error> {
        let members: Members<'a> = serde_json::from_slice(page.as_bytes())?;
        let find = |wanted: &str| members.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.get());
        let items = find(member).ok_or_else(|| serde_json::Error::missing_field(member))?;
        let next_cursor = find("nextCursor").map(serde_json::from_str).transpose()?;
        Ok(Self { items: serde_json::from_str(items)?, next_cursor: next_cursor.flatten() })
    }
}

/// A list as it grows.
struct Items<'a, T> {
    backend: &'a str,
    found: Vec<T>,
    keys: HashSet<String>,
}

impl<T: Item> Items<'_, T> {
    fn add(&mut self, item: &RawValue) {
        let (backend, list) = (self.backend, T::MEMBER);
        match serde_json::from_str::<T>(item.get()) {
            Ok(item) if !self.keys.insert(item.key().to_owned()) => {
                tracing::warn!(
                    backend,
                    list,
                    item = &*shortened(item.key()),
                    "left out of a list: it stands there twice"
                );
            }
            Ok(item) => self.found.push(item),
            Err(error) => {
                tracing::warn!(backend, list, %error, "left out of a list: it does not have the form of an item");
            }
        }
    }
}
