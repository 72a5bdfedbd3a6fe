//! Children as scripts, backends over them, and a count of what is left of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use outboard_backend::guard::GuardProgram;
use outboard_backend::stdio::{Serving, State, StdioBackend, StdioConfig, StdioError};
use outboard_identity::Principal;
use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::revision::V2025_11_25;
use outboard_protocol::types::{ClientCapabilities, CompletionReference};
use outboard_runtime::{
    Answer, BoxFuture, Call, CallError, Client, Notify, Offer, Operation, Outcome, PromptCall, Provider, SharedHandler,
    ToolCall,
};
use outboard_store::{KeyRing, RootKey, Store, SystemClock};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The variable by which everything that a child starts is found again.
pub(super) const MARKER: &str = "OUTBOARD_TEST_MARKER";

/// No wait in these tests is longer; what is waited for comes much earlier.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A directory with a script, and a name that no other test has.
pub(super) struct Script {
    pub(super) directory: TempDir,
    pub(super) path: PathBuf,
    pub(super) marker: String,
}

impl Script {
    /// The server of `child.py` with these lines behind it.
    pub(super) fn python(lines: &str) -> Self {
        Self::new(&format!("{}\n\n{lines}\n", include_str!("child.py")))
    }

    /// Any script.
    pub(super) fn new(text: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("outboard-backend-").tempdir().unwrap();
        let path = directory.path().join("script");
        std::fs::write(&path, text).unwrap();
        let marker = directory.path().file_name().unwrap().to_str().unwrap().to_owned();
        Self { directory, path, marker }
    }

    pub(super) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// A file in the script's directory.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// How to lift it with `interpreter`.
    pub(super) fn config(&self, interpreter: &str) -> StdioConfig {
        let mut config = StdioConfig::new("child", interpreter);
        config.args = vec![self.path().to_owned()];
        config.env.insert(MARKER.to_owned(), self.marker.clone());
        config.env.insert("DIRECTORY".to_owned(), self.directory.path().to_str().unwrap().to_owned());
        config.guard = GuardProgram::at(lift_program());
        config
    }

    /// The processes that are left of it.
    pub(super) fn survivors(&self) -> Vec<String> {
        survivors(&self.marker)
    }
}

/// A lifted script.
pub(super) struct Lifted {
    pub(super) backend: StdioBackend,
    /// Where it tells which resources have changed.
    pub(super) notify: Notify,
    pub(super) script: Script,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Lifted {
    /// Lifts the server of `child.py` with these lines behind it.
    pub(super) fn python(lines: &str) -> Self {
        Self::with(lines, |_| {})
    }

    /// The same with another config.
    pub(super) fn with(lines: &str, change: impl FnOnce(&mut StdioConfig)) -> Self {
        let script = Script::python(lines);
        let mut config = script.config(python());
        change(&mut config);
        Self::start(script, config)
    }

    pub(super) fn start(script: Script, config: StdioConfig) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let notify = notify();
        let (told, stopped) = (notify.clone(), stop.clone());
        tasks.spawn(async move { stopped.run_until_cancelled(told.run()).await.is_some() });
        let backend = StdioBackend::start(config, ours(), notify.clone(), &tasks, stop.clone());
        Self { backend, notify, script, tasks, stop }
    }

    pub(super) async fn ready(&self) -> Result<Serving, Arc<StdioError>> {
        timeout(PATIENCE, self.backend.ready()).await.expect("a start comes to an end")
    }

