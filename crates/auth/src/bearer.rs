//! Finds the one bearer token of a request (RFC 6750 §2.1). It says nothing about whether the token is good.

use http::{HeaderMap, Uri, header};
use url::form_urlencoded;

use crate::refusal::{InvalidToken, MalformedRequest, Refusal};

/// What the `Authorization` header holds in the place of the token.
///
/// A token anywhere else counts for nothing: URLs are logged and cookies are sent by any page. A token in the URL beside one
/// in the header is refused, because whoever stands in between may look at the other one (RFC 6750 §2).
///
/// # Errors
///
/// A [`Refusal`] when there is no token, certainly not exactly one, or one that is longer than `bytes_max`.
pub(crate) fn presented<'r>(headers: &'r HeaderMap, uri: &Uri, bytes_max: usize) -> Result<&'r [u8], Refusal> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let line = lines.next().ok_or(Refusal::NoToken)?;
    // It is no list (RFC 9110 §5.3): who takes the first and who takes the last would see different callers.
    if lines.next().is_some() {
        return Err(MalformedRequest::Repeated.into());
    }
    let bytes = line.as_bytes();
    let end_of_scheme = bytes.iter().position(|byte| !is_scheme_byte(*byte)).unwrap_or(bytes.len());
    let (scheme, rest) = bytes.split_at(end_of_scheme);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Refusal::NoToken);
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    if spaces == 0 || token.is_empty() {
        return Err(MalformedRequest::NotOneToken.into());
    }
    // Before it is looked at byte by byte, and long before it is digested.
    if token.len() > bytes_max {
        return Err(InvalidToken::TooLong { bytes_max }.into());
    }
    if has_token(uri) {
        return Err(MalformedRequest::Twice.into());
    }
    Ok(token)
}

/// The token, if what was presented is exactly one.
pub(crate) fn token_of(presented: &[u8]) -> Result<&str, MalformedRequest> {
    if !is_token(presented) {
        return Err(MalformedRequest::NotOneToken);
    }
    std::str::from_utf8(presented).map_err(|_| MalformedRequest::NotOneToken)
}

/// Whether the text could be sent as a bearer token: RFC 6750 §2.1, `b64token`.
pub(crate) fn is_token(text: &[u8]) -> bool {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (characters, _padding) = text.split_at(end);
    // Each byte is looked up, and the loop has no branch: a token is long, and comes with every request.
    let class = |byte: u8| TOKEN_CHARACTERS.get(usize::from(byte)).copied().unwrap_or_default();
    !characters.is_empty() && characters.iter().fold(1, |all, byte| all & class(*byte)) == 1
}

/// 1 for each byte that a token may have in front of its padding.
#[expect(clippy::indexing_slicing, reason = "the compiler computes it, and would say so")]
const TOKEN_CHARACTERS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let is_one = matches!(
            byte as u8,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' | b'/'
        );
        table[byte] = is_one as u8;
        byte += 1;
    }
    table
};

