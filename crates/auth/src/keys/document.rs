//! Fetches one public document of an issuer, and reads how long it is good (RFC 9111 §4.2.1).

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, AGE, CACHE_CONTROL},
};
use outboard_fetch::{Fetcher, Limits, Reach, Request, Target};
use url::Url;

use super::fault::KeysFault;
use crate::config::AuthLimits;

/// A document of an issuer.
pub(super) struct Document {
    pub(super) body: Bytes,
    /// How long the issuer says that it is good. `None`: it says nothing.
    pub(super) max_age: Option<Duration>,
}

/// Fetches what is at this URL.
///
/// # Cancel safety
///
/// Cancel safe: the connection is closed.
pub(super) async fn fetch(
    fetcher: &Fetcher,
    url: &Url,
    reach: Reach,
    limits: &AuthLimits,
) -> Result<Document, KeysFault> {
    let host = host_of(url);
    let target = Target::parse(url.as_str(), reach).map_err(|cause| KeysFault::Target { host: host.clone(), cause })?;
    let mut request = Request::get(target);
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.limits = Some(bounds(limits));
    let response = fetcher.send(request).await?;
    if response.status() != StatusCode::OK {
        return Err(KeysFault::Status { host, status: response.status() });
    }
    let max_age = max_age(response.headers());
    Ok(Document { body: response.bytes().await?, max_age })
}

/// The bounds of every request to an issuer.
pub(crate) const fn bounds(limits: &AuthLimits) -> Limits {
    Limits {
        head_timeout: limits.issuer_timeout,
        idle_timeout: limits.issuer_timeout,
        total_timeout: limits.issuer_timeout,
        body_bytes_max: limits.document_bytes_max,
    }
}

/// Host and port of a URL, as logs name them.
pub(crate) fn host_of(url: &Url) -> Box<str> {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}").into(),
        None => host.into(),
    }
}

/// How long the answer is good from now on.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut max_age = None;
    for directive in lines.flat_map(|line| line.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => max_age = Some(seconds(value.trim().trim_matches('"'))),
            _ => {}
        }
    }
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()).map_or(Duration::ZERO, seconds);
    max_age.map(|max_age| max_age.saturating_sub(age))
}

/// Seconds as HTTP writes them (RFC 9111 §1.2.2): too many are the most there can be, what is no number is none.
fn seconds(text: &str) -> Duration {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    Duration::from_secs(if is_number { text.parse().unwrap_or(SECONDS_MAX).min(SECONDS_MAX) } else { 0 })
}

/// RFC 9111 §1.2.2: 2³¹ stands for all that is more.
const SECONDS_MAX: u64 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_how_long_it_is_good() {
        let cases: &[(&[&str], Option<&str>, Option<u64>)] = &[
            (&[], None, None),
            (&["public"], None, None),
            (&["max-age=60"], None, Some(60)),
            (&["public, Max-Age=\"60\""], None, Some(60)),
            (&["public", "max-age=60"], None, Some(60)),
            (&["max-age=60"], Some("20"), Some(40)),
            (&["max-age=60"], Some("80"), Some(0)),
            (&["max-age=60"], Some("soon"), Some(60)),
            (&["max-age=0"], None, Some(0)),
            (&["max-age=-1"], None, Some(0)),
            (&["max-age=1e9"], None, Some(0)),
            (&["max-age"], None, Some(0)),
            (&["s-maxage=60"], None, None),
            (&["max-age=99999999999999999999"], None, Some(SECONDS_MAX)),
            (&["max-age=60, no-cache"], None, Some(0)),
            (&["no-store"], None, Some(0)),
        ];
        for (lines, age, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
            }
            if let Some(age) = age {
                headers.insert(AGE, HeaderValue::from_static(age));
            }
            assert_eq!(max_age(&headers), expected.map(Duration::from_secs), "{lines:?} {age:?}");
        }
    }
}
