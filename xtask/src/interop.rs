//! `cargo xtask interop`: real clients, run as their users would run them, against servers of ours.
//!
//! Each client takes the same steps against each target: connect, list, call, progress, question, resources, prompts,
//! reconnect, close; where everybody needs a token: login, list, call, step-up, close. Clients and lifted servers come from
//! the package registries by the lock files in `interop/`.

mod clients;
mod document;
mod place;
mod report;
mod targets;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, builder::PossibleValuesParser};

use self::{
    clients::{CLIENTS, Client},
    document::Document,
    place::Place,
    report::{Verdict, judge},
    targets::{Step, TARGETS, Target, plan},
};
use crate::{
    process, replicas,
    say::say,
    server::Server,
    table,
    workspace::{Profile, Workspace},
};

/// How long one client may take; a step has its own limit in the client's program.
const LIMIT: Duration = Duration::from_secs(180);

/// Which part of the matrix.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only this client; may be given several times
    #[arg(long = "client", value_parser = PossibleValuesParser::new(CLIENTS.iter().map(|client| client.name)))]
    clients: Vec<String>,
    /// Only against this target; may be given several times
    #[arg(long = "target", value_parser = PossibleValuesParser::new(TARGETS.iter().map(|target| target.name)))]
    targets: Vec<String>,
    /// On so many replicas behind a round-robin proxy; targets that are one process are left out, and named
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=16))]
    replicas: Option<u32>,
}

impl Options {
    /// All clients, on so many replicas.
    pub(crate) fn on_replicas(replicas: u32) -> Self {
        Self { replicas: Some(replicas), ..Self::default() }
    }
}

/// Runs the matrix; fails if one cell does.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let wanted = |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
    let clients: Vec<_> = CLIENTS.iter().filter(|client| wanted(&options.clients, client.name)).collect();
    let mut targets: Vec<_> = TARGETS.iter().filter(|target| wanted(&options.targets, target.name)).collect();
    if options.replicas.is_some() {
        targets.retain(|target| target.one_process().inspect(|reason| skipped(target, reason)).is_none());
        ensure!(!targets.is_empty(), "none of these targets can be several replicas");
    }
    let place = Place::install(workspace, &clients, &targets)?;
    let mut rows = Vec::new();
    for target in targets {
        rows.extend(column(workspace, &place, &clients, (target, options.replicas))?);
    }
    say!("\n{}\n\n{}", matrix(&rows), remarks(&rows));
    let failed: usize = rows.iter().map(Row::failed).sum();
    ensure!(failed == 0, "{failed} steps of the matrix failed");
    Ok(())
}

/// Tells why a target is left out.
fn skipped(target: &Target, reason: &str) {
    say!("left out on replicas: {}: {reason}", target.name);
}

/// What one client did against one target.
struct Row {
    client: &'static Client,
    target: &'static Target,
    verdicts: Vec<(Step, Verdict)>,
}

impl Row {
    fn failed(&self) -> usize {
        self.verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_))).count()
    }

    /// The cell of a step; a step that this target does not have is a dash.
    fn cell(&self, step: Step) -> String {
        let verdict = self.verdicts.iter().find(|(one, _)| *one == step).map(|(_, verdict)| verdict);
        verdict.map_or("-", Verdict::word).to_owned()
    }
}

/// All clients against one target, which is so many replicas, or one process.
fn column(
    workspace: &Workspace,
    place: &Place,
    clients: &[&'static Client],
    (target, replicas): (&'static Target, Option<u32>),
) -> Result<Vec<Row>> {
    say!("\n{}: {}", target.name, target.title);
    let document = target.wants_document().then(|| Document::serve(place)).transpose()?;
    let log = |name: &str| place.folder.join(format!("{name}.log"));
    let server = if let Some(replicas) = replicas {
        replicas::serve(workspace, replicas, None, log(&format!("{}-replicas", target.name)))?
    } else {
        let outboard = workspace.build(target.package(), target.binary(), Profile::Debug)?;
        Server::start(&mut place.serve(&outboard, target, document.as_ref())?, log(target.name))?
    };
    let rows: Vec<_> = clients
        .iter()
        .map(|&client| {
            let tasks = target.tasks(client.era, document.as_ref().map(|document| document.url.as_str()));
            let printed = client
                .command(place, server.url(), &plan(&tasks))
                .and_then(|mut command| process::capture_within(LIMIT, &mut command));
            let row = Row { client, target, verdicts: judge(&tasks, printed) };
            progress(&row);
            row
        })
        .collect();
    if rows.iter().any(|row| row.failed() > 0) {
        // Dropped, not stopped: its log is wanted.
        drop(server);
    } else {
        server.stop()?;
    }
    Ok(rows)
}

/// Tells of a row as soon as it is there.
fn progress(row: &Row) {
    let bad: Vec<_> = row.verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_))).collect();
    say!("  {}: {}", row.client.title, if bad.is_empty() { "ok" } else { "FAILED" });
    for (step, verdict) in bad {
        say!("    {}: {:.300}", step.name(), verdict.reason());
    }
}

/// The whole matrix as a table.
fn matrix(rows: &[Row]) -> String {
    let lines: Vec<_> = rows
        .iter()
        .map(|row| columns(row.client.title.to_owned(), row.target.name.to_owned(), |step| row.cell(step)))
        .collect();
    table::markdown(columns("client", "target", Step::name), &lines)
}

/// A line of the table: who, where, and each step.
fn columns<T>(client: T, target: T, cell: impl Fn(Step) -> T) -> [T; 13] {
    let [a, b, c, d, e, f, g, h, i, j, k] = Step::ALL.map(cell);
    [client, target, a, b, c, d, e, f, g, h, i, j, k]
}

/// What the words of the table mean, and what the clients cannot do.
fn remarks(rows: &[Row]) -> String {
    let mut lines =
        vec!["-: the target does not have it in the client's era; n/a: the client does not have it".to_owned()];
    for row in rows {
        for (step, verdict) in &row.verdicts {
            let line = format!("n/a: {}, {}: {}", row.client.title, step.name(), verdict.reason());
            if matches!(verdict, Verdict::Unsupported(_)) && !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.join("\n")
}
