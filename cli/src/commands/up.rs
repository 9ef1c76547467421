//! `up`: applies pending migrations.

use gapless::{Runner, Version};

use super::allowances::Allowances;
use super::timeouts::Timeouts;
use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::progress::Progress;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// Apply migrations beside another tool's history that nothing adopts
    #[arg(long)]
    ignore_other_tools: bool,
    #[command(flatten)]
    allowances: Allowances,
    #[command(flatten)]
    timeouts: Timeouts,
    /// Print JSON, a document in a line for each event
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let progress = Progress::new(arguments.json);
    let runner = beside(target(runner, arguments.to), arguments.ignore_other_tools);
    let runner = progress.listen(arguments.timeouts.set(arguments.allowances.set(runner)));
    let attending = (progress.attend(&runner), progress.watch(database.beside()));
    let outcome = database.run(runner).await;
    drop(attending);
    progress.conclude(outcome, output)
}

/// The runner that ignores the histories of other tools, if it shall.
pub(super) fn beside(runner: Runner<'_>, ignores: bool) -> Runner<'_> {
    if ignores { runner.ignore_other_tools() } else { runner }
}

/// The runner that ends at this version, where there is one.
pub(super) fn target(runner: Runner<'_>, version: Option<Version>) -> Runner<'_> {
    match version {
        Some(version) => runner.target(version),
        None => runner,
    }
}
