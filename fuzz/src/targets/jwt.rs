//! A token: what is accepted is spelled in the one way, and says all that it has to, as a second reader finds.
//!
//! The input is a token; and it is a header in its first line and claims behind that, of which a token is made. What is found
//! is judged but for the signature.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use outboard_auth::fuzzing::read_jwt;
use serde_json::Value;

use crate::input;

/// When it is, whose tokens are accepted, and for what.
const NOW: f64 = 1_785_240_000.0;
const ISSUER: &str = "https://as.example";
const RESOURCE: &str = "https://mcp.example/mcp";

pub(super) fn run(data: &[u8]) {
    judged(data);
    let (header, claims) = input::first_line(data);
    let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    judged(format!("{header}.{claims}.AA").as_bytes());
}

fn judged(token: &[u8]) {
    if !read_jwt(token) {
        return;
    }
    let token = std::str::from_utf8(token).expect("what is accepted is text");
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { unreachable!("{token} does not have three parts") };
    let [header, claims] = [header, claims].map(|part| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("what is accepted is base64url");
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(&bytes), **part, "there is one spelling");
        serde_json::from_slice::<Value>(&bytes).expect("what is accepted is JSON")
    });
    let typ = member(&header, "typ").as_str().map(str::to_ascii_lowercase).unwrap_or_default();
    assert!(["at+jwt", "application/at+jwt"].contains(&&*typ), "{header}");
    let algorithm = member(&header, "alg").as_str().unwrap_or_default();
    assert!(!algorithm.is_empty() && algorithm != "none" && !algorithm.starts_with("HS"), "{header}");
    assert!(header.get("crit").is_none() && header.get("zip").is_none() && header.get("b64").is_none(), "{header}");

    assert_eq!(*member(&claims, "iss"), *ISSUER, "{claims}");
    let named =
        member(&claims, "aud").as_array().map_or_else(|| std::slice::from_ref(member(&claims, "aud")), Vec::as_slice);
    // Scheme and host have no case, and the path has.
    let is_ours =
        |one: &Value| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(RESOURCE) && one.ends_with("/mcp"));
    assert!(named.iter().any(is_ours), "{claims}");
    let [expires, issued] = ["exp", "iat"].map(|name| member(&claims, name).as_f64().unwrap_or(f64::NAN));
    assert!(expires > NOW - 31.0 && issued < NOW + 301.0 && expires - issued < 86_401.0, "{claims}");
    assert!(
        claims.get("nbf").is_none_or(|begins| begins.as_f64().is_some_and(|begins| begins < NOW + 31.0)),
        "{claims}"
    );
    assert!(member(&claims, "sub").as_str().is_some_and(|subject| !subject.is_empty()), "{claims}");
    assert!(claims.get("cnf").is_none() && claims.get("scp").is_none(), "{claims}");
}

/// A member of an object, null where it is not there.
fn member<'v>(object: &'v Value, name: &str) -> &'v Value {
    object.get(name).unwrap_or(&Value::Null)
}
