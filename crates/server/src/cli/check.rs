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
    let found = Config::load(config.as_deref(), &flags(arguments), &ProcessEnvironment);
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

fn flags(arguments: &CheckArgs) -> Overrides {
    Overrides { imports: arguments.import.clone(), isolation: arguments.isolation.clone(), ..Overrides::default() }
}

fn render(report: &Diagnostics, format: ReportFormat) -> String {
    match format {
        ReportFormat::Text => report.to_text(style_for(&std::io::stdout(), &ProcessEnvironment)),
        ReportFormat::Json => report.to_json_lines(),
        ReportFormat::Github => report.to_github(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::diagnostics::Code;

    #[test]
    fn who_shares_imported_servers_is_said_as_for_serve() {
        let directory = tempfile::tempdir().unwrap();
        let (config, imported) = (directory.path().join("outboard.toml"), directory.path().join("mcp.json"));
        std::fs::write(&config, "state_dir = 'state'\n[[auth.issuers]]\nissuer = 'https://a.example'\n").unwrap();
        std::fs::write(&imported, r#"{"mcpServers": {"notes": {"command": "notes"}}}"#).unwrap();
        let found = |isolation: &[&str]| {
            let words =
                ["outboard", "check", "--config", config.to_str().unwrap(), "--import", imported.to_str().unwrap()];
            let typed = Cli::try_parse_from(words.iter().chain(isolation)).unwrap();
            let Command::Check(arguments) = typed.command else { panic!("it is `check`") };
            let found = Config::load(arguments.config.as_deref(), &flags(&arguments), &ProcessEnvironment);
            found.map_err(|report| report.iter().map(|found| found.code).collect::<Vec<_>>()).map(|_| ())
        };
        assert_eq!(found(&[]), Err(vec![Code::IsolationNotChosen]));
        assert_eq!(found(&["--isolation", "shared"]), Ok(()));
    }
}
