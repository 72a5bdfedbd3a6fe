//! A request on its way in, neutral of era.

use std::sync::Arc;

use outboard_identity::Principal;
use outboard_protocol::types::{ClientCapabilities, CompleteParams, LoggingLevel, ProgressToken};
use outboard_protocol::{Method, RawJson, Revision};

use crate::catalog::Target;
use crate::input::{Asker, Asking, Questions};
use crate::outlet::Outlet;

/// One request of one caller.
#[derive(Debug)]
pub struct Call {
    /// What is wanted.
    pub operation: Operation,
    /// Who wants it.
    pub principal: Principal,
    /// With which client.
    pub client: Client,
    /// The caller's `_meta`, as sent.
    pub meta: Option<RawJson>,
    /// The caller wants to hear of progress, under this token.
    pub progress_token: Option<ProgressToken>,
    /// From which level on the caller wants log lines; `None`: none.
    pub log_level: Option<LoggingLevel>,
    /// Where what is told before the answer goes.
    pub outlet: Outlet,
    /// How the caller can be asked.
    pub asking: Asking,
    /// Who answers, once the catalog was asked.
    pub(crate) target: Option<Target>,
    /// What its handler and the stack share, once the stack has the call and there is a handler.
    pub(crate) questions: Option<Arc<Questions>>,
}

impl Call {
    /// A call that tells nothing before its answer, and asks nothing.
    #[must_use]
    pub fn new(operation: Operation, principal: Principal, client: Client) -> Self {
        Self {
            operation,
            principal,
            client,
            meta: None,
            progress_token: None,
            log_level: None,
            outlet: Outlet::closed(),
            asking: Asking::Nobody,
            target: None,
            questions: None,
        }
    }

    /// The call with the caller's `_meta`.
    #[must_use]
    pub fn with_meta(self, meta: Option<RawJson>) -> Self {
        Self { meta, ..self }
    }

    /// The call of a caller who wants to hear of progress under this token, and log lines from this level on, where there
    /// are such: its outlet is open then.
    #[must_use]
    pub fn with_telling(self, progress_token: Option<ProgressToken>, log_level: Option<LoggingLevel>) -> Self {
        let wanted = progress_token.is_some() || log_level.is_some();
        let call = if wanted { self.with_open_outlet() } else { self };
        Self { progress_token, log_level, ..call }
    }

    /// The call of a caller who can be asked like this. Who is asked live is told the questions: its outlet is open then.
    #[must_use]
    pub fn with_asking(self, asking: Asking) -> Self {
        let call = if matches!(asking, Asking::Live(_)) { self.with_open_outlet() } else { self };
        Self { asking, ..call }
    }

    /// The call of a caller who is asked live, by an asker that tells its questions through the call's outlet, which is open
    /// then.
    #[must_use]
    pub fn with_asker(self, asker: impl FnOnce(&Outlet) -> Arc<dyn Asker>) -> Self {
        let call = self.with_open_outlet();
        let asking = Asking::Live(asker(&call.outlet));
        Self { asking, ..call }
    }

    fn with_open_outlet(self) -> Self {
        let outlet = if self.outlet.is_open() { self.outlet } else { Outlet::open() };
        Self { outlet, ..self }
    }
}

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Operation {
    /// What the server is and offers.
    Describe,
    /// One of its lists.
    List {
        /// Which.
        kind: ListKind,
        /// Where to go on, as an earlier page said.
        cursor: Option<Box<str>>,
    },
    /// Call a tool.
    CallTool(ToolCall),
    /// Read a resource.
    ReadResource {
        /// Which.
        uri: Box<str>,
    },
    /// Fill in a prompt.
    GetPrompt(PromptCall),
    /// Suggest values of an argument.
    Complete(Box<CompleteParams>),
}

/// A list that a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// `tools/list`.
    Tools,
    /// `resources/list`.
    Resources,
    /// `resources/templates/list`.
    ResourceTemplates,
    /// `prompts/list`.
    Prompts,
}

impl ListKind {
    /// The method that asks for it.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Tools => Method::ToolsList,
            Self::Resources => Method::ResourcesList,
            Self::ResourceTemplates => Method::ResourceTemplatesList,
            Self::Prompts => Method::PromptsList,
        }
    }
}

impl Operation {
    /// The method that asks for it; of several, the current one.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Describe => Method::Discover,
            Self::List { kind, .. } => kind.method(),
            Self::CallTool(_) => Method::ToolsCall,
            Self::ReadResource { .. } => Method::ResourcesRead,
            Self::GetPrompt(_) => Method::PromptsGet,
            Self::Complete(_) => Method::Complete,
        }
    }

    /// Whether it is work of a handler, rather than something to be told from memory.
    #[must_use]
    pub const fn is_work(&self) -> bool {
        !matches!(self, Self::Describe | Self::List { .. })
    }
}

/// Which tool, and with what.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The catalog's name of the tool.
    pub name: Box<str>,
    /// An object, where there are any.
    pub arguments: Option<RawJson>,
}

/// Which prompt, and with what.
#[derive(Clone, Debug)]
pub struct PromptCall {
    /// The catalog's name of the prompt.
    pub name: Box<str>,
    /// An object of texts, where there are any.
    pub arguments: Option<RawJson>,
}

/// What is known about the caller's client. It says so itself: for display and logs, and for what it can be asked.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it speaks. For telemetry only: nothing behind the transport decides by it.
    pub revision: &'static Revision,
    /// Name and version as JSON, where it gave them.
    pub info: Option<RawJson>,
    /// What it can be asked for.
    pub capabilities: ClientCapabilities,
}

#[cfg(test)]
mod tests {
    use outboard_protocol::revision::V2025_11_25;
    use outboard_protocol::types::InputRequest;

    use super::*;
    use crate::input::AskError;
    use crate::outlet::Event;
    use crate::provider::BoxFuture;

    #[derive(Debug)]
    struct Silent;

    impl Asker for Silent {
        fn ask(&self, _: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn who_is_asked_live_is_told_the_questions() {
        let call = || {
            let client = Client { revision: &V2025_11_25, info: None, capabilities: ClientCapabilities::NONE };
            Call::new(Operation::Describe, Principal::local(), client)
        };
        assert!(call().with_asking(Asking::Live(Arc::new(Silent))).outlet.is_open());
        for asking in [Asking::Nobody, Asking::Rounds(None)] {
            assert!(!call().with_asking(asking).outlet.is_open());
        }
        let call = call().with_asker(|outlet| {
            outlet.tell(Event::Withdraw(1.into()));
            Arc::new(Silent)
        });
        assert!(matches!(call.asking, Asking::Live(_)));
        assert_eq!(call.outlet.try_next(), Some(Event::Withdraw(1.into())), "the asker has the call's own outlet");
    }
}
