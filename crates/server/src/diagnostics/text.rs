//! Diagnostics for people: title, excerpt with a caret, reason and fix.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::{Diagnostic, Diagnostics, Place, Severity};

/// Whether colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Text alone: pipes, files, `NO_COLOR`.
    Plain,
    /// With terminal escape sequences.
    Coloured,
}

pub(super) fn render(report: &Diagnostics, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let mut out = String::new();
    for (index, diagnostic) in report.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[group(report, diagnostic)]));
        out.push('\n');
    }
    out
}

fn group<'a>(report: &'a Diagnostics, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.what.as_str()).id(diagnostic.code.id());
    let mut group = Group::with_title(title);
    if let Some((source, span)) = report.excerpt(diagnostic) {
        let annotation = AnnotationKind::Primary.span(span);
        group = group.element(Snippet::source(&source.text).path(&source.name).annotation(annotation));
    } else {
        let place = match diagnostic.place {
            Place::Default | Place::File(_) => None,
            Place::Variable(name) => Some(format!("environment variable {name}")),
            Place::Flag(name) => Some(format!("flag {name}")),
        };
        group = group.elements(place.map(Origin::path));
    }
    if let Some(why) = &diagnostic.why {
        group = group.element(Level::NOTE.message(normalize_untrusted_str(why)));
    }
    group.element(Level::HELP.message(normalize_untrusted_str(&diagnostic.fix)))
}
