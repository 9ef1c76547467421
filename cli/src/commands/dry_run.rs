//! `dry-run`: tries what is pending in a transaction that is rolled back.

use gapless::{Runner, Version};

use super::allowances::Allowances;
use super::timeouts::Timeouts;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::json::DryRunDocument;
use crate::progress::Progress;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// Show the locks of each statement, what they block, and for whom it would wait now; Postgres only
    #[arg(long)]
    locks: bool,
    /// Apply migrations beside another tool's history that nothing adopts
    #[arg(long)]
    ignore_other_tools: bool,
    #[command(flatten)]
    allowances: Allowances,
    #[command(flatten)]
    timeouts: Timeouts,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let runner = super::up::target(super::up::beside(runner, arguments.ignore_other_tools), arguments.to);
    let runner = arguments.timeouts.set(arguments.allowances.set(runner));
    let runner = if arguments.locks { runner.trace_locks() } else { runner };
    let progress = Progress::new(arguments.json);
    let attending = (progress.attend(&runner), progress.watch(database.beside().filter(|_| !arguments.json)));
    // The document alone is printed as JSON.
    let runner = if arguments.json { runner } else { progress.listen(runner) };
    let dry_run = database.dry_run(runner).await;
    progress.leave();
    drop(attending);
    let dry_run = dry_run?;
    if arguments.json {
        output.json(&DryRunDocument::new(&dry_run))?;
    } else {
        output.line(&dry_run)?;
    }
    Ok(Exit::Done)
}