/// Whether a byte can stand in the name of a scheme (RFC 9110 §5.6.2, `tchar`).
fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether there is a token in the query (RFC 6750 §2.3), however its name is spelled.
fn has_token(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    !query.is_empty() && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const BYTES_MAX: usize = 64;

    fn bearer_token<'r>(headers: &'r HeaderMap, uri: &Uri) -> Result<&'r str, Refusal> {
        Ok(token_of(presented(headers, uri, BYTES_MAX)?)?)
    }

    /// What is found in a request with these `Authorization` lines, as text to compare.
    fn found(lines: &[&[u8]], uri: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
        }
        headers.append(header::COOKIE, HeaderValue::from_static("access_token=good"));
        match bearer_token(&headers, &uri.parse().unwrap()) {
            Ok(token) => format!("token {token}"),
            Err(Refusal::NoToken) => "none".to_owned(),
            Err(Refusal::Malformed(fault)) => format!("{fault:?}"),
            Err(Refusal::Invalid(fault)) => format!("{fault:?}"),
            Err(Refusal::Unavailable { .. }) => "unavailable".to_owned(),
        }
    }

    #[test]
    fn rows_1_to_15_exactly_one_token_in_the_header_is_found() {
        let longest = format!("Bearer {}", "a".repeat(BYTES_MAX));
        let too_long = format!("{longest}a");
        let huge = format!("Bearer {}", "a".repeat(64 * 1024));
        type Case<'a> = (&'a [&'a [u8]], &'a str, &'a str);
        let cases: &[Case<'_>] = &[
            (&[], "/", "none"),
            (&[b"Bearer good"], "/", "token good"),
            (&[b"bearer good"], "/", "token good"),
            (&[b"BEARER good"], "/", "token good"),
            (&[b"bEaReR good"], "/", "token good"),
            (&[b"Bearer   good"], "/", "token good"),
            (&[b"Bearer aA0-._~+/=="], "/", "token aA0-._~+/=="),
            (&[b"Bearer good"], "/?q=access_token&access_tokens=x", "token good"),
            (&[b"Basic Z29vZDpnb29k"], "/", "none"),
            (&[b"DPoP good"], "/", "none"),
            (&[b"Bearerx good"], "/", "none"),
            (&[b"Bearer-good"], "/", "none"),
            (&[b"Bearer%20good"], "/", "none"),
            (&[b""], "/", "none"),
            (&[b"good"], "/", "none"),
            (&[b" Bearer good"], "/", "none"),
            (&[b"\xffBearer good"], "/", "none"),
            (&[b"Bearer"], "/", "NotOneToken"),
            (&[b"Bearer "], "/", "NotOneToken"),
            (&[b"Bearer ="], "/", "NotOneToken"),
            (&[b"Bearer good extra"], "/", "NotOneToken"),
            (&[b"Bearer good "], "/", "NotOneToken"),
            (&[b"Bearer good, Bearer bad"], "/", "NotOneToken"),
            (&[b"Bearer good,"], "/", "NotOneToken"),
            (&[b"Bearer,good"], "/", "NotOneToken"),
            (&[b"Bearer=good"], "/", "NotOneToken"),
            (&[b"Bearer\tgood"], "/", "NotOneToken"),
            (&[b"Bearer good=bad"], "/", "NotOneToken"),
            (&[b"Bearer \"good\""], "/", "NotOneToken"),
            (&[b"Bearer go%20od"], "/", "NotOneToken"),
            (&[b"Bearer go\tod"], "/", "NotOneToken"),
            (&[b"Bearer go\xc3\xa9d"], "/", "NotOneToken"),
            (&[b"Bearer go\xffd"], "/", "NotOneToken"),
            (&[b"Bearer bad", b"Bearer good"], "/", "Repeated"),
            (&[b"Bearer good", b"Bearer bad"], "/", "Repeated"),
            (&[b"Bearer good", b"Bearer good"], "/", "Repeated"),
            (&[b"Basic good", b"Bearer good"], "/", "Repeated"),
            (&[], "/?access_token=good", "none"),
            (&[b"Basic good"], "/?access_token=good", "none"),
            (&[b"Bearer good"], "/?access_token=good", "Twice"),
            (&[b"Bearer good"], "/?access_token", "Twice"),
            (&[b"Bearer good"], "/?a=1&access%5Ftoken=good", "Twice"),
            (&[longest.as_bytes()], "/", &longest.replace("Bearer", "token")),
            (&[too_long.as_bytes()], "/", "TooLong { bytes_max: 64 }"),
            (&[huge.as_bytes()], "/", "TooLong { bytes_max: 64 }"),
        ];
        for (lines, uri, expected) in cases {
            let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(found(lines, uri), *expected, "{shown:?} {uri}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_found_is_what_was_sent_and_can_be_a_token(text in "[Bb]earer {0,2}[ -~]{0,12}|\\PC*") {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_bytes(text.as_bytes()).unwrap());
            if let Ok(token) = bearer_token(&headers, &Uri::from_static("/")) {
                prop_assert!(is_token(token.as_bytes()) && text[..6].eq_ignore_ascii_case("bearer"), "{}", text);
                prop_assert_eq!(text[6..].trim_start_matches(' '), token);
            }
        }
    }
}
