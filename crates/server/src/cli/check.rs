//! `check`: says all that is wrong with a config file, and starts nothing.

use std::io::Write as _;
use std::process::ExitCode;

use crate::cli::{CheckArgs, ReportFormat};
use crate::config::{Config, Overrides, ProcessEnvironment, style_for};
use crate::diagnostics::Diagnostics;
use crate::program::Failure;

pub(crate) fn run(arguments: &CheckArgs) -> Result<ExitCode, Failure> {
    let found = Config::load(Some(&arguments.config), &Overrides::default(), &ProcessEnvironment);
    let (report, is_good) = match &found {
        Ok(loaded) => (&loaded.warnings, true),
        Err(diagnostics) => (diagnostics, false),
    };
    let mut text = render(report, arguments.format);
    if is_good && matches!(arguments.format, ReportFormat::Text) {
        text.push_str(&format!("{}: no mistakes\n", arguments.config.display()));
    }
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::Ours(error.into()))?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(64) })
}

fn render(report: &Diagnostics, format: ReportFormat) -> String {
    match format {
        ReportFormat::Text => report.to_text(style_for(&std::io::stdout(), &ProcessEnvironment)),
        ReportFormat::Json => report.to_json_lines(),
        ReportFormat::Github => report.to_github(),
    }
}
