//! The spellings of a URI: which one a rule may be held against, and all that a rule has to be held against.
//!
//! A server behind us may take several spellings for one resource, and a rule that matches one of them only is no rule. So
//! where rules speak of resources, a URI that is not listed has to be in the one form that RFC 3986 §6.2.2 and §6.2.3 leave.

use std::borrow::Cow;

use outboard_protocol::uri_template::first_illegal;

/// Whether this is the only spelling of what it names, as far as URIs go.
pub(crate) fn is_canonical(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_plain = first_illegal(uri).is_none() && !uri.contains(char::is_whitespace) && !uri.contains('#');
    let is_scheme = !scheme.is_empty() && !scheme.bytes().any(|byte| byte.is_ascii_uppercase());
    is_plain && is_scheme && is_encoded_once(rest) && is_canonical_behind(scheme, rest)
}

/// Whether percent-encoding stands only where it must, in upper case: never for what needs none, and not for a slash, which
/// some take for one.
fn is_encoded_once(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| {
        let Some(digits) = part.get(..2) else { return false };
        let is_upper_hex = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F'));
        let Ok(byte) = u8::from_str_radix(digits, 16) else { return false };
        is_upper_hex && !byte.is_ascii_alphanumeric() && !b"-._~/\\".contains(&byte)
    })
}

/// The same for what follows the scheme.
fn is_canonical_behind(scheme: &str, rest: &str) -> bool {
    let Some(behind) = rest.strip_prefix("//") else {
        // Without an authority: `file:/a` is another spelling of `file:///a`, and dots in a path are too.
        let (path, _query) = parted(rest);
        return scheme != "file" && !(path.starts_with('/') && has_other_path(path));
    };
    let end = behind.find(['/', '?']).unwrap_or(behind.len());
    let (authority, rest) = behind.split_at_checked(end).unwrap_or((behind, ""));
    let (path, _query) = parted(rest);
    is_canonical_authority(scheme, authority) && !has_other_path(path)
}

