//! What the clients are run against, and what they must see there.

use serde_json::{Map, Value, json};

use super::clients::Era;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    /// Connects without a token, and gets one.
    Login,
    List,
    Call,
    /// Calls what the token is not enough for, and gets one that is.
    MoreScopes,
    Progress,
    Question,
    Resources,
    Prompts,
    Reconnect,
    Close,
}

impl Step {
    /// All of them, in the order of the table.
    pub(super) const ALL: [Self; 11] = [
        Self::Connect,
        Self::Login,
        Self::List,
        Self::Call,
        Self::MoreScopes,
        Self::Progress,
        Self::Question,
        Self::Resources,
        Self::Prompts,
        Self::Reconnect,
        Self::Close,
    ];

    /// Its name, in plans, lines and the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Login => "login",
            Self::List => "list",
            Self::Call => "call",
            Self::MoreScopes => "step-up",
            Self::Progress => "progress",
            Self::Question => "question",
            Self::Resources => "resources",
            Self::Prompts => "prompts",
            Self::Reconnect => "reconnect",
            Self::Close => "close",
        }
    }
}

/// A step with what the client is given for it, and the fragments that it must see, in their order.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) step: Step,
    pub(super) give: Value,
    pub(super) expect: Vec<&'static str>,
}

/// The tasks as the clients read them: the names of the steps, and what is given for each under its name.
pub(super) fn plan(tasks: &[Task]) -> String {
    let steps: Vec<_> = tasks.iter().map(|task| task.step.name()).collect();
    let given = tasks.iter().map(|task| (task.step.name().to_owned(), task.give.clone()));
    let mut plan: Map<String, Value> = given.collect();
    plan.insert("steps".to_owned(), json!(steps));
    Value::Object(plan).to_string()
}

/// A server.
#[derive(Debug)]
pub(super) struct Target {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) title: &'static str,
    pub(super) kind: Kind,
}

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The fixture, whose tools are native.
    Fixture,
    /// A lifted server from npm with all that the protocol has.
    Everything,
    /// A lifted server from `PyPI` that has tools alone.
    Time,
    /// The fixture with its issuer for development.
    Secured(Registration),
}

/// How clients become known to an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registration {
    /// They register, and are given an id.
    Dynamic,
    /// Their id is the URL of a document about them.
    Document,
}

/// All of them.
pub(super) const TARGETS: [Target; 5] = [
    Target { name: "fixture", title: "examples/everything", kind: Kind::Fixture },
    Target { name: "everything", title: "npm server-everything, lifted", kind: Kind::Everything },
    Target { name: "time", title: "PyPI mcp-server-time, lifted", kind: Kind::Time },
    Target {
        name: "registration",
        title: "examples/everything, with tokens for clients that register",
        kind: Kind::Secured(Registration::Dynamic),
    },
    Target {
        name: "document",
        title: "examples/everything, with tokens for clients with a metadata document",
        kind: Kind::Secured(Registration::Document),
    },
];

impl Target {
    /// The package of its program.
    pub(super) fn package(&self) -> &'static str {
        if self.is_fixture() { "everything" } else { "outboard-server" }
    }

    /// Its program.
    pub(super) fn binary(&self) -> &'static str {
        if self.is_fixture() { "everything" } else { "outboard" }
    }

    fn is_fixture(&self) -> bool {
        matches!(self.kind, Kind::Fixture | Kind::Secured(_))
    }

    /// Why it cannot be several replicas; nothing if it can.
    pub(super) fn one_process(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Fixture => None,
            Kind::Everything | Kind::Time => Some("a lifted child belongs to its process, and so does what it knows"),
            Kind::Secured(_) => Some("the issuer for development keeps what it knows in its process"),
        }
    }

    /// Whether clients are to have a metadata document.
    pub(super) fn wants_document(&self) -> bool {
        self.kind == Kind::Secured(Registration::Document)
    }

    /// What stands in the configuration of its server.
    pub(super) fn config(&self) -> String {
        match self.kind {
            Kind::Secured(Registration::Dynamic) => SECURED.to_owned(),
            Kind::Secured(Registration::Document) => format!("{SECURED}{PRIVATE_DOCUMENTS}"),
            Kind::Fixture | Kind::Everything | Kind::Time => String::new(),
        }
    }

    /// What a client of this era does there; `document` is the URL of its metadata document, if it has one.
    pub(super) fn tasks(&self, era: Era, document: Option<&str>) -> Vec<Task> {
        let own = match self.kind {
            Kind::Fixture => fixture(era),
            Kind::Everything => everything(era),
            Kind::Time => time(),
            Kind::Secured(_) => return secured(era, document),
        };
        let connect = task(Step::Connect, Value::Null, [era.revision()]);
        let close = task(Step::Close, Value::Null, []);
        [connect].into_iter().chain(own).chain([close]).collect()
    }
}

