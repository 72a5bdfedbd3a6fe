//! Each bound, and its refusal.

use std::sync::Arc;
use std::time::Duration;

use outboard_backend::stdio::{ChildEnd, ListUnit, StartError, StdioBounds, StdioError};
use outboard_protocol::revision::V2025_11_25;
use outboard_runtime::{BackendFailure, CallError};
use tokio::time::timeout;

use super::harness::{Lifted, PATIENCE, call, eventually};

fn is_overloaded(error: &CallError) -> bool {
    matches!(error, CallError::Backend { failure: BackendFailure::Overloaded, .. })
}

#[tokio::test]
async fn a_line_over_the_bound_ends_the_child() {
    for end in ["\\n", ""] {
        let lifted = Lifted::with(
            &format!("CALLS['echo'] = lambda r: (write('x' * 70000 + '{end}'), time.sleep(600))\nserve()"),
            |config| config.bounds.line_bytes_max = 65_536,
        );
        lifted.ready().await.unwrap();
        let error = lifted.call("echo", "{}").await.unwrap_err();
        let how = ChildEnd::LineTooLong { limit: 65_536 }.to_string();
        assert!(error.to_string().contains(&how), "{error}");
        eventually("a restart", || (lifted.backend.counts().starts == 2).then_some(())).await;
        lifted.up().await;
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_line_at_the_bound_is_read() {
    let lifted = Lifted::with("CALLS['echo'] = lambda r: result(r, text('x' * 4_000_000))\nserve()", |_| {});
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await.len(), 4_000_000);
    lifted.end().await;
}

#[tokio::test]
async fn calls_over_the_bound_in_flight_are_refused_and_the_others_are_not() {
    let lifted = Lifted::with(
        r#"
TOOLS.append(tool("hold"))
held = []
CALLS["hold"] = held.append
METHODS["notifications/cancelled"] = lambda m: [result(r, text("released")) for r in held[1:]]
serve()
"#,
        |config| config.bounds.in_flight_max = 3,
    );
    lifted.ready().await.unwrap();
    let mut held: Vec<_> = (0..3).map(|_| lifted.begin(call("hold", "{}"))).collect();
    for call in &mut held {
        assert!(futures_util::poll!(call).is_pending());
    }
    let error = lifted.call("echo", "{}").await.unwrap_err();
    assert!(is_overloaded(&error), "{error:?}");
    assert_eq!(error.object(&V2025_11_25).code, 1503);

    drop(held.remove(0));
    let released = timeout(PATIENCE, futures_util::future::join_all(held)).await.unwrap();
    assert!(released.iter().all(Result::is_ok), "{released:?}");
    assert_eq!(lifted.text("echo", "{}").await, "{}");
    lifted.end().await;
}

#[tokio::test]
async fn a_child_that_does_not_read_costs_a_bounded_queue_and_only_its_own_calls() {
    let lifted = Lifted::with(
        r#"
def deaf(request):
    while not os.path.exists(os.environ["DIRECTORY"] + "/go"):
        time.sleep(0.01)
    result(request, text("reads again"))
TOOLS.append(tool("deaf"))
CALLS["deaf"] = deaf
serve()
"#,
        |config| config.bounds.queue_bytes_max = 1 << 20,
    );
    lifted.ready().await.unwrap();
    let mut deaf = lifted.begin(call("deaf", "{}"));
    assert!(futures_util::poll!(&mut deaf).is_pending());

    // The pipe holds 64 KiB, Python's buffer less, the queue 1 MiB: 32 of these do not fit.
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(100_000));
    let mut waiting = Vec::new();
    let mut refused = 0;
    for _ in 0..32 {
        let mut call = lifted.begin(call("echo", &large));
        match futures_util::poll!(&mut call) {
            std::task::Poll::Pending => waiting.push(call),
            std::task::Poll::Ready(outcome) => {
                assert!(is_overloaded(&outcome.unwrap_err()));
                refused += 1;
            }
        }
    }
    assert!(refused >= 20, "{refused} were refused");
    assert!(!waiting.is_empty());

    std::fs::write(lifted.script.file("go"), "").unwrap();
    assert!(timeout(PATIENCE, deaf).await.unwrap().is_ok());
    let answered = timeout(PATIENCE, futures_util::future::join_all(waiting)).await.unwrap();
    assert!(answered.iter().all(Result::is_ok));
    lifted.end().await;
}

