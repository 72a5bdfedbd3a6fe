//! What the application is about: the notes of its users, and their page.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use axum::Extension;
use outboard_identity::{Principal, SubjectKey};

/// The notes of each user.
static NOTES: LazyLock<Mutex<HashMap<SubjectKey, Vec<String>>>> = LazyLock::new(Mutex::default);

/// Adds a note to those of a user; returns how many there are.
pub(crate) fn add(user: &Principal, text: String) -> usize {
    let mut notes = notes();
    let own = notes.entry(user.subject_key().clone()).or_default();
    own.push(text);
    own.len()
}

/// The notes of a user, a line each.
pub(crate) fn of(user: &Principal) -> String {
    notes().get(user.subject_key()).into_iter().flatten().map(|note| format!("{note}\n")).collect()
}

/// The page of the user who asks.
pub(crate) async fn page(Extension(user): Extension<Principal>) -> String {
    of(&user)
}

fn notes() -> MutexGuard<'static, HashMap<SubjectKey, Vec<String>>> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}
