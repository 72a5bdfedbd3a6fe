//! URI templates: what matches is an expansion, in bounded time, and templates that share a URI are known to overlap.
//!
//! The input is a template in its first line, a URI in the second, and another template behind that.

use outboard_protocol::uri_template::{TEMPLATE_BYTES_MAX, URI_BYTES_MAX, UriTemplate, Variables};

use crate::input;

pub(super) fn run(data: &[u8]) {
    let (template, rest) = input::first_line(data);
    let (uri, other) = input::first_line(rest);
    let (template, uri, other) = (input::text(template), input::text(uri), input::text(other));
    let Ok(template) = read(&template) else { return };
    expands_to_what_matches(&template, &uri);
    let Ok(other) = read(&other) else { return };
    expands_to_what_matches(&other, &uri);

    let (there, back) = (template.overlaps(&other), other.overlaps(&template));
    assert_eq!(there, back, "{template} and {other}");
    let shared = template.overlaps_uri(&uri) && other.overlaps_uri(&uri);
    assert!(there || !shared, "{template} and {other} share {uri}, and do not overlap");
}

fn read(text: &str) -> Result<UriTemplate, ()> {
    let template = UriTemplate::parse(text).map_err(drop)?;
    assert_eq!(template.as_str(), text);
    assert!(text.len() <= TEMPLATE_BYTES_MAX, "a template beyond its bound");
    Ok(template)
}

fn expands_to_what_matches(template: &UriTemplate, uri: &str) {
    // A template without values stands for its literals.
    let bare = template.expand(&Variables::default());
    assert!(bare.len() <= template.as_str().len() * 3, "{template} grew to {bare}");

    let Some(values) = template.matches(uri) else { return };
    assert!(uri.len() <= URI_BYTES_MAX, "a URI beyond its bound");
    let names = template.variables();
    assert!(values.iter().all(|(name, _)| names.contains(&name)), "{template} does not name all of {values:?}");
    let expanded = template.expand(&values);
    // Of a variable that stands in several places only one reading is tried.
    let is_exact = places(template.as_str()) == names.len();
    if is_exact && expanded.len() <= URI_BYTES_MAX {
        assert!(template.overlaps_uri(&expanded), "{template} matches {uri} and not {expanded}, with {values:?}");
    }
}

/// How many variables a template has in all, repetitions included.
fn places(template: &str) -> usize {
    let inside = template.split('{').skip(1).filter_map(|part| part.split('}').next());
    inside.map(|expression| expression.split(',').count()).sum()
}
