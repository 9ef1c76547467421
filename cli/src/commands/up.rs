//! `up`: applies pending migrations.

use gapless::{Runner, Version};

use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let report = database.run(target(runner, arguments.to)).await?;
    output.line(&report)?;
    Ok(Exit::Done)
}

/// The runner that ends at this version, where there is one.
pub(super) fn target(runner: Runner<'_>, version: Option<Version>) -> Runner<'_> {
    match version {
        Some(version) => runner.target(version),
        None => runner,
    }
}