#[tokio::test]
async fn a_list_over_a_bound_is_refused_at_the_start() {
    let endless = "METHODS['tools/list'] = lambda r: result(r, {'tools': [tool('a')], 'nextCursor': 'again'})\nserve()";
    let many = "TOOLS = [tool('t%d' % n) for n in range(11)]\nserve()";
    let large = "TOOLS = [tool('a', title='x' * 5000)]\nserve()";
    type Case = (&'static str, fn(&mut StdioBounds), ListUnit, usize);
    let cases: [Case; 3] = [
        (endless, |bounds| bounds.list_pages_max = 7, ListUnit::Pages, 7),
        (many, |bounds| bounds.list_items_max = 10, ListUnit::Items, 10),
        (large, |bounds| bounds.list_bytes_max = 4_096, ListUnit::Bytes, 4_096),
    ];
    for (lines, bound, unit, limit) in cases {
        let lifted = Lifted::with(lines, |config| bound(&mut config.bounds));
        let error = lifted.ready().await.unwrap_err();
        let StdioError::Start(StartError::ListTooLong { method, unit: found, limit: told }) = &*error else {
            panic!("{error:?}")
        };
        assert_eq!((&**method, *found, *told), ("tools/list", unit, limit));
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_list_that_grows_over_a_bound_leaves_the_old_offer() {
    let lifted = Lifted::with(
        r#"
def grow(request):
    TOOLS.extend(tool("t%d" % n) for n in range(20))
    send({"method": "notifications/tools/list_changed"})
    result(request, text("grown"))
lists = []
def page(request):
    lists.append(1)
    result(request, {"tools": TOOLS})
METHODS["tools/list"] = page
TOOLS.append(tool("lists"))
CALLS["echo"] = grow
CALLS["lists"] = lambda r: result(r, text(str(len(lists))))
serve()
"#,
        |config| config.bounds.list_items_max = 10,
    );
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await, "grown");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while lifted.text("lists", "{}").await != "2" {
        assert!(tokio::time::Instant::now() < deadline, "the list is read again");
    }
    assert_eq!(lifted.offered(|_| true).await, ["echo", "lists"]);
    lifted.end().await;
}

#[tokio::test]
async fn a_flood_on_standard_error_is_dropped_counted_and_delays_no_answer() {
    let lifted = Lifted::with(
        r#"
def flood(request):
    for _ in range(200):
        os.write(2, b"x" * 200000 + b"\n" + b"y\n" * 1000)
    result(request, text("answered"))
CALLS["echo"] = flood
serve()
"#,
        |config| config.bounds.log_lines_per_second = 10,
    );
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await, "answered");
    eventually("the drop", || (lifted.backend.counts().log_lines_dropped > 150_000).then_some(())).await;
    lifted.end().await;
}

#[tokio::test]
async fn standard_error_goes_to_the_log_with_the_name_of_the_backend() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let lifted = Lifted::python("os.write(2, b'hello \\x1b[31m\\xff there\\nand no line end')\nserve()");
    lifted.ready().await.unwrap();
    lifted.end().await;
    let log = log.text();
    assert!(log.contains("outboard::child: hello \u{fffd}[31m\u{fffd} there backend=\"child\""), "{log}");
    assert!(log.contains("outboard::child: and no line end backend=\"child\""), "{log}");
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_child_that_ignores_the_end_of_its_input_and_sigterm_is_killed() {
    let lifted =
        Lifted::with("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nserve()\nwhile True: time.sleep(600)", |config| {
            config.bounds.exit_wait = Duration::from_millis(100);
            config.bounds.term_grace = Duration::from_millis(300);
        });
    lifted.ready().await.unwrap();
    let start = tokio::time::Instant::now();
    lifted.end().await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_child_that_cleans_up_on_sigterm_has_the_time_for_it() {
    let lifted = Lifted::python(
        r#"
def clean(*_):
    with open(os.environ["DIRECTORY"] + "/cleaned", "a") as file:
        file.write("asked ")
        file.flush()
        time.sleep(0.2)
        file.write("cleaned ")
    os._exit(0)
signal.signal(signal.SIGTERM, clean)
serve()
while True: time.sleep(600)
"#,
    );
    lifted.ready().await.unwrap();
    let cleaned = lifted.script.file("cleaned");
    lifted.stop.cancel();
    lifted.tasks.close();
    timeout(PATIENCE, lifted.tasks.wait()).await.unwrap();
    assert_eq!(std::fs::read_to_string(cleaned).unwrap(), "asked cleaned ", "once");
    lifted.end().await;
}

#[tokio::test]
async fn answers_to_a_child_that_asks_without_reading_are_dropped_and_counted() {
    let lifted = Lifted::with(
        r#"
def pester(request):
    for number in range(5000): send({"id": number, "method": "ping"})
    result(request, text("done"))
CALLS["echo"] = pester
serve()
"#,
        |config| config.bounds.queue_bytes_max = 4_096,
    );
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await, "done");
    let dropped = lifted.backend.counts().not_sent;
    assert!(dropped > 1_000, "{dropped} were dropped");
    lifted.end().await;
}