    /// Waits until it is up, whatever happened before.
    pub(super) async fn up(&self) -> Serving {
        let mut states = self.backend.state();
        let up = states.wait_for(|state| matches!(state, State::Up(_)));
        match timeout(PATIENCE, up).await.expect("it comes up").unwrap().clone() {
            State::Up(serving) => serving,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the offer fits.
    pub(super) async fn offered(&self, fits: impl Fn(&[String]) -> bool + Send + Sync) -> Vec<String> {
        let names =
            |offer: &Offer| -> Vec<String> { offer.tools.iter().map(|offered| offered.tool.name.clone()).collect() };
        names(&*self.offer(|offer| fits(&names(offer))).await)
    }

    /// The offer as soon as it fits.
    pub(super) async fn offer(&self, fits: impl Fn(&Offer) -> bool + Send + Sync) -> Arc<Offer> {
        let mut offers = self.backend.offers();
        let offer = timeout(PATIENCE, offers.wait_for(|offer| fits(offer))).await;
        Arc::clone(&offer.expect("the offer comes").unwrap())
    }

    /// Begins a call. What has a name is found by it; what has a URI is neither listed nor matched.
    pub(super) fn begin(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let offers = self.backend.offers();
        let offer = Arc::clone(&offers.borrow());
        handler(&offer, &call.operation).0.call(call)
    }

    /// Calls a tool and waits for the end.
    pub(super) async fn call(&self, name: &str, arguments: &str) -> Result<RawJson, CallError> {
        let outcome = timeout(PATIENCE, self.begin(call(name, arguments))).await.expect("a call ends");
        outcome.map(forwarded)
    }

    /// Calls a tool and returns the text that it answers.
    pub(super) async fn text(&self, name: &str, arguments: &str) -> String {
        let result: Value = self.call(name, arguments).await.unwrap().read().unwrap();
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Stops it, and checks that nothing is left.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        timeout(PATIENCE, self.tasks.wait()).await.expect("a stop comes to an end");
        assert_eq!(self.script.survivors(), Vec::<String>::new());
    }
}

/// Who answers an operation.
fn handler(offer: &Offer, operation: &Operation) -> SharedHandler {
    let prompt = |name: &str| offer.prompts.iter().find(|offered| offered.prompt.name == name);
    let template = |uri: &str| offer.templates.iter().find(|offered| offered.template.uri_template == uri);
    let found = match operation {
        Operation::CallTool(ToolCall { name, .. }) => {
            offer.tools.iter().find(|offered| *offered.tool.name == **name).map(|offered| &offered.handler)
        }
        Operation::GetPrompt(PromptCall { name, .. }) => prompt(name).map(|offered| &offered.handler),
        Operation::ReadResource { .. } => offer.unlisted.as_ref(),
        Operation::Complete(params) => match &params.reference {
            CompletionReference::Prompt { name } => prompt(name).and_then(|offered| offered.completer.as_ref()),
            CompletionReference::Resource { uri } => template(uri).and_then(|offered| offered.completer.as_ref()),
        },
        Operation::Describe | Operation::List { .. } => None,
    };
    found.unwrap_or_else(|| panic!("nobody answers {operation:?}")).clone()
}

/// A call with arguments, as JSON text.
pub(super) fn call(name: &str, arguments: &str) -> Call {
    let arguments = RawJson::parse(arguments.to_owned().into()).unwrap();
    operation(Operation::CallTool(ToolCall { name: name.into(), arguments: Some(arguments) }))
}

/// A call of a local caller.
pub(super) fn operation(operation: Operation) -> Call {
    let client = Client { revision: &V2025_11_25, info: None, capabilities: ClientCapabilities::NONE };
    Call::new(operation, Principal::local(), client)
}

pub(super) fn forwarded(answer: Answer) -> RawJson {
    match answer {
        Answer::Result(ServerResult::Forwarded(raw, None)) => raw,
        other => panic!("{other:?}"),
    }
}

/// An empty store.
pub(super) fn store() -> Store {
    Store::in_memory(Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap()), Arc::new(SystemClock))
}

/// A way to tell what changes, to nobody yet.
pub(super) fn notify() -> Notify {
    Notify::new(&store(), Duration::from_secs(30))
}

/// Our own environment, without what would make one test differ from the next.
pub(super) fn ours() -> Vec<(OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name != MARKER).collect()
}

/// The interpreter itself: what stands in `PATH` may be a script around it, which adds to the environment.
pub(super) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let told = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    })
}

/// The example that is built together with the tests.
pub(super) fn lift_program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("examples/lift");
    assert!(program.is_file(), "{} is built with the tests", program.display());
    program
}

/// The processes with this marker in their environment, zombies left out: number and command line.
pub(super) fn survivors(marker: &str) -> Vec<String> {
    let wanted = format!("{MARKER}={marker}");
    let has_marker = |directory: &Path| {
        std::fs::read(directory.join("environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
    };
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    processes
        .filter(|directory| has_marker(directory))
        .map(|directory| {
            let command = std::fs::read(directory.join("cmdline")).unwrap_or_default();
            format!("{} {}", directory.display(), String::from_utf8_lossy(&command).replace('\0', " "))
        })
        .collect()
}

/// Waits until nothing is left, and returns what still is when the time is over.
pub(super) async fn survivors_after(marker: &str, limit: Duration) -> Vec<String> {
    let deadline = Instant::now() + limit;
    loop {
        let left = survivors(marker);
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until `found` finds something.
pub(super) async fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not happen");
        sleep(Duration::from_millis(5)).await;
    }
}
