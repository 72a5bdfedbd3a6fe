//! From the text of the file to its settings, with every mistake of form that it has, not only the first.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::file::File;
use super::keys::{Keys, Misfit, MisfitKind};
use super::secrets;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place};

/// What could be read of a file.
pub(super) struct Reading {
    /// The settings; what could not be read is at its default.
    pub(super) file: File,
    /// The paths of the settings that could not be read, so that nothing is said about their defaults.
    pub(super) broken: BTreeSet<String>,
    /// The mistakes found so far.
    pub(super) report: Diagnostics,
}

/// More mistakes than that are not looked for.
pub(super) const MISTAKES_MAX: usize = 50;

/// Reads the file's text. A file that is not TOML has no settings, only mistakes.
///
/// # Errors
/// The mistakes of syntax.
pub(super) fn read(name: &str, text: &str, keys: &Keys) -> Result<Reading, Diagnostics> {
    let (tree, mistakes) = DeTable::parse_recoverable(text);
    if !mistakes.is_empty() {
        return Err(syntax_report(name, text, &mistakes, keys));
    }
    let mut report = Diagnostics::about(name, secrets::masked(text, tree.get_ref(), keys));
    let span = tree.span();
    let mut table = tree.into_inner();
    let misfits = keys.take_misfits(&mut table);
    let mut broken = BTreeSet::new();
    for misfit in misfits.iter().take(MISTAKES_MAX) {
        broken.insert(misfit.path.join("."));
        report.add(misplaced(misfit, keys));
    }
    if misfits.len() > MISTAKES_MAX {
        return Err(cut_short(report));
    }
    let file = loop {
        match File::deserialize(Deserializer::from(Spanned::new(span.clone(), table.clone()))) {
            Ok(file) => break file,
            Err(mistake) => {
                // serde stops at the first mistake: it is noted and taken out, and the rest is read again.
                let taken = take_out(&mut table, mistake.span());
                report.add(bad_value(&mistake, taken.as_deref(), keys));
                match taken {
                    Some(path) if report.iter().count() < MISTAKES_MAX => broken.insert(path.join(".")),
                    _ => return Err(cut_short(report)),
                };
            }
        }
    };
    Ok(Reading { file, broken, report })
}

fn syntax_report(name: &str, text: &str, mistakes: &[toml::de::Error], keys: &Keys) -> Diagnostics {
    let mut report = Diagnostics::about(name, secrets::masked_by_line(text, keys));
    for mistake in mistakes.iter().take(MISTAKES_MAX) {
        let message = mistake.message();
        report.add(Diagnostic {
            code: Code::Syntax,
            place: mistake.span().map_or(Place::Default, Place::File),
            what: message.strip_suffix(", expected nothing").unwrap_or(message).to_owned(),
            why: None,
            fix:
                "correct it (text stands in quotes: `key = \"text\"`); other mistakes are shown when this is valid TOML"
                    .to_owned(),
        });
    }
    if mistakes.len() > MISTAKES_MAX { cut_short(report) } else { report }
}

fn cut_short(mut report: Diagnostics) -> Diagnostics {
    report.add(Diagnostic {
        code: Code::TooMany,
        place: Place::Default,
        what: format!("only the first {MISTAKES_MAX} mistakes are shown"),
        why: None,
        fix: "correct these first".to_owned(),
    });
    report
}

fn misplaced(misfit: &Misfit, keys: &Keys) -> Diagnostic {
    let path = misfit.path.join(".");
    let place = Place::File(misfit.span.clone());
    match &misfit.kind {
        MisfitKind::Unknown { fix } => {
            let what = format!("unknown key `{path}`");
            Diagnostic { code: Code::UnknownKey, place, what, why: None, fix: fix.clone() }
        }
        MisfitKind::NotTable => {
            let what = format!("`{path}`: expected a table");
            let fix = keys.help(&misfit.path).unwrap_or_default();
            Diagnostic { code: Code::BadValue, place, what, why: None, fix }
        }
    }
}

