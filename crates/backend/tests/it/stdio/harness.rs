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
use outboard_protocol::types::ClientCapabilities;
use outboard_runtime::{Answer, BoxFuture, Call, CallError, Client, Offer, Operation, Outcome, Provider, ToolCall};
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
        let backend = StdioBackend::start(config, ours(), &tasks, stop.clone());
        Self { backend, script, tasks, stop }
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
        let mut offers = self.backend.offers();
        let names =
            |offer: &Offer| -> Vec<String> { offer.tools.iter().map(|offered| offered.tool.name.clone()).collect() };
        let offer = timeout(PATIENCE, offers.wait_for(|offer| fits(&names(offer)))).await;
        let offer = offer.expect("the offer comes").unwrap();
        names(&offer)
    }

    /// Begins a call of a tool.
    pub(super) fn begin(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let Operation::CallTool(ToolCall { name, .. }) = &call.operation else { panic!("calls a tool") };
        let offers = self.backend.offers();
        let offer = Arc::clone(&offers.borrow());
        let offered = offer.tools.iter().find(|offered| *offered.tool.name == **name);
        offered.unwrap_or_else(|| panic!("offers {name}")).handler.call(call)
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

/// A call with arguments, as JSON text.
pub(super) fn call(name: &str, arguments: &str) -> Call {
    let arguments = RawJson::parse(arguments.to_owned().into()).unwrap();
    let operation = Operation::CallTool(ToolCall { name: name.into(), arguments: Some(arguments) });
    let client = Client { revision: &V2025_11_25, info: None, capabilities: ClientCapabilities::NONE };
    Call::new(operation, Principal::local(), client)
}

pub(super) fn forwarded(answer: Answer) -> RawJson {
    match answer {
        Answer::Result(ServerResult::Forwarded(raw)) => raw,
        other => panic!("{other:?}"),
    }
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
