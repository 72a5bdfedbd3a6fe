//! Media types: what a request brings, and what its sender takes as an answer (RFC 9110 §8.3, §12.5.1).

use ::http::{HeaderMap, HeaderValue, header};

use super::refusal::Refusal;

/// Which forms of an answer a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepts {
    pub(crate) json: bool,
    pub(crate) events: bool,
}

/// Checks that the body is JSON as it stands: UTF-8, not compressed.
pub(crate) fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    // What nearly every client sends, letter by letter.
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = match (types.next(), types.next()) {
        (Some(value), None) => value == "application/json" || is_json(value),
        _ => false,
    };
    let is_plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    if is_json && is_plain { Ok(()) } else { Err(Refusal::ContentType) }
}

/// Whether a media type is `application/json`, with no charset or with UTF-8.
fn is_json(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            parameter.split_once('=').is_none_or(|(name, value)| {
                !name.trim().eq_ignore_ascii_case("charset")
                    || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

/// Both forms, as most clients write them.
const USUAL: [&[u8]; 2] = [b"application/json, text/event-stream", b"text/event-stream, application/json"];

/// What the client takes. The specification asks it to list both forms; one that takes only one of them gets that one.
pub(crate) fn accepts(headers: &HeaderMap) -> Result<Accepts, Refusal> {
    let mut values = headers.get_all(header::ACCEPT).iter();
    // What nearly every client sends, letter by letter.
    if let (Some(value), None) = (values.next(), values.next())
        && USUAL.contains(&value.as_bytes())
    {
        return Ok(Accepts { json: true, events: true });
    }
    let mut best = Accepts { json: false, events: false };
    let mut listed = false;
    for value in headers.get_all(header::ACCEPT) {
        listed = true;
        let Ok(text) = value.to_str() else { return Err(Refusal::NotAcceptable) };
        for range in text.split(',').filter(|range| acceptable(range)) {
            let essence = range.split(';').next().unwrap_or_default().trim();
            let is = |name: &str| essence.eq_ignore_ascii_case(name);
            best.json |= is("application/json") || is("application/*") || is("*/*");
            best.events |= is("text/event-stream") || is("text/*") || is("*/*");
        }
    }
    match (listed, best) {
        (false, _) => Ok(Accepts { json: true, events: true }),
        (true, Accepts { json: false, events: false }) => Err(Refusal::NotAcceptable),
        (true, accepts) => Ok(accepts),
    }
}

/// Whether a range of an `Accept` header has a weight above zero.
fn acceptable(range: &str) -> bool {
    !range.split(';').skip(1).any(|parameter| {
        parameter.split_once('=').is_some_and(|(name, weight)| {
            name.trim().eq_ignore_ascii_case("q") && weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn only_json_in_utf8_is_taken() {
        let cases: [(&[&str], bool); 10] = [
            (&["application/json"], true),
            (&["Application/JSON"], true),
            (&["application/json; charset=utf-8"], true),
            (&["application/json;charset=\"UTF-8\""], true),
            (&["application/json; charset=utf-16"], false),
            (&["application/json-seq"], false),
            (&["text/plain"], false),
            (&["text/plain, application/json"], false),
            (&["application/json", "application/json"], false),
            (&[], false),
        ];
        for (values, taken) in cases {
            assert_eq!(check_content(&headers(&header::CONTENT_TYPE, values)).is_ok(), taken, "{values:?}");
        }
        let mut compressed = headers(&header::CONTENT_TYPE, &["application/json"]);
        compressed.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(check_content(&compressed).is_err());
    }

    #[test]
    fn accept_is_read_by_its_ranges() {
        let both = Some((true, true));
        type Case<'a> = (&'a [&'a str], Option<(bool, bool)>);
        let cases: [Case<'_>; 11] = [
            (&[], both),
            (&["*/*"], both),
            (&["application/json, text/event-stream"], both),
            (&["text/event-stream, application/json"], both),
            (&["application/json", "text/event-stream"], both),
            (&["application/*, text/*"], both),
            (&["application/json"], Some((true, false))),
            (&["text/event-stream;q=0.5"], Some((false, true))),
            (&["application/json;q=0"], None),
            (&["application/jsonx"], None),
            (&["text/html"], None),
        ];
        for (values, expected) in cases {
            let accepts = accepts(&headers(&header::ACCEPT, values)).ok().map(|accepts| (accepts.json, accepts.events));
            assert_eq!(accepts, expected, "{values:?}");
        }
    }
}
