//! A provider whose offer a test sets, and handlers that say whose they are.

use std::sync::{Arc, Mutex};

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::{
    CacheScope, CachingHints, CallToolResult, CompleteResult, Completion, GetPromptResult, Prompt, PromptMessage,
    ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
};
use outboard_runtime::{
    Answer, BoxFuture, Call, Handler, Offer, OfferedPrompt, OfferedResource, OfferedTemplate, Operation, Outcome,
    Provider,
};
use tokio::sync::watch;

/// A provider whose offer a test sets.
pub(crate) struct Fake {
    name: &'static str,
    offer: watch::Sender<Arc<Offer>>,
    watched: Mutex<Vec<(String, bool)>>,
}

impl Fake {
    pub(crate) fn new(name: &'static str, offer: Offer) -> Arc<Self> {
        Arc::new(Self { name, offer: watch::Sender::new(Arc::new(offer)), watched: Mutex::default() })
    }

    pub(crate) fn offer(&self, offer: Offer) {
        self.offer.send_replace(Arc::new(offer));
    }

    /// What it was told about watching since it was asked last.
    pub(crate) fn watched(&self) -> Vec<(String, bool)> {
        std::mem::take(&mut *self.watched.lock().unwrap())
    }
}

impl Provider for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn offers(&self) -> watch::Receiver<Arc<Offer>> {
        self.offer.subscribe()
    }

    fn watch_resource(&self, uri: &str, wanted: bool) {
        self.watched.lock().unwrap().push((uri.to_owned(), wanted));
    }
}

/// Answers whatever is asked with its own name and what was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Says(pub(crate) &'static str);

impl Handler for Says {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let who = self.0;
        Box::pin(async move {
            Ok(Answer::Result(match call.operation {
                Operation::ReadResource { uri } => {
                    let contents = ResourceContents::text(&*uri, "text/plain", who);
                    let hints = CachingHints { ttl_ms: 7, cache_scope: CacheScope::Private };
                    ServerResult::ReadResource(ReadResourceResult::from(contents), hints)
                }
                Operation::GetPrompt(prompt) => {
                    let messages = vec![PromptMessage::user(format!("{who}: {}", prompt.name))];
                    ServerResult::GetPrompt(GetPromptResult { messages, ..GetPromptResult::default() })
                }
                Operation::Complete(params) => {
                    let values = vec![format!("{who}: {}", params.argument.name)];
                    let completion = Completion { values, total: None, has_more: false };
                    ServerResult::Complete(CompleteResult { completion })
                }
                _ => ServerResult::CallTool(CallToolResult::text(who)),
            }))
        })
    }
}

pub(crate) fn resource(whose: &'static str, uri: &str) -> OfferedResource {
    OfferedResource { resource: Resource::new(uri, uri), handler: Says(whose).into() }
}

/// A template without a completer.
pub(crate) fn template(whose: &'static str, template: &str) -> OfferedTemplate {
    let listed = ResourceTemplate {
        uri_template: template.to_owned(),
        name: template.to_owned(),
        ..ResourceTemplate::default()
    };
    OfferedTemplate { template: listed, handler: Says(whose).into(), completer: None }
}

/// A prompt without a completer.
pub(crate) fn prompt(whose: &'static str, name: &str) -> OfferedPrompt {
    let listed = Prompt { name: name.to_owned(), ..Prompt::default() };
    OfferedPrompt { prompt: listed, handler: Says(whose).into(), completer: None }
}
