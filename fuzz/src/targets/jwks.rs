//! A key set: what can be used of it is in it, and there is a bound to how much.

use outboard_auth::fuzzing::read_jwks;
use serde_json::Value;

pub(super) fn run(data: &[u8]) {
    let usable = read_jwks(data);
    let read = serde_json::from_slice::<Value>(data).unwrap_or_default();
    let keys = read.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // Whoever could verify with it could sign with it (RFC 7518 §6.4), or it is for something else (RFC 7517 §4.2).
    let says = |key: &Value, member: &str, text: &str| key.get(member).is_some_and(|value| value == text);
    let may_be_used = |key: &&Value| !says(key, "kty", "oct") && !says(key, "use", "enc");
    let most = keys.iter().filter(may_be_used).count();
    assert!(usable <= most, "{usable} keys are used of {most}");
}
