//! [`Meta::read`]: what a request says about itself is what stands there, and of the right type.

use outboard_protocol::RawJson;
use outboard_protocol::meta::{CLIENT_CAPABILITIES, CLIENT_INFO, Meta, PROGRESS_TOKEN, PROTOCOL_VERSION};
use outboard_protocol::params::Params;
use outboard_protocol::types::ProgressToken;
use serde_json::Value;

pub(super) fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(params) = RawJson::parse([b"{\"_meta\":", data, b"}"].concat().into()) else { return };
    let params = Params::read(Some(&params)).expect("one member stands once");
    let Some(raw) = params.meta else { return };
    let Ok(meta) = Meta::read(raw) else {
        assert!(!value.is_object() || doubles_a_key(data), "{value} is refused");
        return;
    };
    assert!(value.is_object(), "{value} is no object");
    assert_eq!(meta.is_modern(), value.get(PROTOCOL_VERSION).is_some(), "the key decides, whatever its value is");
    let version = meta.protocol_version().ok();
    assert_eq!(version.as_deref(), value.get(PROTOCOL_VERSION).and_then(Value::as_str));

    if let Ok(Some(token)) = meta.progress_token() {
        let json = serde_json::to_string(&token).expect("a token can be written");
        assert_eq!(ProgressToken::from_json(&json).as_ref(), Some(&token), "{json}");
        assert_eq!(Some(&serde_json::from_str::<Value>(&json).expect("a token is JSON")), value.get(PROGRESS_TOKEN));
    }
    if let Ok(request) = meta.request(&params) {
        assert!(value.get(CLIENT_CAPABILITIES).is_some_and(Value::is_object), "no capabilities are declared");
        let info = request.client_info.map(|info| info.read::<Value>().expect("a part of a value is one"));
        assert_eq!(info.as_ref(), value.get(CLIENT_INFO).filter(|info| !info.is_null()));
        let named = |name: &str| info.as_ref().is_none_or(|info| info.get(name).is_some_and(Value::is_string));
        assert!(named("name") && named("version"), "{info:?} is no Implementation");
    }
}

/// Whether some key of the object stands twice.
fn doubles_a_key(data: &[u8]) -> bool {
    let Ok(members) = serde_json::from_slice::<outboard_protocol::raw::Members<'_>>(data) else { return true };
    let mut names: Vec<_> = members.0.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}