fn is_canonical_authority(scheme: &str, authority: &str) -> bool {
    if scheme == "file" {
        return authority.is_empty();
    }
    let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    let is_default =
        matches!((scheme, port), ("http" | "ws", Some("80")) | ("https" | "wss", Some("443")) | ("ftp", Some("21")));
    let is_number = port.is_none_or(|port| {
        !port.is_empty() && !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let has_other_host = authority.contains(['@', '%']) || authority.bytes().any(|byte| byte.is_ascii_uppercase());
    !has_other_host && !is_default && is_number && !authority.ends_with('.')
}

/// Whether a path has empty segments, or such as are dots.
fn has_other_path(path: &str) -> bool {
    let segments = path.strip_prefix('/').unwrap_or(path);
    // One slash at the end is left to whoever matches.
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    path != "/" && !path.is_empty() && segments.split('/').any(|segment| matches!(segment, "" | "." | ".."))
}

/// The text before the query, and the query.
fn parted(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

/// All that a rule is held against: the URI as it was written, in plain form, and both without query and without a slash at
/// the end.
pub(super) fn spellings(uri: &str) -> Vec<Cow<'_, str>> {
    let mut all = vec![Cow::Borrowed(uri), plain(uri)];
    for place in 0..all.len() {
        let Some(text) = all.get(place).cloned() else { continue };
        let without_query = parted(&text).0.to_owned();
        let without_slash = without_query.trim_end_matches('/').to_owned();
        all.extend([Cow::Owned(without_query), Cow::Owned(without_slash)]);
    }
    all.dedup();
    all
}

/// The URI without percent-encoding and segments that are dots, its scheme and authority in lower case (RFC 3986 §6.2.2).
pub(super) fn plain(uri: &str) -> Cow<'_, str> {
    let (scheme, rest) = uri.split_once(':').unwrap_or(("", uri));
    let has_upper = |text: &str| text.bytes().any(|byte| byte.is_ascii_uppercase());
    let authority_end = rest.strip_prefix("//").map_or(0, |behind| 2 + behind.find('/').unwrap_or(behind.len()));
    let (authority, path) = rest.split_at_checked(authority_end).unwrap_or(("", rest));
    if !uri.contains('%') && !has_upper(scheme) && !has_upper(authority) && !path.contains("/.") {
        return Cow::Borrowed(uri);
    }
    let mut plain = String::with_capacity(uri.len());
    if scheme.len() < uri.len() - rest.len() {
        plain.push_str(&scheme.to_ascii_lowercase());
        plain.push(':');
    }
    plain.push_str(&decoded(authority).to_ascii_lowercase());
    let mut segments: Vec<&str> = Vec::new();
    let path = decoded(path);
    for (place, segment) in path.split('/').enumerate() {
        match segment {
            "." => {}
            // The empty one before the first slash stays.
            ".." if segments.len() > 1 => drop(segments.pop()),
            ".." if place > 0 => {}
            segment => segments.push(segment),
        }
    }
    plain.push_str(&segments.join("/"));
    Cow::Owned(plain)
}

/// The text with what is percent-encoded in it decoded once; what is no text then is marked as such.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = match behind {
            [high, low, ..] if first == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(byte.unwrap_or(first));
        rest = behind.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_a_plain_form() {
        let cases = [
            ("notes:1", "notes:1"),
            ("file:///a/b", "file:///a/b"),
            ("FILE:///a/B", "file:///a/B"),
            ("file://HOST/A", "file://host/A"),
            ("file:///%61/b", "file:///a/b"),
            ("file:///a%2Fb", "file:///a/b"),
            ("file:///x/../a/b", "file:///a/b"),
            ("file:///x/%2e%2E/a/./b", "file:///a/b"),
            ("file:///../../a", "file:///a"),
            ("file:///a%2fx%2f..%2fb", "file:///a/b"),
            ("notes:%31", "notes:1"),
            ("a:%zz%4", "a:%zz%4"),
            ("a:%ff", "a:\u{fffd}"),
            ("plain", "plain"),
            ("a:..", "a:.."),
        ];
        for (uri, expected) in cases {
            assert_eq!(plain(uri), expected, "{uri}");
        }
    }

    #[test]
    fn only_one_spelling_of_a_uri_is_canonical() {
        let canonical = [
            "notes:1",
            "notes:a/b",
            "file:///plain/d",
            "file:///secret%20dir/b",
            "demo://resource/dynamic/text/2",
            "demo://resource",
            "demo://resource/",
            "https://example.com:8443/a?b=c",
            "https://[::1]/a",
            "urn:isbn:0451450523",
        ];
        for uri in canonical {
            assert!(is_canonical(uri), "{uri}");
        }
        let others = [
            " demo://resource/dynamic/text/2",
            "demo://resource/dynamic/text/2\n",
            "demo://re\tsource/dynamic/text/2",
            "demo://@resource/dynamic/text/2",
            "demo://user@resource/dynamic/text/2",
            "demo://resource:/dynamic/text/2",
            "demo://resource:080/dynamic",
            "DEMO://resource/dynamic/text/2",
            "demo://Resource/dynamic/text/2",
            "demo://resource/dynamic/./text/2",
            "demo://resource/x/../dynamic/text/2",
            "demo://resource//dynamic/text/2",
            "demo://resource/dynamic/text/2#f",
            "demo://resource/dynamic/%74ext/2",
            "demo://resource/dynamic%2Ftext/2",
            "demo://resource/a%2fb",
            "demo://resource/a%2",
            "https://example.com:443/a",
            "https://example.com./a",
            "file:/plain/d",
            "file://localhost/plain/d",
            "file://user@localhost/plain/d",
            "file:///pub//../plain/d",
            "file:///.//plain/d",
            "file://x/../plain/d",
            "plain",
            ":x",
            "",
        ];
        for uri in others {
            assert!(!is_canonical(uri), "{uri:?}");
        }
    }
}
