//! A list in pages, and the cursors that lead from one to the next.
//!
//! A cursor names the last items of the page that it was given with, and the list goes on behind the last of them that is
//! still there. So what is added or removed meanwhile moves nothing else out of sight or into it twice. When all of them are
//! gone, the cursor leads nowhere, and the client starts again.

use outboard_identity::Principal;
use outboard_protocol::encode::{List, Listed, NextCursor};
use outboard_protocol::types::{Prompt, Resource, ResourceTemplate, Tool};
use outboard_store::{KeyRing, Purpose};

use crate::call::ListKind;
use crate::hints;
use crate::outcome::CallError;
use crate::owner::owner_digest;

/// How many items a cursor names: as many as may vanish from a list at once without leading a client back to its start.
const ANCHORS: usize = 8;

/// The longest cursor that is looked at, in characters; ours have at most 130.
const CURSOR_CHARS_MAX: usize = 256;

/// The number of the layout of cursors: it comes first, then the anchors, the last item first, 8 bytes each.
const FORMAT: u8 = 1;

/// What is listed has a name of its own.
pub(crate) trait Named {
    /// The name.
    fn own_name(&self) -> &str;
}

/// Whom a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Everybody gets it alike.
    All,
    /// One caller: others may get another one.
    One,
}

/// A list in pages. Each is written at most once per revision.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    pages: Vec<List<T>>,
    /// Of each item in order.
    anchors: Vec<Anchor>,
    page_items: usize,
}

impl<T: Listed + Named + PartialEq> Pages<T> {
    /// Cuts a list into pages of this many items; zero counts as one.
    pub(super) fn new(items: Vec<T>, page_items_max: usize, readers: Readers) -> Self {
        let page_items = page_items_max.max(1);
        let anchors = items.iter().map(|item| Anchor::of(item.own_name())).collect();
        let pages = if items.len() <= page_items {
            let hints = match readers {
                Readers::All => hints::SAME_FOR_ALL,
                Readers::One => hints::OF_ONE_CALLER,
            };
            vec![List::new(items, hints)]
        } else {
            // The cursor on a page is its caller's, so nobody else may be given a copy of it.
            items.chunks(page_items).map(|page| List::new(page.to_vec(), hints::OF_ONE_CALLER)).collect()
        };
        Self { pages, anchors, page_items }
    }

    /// All items, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.items())
    }

    /// How many items there are.
    pub(crate) const fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether a list has the same items in the same order.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.len() == other.len() && self.all().eq(other.all())
    }

    /// The page to which a cursor leads, the first one without, and where the list goes on behind it.
    pub(crate) fn page(&self, cursor: Option<&str>, seal: &CursorSeal<'_>) -> Result<(List<T>, NextCursor), CallError> {
        let start = match cursor {
            None => 0,
            Some(cursor) => self.behind(&seal.open(cursor)?)?,
        };
        let (number, offset) = (start / self.page_items, start % self.page_items);
        let page = match self.pages.get(number) {
            Some(page) if offset == 0 => page.clone(),
            // The list has changed since the cursor was given: what is left of this page.
            page => {
                let items = page.and_then(|page| page.items().get(offset..)).unwrap_or_default();
                List::new(items.to_vec(), hints::OF_ONE_CALLER)
            }
        };
        let end = start + page.items().len();
        let next = (end < self.len()).then(|| seal.seal(self.anchors.get(..end).unwrap_or_default()));
        Ok((page, next))
    }

    /// Where the list goes on behind the first of these items that is still there.
    fn behind(&self, anchors: &[Anchor]) -> Result<usize, CallError> {
        let places = anchors.iter().filter_map(|anchor| self.anchors.iter().position(|item| item == anchor));
        places.map(|place| place + 1).next().ok_or(CallError::InvalidCursor)
    }
}

/// Seals and opens the cursors of one caller for one list.
#[derive(Debug)]
pub(crate) struct CursorSeal<'a> {
    pub(crate) keys: &'a KeyRing,
    pub(crate) principal: &'a Principal,
    pub(crate) kind: ListKind,
}

impl CursorSeal<'_> {
    /// A cursor that leads behind the last of these items.
    fn seal(&self, before: &[Anchor]) -> Box<str> {
        let mut plaintext = vec![FORMAT];
        plaintext.extend(before.iter().rev().take(ANCHORS).flat_map(|anchor| anchor.0));
        self.keys.seal(Purpose::Cursor, &self.associated_data(), &plaintext).into()
    }

    fn open(&self, cursor: &str) -> Result<Vec<Anchor>, CallError> {
        if cursor.len() > CURSOR_CHARS_MAX {
            return Err(CallError::InvalidCursor);
        }
        let opened = self.keys.open(Purpose::Cursor, &self.associated_data(), cursor);
        let plaintext = opened.map_err(|_| CallError::InvalidCursor)?;
        let Some((&FORMAT, anchors)) = plaintext.split_first() else { return Err(CallError::InvalidCursor) };
        let (anchors, _) = anchors.as_chunks();
        Ok(anchors.iter().copied().map(Anchor).collect())
    }

    /// A cursor is of no use to another caller, and in another list.
    fn associated_data(&self) -> Vec<u8> {
        let owner = owner_digest(self.principal);
        let list = match self.kind {
            ListKind::Tools => b't',
            ListKind::Resources => b'r',
            ListKind::ResourceTemplates => b'm',
            ListKind::Prompts => b'p',
        };
        [owner.as_bytes().as_slice(), &[list]].concat()
    }
}

/// What stands for an item in a cursor: the FNV-1a hash of its name, so that a cursor is short whatever the names are, and the
/// same on every replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor([u8; 8]);

impl Anchor {
    fn of(name: &str) -> Self {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let hash = name.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        Self(hash.to_be_bytes())
    }
}

impl Named for Tool {
    fn own_name(&self) -> &str {
        &self.name
    }
}

impl Named for Prompt {
    fn own_name(&self) -> &str {
        &self.name
    }
}

impl Named for Resource {
    fn own_name(&self) -> &str {
        &self.uri
    }
}

impl Named for ResourceTemplate {
    fn own_name(&self) -> &str {
        &self.uri_template
    }
}
