//! Children that die, hang, garble and cannot be started.

use std::time::Duration;

use outboard_backend::guard::{Ending, GuardProgram, SpawnError};
use outboard_backend::stdio::{ChildEnd, StartError, State, StdioError};
use outboard_protocol::revision::V2025_11_25;
use outboard_runtime::{BackendFailure, CallError, Provider};
use tokio::time::timeout;

use super::harness::{Lifted, PATIENCE, Script, call, eventually};

#[tokio::test]
async fn the_end_of_a_child_ends_its_calls_at_once_and_says_how() {
    let cases = [
        ("sys.exit(0)", "exited with code 0"),
        ("sys.exit(3)", "exited with code 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was killed by signal 11"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by signal 9"),
        // Half an answer is none.
        ("(write('{\"jsonrpc\":\"2.0\",\"id\":%d,' % r['id']), sys.exit(3))", "exited with code 3"),
        // Something of it lives on and holds its output: that does not delay the news.
        ("(subprocess.Popen(['sleep', '60']), sys.exit(4))", "exited with code 4"),
    ];
    for (end, how) in cases {
        let lifted = Lifted::python(&format!(
            "TOOLS.append(tool('hold'))\nCALLS['hold'] = lambda r: None\nCALLS['echo'] = lambda r: {end}\nserve()"
        ));
        lifted.ready().await.unwrap();
        let held = lifted.begin(call("hold", "{}"));
        let dying = lifted.begin(call("echo", "{}"));
        let ended = timeout(PATIENCE, futures_util::future::join(held, dying)).await.unwrap();
        for outcome in [ended.0, ended.1] {
            let error = outcome.unwrap_err();
            let expected = BackendFailure::Ended { how: how.into() };
            assert!(matches!(&error, CallError::Backend { failure, .. } if *failure == expected), "{end}: {error:?}");
            assert_eq!(error.object(&V2025_11_25).code, -32603);
            assert!(error.to_string().contains("'child'"), "{error}");
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn what_a_child_answers_before_its_end_is_an_answer() {
    for _ in 0..20 {
        let lifted = Lifted::python("CALLS['echo'] = lambda r: (result(r, text('last')), os._exit(0))\nserve()");
        lifted.ready().await.unwrap();
        assert_eq!(lifted.text("echo", "{}").await, "last");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_child_that_ended_is_started_again_and_its_call_is_not_run_again() {
    let lifted = Lifted::python(
        r#"
def once(request):
    with open(os.environ["DIRECTORY"] + "/runs", "a") as runs:
        runs.write("x")
    sys.exit(1)
TOOLS.append(tool("once"))
CALLS["once"] = once
serve()
"#,
    );
    lifted.ready().await.unwrap();
    lifted.call("once", "{}").await.unwrap_err();
    eventually("a restart", || (lifted.backend.counts().starts == 2).then_some(())).await;
    lifted.up().await;
    assert_eq!(lifted.text("echo", "{}").await, "{}");
    assert_eq!(std::fs::read_to_string(lifted.script.file("runs")).unwrap(), "x");
    lifted.end().await;
}

#[tokio::test]
async fn calls_while_a_child_is_down_fail_at_once_and_its_tools_stay_offered() {
    let lifted = Lifted::with("CALLS['echo'] = lambda r: sys.exit(1)\nserve()", |config| {
        config.bounds.backoff_min = Duration::from_secs(600);
        config.bounds.backoff_max = Duration::from_secs(600);
    });
    lifted.ready().await.unwrap();
    lifted.call("echo", "{}").await.unwrap_err();
    let mut states = lifted.backend.state();
    let down = timeout(PATIENCE, states.wait_for(|state| matches!(state, State::Restarting { .. })));
    let down = down.await.unwrap().unwrap().clone();
    let State::Restarting { error, since, next } = down else { panic!("{down:?}") };
    let expected = ChildEnd::Process(Ending::Exited { code: 1 });
    assert!(matches!(&*error, StdioError::Ended { end } if *end == expected), "{error:?}");
    let pause = next - since;
    assert!(pause > Duration::from_secs(200) && pause < Duration::from_secs(601), "{pause:?}");

    let error = lifted.call("echo", "{}").await.unwrap_err();
    assert!(matches!(error, CallError::Backend { failure: BackendFailure::Starting { .. }, .. }), "{error:?}");
    assert!(error.retry_after().unwrap() > Duration::from_secs(200));
    assert_eq!(lifted.backend.offers().borrow().tools.len(), 1);
    lifted.end().await;
}

/// The first pauses before restarts of a backend whose child ends as soon as it is up.
async fn pauses(stable_after: Duration) -> Vec<Duration> {
    let lifted = Lifted::with("CALLS['echo'] = lambda r: sys.exit(5)\nserve()", |config| {
        config.bounds.backoff_min = Duration::from_millis(1);
        config.bounds.stable_after = stable_after;
    });
    let mut pauses = Vec::new();
    while pauses.len() < 5 {
        lifted.up().await;
        lifted.call("echo", "{}").await.unwrap_err();
        let mut states = lifted.backend.state();
        let down = timeout(PATIENCE, states.wait_for(|state| matches!(state, State::Restarting { .. })));
        if let State::Restarting { next, since, .. } = &*down.await.unwrap().unwrap() {
            pauses.push(*next - *since);
        }
    }
    lifted.end().await;
    pauses
}

#[tokio::test]
async fn a_crash_loop_is_slowed_down_unless_the_child_was_stable_in_between() {
    let pauses_of_a_loop = pauses(Duration::from_secs(600)).await;
    // Each is between half of its length and all of it, and the length doubles.
    for (number, pause) in pauses_of_a_loop.iter().enumerate() {
        let whole = Duration::from_millis(1 << number);
        assert!(*pause >= whole / 2 && *pause <= whole, "{pauses_of_a_loop:?}");
    }
    let pauses_of_stable = pauses(Duration::ZERO).await;
    assert!(pauses_of_stable.iter().all(|pause| *pause <= Duration::from_millis(1)), "{pauses_of_stable:?}");
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_named() {
    let script = Script::new("not executable");
    let text = script.path().to_owned();
    for (command, kind) in [
        ("outboard-no-such-command", std::io::ErrorKind::NotFound),
        ("/nowhere/at/all", std::io::ErrorKind::NotFound),
        (&text, std::io::ErrorKind::PermissionDenied),
    ] {
        let lifted = Lifted::with("", |config| config.command = command.to_owned());
        let error = lifted.ready().await.unwrap_err();
        let StdioError::Start(StartError::Spawn(SpawnError::Command { program, source })) = &*error else {
            panic!("{error:?}")
        };
        assert_eq!((program.as_str(), source.kind()), (command, kind));
        assert!(error.to_string().contains(command), "{error}");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_missing_directory_and_a_program_that_is_no_guard_are_told() {
    let lifted = Lifted::with("serve()", |config| config.cwd = Some("/nowhere".into()));
    let error = lifted.ready().await.unwrap_err();
    assert!(matches!(&*error, StdioError::Start(StartError::Spawn(SpawnError::Directory { .. }))), "{error:?}");
    lifted.end().await;

    for (guard, silent) in [("/bin/true", true), ("/nowhere", false)] {
        let lifted = Lifted::with("serve()", |config| config.guard = GuardProgram::at(guard));
        let error = lifted.ready().await.unwrap_err();
        let StdioError::Start(StartError::Spawn(error)) = &*error else { panic!("{error:?}") };
        assert_eq!(matches!(error, SpawnError::GuardSilent), silent, "{error:?}");
        assert_eq!(matches!(error, SpawnError::Guard { .. }), !silent, "{error:?}");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_command_that_is_no_server_is_given_up_after_its_time() {
    // Reads and says nothing; says something that is no MCP.
    for lines in ["for line in sys.stdin: pass", "write('Welcome!\\n'); time.sleep(600)"] {
        let lifted = Lifted::with(lines, |config| {
            config.bounds.probe_timeout = Duration::from_millis(50);
            config.bounds.start_timeout = Duration::from_millis(300);
            config.bounds.exit_wait = Duration::from_millis(50);
        });
        let error = lifted.ready().await.unwrap_err();
        assert!(matches!(&*error, StdioError::Start(StartError::TimedOut { .. })), "{error:?}");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_refusal_to_open_or_to_list_is_told_with_its_words() {
    for (lines, method) in [
        (r#"METHODS["initialize"] = lambda r: error(r, -32000, "no licence"); serve()"#, "initialize"),
        (r#"METHODS["tools/list"] = lambda r: error(r, -32000, "no licence"); serve()"#, "tools/list"),
    ] {
        let lifted = Lifted::python(lines);
        let error = lifted.ready().await.unwrap_err();
        let expected = format!("the command refused {method}: no licence (code -32000)");
        assert_eq!(error.to_string(), expected);
        lifted.end().await;
    }
}

#[tokio::test]
async fn what_is_no_message_is_skipped_and_counted() {
    let lifted = Lifted::python(
        r#"
write("Server running on stdio\n")
def garble(request):
    write("\n  \n\r\n")                                             # blank lines are nothing
    write("banner\n{\"half\": \n[]\n7\nnull\n\"text\"\n")           # 6
    write(b"\xff\xfe\x00\n")                                        # 7
    write(b'{"jsonrpc":"2.0","id":1,"result":{"a":"\xff"}}\n')      # 8
    write('{"jsonrpc":"1.0","id":1,"result":{}}\n')                 # 9
    write("[" * 100000 + "\n")                                      # 10
    write('{"jsonrpc":"2.0","method":"notifications/unheard-of"}\n')
    write('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n')
    result(request, text("still here"))
CALLS["echo"] = garble
serve()
"#,
    );
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await, "still here");
    assert_eq!(lifted.backend.counts().garbage_lines, 11);
    lifted.end().await;
}

#[tokio::test]
async fn the_first_answer_wins_and_strange_ids_are_dropped() {
    let lifted = Lifted::python(
        r#"
def strange(request):
    number = request["id"]
    for other in (str(number), number + 1000, -1, "x", number + 0.0, True):
        send({"id": other, "result": text("wrong")})
    result(request, text("right"))
    result(request, text("again"))
    error(request, -32000, "and again")
CALLS["echo"] = strange
serve()
"#,
    );
    lifted.ready().await.unwrap();
    for _ in 0..3 {
        assert_eq!(lifted.text("echo", "{}").await, "right");
    }
    eventually("the second answers", || (lifted.backend.counts().unexpected_answers == 18).then_some(())).await;
    assert_eq!(lifted.backend.counts().garbage_lines, 6, "an id is a string or an integer");
    lifted.end().await;
}

#[tokio::test]
async fn a_child_that_closes_its_output_is_ended_and_started_again() {
    let lifted = Lifted::python("CALLS['echo'] = lambda r: (os.close(1), time.sleep(600))\nserve()");
    lifted.ready().await.unwrap();
    let error = lifted.call("echo", "{}").await.unwrap_err();
    let expected = BackendFailure::Ended { how: "closed its standard streams".into() };
    assert!(matches!(&error, CallError::Backend { failure, .. } if *failure == expected), "{error:?}");
    eventually("a restart", || (lifted.backend.counts().starts == 2).then_some(())).await;
    lifted.up().await;
    lifted.end().await;
}

#[tokio::test]
async fn a_stopped_backend_ends_its_calls_and_takes_no_further_one() {
    let lifted = Lifted::python("CALLS['echo'] = lambda r: None\nserve()");
    lifted.ready().await.unwrap();
    let mut held = lifted.begin(call("echo", "{}"));
    assert!(futures_util::poll!(&mut held).is_pending());
    lifted.stop.cancel();
    let error = timeout(PATIENCE, held).await.unwrap().unwrap_err();
    let expected = BackendFailure::Ended { how: "was stopped".into() };
    assert!(matches!(&error, CallError::Backend { failure, .. } if *failure == expected), "{error:?}");
    let error = lifted.call("echo", "{}").await.unwrap_err();
    assert!(matches!(error, CallError::Backend { failure: BackendFailure::Starting { .. }, .. }), "{error:?}");
    lifted.end().await;
}

#[tokio::test]
async fn a_program_that_forgets_to_be_a_guard_does_not_lift() {
    const GUARD: &str = "__outboard-guard";
    if std::env::args().nth(1).as_deref() != Some(GUARD) {
        // This test again, in a process that was started as a guard is; what comes first is a filter that finds nothing.
        let name = "a_program_that_forgets_to_be_a_guard_does_not_lift";
        let inner = tokio::process::Command::new(std::env::current_exe().unwrap()).args([GUARD, name]).output();
        let told = String::from_utf8(timeout(PATIENCE, inner).await.unwrap().unwrap().stdout).unwrap();
        assert!(told.contains("1 passed"), "{told}");
        return;
    }
    let lifted = Lifted::python("serve()");
    let error = lifted.ready().await.unwrap_err();
    assert!(matches!(&*error, StdioError::Start(StartError::Spawn(SpawnError::GuardForgotten))), "{error:?}");
    lifted.end().await;
}