fn bad_value(mistake: &toml::de::Error, path: Option<&[String]>, keys: &Keys) -> Diagnostic {
    let path = path.unwrap_or_default();
    // serde repeats numbers in its message.
    let problem = secrets::expected(path).unwrap_or_else(|| mistake.message());
    let help = (0..=path.len()).rev().find_map(|end| path.get(..end).and_then(|path| keys.help(path)));
    Diagnostic {
        code: Code::BadValue,
        place: mistake.span().map_or(Place::Default, Place::File),
        what: format!("`{}`: {problem}", path.join(".")),
        why: None,
        fix: help.unwrap_or_default(),
    }
}

/// Takes the entry out of the tree that the mistake is in: the smallest whose value covers the span. Returns its path.
fn take_out(table: &mut DeTable<'_>, span: Option<Range<usize>>) -> Option<Vec<String>> {
    let span = span?;
    let mut best = None;
    find(table, &span, &mut Vec::new(), &mut best);
    let (steps, _) = best?;
    let (Step::Key(last), parents) = steps.split_last()? else { return None };
    let table = parent(table, parents)?;
    let entry = table.get_mut(last.as_str())?;
    let is_within = entry.span() != span;
    if let DeValue::Array(list) = entry.get_mut()
        && is_within
        && let Some(shorter) = without(list, &span)
    {
        *list = shorter;
    } else {
        table.remove(last.as_str())?;
    }
    let keys = steps.into_iter().filter_map(|step| match step {
        Step::Key(key) => Some(key),
        Step::Entry(_) => None,
    });
    Some(keys.collect())
}

/// A step on the way to an entry of the file.
#[derive(Clone)]
enum Step {
    /// Into a table, by a key.
    Key(String),
    /// Into a list of tables, by a place.
    Entry(usize),
}

/// The table at the end of the way.
fn parent<'t, 'i>(mut table: &'t mut DeTable<'i>, steps: &[Step]) -> Option<&'t mut DeTable<'i>> {
    let mut steps = steps.iter();
    while let Some(step) = steps.next() {
        let Step::Key(key) = step else { return None };
        table = match table.get_mut(key.as_str())?.get_mut() {
            DeValue::Table(inner) => inner,
            DeValue::Array(list) => {
                let Step::Entry(at) = steps.next()? else { return None };
                let DeValue::Table(inner) = list.get_mut(*at)?.get_mut() else { return None };
                inner
            }
            _ => return None,
        };
    }
    Some(table)
}

/// The list without the element that covers the span, if one does.
fn without<'i>(list: &DeArray<'i>, span: &Range<usize>) -> Option<DeArray<'i>> {
    let wrong = |value: &Spanned<DeValue<'_>>| value.span().start <= span.start && span.end <= value.span().end;
    let mut shorter = DeArray::new();
    list.iter().filter(|value| !wrong(value)).for_each(|value| shorter.push(value.clone()));
    (shorter.len() < list.len()).then_some(shorter)
}

/// The way to an entry and how many bytes it covers.
type Found = Option<(Vec<Step>, usize)>;

/// The span of a table written as `[table]` is its header alone, so every entry is looked at.
fn find(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<Step>, best: &mut Found) {
    for (key, value) in table {
        path.push(Step::Key(key.get_ref().as_ref().to_owned()));
        for covered in [key.span(), value.span()] {
            let covers = covered.start <= span.start && span.end <= covered.end;
            if covers && best.as_ref().is_none_or(|(_, length)| covered.len() < *length) {
                *best = Some((path.clone(), covered.len()));
            }
        }
        match value.get_ref() {
            DeValue::Table(inner) => find(inner, span, path, best),
            DeValue::Array(list) => {
                for (at, entry) in list.iter().enumerate() {
                    if let DeValue::Table(inner) = entry.get_ref() {
                        path.push(Step::Entry(at));
                        find(inner, span, path, best);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
        path.pop();
    }
}
