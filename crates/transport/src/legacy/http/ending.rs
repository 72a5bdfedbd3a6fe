//! Hears of the end of a session, for a call that tells over a stream of its own: on this replica at once, from another one
//! over the bus.

use std::sync::Arc;

use outboard_runtime::{Listening, Since, Topics};
use outboard_store::{Session, SessionState};

use super::running::Registered;
use super::session::topic;
use crate::http::Endpoint;

/// Hears of the end of a session.
pub(super) struct SessionEnd {
    endpoint: Arc<Endpoint>,
    session: Session,
    /// `None` where nobody can tell.
    listening: Option<Listening>,
    /// Something has become of the session; what it is was not looked at yet.
    has_changed: bool,
}

impl SessionEnd {
    /// Listens from now on. What was told of the session lately is heard too.
    pub(super) async fn listen(endpoint: &Arc<Endpoint>, session: &Session) -> Self {
        let mut topics = Topics::default();
        topics.add(&topic(session));
        let listening = endpoint.runtime.notify().listen(topics, Since::Recently).await.map_err(|error| {
            tracing::warn!(%error, "a call does not hear of the end of its session on another replica");
        });
        Self { endpoint: Arc::clone(endpoint), session: session.clone(), listening: listening.ok(), has_changed: false }
    }

    /// Ends when the session was ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn heard(&mut self, registered: &Registered) {
        tokio::select! {
            () = registered.session_ended().cancelled() => {}
            () = self.elsewhere() => {}
        }
    }

    async fn elsewhere(&mut self) {
        let Some(listening) = &mut self.listening else { return std::future::pending().await };
        loop {
            if !self.has_changed {
                listening.next().await;
                self.has_changed = true;
            }
            let state = self.endpoint.sessions.state(&self.session).await;
            self.has_changed = false;
            match state {
                Ok(SessionState::Terminated) => return self.endpoint.legacy.end(&self.session).await,
                Ok(SessionState::Living(_)) => {}
                Err(error) => tracing::warn!(%error, "a call cannot look what has become of its session"),
            }
        }
    }
}
