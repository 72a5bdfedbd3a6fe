//! The methods of the protocol, found by string match.

use std::fmt;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A method or notification name.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Method {
            $($(#[$doc])* $name,)*
            /// A name that this crate does not know.
            Other(Box<str>),
        }

        impl Method {
            /// Finds the method by its name.
            #[must_use]
            pub fn parse(name: &str) -> Self {
                match name {
                    $($text => Self::$name,)*
                    _ => Self::Other(name.into()),
                }
            }

            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

methods! {
    /// Modern: what the server is and can do.
    Discover = "server/discover",
    /// Legacy: opens a session.
    Initialize = "initialize",
    /// Legacy: the client has read the answer to `initialize`.
    Initialized = "notifications/initialized",
    /// Legacy: is the other end alive.
    Ping = "ping",
    /// Lists the tools.
    ToolsList = "tools/list",
    /// Calls a tool.
    ToolsCall = "tools/call",
    /// The list of tools has changed.
    ToolsListChanged = "notifications/tools/list_changed",
    /// Lists the resources.
    ResourcesList = "resources/list",
    /// Lists the templates of resources.
    ResourceTemplatesList = "resources/templates/list",
    /// Reads a resource.
    ResourcesRead = "resources/read",
    /// Legacy: tells of changes of a resource from now on.
    ResourcesSubscribe = "resources/subscribe",
    /// Legacy: does not any more.
    ResourcesUnsubscribe = "resources/unsubscribe",
    /// The list of resources has changed.
    ResourcesListChanged = "notifications/resources/list_changed",
    /// A resource has changed.
    ResourcesUpdated = "notifications/resources/updated",
    /// Lists the prompts.
    PromptsList = "prompts/list",
    /// Fills in a prompt.
    PromptsGet = "prompts/get",
    /// The list of prompts has changed.
    PromptsListChanged = "notifications/prompts/list_changed",
    /// Suggests values of an argument.
    Complete = "completion/complete",
    /// Legacy: from which level on the session wants log lines.
    SetLevel = "logging/setLevel",
    /// Modern: tells of changes for as long as the request lasts.
    Listen = "subscriptions/listen",
    /// Modern: what a listen request will be told of.
    ListenAcknowledged = "notifications/subscriptions/acknowledged",
    /// Asks the user.
    Elicit = "elicitation/create",
    /// Legacy: the user has done what a URL elicitation asked for.
    ElicitationComplete = "notifications/elicitation/complete",
    /// Asks the client's model.
    CreateMessage = "sampling/createMessage",
    /// Asks which roots the client offers.
    RootsList = "roots/list",
    /// Legacy: the client's roots have changed.
    RootsListChanged = "notifications/roots/list_changed",
    /// How far a request has come.
    Progress = "notifications/progress",
    /// A log line.
    LogMessage = "notifications/message",
    /// The sender no longer wants the answer.
    Cancelled = "notifications/cancelled",
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
