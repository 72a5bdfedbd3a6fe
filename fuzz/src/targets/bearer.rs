//! The `Authorization` header: who is taken for having brought a token has brought exactly that one, in one way.
//!
//! The input is the target of the request in its first line, and then one `Authorization` header in each.

use http::{HeaderValue, Uri};
use outboard_auth::fuzzing::bearer;
use url::form_urlencoded;

use crate::input;

const BYTES_MAX: usize = 64;

pub(super) fn run(data: &[u8]) {
    let (target, rest) = input::first_line(data);
    let Ok(target) = Uri::try_from(target) else { return };
    let lines = rest.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    let Ok(lines) = lines.collect::<Result<Vec<_>, _>>() else { return };
    assert_eq!(bearer(&[], &target, BYTES_MAX), None, "there is no header");
    assert_eq!(bearer(&lines, &target, BYTES_MAX), expected(&lines, &target), "{lines:?} {target}");
}

/// RFC 6750 §2.1, read from the other end: first what is left when the scheme is taken away, then whether it is a token.
fn expected(lines: &[HeaderValue], target: &Uri) -> Option<String> {
    let [line] = lines else { return None };
    let text = std::str::from_utf8(line.as_bytes()).ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let token = rest.trim_start_matches(' ');
    let bare = token.trim_end_matches('=');
    let is_token = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
    let query = target.query().unwrap_or_default();
    let elsewhere = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
    let is_brought = scheme.eq_ignore_ascii_case("Bearer") && is_token && token.len() <= BYTES_MAX && !elsewhere;
    is_brought.then(|| token.to_owned())
}
