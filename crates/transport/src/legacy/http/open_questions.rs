//! The questions that are open in this process, by their sessions: how many there may be, and that a session that is ended
//! takes its own with it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use outboard_identity::{Principal, SubjectKey};
use outboard_runtime::AskError;
use outboard_store::{Address, Inbox};

use crate::places::{NoPlace, Place, Places};

/// The open questions. Clones are the same ones.
#[derive(Clone, Debug)]
pub(super) struct OpenQuestions {
    /// By the number of a session, and whose it is.
    places: Places<u128, SubjectKey>,
    by_session: Arc<Mutex<HashMap<u128, HashMap<Address, Open>>>>,
}

/// The place of a question.
pub(super) type QuestionPlace = Place<u128, SubjectKey>;

#[derive(Debug)]
struct Open {
    inbox: Arc<Inbox>,
    _place: QuestionPlace,
}

impl OpenQuestions {
    /// None yet, and never more than this to the clients of one principal. One session has at most half of them, so that one
    /// whose client does not answer leaves room for the others.
    pub(super) fn new(per_principal_max: usize) -> Self {
        let places = Places::new(per_principal_max.div_ceil(2), per_principal_max);
        Self { places, by_session: Arc::default() }
    }

    /// Takes the place of one more question.
    pub(super) fn place(&self, session: u128, principal: &Principal) -> Result<QuestionPlace, AskError> {
        self.places.take(session, principal.subject_key().clone()).map_err(|error| match error {
            NoPlace::Inner { limit } | NoPlace::Outer { limit } => AskError::TooMany { limit },
        })
    }

    /// A question is open from now on; its answer is waited for at this address.
    pub(super) fn add(&self, session: u128, address: Address, inbox: Arc<Inbox>, place: QuestionPlace) {
        self.lock().entry(session).or_default().insert(address, Open { inbox, _place: place });
    }

    /// A question is no longer open.
    pub(super) fn remove(&self, session: u128, address: Address) {
        if let Entry::Occupied(mut questions) = self.lock().entry(session) {
            questions.get_mut().remove(&address);
            if questions.get().is_empty() {
                questions.remove();
            }
        }
    }

    /// Withdraws the questions of a session: their places are free at once, and when this ends nobody can answer them.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, some of them can still be answered, to nobody.
    pub(super) async fn end(&self, session: u128) {
        let inboxes: Vec<_> = {
            let questions = self.lock().remove(&session).unwrap_or_default();
            questions.into_values().map(|question| question.inbox).collect()
        };
        join_all(inboxes.iter().map(|inbox| async {
            if let Err(error) = inbox.close().await {
                tracing::debug!(%error, "a mailbox stays open until its time is over");
            }
        }))
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u128, HashMap<Address, Open>>> {
        self.by_session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use outboard_store::{KeyRing, Mailbox, MailboxLimits, OwnerDigest, Posted, RootKey, Store};
    use outboard_testkit::clock::FakeClock;

    use super::*;

    #[tokio::test]
    async fn a_session_that_ends_frees_its_places_and_closes_its_mailboxes() {
        let keys = Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap());
        let store = Store::in_memory(keys, Arc::new(FakeClock::default()));
        let (mailbox, owner) = (Mailbox::new(&store, MailboxLimits::default()), OwnerDigest::of(b"alice"));
        let (questions, alice) = (OpenQuestions::new(3), Principal::local());
        let mut addresses = Vec::new();
        for session in [1, 1, 2] {
            let address = mailbox.address();
            let inbox = Arc::new(mailbox.open(owner, address).await.unwrap());
            questions.add(session, address, inbox, questions.place(session, &alice).unwrap());
            addresses.push(address);
        }
        assert!(matches!(questions.place(1, &alice), Err(AskError::TooMany { limit: 3 })));
        questions.remove(2, addresses[2]);
        assert!(matches!(questions.place(1, &alice), Err(AskError::TooMany { limit: 2 })), "half of them, rounded up");
        questions.end(1).await;
        let again = [questions.place(1, &alice), questions.place(1, &alice), questions.place(2, &alice)];
        assert!(again.iter().all(Result::is_ok));
        let posted = async |address| mailbox.post(owner, address, b"yes").await.unwrap();
        assert_eq!((posted(addresses[0]).await, posted(addresses[1]).await), (Posted::Unknown, Posted::Unknown));
        assert_eq!(posted(addresses[2]).await, Posted::Delivered, "that of another session is left alone");
        assert!(questions.lock().is_empty());
    }
}
