//! [`ClientCapabilities::from_json`]: what is read is written back, in JSON and as the bits of a sealed session.

use outboard_protocol::types::ClientCapabilities;
use serde_json::Value;

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(read) = ClientCapabilities::from_json(text) else { return };
    let written = serde_json::to_string(&read).expect("capabilities can be written");
    assert_eq!(ClientCapabilities::from_json(&written), Some(read), "{written}");
    assert_eq!(ClientCapabilities::from_bits(read.bits()), read);
    // What is written was declared: nothing is made up. The empty `elicitation` means its form mode.
    let Ok(sent) = serde_json::from_str::<Value>(text) else { return };
    let written: Value = serde_json::from_str(&written).expect("what is written is JSON");
    for (name, value) in written.as_object().expect("capabilities are an object") {
        let declared = sent.get(name).and_then(Value::as_object).expect("a member that was declared is an object");
        for part in value.as_object().into_iter().flat_map(|parts| parts.keys()) {
            let implied = name == "elicitation" && part == "form";
            let was_declared = declared.get(part).is_some_and(|part| part.is_object() || part.as_bool() == Some(true));
            assert!(implied || was_declared, "{name}.{part} was not declared");
        }
    }
}
