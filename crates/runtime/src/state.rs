//! What a tool keeps between the calls of a caller: values under handles, in the store that all replicas share.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use outboard_identity::Principal;
use outboard_store::{
    CreateHandleError, HandleLimits, Handles, OwnerDigest, StoreError, UpdateHandleError, Updated, Version,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::owner::owner_digest;
use crate::services::Services;

/// Names a value that a caller keeps here. It goes out in a result and comes back as an argument.
///
/// Whoever is not the caller that made it gets nothing by it. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, description = "A handle, as an earlier call gave it.")]
pub struct Handle(String);

/// Values of one type, kept for one caller ([`Owner`](outboard_identity::Owner)) until their time is over.
///
/// ```
/// use std::time::Duration;
/// use outboard_runtime::{Context, Handle, StateError, tool};
///
/// const HOUR: Duration = Duration::from_secs(3_600);
///
/// #[derive(Default, serde::Serialize, serde::Deserialize)]
/// struct Basket(Vec<String>);
///
/// /// Puts a thing into a basket, a new one if none is named.
/// #[tool]
/// async fn put(ctx: &Context, basket: Option<Handle>, thing: String) -> Result<String, StateError> {
///     let baskets = ctx.state::<Basket>();
///     let handle = match basket {
///         Some(handle) => handle,
///         None => baskets.create(&Basket::default(), HOUR).await?,
///     };
///     baskets.update(&handle, HOUR, |basket| basket.0.push(thing.clone())).await?;
///     Ok(format!("it is in the basket {handle}"))
/// }
/// # outboard_runtime::Catalog::new("shop", "1.0.0").tool(put);
/// ```
#[derive(Clone)]
pub struct States<T> {
    handles: Handles,
    owner: OwnerDigest,
    type_: PhantomData<fn() -> T>,
}

/// Why nothing was kept or found. As a tool's error it is one that a model can act on.
#[derive(Debug, Error)]
pub enum StateError {
    /// The caller has nothing under this handle: it never was, is another's, was removed, or its time is over.
    #[error("there is nothing under this handle, or not any more: begin anew")]
    Unknown,
    /// The caller keeps as many values as it may.
    #[error("there are {limit} values kept already: remove one, or wait until one expires")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// The value is too large.
    #[error("there is too much to keep: {bytes} bytes, where {limit} is the most")]
    TooLarge {
        /// The length of the value as JSON.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// Ours: the tool wants to keep something longer than it may.
    #[error("nothing is kept for {wanted:?}: {limit:?} is the longest")]
    TooLong {
        /// How long it wants.
        wanted: Duration,
        /// The bound.
        limit: Duration,
    },
    /// Other calls of the caller changed the value again and again.
    #[error("other calls change the same value at the same time: try again")]
    Contended,
    /// Ours: the value cannot be written as JSON.
    #[error("the value cannot be kept")]
    NotJson(#[source] serde_json::Error),
    /// The store does not answer, or has no room.
    #[error("what is kept cannot be reached now: try again later")]
    Unavailable(#[source] StoreError),
}

impl<T> States<T> {
    pub(crate) fn new(services: &Services, principal: &Principal) -> Self {
        let bounds = &services.config.state;
        let limits =
            HandleLimits { value_bytes_max: bounds.bytes_max, handles_max: bounds.count_max, ttl_max: bounds.age_max };
        Self { handles: Handles::new(&services.store, limits), owner: owner_digest(principal), type_: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync> States<T> {
    /// Keeps a value for `ttl`.
    ///
    /// # Errors
    ///
    /// [`StateError`], but for [`StateError::Unknown`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, a value may be kept whose handle nobody knows; it goes with its time, and counts until then.
    pub async fn create(&self, value: &T, ttl: Duration) -> Result<Handle, StateError> {
        let handle = self.handles.create(self.owner, &write(value)?, ttl).await?;
        Ok(Handle(handle.to_string()))
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// [`StateError::Unknown`], also for a value that is not of this type; [`StateError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn get(&self, handle: &Handle) -> Result<T, StateError> {
        let handle = handle.parse()?;
        Ok(self.read(&handle).await?.0)
    }

    /// Changes a value, which then lives for `ttl` from now on. Where another call changes it at the same time, `change`
    /// is made again, to what that left; so it does nothing but change the value.
    ///
    /// # Errors
    ///
    /// [`StateError`], but for [`StateError::TooMany`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the value is changed or it is not.
    pub async fn update<R>(
        &self,
        handle: &Handle,
        ttl: Duration,
        change: impl Fn(&mut T) -> R + Send + Sync,
    ) -> Result<R, StateError> {
        let handle = handle.parse()?;
        for _ in 0..ATTEMPTS_MAX {
            let (changed, bytes, version) = {
                let (mut value, version) = self.read(&handle).await?;
                (change(&mut value), write(&value)?, version)
            };
            match self.handles.update(self.owner, &handle, version, &bytes, ttl).await? {
                Updated::Stored(_) => return Ok(changed),
                Updated::Conflict => {}
                Updated::Unknown => return Err(StateError::Unknown),
            }
        }
        Err(StateError::Contended)
    }

    /// Removes a value.
    ///
    /// # Errors
    ///
    /// [`StateError::Unknown`], [`StateError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the value may be removed and count until it would have expired.
    pub async fn remove(&self, handle: &Handle) -> Result<(), StateError> {
        match self.handles.remove(self.owner, &handle.parse()?).await? {
            true => Ok(()),
            false => Err(StateError::Unknown),
        }
    }

    async fn read(&self, handle: &outboard_store::Handle) -> Result<(T, Version), StateError> {
        let (bytes, version) = self.handles.get(self.owner, handle).await?.ok_or(StateError::Unknown)?;
        // Of another type, or of an earlier build of the program: to this one it is nothing.
        let value = serde_json::from_slice(&bytes).map_err(|_| StateError::Unknown)?;
        Ok((value, version))
    }
}

fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec(value).map_err(StateError::NotJson)
}

/// How often a change is made again because another one was faster: each attempt that fails is one of theirs that did not.
const ATTEMPTS_MAX: u32 = 16;

impl Handle {
    /// A text that is no handle is one that nobody has.
    fn parse(&self) -> Result<outboard_store::Handle, StateError> {
        self.0.parse().map_err(|_| StateError::Unknown)
    }
}

impl From<&str> for Handle {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Handle {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

impl<T> fmt::Debug for States<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ValueTooLarge { bytes, bytes_max } => Self::TooLarge { bytes, limit: bytes_max },
            StoreError::Contended { .. } => Self::Contended,
            StoreError::Full { .. } | StoreError::CountersFull { .. } | StoreError::Unavailable { .. } => {
                Self::Unavailable(error)
            }
        }
    }
}

impl From<CreateHandleError> for StateError {
    fn from(error: CreateHandleError) -> Self {
        match error {
            CreateHandleError::TooMany { handles_max } => Self::TooMany { limit: handles_max },
            CreateHandleError::TooLarge { bytes, bytes_max } => Self::TooLarge { bytes, limit: bytes_max },
            CreateHandleError::TtlTooLong { ttl, ttl_max } => Self::TooLong { wanted: ttl, limit: ttl_max },
            CreateHandleError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateHandleError> for StateError {
    fn from(error: UpdateHandleError) -> Self {
        match error {
            UpdateHandleError::TooLarge { bytes, bytes_max } => Self::TooLarge { bytes, limit: bytes_max },
            UpdateHandleError::TtlTooLong { ttl, ttl_max } => Self::TooLong { wanted: ttl, limit: ttl_max },
            UpdateHandleError::Store(error) => error.into(),
        }
    }
}
