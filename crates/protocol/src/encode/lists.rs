//! Lists in the words of a revision, written at most once for each.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::{ServerIdentity, write_object};
use crate::revision::{Revision, SERVED, StructuredContent};
use crate::types::{CachingHints, Prompt, Resource, ResourceTemplate, Tool};

/// What stands in a list.
pub trait Listed: Clone + Serialize {
    /// The member of the result that has the items.
    const MEMBER: &'static str;

    /// The item without what a revision does not know.
    fn in_words_of(&self, revision: &Revision) -> Cow<'_, Self>;
}

/// One page of a list with its caching hints. It is written at most once per revision: listing it again copies bytes.
#[derive(Clone, Debug)]
pub struct List<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    items: Vec<T>,
    hints: CachingHints,
    /// One place per served revision, in the order of [`SERVED`].
    encoded: Vec<OnceLock<Bytes>>,
}

impl<T: Listed> List<T> {
    /// A page with its caching hints.
    #[must_use]
    pub fn new(items: Vec<T>, hints: CachingHints) -> Self {
        let encoded = SERVED.iter().map(|_| OnceLock::new()).collect();
        Self(Arc::new(Inner { items, hints, encoded }))
    }

    /// The items, in their order.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.0.items
    }

    /// The result in a revision's words. The first caller's `server` is kept: one list belongs to one server.
    pub(super) fn encoded(&self, revision: &Revision, server: &ServerIdentity) -> Bytes {
        let place = SERVED.iter().position(|served| *served == revision).and_then(|place| self.0.encoded.get(place));
        match place {
            Some(place) => place.get_or_init(|| self.encode(revision, server)).clone(),
            None => self.encode(revision, server),
        }
    }

    fn encode(&self, revision: &Revision, server: &ServerIdentity) -> Bytes {
        let mut out = Vec::new();
        let items: Vec<Cow<'_, T>> = self.0.items.iter().map(|item| item.in_words_of(revision)).collect();
        write_object(&mut out, revision, server, &OneMember { name: T::MEMBER, value: &items }, Some(self.0.hints));
        out.into()
    }
}

/// Writes a page, and where the list goes on, if it does.
pub(super) fn write_list<T: Listed>(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    list: &List<T>,
    next_cursor: Option<&str>,
) {
    out.extend_from_slice(&list.encoded(revision, server));
    if let Some(cursor) = next_cursor {
        out.pop();
        out.extend_from_slice(b",\"nextCursor\":");
        // Writing a string into a vector cannot fail.
        drop(serde_json::to_writer(&mut *out, cursor));
        out.push(b'}');
    }
}

struct OneMember<'a, T> {
    name: &'static str,
    value: &'a T,
}

impl<T: Serialize> Serialize for OneMember<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(self.name, self.value)?;
        object.end()
    }
}

impl Listed for Tool {
    const MEMBER: &'static str = "tools";

    fn in_words_of(&self, revision: &Revision) -> Cow<'_, Self> {
        let mut tool = self.clone();
        if !revision.titles {
            tool.title = None;
            tool.output_schema = None;
        }
        if !revision.icons {
            tool.icons.clear();
        }
        // Before 2026-07-28 structured content is an object, and so must its schema say.
        if revision.structured_content == StructuredContent::Object {
            tool.output_schema = tool.output_schema.filter(|schema| schema.get("type") == Some(&Value::from("object")));
        }
        Cow::Owned(tool)
    }
}

impl Listed for Resource {
    const MEMBER: &'static str = "resources";

    fn in_words_of(&self, revision: &Revision) -> Cow<'_, Self> {
        if revision.icons {
            return Cow::Borrowed(self);
        }
        let title = self.title.clone().filter(|_| revision.titles);
        Cow::Owned(Self { title, icons: Vec::new(), ..self.clone() })
    }
}

impl Listed for ResourceTemplate {
    const MEMBER: &'static str = "resourceTemplates";

    fn in_words_of(&self, revision: &Revision) -> Cow<'_, Self> {
        if revision.icons {
            return Cow::Borrowed(self);
        }
        let title = self.title.clone().filter(|_| revision.titles);
        Cow::Owned(Self { title, icons: Vec::new(), ..self.clone() })
    }
}

impl Listed for Prompt {
    const MEMBER: &'static str = "prompts";

    fn in_words_of(&self, revision: &Revision) -> Cow<'_, Self> {
        if revision.icons {
            return Cow::Borrowed(self);
        }
        let mut prompt = Self { icons: Vec::new(), ..self.clone() };
        if !revision.titles {
            prompt.title = None;
            for argument in &mut prompt.arguments {
                argument.title = None;
            }
        }
        Cow::Owned(prompt)
    }
}
