//! `plan`: what `up` would do.

use gapless::{Runner, Version};

use crate::database::Database;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::json::PlanDocument;

#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Stop after this version
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run<D: Database>(
    arguments: &Arguments,
    runner: Runner<'_>,
    database: &mut D,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let plan = database.plan(super::up::target(runner, arguments.to)).await?;
    if arguments.json {
        output.json(&PlanDocument::new(&plan))?;
    } else {
        output.line(&plan)?;
    }
    Ok(if plan.is_empty() { Exit::Done } else { Exit::Pending })
}
