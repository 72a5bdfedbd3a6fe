//! The word for one message to one who waits for it, on whatever replica that is: [`Mailbox`].
//!
//! The bytes of an entry: format number (1 byte, today 1), kind (1 byte: 0 the mailbox was opened, 1 a message), then
//! the message's bytes.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    error::StoreError,
    id,
    logs::{LogKey, LogLimits, Logs, Sequence},
    owner::OwnerDigest,
    store::Store,
};

/// Mailboxes: each for one owner, at a random address, for one message.
///
/// ```
/// use std::sync::Arc;
/// use outboard_store::{KeyRing, Mailbox, MailboxLimits, OwnerDigest, Posted, RootKey, Store, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let mailbox = Mailbox::new(&Store::in_memory(keys, Arc::new(SystemClock)), MailboxLimits::default());
/// let alice = OwnerDigest::of(b"alice");
///
/// let address = mailbox.address();
/// let inbox = mailbox.open(alice, address).await?;
/// let told = address.to_string();
/// assert_eq!(mailbox.post(OwnerDigest::of(b"mallory"), told.parse()?, b"42").await?, Posted::Unknown);
/// assert_eq!(mailbox.post(alice, told.parse()?, b"yes").await?, Posted::Delivered);
/// assert_eq!(inbox.receive().await?.unwrap(), "yes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mailbox {
    logs: Arc<dyn Logs>,
    limits: MailboxLimits,
}

/// How much a mailbox takes and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxLimits {
    /// The most bytes of a message. Default: 4 MiB less a little, so that it fits an entry of any log.
    pub message_bytes_max: usize,
    /// How long a mailbox is there after it was opened, and after a message came. Default: 15 minutes.
    pub ttl: Duration,
}

/// Where a mailbox is: 128 random bits, as a text 22 characters of base64url. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(u128);

/// The text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no address of a mailbox")]
pub struct NotAnAddress;

/// A mailbox that was opened: the side that waits.
#[derive(Debug)]
pub struct Inbox {
    logs: Arc<dyn Logs>,
    key: LogKey,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the message may have reached nobody"]
pub enum Posted {
    /// It is in the mailbox.
    Delivered,
    /// This owner has no open mailbox there: never opened, its time is over, or a message was taken out of it.
    Unknown,
}

impl Mailbox {
    /// The mailboxes in this store.
    #[must_use]
    pub fn new(store: &Store, limits: MailboxLimits) -> Self {
        Self { logs: Arc::clone(&store.logs), limits }
    }

    /// An address for a new mailbox.
    #[must_use]
    pub fn address(&self) -> Address {
        Address(id::random())
    }

    /// Opens the mailbox of `owner` at `address`: only now can something be posted to it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it is open or it is not; an open one goes with its time.
    pub async fn open(&self, owner: OwnerDigest, address: Address) -> Result<Inbox, StoreError> {
        let key = key(owner, address);
        self.logs.append(key, &[FORMAT, OPENED], self.log_limits()).await?;
        Ok(Inbox { logs: Arc::clone(&self.logs), key })
    }

    /// Posts `message` to the mailbox of `owner` at `address`, if that is open.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: [`ValueTooLarge`](StoreError::ValueTooLarge) from the mailbox's own bound on.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the message is there or it is not; to post it again does no harm, because the first is taken.
    pub async fn post(&self, owner: OwnerDigest, address: Address, message: &[u8]) -> Result<Posted, StoreError> {
        let bytes_max = self.limits.message_bytes_max;
        if message.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: message.len(), bytes_max });
        }
        let entry = [&[FORMAT, MESSAGE], message].concat();
        let posted = self.logs.append_if_present(key(owner, address), &entry, self.log_limits()).await?;
        Ok(if posted.is_some() { Posted::Delivered } else { Posted::Unknown })
    }

    fn log_limits(&self) -> LogLimits {
        let MailboxLimits { message_bytes_max, ttl } = self.limits;
        let bytes_max = message_bytes_max.saturating_add(HEADER_BYTES).saturating_mul(MESSAGES_MAX);
        LogLimits { entries_max: MESSAGES_MAX, bytes_max, age_max: ttl, ttl }
    }
}

impl Inbox {
    /// Waits for a message, takes the first that came and closes the mailbox. `None` when it is closed already: its time
    /// was over or a message was taken. A mailbox whose time ends while this waits wakes nobody: the caller has its own
    /// limit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it has taken nothing, unless it was closing the mailbox already: then the message may be gone.
    pub async fn receive(&self) -> Result<Option<Bytes>, StoreError> {
        let mut position = Sequence::ZERO;
        loop {
            let page = self.logs.read(self.key, position, MESSAGES_MAX).await?;
            if page.last == Sequence::ZERO {
                return Ok(None);
            }
            position = page.position();
            let message = page.entries.into_iter().find_map(|entry| match entry.bytes.split_first_chunk() {
                Some(([FORMAT, MESSAGE], _)) => Some(entry.bytes.slice(HEADER_BYTES..)),
                _ => None,
            });
            if let Some(message) = message {
                // The message is in hand: a mailbox that cannot be closed goes with its time.
                let _closed = self.close().await;
                return Ok(Some(message));
            }
            self.logs.tail(self.key, position).await?;
        }
    }

    /// Closes the mailbox before its time: what is posted from now on is [`Posted::Unknown`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it is closed or it is not.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.logs.delete(self.key).await.map(drop)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&id::to_text(self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        id::from_text(text).map(Self).ok_or(NotAnAddress)
    }
}

impl Default for MailboxLimits {
    fn default() -> Self {
        Self { message_bytes_max: (4 << 20) - HEADER_BYTES, ttl: Duration::from_secs(15 * 60) }
    }
}

fn key(owner: OwnerDigest, Address(id): Address) -> LogKey {
    LogKey { owner, kind: "mailbox", id }
}

const FORMAT: u8 = 1;

const OPENED: u8 = 0;
const MESSAGE: u8 = 1;

/// Format number and kind.
const HEADER_BYTES: usize = 2;

/// What a mailbox holds before the first of them is taken; so many are only ever posted by an owner to himself.
const MESSAGES_MAX: usize = 8;
