//! `check`: says all that is wrong with a config file, or what is in force with it, and starts nothing.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::serve::DEFAULT_CONFIG;
use crate::cli::{CheckArgs, ReportFormat};
use crate::config::{Config, Overrides, ProcessEnvironment, style_for};
use crate::diagnostics::Diagnostics;
use crate::program::Failure;

pub(crate) fn run(arguments: &CheckArgs) -> Result<ExitCode, Failure> {
    let config = match &arguments.config {
        None if arguments.import.is_empty() => Some(PathBuf::from(DEFAULT_CONFIG)),
        named => named.clone(),
    };
    let flags = Overrides { imports: arguments.import.clone(), ..Overrides::default() };
    let found = Config::load(config.as_deref(), &flags, &ProcessEnvironment);
    let (report, shown) = match &found {
        Ok(loaded) => (&loaded.warnings, Some(&loaded.shown)),
        Err(diagnostics) => (diagnostics, None),
    };
    let mut text = render(report, arguments.format);
    if let (Some(shown), ReportFormat::Text) = (shown, arguments.format) {
        let files = config.iter().chain(&arguments.import).map(|file| file.display().to_string());
        let files = files.collect::<Vec<_>>().join(", ");
        text.push_str(&format!("# {files}: no mistakes; this is in force:\n{shown}"));
    }
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::Ours(error.into()))?;
    Ok(if shown.is_some() { ExitCode::SUCCESS } else { ExitCode::from(64) })
}

fn render(report: &Diagnostics, format: ReportFormat) -> String {
    match format {
        ReportFormat::Text => report.to_text(style_for(&std::io::stdout(), &ProcessEnvironment)),
        ReportFormat::Json => report.to_json_lines(),
        ReportFormat::Github => report.to_github(),
    }
}
