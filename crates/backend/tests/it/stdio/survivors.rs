//! Nothing of a command survives, whatever ends it, its guard's server, or both.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::harness::{Lifted, MARKER, PATIENCE, Script, eventually, lift_program, python, survivors, survivors_after};

/// Nothing is left this long after the end, at most.
const LIMIT: Duration = Duration::from_secs(2);

/// The server at the end of a tree as package runners make it, which then starts a daemon: double fork, own session, and
/// deaf to all that can be refused. Runner and server are deaf as well, also to the end of their input.
const TREE: &str = r#"
def daemon():
    if os.fork(): return
    os.setsid()
    if os.fork(): os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(0, 3)
    open(os.environ["DIRECTORY"] + "/daemon", "w").close()
    while True: time.sleep(600)

if sys.argv[1:] == ["runner"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ["DIRECTORY"] = sys.path[0]
    sys.exit(subprocess.call(["sh", "-c", '"$0" "$1" server; exit $?', sys.executable, sys.argv[0]]))
daemon()
subprocess.Popen(["sleep", "600"], start_new_session=True)
while not os.path.exists(os.environ["DIRECTORY"] + "/daemon"): time.sleep(0.01)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
serve()
while True: time.sleep(600)
"#;

/// A server in a process of its own that has lifted [`TREE`].
struct Server {
    process: Child,
    _output: Lines<BufReader<ChildStdout>>,
    script: Script,
}

impl Server {
    async fn start() -> Self {
        let script = Script::python(TREE);
        let mut process = Command::new(lift_program())
            .args([python(), script.path(), "runner"])
            .env(MARKER, &script.marker)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let up = timeout(PATIENCE, output.next_line()).await.unwrap().unwrap();
        assert_eq!(up.as_deref(), Some("up: 1 tools, 2025-11-25"));
        let server = Self { process, _output: output, script };
        // Server, guard, runner, shell, child, sleep, daemon.
        assert_eq!(survivors(&server.script.marker).len(), 7, "{:?}", survivors(&server.script.marker));
        server
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.process.id().unwrap().try_into().unwrap()).unwrap()
    }

    async fn nothing_is_left(&self) {
        assert_eq!(survivors_after(&self.script.marker, LIMIT).await, Vec::<String>::new());
    }
}

/// The process with these words in its command line.
fn process(marker: &str, words: &str) -> Pid {
    let found: Vec<String> = survivors(marker).into_iter().filter(|line| line.contains(words)).collect();
    assert_eq!(found.len(), 1, "{words}: {found:?}");
    let number = found[0].strip_prefix("/proc/").unwrap().split(' ').next().unwrap();
    Pid::from_raw(number.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn nothing_survives_the_kill_of_the_server() {
    let mut server = Server::start().await;
    server.process.kill().await.unwrap();
    server.nothing_is_left().await;
}

#[tokio::test]
async fn nothing_survives_the_clean_end_of_the_server() {
    let mut server = Server::start().await;
    kill_process(server.pid(), Signal::TERM).unwrap();
    server.nothing_is_left().await;
    assert!(timeout(PATIENCE, server.process.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn nothing_survives_a_signal_to_the_guard() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let script = Script::python(TREE);
        let mut config = script.config(python());
        config.args.push("runner".to_owned());
        config.bounds.backoff_min = Duration::from_secs(600);
        config.bounds.backoff_max = Duration::from_secs(600);
        let lifted = Lifted::start(script, config);
        lifted.ready().await.unwrap();
        let marker = &lifted.script.marker;
        assert_eq!(survivors(marker).len(), 6);
        kill_process(process(marker, "outboard-guard"), signal).unwrap();
        assert_eq!(survivors_after(marker, LIMIT).await, Vec::<String>::new(), "{signal:?}");
        lifted.end().await;
    }
}

#[tokio::test]
async fn nothing_of_the_old_tree_survives_the_kill_of_the_command() {
    let script = Script::python(TREE);
    let mut config = script.config(python());
    config.args.push("runner".to_owned());
    // No second tree, so that what is counted is the first one.
    config.bounds.backoff_min = Duration::from_secs(600);
    config.bounds.backoff_max = Duration::from_secs(600);
    let lifted = Lifted::start(script, config);
    lifted.ready().await.unwrap();
    let marker = &lifted.script.marker;
    assert_eq!(survivors(marker).len(), 6, "{:?}", survivors(marker));
    let runner = survivors(marker).into_iter().find(|line| line.contains("script runner") && !line.contains("guard"));
    let number = runner.unwrap().strip_prefix("/proc/").unwrap().split(' ').next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(number).unwrap(), Signal::KILL).unwrap();
    assert_eq!(survivors_after(marker, LIMIT).await, Vec::<String>::new());
    lifted.end().await;
}

#[tokio::test]
async fn nothing_survives_a_clean_stop() {
    let script = Script::python(TREE);
    let mut config = script.config(python());
    config.args.push("runner".to_owned());
    let lifted = Lifted::start(script, config);
    lifted.ready().await.unwrap();
    assert_eq!(survivors(&lifted.script.marker).len(), 6);
    let start = tokio::time::Instant::now();
    lifted.end().await;
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn nothing_survives_a_stop_in_the_middle_of_a_start() {
    let script = Script::python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(600)");
    let config = script.config(python());
    let lifted = Lifted::start(script, config);
    eventually("the start", || {
        survivors(&lifted.script.marker).iter().any(|line| line.contains("/script")).then_some(())
    })
    .await;
    lifted.end().await;
}

#[tokio::test]
async fn many_restarts_leave_no_process_no_zombie_and_no_descriptor() {
    let lifted = Lifted::with("CALLS['echo'] = lambda r: sys.exit(1)\nserve()", |config| {
        config.bounds.backoff_max = config.bounds.backoff_min.min(Duration::from_millis(1));
        config.bounds.backoff_min = Duration::from_millis(1);
    });
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    lifted.ready().await.unwrap();
    let before = descriptors();
    for starts in 2..32 {
        lifted.call("echo", "{}").await.unwrap_err();
        eventually("a restart", || (lifted.backend.counts().starts == starts).then_some(())).await;
        lifted.up().await;
    }
    eventually("two processes", || (survivors(&lifted.script.marker).len() == 2).then_some(())).await;
    eventually("as many descriptors as before", || (descriptors() <= before).then_some(())).await;
    let zombies = || {
        let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        children.split_ascii_whitespace().count()
    };
    eventually("one child of ours, the guard", || (zombies() <= 1).then_some(())).await;
    lifted.end().await;
}

#[tokio::test]
async fn orphans_that_end_early_do_not_pile_up_as_zombies() {
    let lifted = Lifted::python(
        r#"
def orphan(request):
    if os.fork() == 0:
        if os.fork() == 0: time.sleep(0.02)
        os._exit(0)
    os.wait()
    result(request, text(str(os.getppid())))
CALLS["echo"] = orphan
serve()
"#,
    );
    lifted.ready().await.unwrap();
    let mut guard = String::new();
    for _ in 0..20 {
        guard = lifted.text("echo", "{}").await;
    }
    let children = || {
        let is_child = |stat: &str| stat.rsplit(')').next().unwrap().split(' ').nth(2) == Some(&guard);
        let stats = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        stats.filter(|stat| is_child(stat)).count()
    };
    eventually("the guard has one child", || (children() == 1).then_some(())).await;
    lifted.end().await;
}
