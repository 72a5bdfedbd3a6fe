//! Configuration and import as one plain function, for the fuzz targets.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Config, Overrides};
use crate::diagnostics::Style;

/// What came of a configuration.
#[derive(Debug)]
pub struct Judged {
    /// The settings in the form of the file, if it may start.
    pub shown: Option<String>,
    /// Whether the report has errors and not only warnings.
    pub has_errors: bool,
    /// The report in all its forms.
    pub reports: [String; 4],
    /// Where diagnostics begin and end in the file, as line and column.
    pub positions: Vec<[(usize, usize); 2]>,
}

/// Reads the text of a configuration file, with these files imported and these variables set.
#[must_use]
pub fn judge(file: &str, imports: &[PathBuf], variables: &BTreeMap<String, OsString>) -> Judged {
    let flags = Overrides { imports: imports.to_vec(), ..Overrides::default() };
    let (shown, report) = match Config::build(Some((Path::new("outboard.toml"), file)), &flags, variables) {
        Ok(loaded) => (Some(loaded.shown), loaded.warnings),
        Err(report) => (None, report),
    };
    let positions = report.iter().filter_map(|diagnostic| report.position(diagnostic));
    Judged {
        shown,
        has_errors: report.has_errors(),
        reports: [
            report.to_text(Style::Plain),
            report.to_text(Style::Coloured),
            report.to_json_lines(),
            report.to_github(),
        ],
        positions: positions.map(|(start, end)| [(start.line, start.column), (end.line, end.column)]).collect(),
    }
}
