//! What the clients are run against, and what they must see there.

use serde_json::{Map, Value, json};

use super::clients::Era;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    List,
    Call,
    Progress,
    Question,
    Resources,
    Prompts,
    Reconnect,
    Close,
}

impl Step {
    /// All of them, in the order of the table.
    pub(super) const ALL: [Self; 9] = [
        Self::Connect,
        Self::List,
        Self::Call,
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
            Self::List => "list",
            Self::Call => "call",
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
}

/// All of them.
pub(super) const TARGETS: [Target; 3] = [
    Target { name: "fixture", title: "examples/everything", kind: Kind::Fixture },
    Target { name: "everything", title: "npm server-everything, lifted", kind: Kind::Everything },
    Target { name: "time", title: "PyPI mcp-server-time, lifted", kind: Kind::Time },
];

impl Target {
    /// The package of its program.
    pub(super) fn package(&self) -> &'static str {
        if self.kind == Kind::Fixture { "everything" } else { "outboard-server" }
    }

    /// Its program.
    pub(super) fn binary(&self) -> &'static str {
        if self.kind == Kind::Fixture { "everything" } else { "outboard" }
    }

    /// What a client of this era does there.
    pub(super) fn tasks(&self, era: Era) -> Vec<Task> {
        let own = match self.kind {
            Kind::Fixture => fixture(era),
            Kind::Everything => everything(era),
            Kind::Time => time(),
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

fn task<const N: usize>(step: Step, give: Value, expect: [&'static str; N]) -> Task {
    Task { step, give, expect: expect.to_vec() }
}

fn call(tool: &str, arguments: Value) -> Value {
    let mut call = Map::new();
    call.insert("tool".to_owned(), json!(tool));
    call.insert("arguments".to_owned(), arguments);
    Value::Object(call)
}

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
                let tasks = target.tasks(era);
                let steps: Vec<_> = tasks.iter().map(|task| task.step).collect();
                assert_eq!(steps.first(), Some(&Step::Connect), "{}", target.name);
                assert_eq!(tasks.first().unwrap().expect, [era.revision()]);
                assert!(steps.contains(&Step::List) && steps.contains(&Step::Call), "{}", target.name);
                assert_eq!(steps.last(), Some(&Step::Close), "{}", target.name);
            }
        }
    }
}
