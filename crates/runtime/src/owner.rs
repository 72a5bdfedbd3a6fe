//! To whom belongs what is kept for a caller.

use outboard_identity::Principal;
use outboard_store::OwnerDigest;

/// The owner of what a caller keeps here, as the store, seals and cursors name it.
#[must_use]
pub fn owner_digest(principal: &Principal) -> OwnerDigest {
    OwnerDigest::of(&principal.owner().to_bytes())
}
