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
    let codings = headers.get_all(header::CONTENT_ENCODING);
    let is_plain = codings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
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
    let mut json = Verdict::default();
    let mut events = Verdict::default();
    let mut is_listed = false;
    for value in headers.get_all(header::ACCEPT) {
        is_listed = true;
        let Ok(text) = value.to_str() else { return Err(Refusal::NotAcceptable) };
        for range in text.split(',') {
            json.hear(range, "application", "json");
            events.hear(range, "text", "event-stream");
        }
    }
    match (is_listed, json.is_accepted, events.is_accepted) {
        (false, _, _) => Ok(Accepts { json: true, events: true }),
        (true, false, false) => Err(Refusal::NotAcceptable),
        (true, json, events) => Ok(Accepts { json, events }),
    }
}

/// What the ranges of an `Accept` header say of one media type: of those that hold it, the most specific counts.
#[derive(Default)]
struct Verdict {
    specificity: u8,
    is_accepted: bool,
}

impl Verdict {
    fn hear(&mut self, range: &str, main: &str, sub: &str) {
        let essence = range.split(';').next().unwrap_or_default().trim();
        let specificity = match essence.split_once('/') {
            Some((m, s)) if m.eq_ignore_ascii_case(main) && s.eq_ignore_ascii_case(sub) => 3,
            Some((m, "*")) if m.eq_ignore_ascii_case(main) => 2,
            Some(("*", "*")) => 1,
            _ => return,
        };
        let is_accepted = has_weight(range);
        if specificity > self.specificity {
            *self = Self { specificity, is_accepted };
        } else if specificity == self.specificity {
            self.is_accepted |= is_accepted;
        }
    }
}

/// Whether a range of an `Accept` header has a weight above zero.
fn has_weight(range: &str) -> bool {
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
        for (coding, taken) in [("gzip", false), ("identity", true), ("Identity", true), ("identity, gzip", false)] {
            let mut coded = headers(&header::CONTENT_TYPE, &["application/json"]);
            coded.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            assert_eq!(check_content(&coded).is_ok(), taken, "{coding}");
        }
    }

    #[test]
    fn accept_is_read_by_its_ranges() {
        let both = Some((true, true));
        type Case<'a> = (&'a [&'a str], Option<(bool, bool)>);
        let cases: [Case<'_>; 16] = [
            (&[], both),
            (&["*/*"], both),
            (&["application/json, text/event-stream"], both),
            (&["text/event-stream, application/json"], both),
            (&["application/json", "text/event-stream"], both),
            (&["application/*, text/*"], both),
            (&["application/json"], Some((true, false))),
            (&["text/event-stream;q=0.5"], Some((false, true))),
            (&["text/event-stream;q=0, */*"], Some((true, false))),
            (&["*/*", "application/json;q=0"], Some((false, true))),
            (&["*/*;q=0, text/*"], Some((false, true))),
            (&["text/*;q=0, text/event-stream;q=0.1"], Some((false, true))),
            (&["*/*;q=0, Application/JSON; q=0.000"], None),
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
