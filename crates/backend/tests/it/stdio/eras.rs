//! What a child speaks, and how that is found out.

use std::time::Duration;

use outboard_backend::stdio::{StartError, StdioError};

use super::harness::Lifted;

/// Lifts a child and returns the revision that was agreed on, after a call that was answered.
async fn revision(lines: &str) -> &'static str {
    let lifted = Lifted::with(lines, |config| config.bounds.probe_timeout = Duration::from_millis(200));
    let serving = lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", r#"{"a":1}"#).await, r#"{"a": 1}"#, "{lines}");
    lifted.end().await;
    serving.revision().name
}

#[tokio::test]
async fn every_kind_of_server_is_served_in_its_revision() {
    let cases = [
        // Refuses the probe with the usual code, and with any other one.
        ("serve()", "2025-11-25"),
        (r#"METHODS["server/discover"] = lambda r: error(r, -32000, "not initialized"); serve()"#, "2025-11-25"),
        (r#"METHODS["server/discover"] = lambda r: error(r, -32602, "invalid"); serve()"#, "2025-11-25"),
        // Answers it as if it were something else.
        (r#"METHODS["server/discover"] = lambda r: result(r, {}); serve()"#, "2025-11-25"),
        (r#"METHODS["server/discover"] = lambda r: send({"id": r["id"], "result": 7}); serve()"#, "2025-11-25"),
        // Cannot name the request that it refuses.
        (
            r#"METHODS["server/discover"] = lambda r: write('{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"?"}}\n'); serve()"#,
            "2025-11-25",
        ),
        // Keeps silent.
        (r#"METHODS["server/discover"] = lambda r: None; serve()"#, "2025-11-25"),
        // Does not survive it.
        (r#"METHODS["server/discover"] = lambda r: sys.exit(1); serve()"#, "2025-11-25"),
        // Cannot be talked to any more after it.
        (
            r#"
initialize = METHODS["initialize"]
def spoil(request): METHODS["initialize"] = lambda r: error(r, -32600, "spoilt")
METHODS["server/discover"] = spoil
serve()"#,
            "2025-11-25",
        ),
        // Earlier revisions.
        (r#"METHODS["initialize"] = lambda r: legacy_initialize(r, "2024-11-05"); serve()"#, "2024-11-05"),
        (r#"METHODS["initialize"] = lambda r: legacy_initialize(r, "2025-03-26"); serve()"#, "2025-03-26"),
        (r#"METHODS["initialize"] = lambda r: legacy_initialize(r, "2025-06-18"); serve()"#, "2025-06-18"),
        // Modern ones: the newest, one of several, and one that tells a version only when it refuses.
        ("modern(); serve()", "2026-07-28"),
        (r#"modern(versions=["2031-01-01", "2026-07-28", "2025-11-25"]); serve()"#, "2026-07-28"),
        (
            r#"
modern()
METHODS["initialize"] = legacy_initialize
METHODS["server/discover"] = lambda r: error(r, -32022, "no", data={"supported": ["2025-11-25"], "requested": "?"})
serve()"#,
            "2025-11-25",
        ),
        // Modern and slow: the answer to the probe comes after the session was asked for, and before its refusal.
        (
            r#"
modern()
METHODS["initialize"] = lambda r: (METHODS["late"](), error(r, -32601, "Method not found"))
discover = METHODS["server/discover"]
def later(request): METHODS["late"] = lambda: discover(request)
METHODS["server/discover"] = later
serve()"#,
            "2026-07-28",
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(revision(lines).await, expected, "{lines}");
    }
}

#[tokio::test]
async fn a_refusal_that_names_no_request_is_not_waited_out() {
    for id in [r#""id":null,"#, ""] {
        let refusal = format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":-32600,"message":"?"}}}}\n"#);
        let lines = format!("METHODS['server/discover'] = lambda r: write('{refusal}')\nserve()");
        let lifted = Lifted::with(&lines, |config| {
            config.bounds.probe_timeout = Duration::from_secs(600);
            config.bounds.start_timeout = Duration::from_secs(600);
        });
        assert_eq!(lifted.ready().await.unwrap().revision().name, "2025-11-25");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_server_without_a_common_revision_is_refused() {
    let cases = [
        (r#"METHODS["initialize"] = lambda r: legacy_initialize(r, "1999-01-01"); serve()"#, "1999-01-01"),
        (r#"METHODS["initialize"] = lambda r: legacy_initialize(r, "2026-07-28"); serve()"#, "2026-07-28"),
        (r#"modern(versions=["2031-01-01"]); serve()"#, "2031-01-01"),
    ];
    for (lines, version) in cases {
        let lifted = Lifted::python(lines);
        let error = lifted.ready().await.unwrap_err();
        let StdioError::Start(StartError::NoCommonRevision { offered }) = &*error else { panic!("{error:?}") };
        assert_eq!(offered, &[version]);
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_legacy_server_sees_the_handshake_of_the_specification() {
    let lifted = Lifted::python(
        r#"
with open(os.environ["DIRECTORY"] + "/seen", "w") as seen:
    for message in messages():
        seen.write(json.dumps(message) + "\n")
        seen.flush()
        if message["method"] == "server/discover":
            error(message, -32601, "Method not found")
        elif message["method"] in METHODS:
            METHODS[message["method"]](message)
"#,
    );
    lifted.ready().await.unwrap();
    let seen = std::fs::read_to_string(lifted.script.file("seen")).unwrap();
    let seen: Vec<serde_json::Value> = seen.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let methods: Vec<&str> = seen.iter().map(|message| message["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["server/discover", "initialize", "notifications/initialized", "tools/list"]);

    let meta = &seen[0]["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], serde_json::json!({}));
    let initialize = &seen[1]["params"];
    assert_eq!(initialize["protocolVersion"], "2025-11-25");
    let offered = serde_json::json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {} });
    assert_eq!(initialize["capabilities"], offered);
    assert_eq!(initialize["clientInfo"]["name"], "outboard");
    assert_eq!(seen[2].get("id"), None);
    assert_eq!(seen[3]["params"].get("_meta"), None, "a legacy server gets no modern members");
    lifted.end().await;
}

#[tokio::test]
async fn a_legacy_server_that_is_started_again_is_not_probed_again() {
    let lifted = Lifted::python(
        r#"
with open(os.environ["DIRECTORY"] + "/probes", "a") as probes:
    METHODS["server/discover"] = lambda r: (probes.write("x"), probes.flush(), error(r, -32601, "no"))
    CALLS["echo"] = lambda r: sys.exit(3)
    serve()
"#,
    );
    lifted.ready().await.unwrap();
    for starts in 2..4 {
        lifted.call("echo", "{}").await.unwrap_err();
        super::harness::eventually("a restart", || (lifted.backend.counts().starts == starts).then_some(())).await;
        lifted.up().await;
    }
    assert_eq!(std::fs::read_to_string(lifted.script.file("probes")).unwrap(), "x");
    lifted.end().await;
}