fn fixture(era: Era) -> Vec<Task> {
    let questions = json!([
        {
            "tool": "test_elicitation",
            "arguments": { "message": "Who are you?" },
            "content": { "username": "countess", "email": "ada@example.com" },
        },
        {
            "tool": "test_input_required_result_elicitation",
            "arguments": {},
            "content": { "name": "Grace" },
        },
    ]);
    let mut tasks = vec![
        task(Step::List, Value::Null, ["test_simple_text"]),
        task(Step::Call, call("test_simple_text", json!({})), ["This is a simple text response for testing."]),
        task(Step::Progress, call("test_tool_with_progress", json!({})), ["0/100", "50/100", "100/100"]),
        task(Step::Question, questions, ["countess", "ada@example.com", "Hello, Grace!"]),
        task(
            Step::Resources,
            json!("test://static-text"),
            ["test://static-text", "This is the content of the static text resource."],
        ),
        task(
            Step::Prompts,
            json!("test_simple_prompt"),
            ["test_simple_prompt", "This is a simple prompt for testing."],
        ),
    ];
    // Streams are resumed in the legacy era only. Any text will do: that it arrives is the point.
    if era == Era::Legacy {
        tasks.push(task(Step::Reconnect, call("test_reconnection", json!({})), [""]));
    }
    tasks
}

fn everything(era: Era) -> Vec<Task> {
    let long = call("trigger-long-running-operation", json!({ "duration": 0.6, "steps": 3 }));
    let mut tasks = vec![
        task(Step::List, Value::Null, ["echo"]),
        task(Step::Call, call("echo", json!({ "message": "over the water" })), ["Echo: over the water"]),
        task(Step::Progress, long, ["1/3", "2/3", "3/3", "Long running operation completed"]),
        task(
            Step::Resources,
            json!("demo://resource/static/document/features.md"),
            ["demo://resource/static/document/features.md", "trigger-long-running-operation"],
        ),
        task(Step::Prompts, json!("simple-prompt"), ["simple-prompt", "This is a simple prompt without arguments."]),
    ];
    // A question of a child reaches callers of the legacy era only.
    if era == Era::Legacy {
        let question = json!([{
            "tool": "trigger-elicitation-request",
            "arguments": {},
            "content": { "name": "Ada", "integer": 42 },
        }]);
        tasks.push(task(Step::Question, question, ["Name: Ada", "Favorite Integer: 42"]));
    }
    tasks
}

fn time() -> Vec<Task> {
    let arguments = json!({ "source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo" });
    vec![task(Step::List, Value::Null, ["convert_time"]), task(Step::Call, call("convert_time", arguments), ["+9.0h"])]
}

/// After the login, the token is for the first scope alone; stepping up asks for both, because a token with the second one
/// alone would not do.
fn secured(era: Era, document: Option<&str>) -> Vec<Task> {
    let [first, second] = if document.is_some() {
        ["sign-in 1 by document for: interop:use", "sign-in 2 by document for: interop:admin interop:use"]
    } else {
        ["sign-in 1 by registration for: interop:use", "sign-in 2 by registration for: interop:admin interop:use"]
    };
    let login = json!({ "scope": "interop:use", "document": document });
    vec![
        task(Step::Login, login, [era.revision(), first]),
        task(Step::List, Value::Null, ["test_simple_text"]),
        task(Step::Call, call("test_simple_text", json!({})), ["This is a simple text response for testing."]),
        task(
            Step::MoreScopes,
            call("test_multiple_content_types", json!({})),
            ["Multiple content types test:", second],
        ),
        task(Step::Close, Value::Null, []),
    ]
}

fn task<const N: usize>(step: Step, give: Value, expect: [&'static str; N]) -> Task {
    Task { step, give, expect: expect.to_vec() }
}

fn call(tool: &str, arguments: Value) -> Value {
    let mut call = Map::new();
    call.insert("tool".to_owned(), json!(tool));
    call.insert("arguments".to_owned(), arguments);
    Value::Object(call)
}

/// Every call needs the first scope, which is all that a client is told to ask for at first; one tool needs another. Lists
/// show that tool to everybody, because a client that does not see it does not call it.
const SECURED: &str = r#"
[auth]
initial_scopes = "interop:use"
lists = "all"

[[auth.rules]]
all_of = ["interop:use"]

[[auth.rules]]
tool = "test_multiple_content_types"
all_of = ["interop:admin"]
"#;

/// The document is on this machine, where the issuer would not look for one.
const PRIVATE_DOCUMENTS: &str = "
[dev_issuer]
dangerous_private_documents = true
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_names_the_steps_and_gives_each_its_own() {
        let tasks = [task(Step::List, Value::Null, ["a"]), task(Step::Call, call("a", json!({ "b": 1 })), [])];
        let plan: Value = serde_json::from_str(&plan(&tasks)).unwrap();
        let expected =
            json!({ "steps": ["list", "call"], "list": null, "call": { "tool": "a", "arguments": { "b": 1 } } });
        assert_eq!(plan, expected);
    }

    #[test]
    fn every_target_is_connected_to_listed_called_and_closed_in_both_eras() {
        for target in &TARGETS {
            for era in [Era::Legacy, Era::Modern] {
                let tasks = target.tasks(era, None);
                let steps: Vec<_> = tasks.iter().map(|task| task.step).collect();
                let is_secured = matches!(target.kind, Kind::Secured(_));
                let entrance = if is_secured { Step::Login } else { Step::Connect };
                assert_eq!(steps.first(), Some(&entrance), "{}", target.name);
                assert_eq!(steps.contains(&Step::MoreScopes), is_secured, "{}", target.name);
                assert_eq!(tasks.first().unwrap().expect.first(), Some(&era.revision()));
                assert!(steps.contains(&Step::List) && steps.contains(&Step::Call), "{}", target.name);
                assert_eq!(steps.last(), Some(&Step::Close), "{}", target.name);
            }
        }
    }
}
